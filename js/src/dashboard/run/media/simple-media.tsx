import "./simple-media.css";
import type { MediaItem } from "../../../core/media";
import { ErrorMessage } from "../../../panel/error-message";
import { useLoaded } from "../../components/hooks";
import { Markdown } from "../../components/markdown";
import { asText, readStart } from "../../components/partial-fetch";
import type { MediaClient } from "./media-client";

export interface SingleProps {
  item: MediaItem;
  name: string;
  shelf: MediaClient;
}

/** Characters of a text that the list of media brings itself, and bytes that are fetched of a longer one. */
const PREVIEW = 500;
const MOST = 200_000;

function label(item: MediaItem): string {
  return item.caption ?? `${item.metric} at step ${item.step}`;
}

export function Audio({ item, name, shelf }: SingleProps) {
  // biome-ignore lint/a11y/useMediaCaption: what a program logs has none
  return <audio controls preload="none" src={shelf.file(name)} aria-label={label(item)} />;
}

export function Video({ item, name, shelf }: SingleProps) {
  const still = /\.(gif|png|webp)$/.test(name);
  const { width } = item.value;
  const small = typeof width === "number" && width <= 200;
  if (still)
    return (
      <img class={small ? "pixel video" : "film"} src={shelf.file(name)} alt={label(item)} loading="lazy" />
    );
  return (
    // biome-ignore lint/a11y/useMediaCaption: what a program logs has none
    <video controls preload="metadata" loop playsInline src={shelf.file(name)} aria-label={label(item)} />
  );
}

/** A logged page: its scripts run in an origin of their own, and it can ask nobody for anything. */
export function HtmlPage({ item, name, shelf }: SingleProps) {
  return (
    <iframe
      class="media-page"
      sandbox="allow-scripts"
      referrerpolicy="no-referrer"
      loading="lazy"
      src={shelf.file(name)}
      title={label(item)}
    />
  );
}

export function TextMedia({ item, name, shelf }: SingleProps) {
  const given = typeof item.value.preview === "string" ? item.value.preview : "";
  const whole = given !== "" && [...given].length < PREVIEW;
  const { value, error, again } = useLoaded(
    async (signal) => (whole ? null : { name, found: await readStart(shelf.file(name), MOST, signal) }),
    [shelf, name],
  );
  const found = value?.name === name ? value.found : null;
  const text = found ? (asText(found) ?? "") : given;
  return (
    <div class="media-text">
      {item.value.format === "markdown" ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section class="words" tabIndex={0} aria-label={label(item)}>
          <Markdown text={text} />
        </section>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <pre tabIndex={0}>{text}</pre>
      )}
      {found?.cut && <p class="hint small">Only the beginning is shown.</p>}
      <ErrorMessage text={error} again={again} />
    </div>
  );
}
