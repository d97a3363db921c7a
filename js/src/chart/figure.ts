import { envelope, extent, padded, visible } from "../core/extent";
import { best } from "../core/goals";
import { smooth } from "../core/smooth";
import { axes, inkColor, isLogX } from "./axes";
import type { Band, Best, ChartModel, Drawn, Figure, Line, Trace, XAxis } from "./model";

/** The raw line behind a smoothed one. */
export const FAINT = 0.25;
const BUCKETS = 400;
/** So many marks of what has no place stand beside each other, at most. */
const MARKS = 60;
/** More lines than this get no mark of their own best value. */
const MARKED = 20;

/** A line of fewer points on the screen shows them, unless there are more lines than this. */
const SHORT = 30;
const DOTTED = 20;
const DOT = 5;

/** The readout under the pointer and the list of runs are our own. */
const QUIET = { type: "scatter", hoverinfo: "skip", showlegend: false, connectgaps: false };

/** A trace but its name; the rest is Plotly's. */
type Marks = Omit<Trace, "uid" | "cliponaxis"> & { cliponaxis?: boolean; [more: string]: unknown };

/** The x values of a line: steps, seconds since the start, ms, or another metric's values. */
export function xValues(line: Line, axis: XAxis): Float64Array {
  if (line.xs) return line.xs;
  if (axis === "step") return line.points.steps;
  const { times } = line.points;
  return axis === "wall" ? times : times.map((t) => (t - line.start) / 1000);
}

