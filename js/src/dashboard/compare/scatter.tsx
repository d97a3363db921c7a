import "./scatter.css";
import { useMemo, useRef, useState } from "preact/hooks";
import { formatValue } from "../../core/format";
import { type Axis, axisOf, numberOn, placeOf } from "../../core/plots/axis";
import { pearson, ranks } from "../../core/plots/importance";
import { shadeOf } from "../../core/plots/parallel";
import type { Json } from "../../core/types";
import { Options, Pick } from "../../panel/segmented-control";
import { useApp } from "../app";
import { useWidth } from "../components/hooks";
import type { Row } from "../table/columns";
import { labelOf, valueAt } from "./findings";
import { shadeColor, UNSAID } from "./parallel";
import type { CompareView } from "./view";

const HEIGHT = 320;
const LEFT = 76;
const RIGHT = 16;
/** Above it stands what goes up. */
const TOP = 30;
const BOTTOM = 34;
const REACH = 24;

interface Dot {
  row: Row;
  x: number;
  y: number;
  shade: number;
}

/** Any input or result of the runs against any other. Arrow keys go from run to run, Enter opens one. */
export function Scatter({
  project,
  view,
  rows,
  results,
  x,
  y,
  options,
}: {
  project: string;
  view: CompareView;
  rows: readonly Row[];
  /** How good each run is, 0 to 1. */
  results: readonly (number | null)[];
  x: string;
  y: string;
  options: readonly { name: string; fields: readonly string[] }[];
}) {
  const { address, navigate } = useApp();
  const box = useRef<HTMLDivElement>(null);
  const room = useWidth(box, 600);
  const [at, setAt] = useState<string | null>(null);
  const logs = view.logs.value;
  const drawn = useMemo(() => {
    const xs = rows.map((row) => valueAt(row, x));
    const ys = rows.map((row) => valueAt(row, y));
    const [xAxis, yAxis] = [axisOf(xs, logs.get(x) ?? null), axisOf(ys, logs.get(y) ?? null)];
    const dots: Dot[] = [];
    rows.forEach((row, i) => {
      const [px, py] = [numberOn(xAxis, xs[i]), numberOn(yAxis, ys[i])];
      if (px === null || py === null) return;
      dots.push({
        row,
        x: LEFT + placeOf(xAxis, px) * (room - LEFT - RIGHT),
        y: TOP + (1 - placeOf(yAxis, py)) * (HEIGHT - TOP - BOTTOM),
        shade: shadeOf(results[i] ?? null),
      });
    });
    dots.sort((a, b) => a.x - b.x || b.y - a.y);
    return { xAxis, yAxis, dots, correlation: correlated(xs, ys) };
  }, [rows, results, x, y, logs, room]);
  const { xAxis, yAxis, dots, correlation } = drawn;
  // Drawn once, not for each move of the pointer.
  const circles = useMemo(() => {
    const compared = new Set(view.runs.value);
    return dots.map((dot) => (
      <circle
        key={dot.row.run}
        cx={dot.x}
        cy={dot.y}
        r={compared.has(dot.row.run) ? 5.5 : 4}
        class={compared.has(dot.row.run) ? "is-compared" : ""}
        style={{ fill: shadeColor(dot.shade) }}
      />
    ));
  }, [dots, view.runs.value]);
  const active = dots.find((dot) => dot.row.run === at);
  const go = (run: string) => navigate(address("projects", project, "runs", run));
  const keys = (event: KeyboardEvent) => {
    const now = dots.findIndex((dot) => dot.row.run === at);
    const next = {
      ArrowRight: now + 1,
      ArrowLeft: now < 0 ? dots.length - 1 : now - 1,
      Home: 0,
      End: dots.length - 1,
    }[event.key];
    if (event.key === "Enter" && active) go(active.row.run);
    else if (event.key === "Escape") setAt(null);
    else if (next !== undefined && dots.length)
      setAt(dots[Math.max(0, Math.min(dots.length - 1, next))]!.row.run);
    else return;
    event.preventDefault();
  };
  return (
    <div>
      <div class="controls-row">
        <AxisPicker
          label="X"
          value={x}
          options={options}
          choose={(field) => {
            view.scatterX.value = field;
          }}
        />
        <LogToggle view={view} field={x} axis={xAxis} name="Log X" />
        <AxisPicker
          label="Y"
          value={y}
          options={options}
          choose={(field) => {
            view.scatterY.value = field;
          }}
        />
        <LogToggle view={view} field={y} axis={yAxis} name="Log Y" />
        {correlation && (
          <span class="faint" title="Spearman's rank correlation">
            ρ = {correlation.value.toFixed(2)}, {correlation.count} runs
          </span>
        )}
      </div>
      <div class="scatter" ref={box}>
        {dots.length === 0 ? (
          <p class="empty">No run has both values.</p>
        ) : (
          <svg
            width={room}
            height={HEIGHT}
            role="application"
            tabindex={0}
            aria-label={`${dots.length} runs, ${labelOf(y)} over ${labelOf(x)}: arrow keys move between runs, Enter opens one`}
            onKeyDown={keys}
            onPointerMove={(event) => {
              const area = event.currentTarget.getBoundingClientRect();
              const found = nearest(dots, event.clientX - area.left, event.clientY - area.top);
              setAt(found?.row.run ?? null);
            }}
            onPointerLeave={() => setAt(null)}
            onClick={() => active && go(active.row.run)}
            class={active ? "pointing" : ""}
          >
            <Grid xAxis={xAxis} yAxis={yAxis} width={room} />
            <g {...UNSAID}>
              {circles}
              {active && <circle cx={active.x} cy={active.y} r={8} class="ring" />}
            </g>
            <text x={room - RIGHT} y={HEIGHT - 4} text-anchor="end" class="axis-title">
              {labelOf(x)}
            </text>
            <text x={4} y={14} class="axis-title">
              {labelOf(y)}
            </text>
          </svg>
        )}
        <p class="scatter-said" role="status">
          {active && (
            <>
              <strong>{active.row.name}</strong> {labelOf(x)} {formatValue(valueAt(active.row, x))},{" "}
              {labelOf(y)} {formatValue(valueAt(active.row, y))}
            </>
          )}
        </p>
      </div>
    </div>
  );
}

