import "./card.css";
import type { FunctionComponent } from "preact";
import { useMemo, useRef } from "preact/hooks";
import { fileName, type MediaItem, placeOf } from "../../../core/media";
import { ErrorMessage } from "../../../panel/error-message";
import { useNear } from "../../components/hooks";
import type { CardProps } from "./card-props";
import { PointCloud } from "./cloud";
import { Figure } from "./figure";
import { HistogramView } from "./histogram";
import { Images } from "./images";
import { type MediaClient, useItems } from "./media-client";
import { Audio, HtmlPage, type SingleProps, TextMedia, Video } from "./simple-media";
import { TableView } from "./table";

/** Kinds that need the whole width. */
const WIDE = new Set(["table", "html"]);

/** Kinds that are made anew for each step: a frame with another address would be a page of the back button's. */
const REMADE = new Set(["html", "audio", "video"]);

/** What shows one thing of a kind. */
const VIEWS: Readonly<Record<string, FunctionComponent<SingleProps>>> = {
  audio: Audio,
  video: Video,
  html: HtmlPage,
  text: TextMedia,
  plotly: Figure,
  object3d: PointCloud,
  molecule: PointCloud,
};

/** Everything of one metric at the chosen step, or at the last before it that has something. */
export function KeyCard(props: CardProps) {
  const { mediaKey, shelf, step } = props;
  const host = useRef<HTMLElement>(null);
  const near = useNear(host);
  const place = placeOf(mediaKey.steps, step);
  const at = place < 0 ? null : mediaKey.steps[place]!;
  const only = mediaKey.types.length === 1 ? mediaKey.types[0]! : "";
  const settled = place < mediaKey.steps.length - 1;
  const wanted = near && only !== "histogram" ? at : null;
  const { items, error, again } = useItems(shelf, mediaKey.metric, wanted, settled, mediaKey.count);
  const many = (items?.length ?? 0) > 1;
  const kinds = useMemo(() => byType(items ?? []), [items]);
  const wide = WIDE.has(only) || many || mediaKey.types.length > 1;
  return (
    <article
      class={`card media-card ${wide ? "wide" : ""}`}
      ref={host}
      aria-label={mediaKey.metric}
      data-media={mediaKey.metric}
    >
      <header>
        <h2 title={mediaKey.metric}>{mediaKey.metric}</h2>
        <span class="faint small">
          {items && many && only !== "histogram" && `${items.length} · `}
          {at !== null && `step ${at}`}
          {mediaKey.step_count > 1 && ` · ${mediaKey.step_count} steps`}
          {step !== null && at !== null && at > step && " · nothing earlier"}
        </span>
      </header>
      <ErrorMessage text={error} again={again} />
      {!near || (!items && !error && only !== "histogram") ? (
        <div class="media-waiting" aria-busy="true" />
      ) : only === "histogram" ? (
        <HistogramView {...props} at={at} />
      ) : (
        [...kinds].map(([type, some]) => <OfType key={type} type={type} items={some} {...props} at={at} />)
      )}
    </article>
  );
}

function OfType({
  type,
  items,
  ...props
}: CardProps & { type: string; items: MediaItem[]; at: number | null }) {
  const { shelf } = props;
  switch (type) {
    case "image":
      return <Images items={items} shelf={shelf} />;
    case "histogram":
      return <HistogramView {...props} />;
    case "table":
      return (
        <>
          {items.map((item, i) => (
            <TableView key={`${i}`} item={item} shelf={shelf} query={props.query} set={props.set} />
          ))}
        </>
      );
    default:
      return (
        <div class={`media-list ${type}`}>
          {items.map((item, i) => (
            <Single key={REMADE.has(type) ? `${i} ${item.name}` : i} item={item} shelf={shelf} />
          ))}
        </div>
      );
  }
}

function Single({ item, shelf }: { item: MediaItem; shelf: MediaClient }) {
  const { type, name } = item;
  if (name === null) return <p class="faint">This {type} has no content.</p>;
  const View = VIEWS[type];
  return (
    <figure class="media-single">
      {View ? (
        <View item={item} name={name} shelf={shelf} />
      ) : (
        <p class="faint">This kind ({type}) is not shown here; the download has it.</p>
      )}
      <figcaption>
        <span>{item.caption}</span>
        <a class="small" href={shelf.file(name, true)} download={fileName(item)}>
          Download
        </a>
      </figcaption>
    </figure>
  );
}

function byType(items: readonly MediaItem[]): Map<string, MediaItem[]> {
  const found = new Map<string, MediaItem[]>();
  for (const item of items) found.set(item.type, [...(found.get(item.type) ?? []), item]);
  return found;
}