/** The picture of a model; pure. */
export function figure(model: ChartModel): Figure {
  const many = model.lines.length > 6;
  const drawn: Drawn[] = [];
  const data: Trace[] = [];
  const trace = (index: number, kind: string, more: Marks): Trace => ({
    ...QUIET,
    cliponaxis: true,
    uid: `${kind}${index}`,
    ...more,
  });

  const crowded = model.lines.length > DOTTED;
  const prepared = model.lines.map((line) => ({ line, ...smoothedLine(line, model) }));
  const bands = (model.bands ?? []).map((band) => ({ raw: band.mean, ...smoothedBand(band, model) }));
  const columns = [
    ...prepared.map(({ rawX, raw }) => ({ x: rawX, y: raw })),
    ...bands.flatMap((band) => [
      { x: band.x, y: band.raw },
      { x: band.x, y: band.low },
      { x: band.x, y: band.high },
    ]),
  ];
  const values = visible(columns, model.range, model.logY);
  const seen = extent(values, model.clip ?? false, model.logY);
  const unloggable = model.logY ? visible(columns, model.range).length - values.length : 0;
  const logX = isLogX(model);
  const unplaced = logX ? columns.reduce((n, { x }) => n + x.filter((at) => at <= 0).length, 0) : 0;
  const shown: [number, number] =
    model.yRange ?? (seen ? padded(seen.low, seen.high, model.logY) : model.logY ? [0.1, 1] : [0, 1]);
  if (model.yRange && seen) {
    seen.low = shown[0];
    seen.high = shown[1];
    seen.above = values.reduce((n, v) => n + Number(v > shown[1]), 0);
    seen.below = values.reduce((n, v) => n + Number(v < shown[0]), 0);
  }

  bands.forEach((band, index) => {
    const { x } = band;
    data.push(
      trace(index, "area", {
        mode: "lines",
        x: [...x, ...Array.from(x).reverse()],
        y: [...band.high, ...Array.from(band.low).reverse()],
        fill: "toself",
        fillcolor: `${band.color}2e`,
        line: { width: 0 },
      }),
    );
    if (band.raw !== band.mean)
      data.push(
        trace(index, "faint", {
          mode: "lines",
          x,
          y: band.raw,
          name: band.name,
          meta: band.key,
          line: { color: band.color, width: 1 },
          opacity: FAINT,
        }),
      );
    data.push(
      trace(index, "line", {
        ...dotted(band.color, x, band.mean, model.range),
        x,
        y: band.mean,
        name: band.name,
        meta: band.key,
        line: { color: band.color, width: 1.8 },
      }),
    );
    drawn.push({
      run: band.key,
      name: band.name,
      color: band.color,
      x: band.x,
      y: band.mean,
      raw: band.raw,
      low: band.low,
      high: band.high,
      runs: band.runs,
    });
  });

  prepared.forEach(({ line, x, y, rawX, raw, smoothed }, at) => {
    const index = bands.length + at;
    if (line.thinned && raw.length > 60) {
      const area = envelope(rawX, raw, Math.min(BUCKETS, raw.length >> 2), logX);
      const along = area.x;
      data.push(
        trace(index, "area", {
          mode: "lines",
          x: [...along, ...along.toReversed()],
          y: [...area.high, ...area.low.reverse()],
          fill: "toself",
          fillcolor: `${line.color}${smoothed ? "1f" : "2e"}`,
          line: { width: 0 },
        }),
      );
    }
    if (smoothed) {
      data.push(
        trace(index, "faint", {
          ...dotted(line.color, rawX, raw, model.range, !crowded),
          x: rawX,
          y: raw,
          name: line.name,
          meta: line.run,
          line: { color: line.color, width: 1 },
          opacity: FAINT,
        }),
      );
    }
    data.push(
      trace(index, "line", {
        ...dotted(line.color, x, y, model.range, !smoothed && !crowded),
        x,
        y,
        name: line.name,
        meta: line.run,
        line: { color: line.color, width: many ? 1.3 : 1.7, dash: line.dash ?? "solid" },
        opacity: 1,
      }),
    );
    for (const odd of oddities(line, rawX, raw, shown, model)) data.push(trace(index, odd.kind, odd.marks));
    const { run, name, color, thinned = false } = line;
    drawn.push({ run, name, color, x, y, raw: y === raw ? raw : valuesAt(x, rawX, raw), thinned });
  });

  let winner: Best | null = null;
  if (model.best) {
    const lines = [
      ...bands.map(({ key: run, name, color, x, raw }) => ({ run, name, color, x, raw })),
      ...prepared.map(({ line: { run, name, color }, rawX: x, raw }) => ({ run, name, color, x, raw })),
    ];
    for (const [index, line] of lines.entries()) {
      const at = best(line.raw, model.best);
      if (at < 0) continue;
      const value = line.raw[at]!;
      if (!winner || (model.best === "min" ? value < winner.value : value > winner.value))
        winner = { run: line.run, name: line.name, x: line.x[at]!, value };
      if (lines.length <= MARKED) {
        data.push(
          trace(index, "best", {
            mode: "markers",
            x: [line.x[at]!],
            y: [value],
            meta: line.run,
            // The best is often the last, at the edge.
            cliponaxis: false,
            marker: { symbol: "circle-open", size: 8, color: line.color, line: { width: 2 } },
          }),
        );
      }
    }
  }

  const across = model.range ?? reach(drawn, logX);
  const { xaxis, yaxis, margin, ticks } = axes(model, across, shown);
  return {
    data,
    layout: {
      margin,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "inherit", size: 11, color: inkColor(model.dark) },
      showlegend: false,
      hovermode: false,
      dragmode: "zoom",
      xaxis,
      yaxis,
    },
    ticks,
    config: {
      displaylogo: false,
      displayModeBar: false,
      responsive: false,
      doubleClick: false,
      showTips: false,
      showSendToCloud: false,
      plotlyServerURL: "",
      scrollZoom: false,
    },
    drawn,
    extent: seen,
    unloggable,
    unplaced,
    thinned: model.lines.some((line) => line.thinned),
    best: winner,
    x: across,
  };
}

/** A line as it is, and as it is drawn. */
function smoothedLine(line: Line, model: ChartModel) {
  const rawX = xValues(line, model.xAxis);
  const raw = line.points.values;
  if (model.smoothing <= 0) return { x: rawX, y: raw, rawX, raw, smoothed: false };
  const y = line.smoothed?.y ?? smooth(model.smoother ?? "ema", rawX, raw, model.smoothing);
  return { x: line.smoothed?.x ?? rawX, y, rawX, raw, smoothed: raw.length > 2 };
}

/** A group's mean, smoothed, and as much around it as there is, smoothed too. */
function smoothedBand(band: Band, { smoothing, smoother = "ema" }: ChartModel): Band {
  if (smoothing <= 0 || band.x.length <= 2) return band;
  const ease = (y: Float64Array) => smooth(smoother, band.x, y, smoothing);
  const mean = band.smoothed ?? ease(band.mean);
  const below = ease(band.mean.map((value, i) => value - band.low[i]!));
  const above = ease(band.high.map((value, i) => value - band.mean[i]!));
  return {
    ...band,
    mean,
    low: mean.map((value, i) => value - below[i]!),
    high: mean.map((value, i) => value + above[i]!),
  };
}