function Grid({ xAxis, yAxis, width }: { xAxis: Axis; yAxis: Axis; width: number }) {
  const bottom = HEIGHT - BOTTOM;
  return (
    <g {...UNSAID}>
      {yAxis.ticks.map((tick) => {
        const y = TOP + (1 - placeOf(yAxis, tick.at)) * (HEIGHT - TOP - BOTTOM);
        return (
          <g key={tick.at}>
            <line x1={LEFT - 8} x2={width - RIGHT + 8} y1={y} y2={y} class="rule" />
            <text x={LEFT - 14} y={y + 4} text-anchor="end" class="tick">
              {short(tick.text, 9)}
            </text>
          </g>
        );
      })}
      {xAxis.ticks.map((tick) => {
        const x = LEFT + placeOf(xAxis, tick.at) * (width - LEFT - RIGHT);
        return (
          <g key={tick.at}>
            <line x1={x} x2={x} y1={TOP} y2={bottom + 6} class="rule" />
            <text x={x} y={bottom + 18} text-anchor="middle" class="tick">
              {short(tick.text, 10)}
            </text>
          </g>
        );
      })}
    </g>
  );
}

function short(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function LogToggle({
  view,
  field,
  axis,
  name,
}: {
  view: CompareView;
  field: string;
  axis: Axis;
  name: string;
}) {
  if (axis.scale === "words" || axis.from <= 0 || axis.from === axis.to) return null;
  return (
    <button
      type="button"
      class="toggle"
      aria-pressed={axis.scale === "log"}
      onClick={() => {
        view.logs.value = new Map(view.logs.value).set(field, axis.scale !== "log");
      }}
    >
      {name}
    </button>
  );
}

export function AxisPicker({
  label,
  value,
  options,
  choose,
}: {
  label: string;
  value: string;
  options: readonly { name: string; fields: readonly string[] }[];
  choose: (field: string) => void;
}) {
  return (
    <Pick label={label} value={value} choose={choose}>
      {options.map((group) => (
        <optgroup key={group.name} label={group.name}>
          <Options of={group.fields.map((field) => [field, labelOf(field)])} />
        </optgroup>
      ))}
    </Pick>
  );
}

function nearest(dots: readonly Dot[], x: number, y: number): Dot | undefined {
  let found: Dot | undefined;
  let least = REACH ** 2;
  for (const dot of dots) {
    const far = (dot.x - x) ** 2 + (dot.y - y) ** 2;
    if (far < least) [found, least] = [dot, far];
  }
  return found;
}

function correlated(
  xs: readonly (Json | undefined)[],
  ys: readonly (Json | undefined)[],
): { value: number; count: number } | null {
  const pairs = xs.flatMap((a, i) => {
    const b = ys[i];
    return typeof a === "number" && typeof b === "number" && Number.isFinite(a) && Number.isFinite(b)
      ? [[a, b] as const]
      : [];
  });
  if (pairs.length < 3) return null;
  const value = pearson(ranks(pairs.map((p) => p[0])), ranks(pairs.map((p) => p[1])));
  return value === null ? null : { value, count: pairs.length };
}
