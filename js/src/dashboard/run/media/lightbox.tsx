import "./lightbox.css";
import { useEffect, useRef, useState } from "preact/hooks";
import { fileName, type MediaItem } from "../../../core/media";
import type { MediaClient } from "./media-client";
import { Picture } from "./picture";

const NEAREST = 64;

/** A picture over the whole page: arrows go to its neighbours, plus and minus zoom down to single pixels, dragging moves it. */
export function Lightbox({
  items,
  at,
  go,
  shelf,
  hidden,
}: {
  items: readonly MediaItem[];
  at: number;
  go: (at: number | null) => void;
  shelf: MediaClient;
  hidden: ReadonlySet<string>;
}) {
  const item = items[at]!;
  const [zoom, setZoom] = useState<number | null>(null);
  const room = useRef<HTMLElement>(null);
  const held = useRef<{ x: number; y: number } | null>(null);
  const width = typeof item.value.width === "number" ? item.value.width : 400;
  const height = typeof item.value.height === "number" ? item.value.height : 400;
  useEffect(() => setZoom(null), [at]);
  const whole = () => {
    const box = room.current?.getBoundingClientRect();
    return box ? Math.max(1 / 16, Math.min((box.width - 24) / width, (box.height - 24) / height)) : 1;
  };
  const by = (factor: number) => setZoom(Math.max(1 / 16, Math.min(NEAREST, (zoom ?? whole()) * factor)));
  const move = (event: KeyboardEvent) => {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) go(Math.max(0, Math.min(items.length - 1, to)));
    else if (event.key === "+" || event.key === "=") by(1.5);
    else if (event.key === "-") by(1 / 1.5);
    else if (event.key === "0") setZoom(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const shown =
    zoom === null ? "fits" : `${zoom >= 1 ? Number(zoom.toPrecision(3)) : `1/${Math.round(1 / zoom)}`}×`;
  return (
    <dialog
      class="lightbox"
      aria-label={item.caption ?? item.metric}
      ref={(el) => {
        if (el && !el.open) el.showModal();
      }}
      onClose={() => go(null)}
      onKeyDown={move}
    >
      <header class="bar">
        <strong>{item.metric}</strong>
        <span class="faint">
          step {item.step}
          {items.length > 1 && ` · ${at + 1} of ${items.length}`} · {width} × {height}
        </span>
        <span class="spacer" />
        <button type="button" aria-label="Zoom out" onClick={() => by(1 / 1.5)}>
          −
        </button>
        <output class="small">{shown}</output>
        <button type="button" aria-label="Zoom in" onClick={() => by(1.5)}>
          +
        </button>
        <button type="button" onClick={() => setZoom(null)}>
          Fit
        </button>
        {item.name && (
          <a class="button" href={shelf.file(item.name, true)} download={fileName(item)}>
            Download
          </a>
        )}
        <button type="button" autofocus onClick={() => go(null)}>
          Close
        </button>
      </header>
      <section
        class="lightbox-room"
        ref={room}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label="Image"
        onPointerDown={(event) => {
          held.current = { x: event.clientX, y: event.clientY };
        }}
        onPointerMove={(event) => {
          if (!held.current || event.buttons === 0) return;
          room.current!.scrollBy(held.current.x - event.clientX, held.current.y - event.clientY);
          held.current = { x: event.clientX, y: event.clientY };
        }}
        onWheel={(event) => {
          event.preventDefault();
          by(event.deltaY < 0 ? 1.2 : 1 / 1.2);
        }}
      >
        <div
          class="lightbox-picture"
          style={
            zoom === null
              ? { width: `min(100%, calc((100vh - 130px) * ${width / height}))` }
              : { width: `${width * zoom}px` }
          }
        >
          <Picture item={item} shelf={shelf} hidden={hidden} alt={item.caption ?? item.metric} />
        </div>
      </section>
      <footer class="bar">
        {items.length > 1 && (
          <button type="button" disabled={at === 0} onClick={() => go(at - 1)}>
            ‹ Previous
          </button>
        )}
        <span class="spacer">{item.caption}</span>
        {items.length > 1 && (
          <button type="button" disabled={at === items.length - 1} onClick={() => go(at + 1)}>
            Next ›
          </button>
        )}
      </footer>
    </dialog>
  );
}
