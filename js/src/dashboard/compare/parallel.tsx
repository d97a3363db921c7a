import "./parallel.css";
import { useMemo, useRef, useState } from "preact/hooks";
import { formatValue } from "../../core/format";
import { runColor } from "../../core/palette";
import { atPlace, placeOf, textAt } from "../../core/plots/axis";
import { type Dimension, lineThrough, nearestLine, parallel, SHADES } from "../../core/plots/parallel";
import { useApp } from "../app";
import { useWidth } from "../components/hooks";
import { Popover } from "../components/popover";
import type { Row } from "../table/columns";
import { labelOf } from "./findings";
import type { CompareView, Interval } from "./view";

const HEIGHT = 260;
const SIDE = 52;
const BELOW = 26;
const NEAREST = 104;
/** A drag shorter than this is a click, in pixels. */
const CLICK = 4;

/** For the drawn parts: what they show is said elsewhere. (The linter takes any part of a drawing for something focusable.) */
export const UNSAID = { "aria-hidden": true } as const;

/** The colour of a result from the worst (0) to the best (SHADES − 1); grey without one. */
export function shadeColor(shade: number): string {
  if (shade < 0) return "var(--soft)";
  return `color-mix(in oklab, var(--best) ${Math.round((shade / (SHADES - 1)) * 100)}%, var(--worst))`;
}

/** Runs as lines across axes. Dragging along an axis, or its two sliders by keyboard, keeps the runs within a range. */
export function Parallel({
  project,
  view,
  rows,
  dimensions,
  results,
  change,
}: {
  project: string;
  view: CompareView;
  rows: readonly Row[];
  dimensions: readonly Dimension[];
  results: readonly (number | null)[];
  change: (axes: string[]) => void;
}) {
  const { address, navigate } = useApp();
  const box = useRef<HTMLDivElement>(null);
  const room = useWidth(box, 900);
  const [over, setOver] = useState<number | null>(null);
  const width = Math.max(room, 2 * SIDE + (dimensions.length - 1) * NEAREST);
  const brushes = view.brushes.value;
  const picture = useMemo(
    () => parallel(dimensions, results, brushes, { width, height: HEIGHT, side: SIDE, below: BELOW }),
    [dimensions, results, brushes, width],
  );
  const compared = new Set(view.runs.value);
  const missing = picture.ys.some((ys) => ys.some((y) => y > HEIGHT));
  const row = over === null ? undefined : rows[over];
  const fields = dimensions.map((d) => d.field);
  return (
    <div class="parallel" ref={box}>
      <div class="parallel-inner" style={{ width: `${width}px` }}>
        <div class="axis-heads">
          {dimensions.map((dimension, i) => (
            <div key={dimension.field} style={{ left: `${picture.xs[i]!}px` }}>
              <AxisMenu view={view} dimension={dimension} fields={fields} change={change} />
            </div>
          ))}
        </div>
        {/* biome-ignore lint/a11y/useSemanticElements: a drawing is no <fieldset> */}
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: the table below has the same links */}
        <svg
          width={width}
          height={HEIGHT + BELOW + 20}
          viewBox={`0 -8 ${width} ${HEIGHT + BELOW + 20}`}
          role="group"
          aria-label={`${rows.length} runs across ${fields.map(labelOf).join(", ")}`}
          onPointerMove={(event) => {
            const at = event.currentTarget.getBoundingClientRect();
            const found = nearestLine(picture, event.clientX - at.left, event.clientY - at.top - 8);
            setOver(found < 0 ? null : found);
          }}
          onPointerLeave={() => setOver(null)}
          onClick={() => row && navigate(address("projects", project, "runs", row.run))}
          class={row ? "pointing" : ""}
        >
          <g class="strokes" {...UNSAID}>
            {picture.strokes.map((stroke) => (
              <path
                key={`${stroke.inside} ${stroke.shade}`}
                d={stroke.path}
                class={stroke.inside ? "in" : "out"}
                style={{ stroke: stroke.inside ? shadeColor(stroke.shade) : "var(--line)" }}
              />
            ))}
            {rows.map((each, i) =>
              compared.has(each.run) && rows.length > compared.size && picture.inside[i] ? (
                <path
                  key={each.run}
                  d={lineThrough(picture.xs, picture.ys[i]!)}
                  class="compared-line"
                  style={{ stroke: runColor(each.color) }}
                />
              ) : null,
            )}
            {row && <path d={lineThrough(picture.xs, picture.ys[over!]!)} class="over" />}
          </g>
          {missing && (
            <text x={4} y={HEIGHT + BELOW + 4} class="tick" {...UNSAID}>
              none
            </text>
          )}
          {dimensions.map((dimension, i) => (
            <AxisLine
              key={dimension.field}
              dimension={dimension}
              x={picture.xs[i]!}
              brush={brushes.get(dimension.field) ?? null}
              set={(range) => view.brush(dimension.field, range)}
            />
          ))}
        </svg>
        {row && (
          <div
            class="card parallel-said"
            style={{ left: `${Math.min(Math.max(0, width - 230), 12)}px` }}
            role="status"
          >
            <strong>{row.name}</strong>
            {dimensions.map((dimension) => (
              <div key={dimension.field}>
                <span class="faint">{labelOf(dimension.field)}</span>{" "}
                {formatValue(dimension.values[over!] ?? null)}
              </div>
            ))}
          </div>
        )}
      </div>
    </div>
  );
}

