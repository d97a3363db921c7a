import "./histogram.css";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { formatNumber } from "../../../core/format";
import { type MediaItem, placeOf } from "../../../core/media";
import { type Bins, type Heatmap, heatmap, paint, type Rgb } from "../../../core/plots/heatmap";
import { ErrorMessage } from "../../../panel/error-message";
import { useApp } from "../../app";
import type { CardProps } from "./card-props";

/** Columns of the picture over all steps: about what a screen shows. */
const COLUMNS = 240;
/** A histogram that is being written is drawn anew no more often than this, ms. */
const PACE = 3000;

/** How a metric's values are distributed: over all steps as a heatmap, and at one step as bars. */
export function HistogramView({ mediaKey, shelf, at, setStep }: CardProps & { at: number | null }) {
  const [items, setItems] = useState<MediaItem[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  const loaded = useRef(0);
  useEffect(() => {
    const aborter = new AbortController();
    const timer = setTimeout(
      () => {
        loaded.current = Date.now();
        shelf.histograms(mediaKey.metric, COLUMNS, aborter.signal).then(
          (found) => {
            setItems(found);
            setError(null);
          },
          (e: Error) => !aborter.signal.aborted && setError(e.message),
        );
      },
      Math.max(0, loaded.current + PACE - Date.now()),
    );
    return () => {
      aborter.abort();
      clearTimeout(timer);
    };
  }, [shelf, mediaKey.metric, mediaKey.count, round]);
  const bins = useMemo(() => (items ?? []).flatMap(binsOf), [items]);
  const picture = useMemo(() => heatmap(bins), [bins]);
  if (error) return <ErrorMessage text={error} again={() => setRound((n) => n + 1)} />;
  if (!items) return <div class="media-waiting" aria-busy="true" />;
  if (!picture) return <p class="faint">This histogram has no values.</p>;
  const place = placeOf(picture.steps, at);
  const now = bins[place]!;
  return (
    <div class="histogram">
      {picture.steps.length > 1 && (
        <HeatMap
          picture={picture}
          place={place}
          name={mediaKey.metric}
          choose={(column) => setStep(picture.steps[column]!)}
        />
      )}
      <Bars bins={now} name={mediaKey.metric} />
    </div>
  );
}

function binsOf(item: MediaItem): Bins[] {
  const { values, bins } = item.value;
  if (!Array.isArray(values) || !Array.isArray(bins)) return [];
  return [{ step: item.step, counts: values.map(Number), edges: bins.map(Number) }];
}

function HeatMap({
  picture,
  place,
  name,
  choose,
}: {
  picture: Heatmap;
  place: number;
  name: string;
  choose: (column: number) => void;
}) {
  const { dark } = useApp();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [over, setOver] = useState<{ column: number; row: number } | null>(null);
  const isDark = dark.value;
  useEffect(() => {
    const el = canvas.current!;
    const context = el.getContext("2d");
    if (!context) return;
    const style = getComputedStyle(el);
    const pixels = paint(
      picture,
      rgb(style.getPropertyValue("--surface")),
      rgb(style.getPropertyValue("--accent")),
    );
    el.width = picture.steps.length;
    el.height = picture.rows;
    context.putImageData(
      new ImageData(pixels as Uint8ClampedArray<ArrayBuffer>, picture.steps.length, picture.rows),
      0,
      0,
    );
  }, [picture, isDark]);
  const where = (event: PointerEvent | MouseEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    const part = (value: number, count: number) =>
      Math.max(0, Math.min(count - 1, Math.floor(value * count)));
    return {
      column: part((event.clientX - box.left) / box.width, picture.steps.length),
      row: part(1 - (event.clientY - box.top) / box.height, picture.rows),
    };
  };
  const width = (picture.high - picture.low) / picture.rows;
  const first = picture.steps[0]!;
  const last = picture.steps.at(-1)!;
  const range = `${formatNumber(picture.low)} to ${formatNumber(picture.high)}`;
  return (
    <div class="heat">
      <div class="heat-box">
        <canvas
          ref={canvas}
          role="img"
          aria-label={`${name}: values from ${range} over steps ${first} to ${last}`}
          onPointerMove={(event) => setOver(where(event))}
          onPointerLeave={() => setOver(null)}
          onClick={(event) => choose(where(event).column)}
        />
        <i
          class="heat-now"
          style={{ left: `${((place + 0.5) / picture.steps.length) * 100}%` }}
          aria-hidden="true"
        />
        <span class="heat-y heat-high">{formatNumber(picture.high)}</span>
        <span class="heat-y">{formatNumber(picture.low)}</span>
      </div>
      <p class="heat-x">
        <span>step {first}</span>
        <span class="heat-readout">
          {over &&
            `step ${picture.steps[over.column]} · ${formatNumber(picture.low + over.row * width)} … ${formatNumber(
              picture.low + (over.row + 1) * width,
            )} · ${(picture.cells[over.column * picture.rows + over.row]! * 100).toPrecision(2)} %`}
        </span>
        <span>{last}</span>
      </p>
    </div>
  );
}

const WIDTH = 600;
const HEIGHT = 110;

/** One step's counts as bars; wide bins are wide. */
function Bars({ bins, name }: { bins: Bins; name: string }) {
  const { counts, edges, step } = bins;
  const low = edges[0]!;
  const span = edges.at(-1)! - low || 1;
  const most = Math.max(...counts, 0) || 1;
  const total = counts.reduce((sum, count) => sum + count, 0);
  return (
    <figure class="bars">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${name} at step ${step}: ${formatNumber(total)} values in ${counts.length} bins`}
      >
        {counts.map((count, i) => {
          const x = ((edges[i]! - low) / span) * WIDTH;
          const width = Math.max(1, ((edges[i + 1]! - edges[i]!) / span) * WIDTH - 0.5);
          const height = (count / most) * (HEIGHT - 4);
          return (
            <rect key={i} x={x} y={HEIGHT - height} width={width} height={height}>
              <title>{`${formatNumber(edges[i]!)} … ${formatNumber(edges[i + 1]!)}: ${formatNumber(count)}`}</title>
            </rect>
          );
        })}
      </svg>
      <figcaption>
        <span>{formatNumber(low)}</span>
        <span>
          step {step} · {formatNumber(total)} values
        </span>
        <span>{formatNumber(edges.at(-1)!)}</span>
      </figcaption>
    </figure>
  );
}

function rgb(color: string): Rgb {
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color.trim());
  return hex ? (hex.slice(1, 4).map((part) => Number.parseInt(part, 16)) as unknown as Rgb) : [128, 128, 128];
}
