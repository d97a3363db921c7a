import type { Status } from "../core/types";
import { STATUSES } from "../core/vocabulary";

/** A run's status: shape and word; as a `dot`, the shape alone. */
export function StatusBadge({ status, dot = false }: { status: Status; dot?: boolean }) {
  const { word, meaning } = STATUSES[status];
  return (
    <span class={`status ${status}`} title={dot ? `${word}: ${meaning}` : meaning}>
      <i aria-hidden="true" />
      {dot ? <span class="sr">{word}</span> : word}
    </span>
  );
}

export function Tags({ tags }: { tags: string[] }) {
  return (
    <span class="tags" title={tags.join(", ")}>
      {tags.map((tag) => (
        <span key={tag} class="tag">
          {tag}
        </span>
      ))}
    </span>
  );
}