function AxisMenu({
  view,
  dimension,
  fields,
  change,
}: {
  view: CompareView;
  dimension: Dimension;
  fields: string[];
  change: (axes: string[]) => void;
}) {
  const { field, axis } = dimension;
  const at = fields.indexOf(field);
  const canLog = axis.scale !== "words" && axis.from > 0 && axis.to > axis.from;
  const swap = (other: number) => {
    const next = [...fields];
    [next[at], next[other]] = [next[other]!, next[at]!];
    change(next);
  };
  return (
    <Popover text={labelOf(field)} label={`Axis ${labelOf(field)}`} kind="axis-name">
      {(close) => {
        const item = (text: string, act: () => void) => (
          <button
            type="button"
            onClick={() => {
              close();
              act();
            }}
          >
            {text}
          </button>
        );
        return (
          <div class="menu-items">
            <p class="faint">{field}</p>
            {canLog &&
              item(axis.scale === "log" ? "Linear" : "Logarithmic", () => {
                view.logs.value = new Map(view.logs.value).set(field, axis.scale !== "log");
              })}
            {view.brushes.value.has(field) && item("Clear range", () => view.brush(field, null))}
            {at > 0 && item("Move left", () => swap(at - 1))}
            {at < fields.length - 1 && item("Move right", () => swap(at + 1))}
            {item("Remove axis", () => {
              view.brush(field, null);
              change(fields.filter((other) => other !== field));
            })}
          </div>
        );
      }}
    </Popover>
  );
}

function AxisLine({
  dimension,
  x,
  brush,
  set,
}: {
  dimension: Dimension;
  x: number;
  brush: Interval | null;
  set: (range: Interval | null) => void;
}) {
  const { axis, field } = dimension;
  const drag = useRef<{ y: number; moved: boolean } | null>(null);
  const y = (at: number) => (1 - placeOf(axis, at)) * HEIGHT;
  const low = brush ? Math.min(...brush) : axis.from;
  const high = brush ? Math.max(...brush) : axis.to;
  const single = axis.from === axis.to;
  const atY = (event: PointerEvent) => {
    const box = (event.currentTarget as SVGElement).ownerSVGElement!.getBoundingClientRect();
    return Math.max(0, Math.min(HEIGHT, event.clientY - box.top - 8));
  };
  const nudge = (which: "low" | "high", event: KeyboardEvent) => {
    const step = axis.scale === "words" ? 1 / Math.max(1, axis.to) : 0.02;
    const now = placeOf(axis, which === "low" ? low : high);
    const to = {
      ArrowUp: now + step,
      ArrowRight: now + step,
      ArrowDown: now - step,
      ArrowLeft: now - step,
      PageUp: now + 5 * step,
      PageDown: now - 5 * step,
      Home: 0,
      End: 1,
    }[event.key];
    if (event.key === "Escape" || event.key === "Delete") set(null);
    else if (to === undefined) return;
    else {
      const next = atPlace(axis, to);
      const range: Interval = which === "low" ? [Math.min(next, high), high] : [low, Math.max(next, low)];
      set(range[0] <= axis.from && range[1] >= axis.to ? null : range);
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const handle = (which: "low" | "high") => {
    const at = which === "low" ? low : high;
    return (
      <g
        class="handle"
        role="slider"
        // In a drawing names of attributes are told apart by case.
        tabindex={0}
        aria-label={`${which === "low" ? "Minimum" : "Maximum"} ${labelOf(field)}`}
        aria-orientation="vertical"
        aria-valuemin={axis.from}
        aria-valuemax={axis.to}
        aria-valuenow={at}
        aria-valuetext={textAt(axis, at)}
        onKeyDown={(event) => nudge(which, event)}
      >
        <rect x={x - 9} y={y(at) - 3} width={18} height={6} rx={3} />
      </g>
    );
  };
  return (
    <g class={`axis ${brush ? "brushed" : ""}`}>
      <line x1={x} x2={x} y1={0} y2={HEIGHT} />
      {axis.ticks.map((tick) => (
        <text key={tick.at} class="tick" x={x + 6} y={y(tick.at) + 4} {...UNSAID}>
          {tick.text.length > 14 ? `${tick.text.slice(0, 13)}…` : tick.text}
        </text>
      ))}
      {!single && (
        <>
          {/* biome-ignore lint/a11y/noStaticElementInteractions: the sliders do the same by keyboard */}
          <rect
            class="grip"
            x={x - 14}
            y={-8}
            width={28}
            height={HEIGHT + 16}
            onClick={(event) => event.stopPropagation()}
            onPointerDown={(event) => {
              event.currentTarget.setPointerCapture(event.pointerId);
              drag.current = { y: atY(event), moved: false };
            }}
            onPointerMove={(event) => {
              const from = drag.current;
              if (!from) return;
              const to = atY(event);
              if (Math.abs(to - from.y) < CLICK && !from.moved) return;
              from.moved = true;
              const [a, b] = [atPlace(axis, 1 - from.y / HEIGHT), atPlace(axis, 1 - to / HEIGHT)];
              set([Math.min(a, b), Math.max(a, b)]);
            }}
            onPointerUp={() => {
              if (drag.current && !drag.current.moved) set(null);
              drag.current = null;
            }}
          />
          {brush && (
            <rect
              class="range"
              x={x - 7}
              y={y(high) - (axis.scale === "words" ? 6 : 0)}
              width={14}
              height={Math.max(2, y(low) - y(high)) + (axis.scale === "words" ? 12 : 0)}
              rx={3}
            />
          )}
          {handle("low")}
          {handle("high")}
        </>
      )}
    </g>
  );
}
