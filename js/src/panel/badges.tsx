import type { Status } from "../core/types";

const MEANING: Record<Status, string> = {
  running: "A process is writing this run",
  completed: "Finished without an error",
  failed: "Ended with an error or a non-zero exit code",
  crashed: "The process that wrote it is gone without an end",
};

export function StatusBadge({ status, dot = false }: { status: Status; dot?: boolean }) {
  return (
    <span class={`status ${status}`} title={MEANING[status]}>
      <i aria-hidden="true" />
      {dot ? <span class="sr">{status}</span> : status}
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