/** A line, with dots on points that no line leads to, and with `short` on all of so few that each can be told. */
function dotted(
  color: string,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  range: readonly [number, number] | null,
  short = true,
): Pick<Trace, "mode" | "marker"> {
  const seen = (i: number) => Number.isFinite(y[i]!);
  let count = 0;
  let lone = false;
  for (let i = 0; i < y.length; i++) {
    if (!seen(i)) continue;
    if (!range || (x[i]! >= range[0] && x[i]! <= range[1])) count++;
    if (!(seen(i - 1) || seen(i + 1))) lone = true;
  }
  if (short && count > 0 && count < SHORT) return { mode: "lines+markers", marker: { color, size: DOT } };
  if (!lone) return { mode: "lines" };
  const size = Array.from({ length: y.length }, (_, i) =>
    seen(i) && !(seen(i - 1) || seen(i + 1)) ? DOT : 0,
  );
  return { mode: "lines+markers", marker: { color, size } };
}

/** The value at each of the places `wanted`, or the nearest to it; both columns of places ascend. */
function valuesAt(wanted: Float64Array, x: Float64Array, y: Float64Array): Float64Array {
  let i = 0;
  return wanted.map((place) => {
    while (i + 1 < x.length && Math.abs(x[i + 1]! - place) <= Math.abs(x[i]! - place)) i++;
    return y[i] ?? Number.NaN;
  });
}

/** From the first to the last x that is drawn, with a little room. */
function reach(drawn: Drawn[], log: boolean): [number, number] | null {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { x } of drawn) {
    for (let i = 0; i < x.length; i++) {
      if (!Number.isFinite(x[i]!) || (log && x[i]! <= 0)) continue;
      low = Math.min(low, x[i]!);
      break;
    }
    for (let i = x.length - 1; i >= 0; i--) {
      if (!Number.isFinite(x[i]!)) continue;
      high = Math.max(high, x[i]!);
      break;
    }
  }
  if (low > high) return null;
  if (low === high) return log ? [low / 2, high * 2] : [low - 1, high + 1];
  return log ? [low / 1.05, high * 1.05] : [low, high + (high - low) * 0.01];
}

/** Whether a mark at the i-th place is far enough from the one before to be told from it: thousands would be a bar. */
function apart(x: ArrayLike<number>, model: ChartModel): (i: number) => boolean {
  const log = isLogX(model);
  const along = (value: number) => (log ? Math.log10(value) : value);
  const [from, to] = model.range ?? [x[0]!, x[x.length - 1]!];
  const step = Math.abs(along(to!) - along(from!)) / MARKS;
  let last = Number.NaN;
  return (i) => {
    const at = along(x[i]!);
    if (Number.isFinite(step) && Math.abs(at - last) < step) return false;
    last = at;
    return true;
  };
}

/** What has no place on an axis is marked at its edge: infinities where the line left, NaN at the bottom. */
function oddities(
  line: Line,
  x: ArrayLike<number>,
  values: Float64Array,
  [low, high]: [number, number],
  model: ChartModel,
): { kind: string; marks: Marks }[] {
  const fresh = { up: apart(x, model), down: apart(x, model), nan: apart(x, model) };
  const infinite = { x: [] as number[], y: [] as number[], symbol: [] as string[], text: [] as string[] };
  const nan = { x: [] as number[], y: [] as number[] };
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isFinite(value)) continue;
    if (!fresh[Number.isNaN(value) ? "nan" : value > 0 ? "up" : "down"](i)) continue;
    if (Number.isNaN(value)) {
      nan.x.push(x[i]!);
      nan.y.push(low);
    } else {
      infinite.x.push(x[i]!);
      infinite.y.push(value > 0 ? high : low);
      infinite.symbol.push(value > 0 ? "triangle-up-open" : "triangle-down-open");
      infinite.text.push(value > 0 ? "+∞" : "−∞");
    }
  }
  const found: { kind: string; marks: Marks }[] = [];
  const base = { mode: "markers" as const, name: line.name, meta: line.run, cliponaxis: false };
  if (infinite.x.length) {
    const { symbol, ...at } = infinite;
    found.push({ kind: "inf", marks: { ...base, ...at, marker: { symbol, color: line.color, size: 9 } } });
  }
  if (nan.x.length) {
    const text = nan.x.map(() => "NaN");
    found.push({
      kind: "nan",
      marks: { ...base, ...nan, text, marker: { symbol: "x-thin-open", color: line.color, size: 6 } },
    });
  }
  return found;
}
