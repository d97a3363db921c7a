import { envelope, extent, padded, visible } from "../core/extent";
import { best } from "../core/goals";
import { smooth, smoothMeans } from "../core/smooth";
import type { Band, Best, ChartModel, Drawn, Figure, FigureAxis, Line, Trace, XAxis } from "./model";
import { ticks } from "./ticks";

const INK = {
  light: { text: "#566072", grid: "#eceef2", line: "#d5dae2" },
  dark: { text: "#9aa4b5", grid: "#252b36", line: "#3a4252" },
};
const MARGIN = { l: 50, r: 10, t: 8, b: 24 };
/** Of the numbers beside the value axis, in pixels; and the most room that they take. */
const DIGIT = 6.4;
const WIDEST = 120;
/** Below moments stands their day. */
const DAYS = { ...MARGIN, b: 38 };
/** The raw line behind a smoothed one. */
export const FAINT = 0.25;
const BUCKETS = 400;
/** So many marks of what has no place stand beside each other, at most. */
const MARKS = 60;
/** More lines than this get no mark of their own best value. */
const MARKED = 20;

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

/** Plotly shows dates as in UTC: moments are moved so that what it shows is the viewer's clock. */
export function clockOffset(at: number): number {
  return new Date(at).getTimezoneOffset() * 60_000;
}

/** The picture of a model; pure. */
export function figure(model: ChartModel): Figure {
  const ink = model.dark ? INK.dark : INK.light;
  const many = model.lines.length > 6;
  const drawn: Drawn[] = [];
  const data: Trace[] = [];
  const trace = (index: number, kind: string, more: Marks): Trace => ({
    ...QUIET,
    cliponaxis: true,
    uid: `${kind}${index}`,
    ...more,
  });

  const kind = model.smoother ?? "ema";
  const span = model.range ? model.range[1] - model.range[0] : undefined;
  const prepared = model.lines.map((line) => {
    const x = xValues(line, model.xAxis);
    const raw = line.points.values;
    const smoothed = model.smoothing > 0 && raw.length > 2;
    const y = !smoothed
      ? raw
      : line.means
        ? smoothMeans(kind, x, raw, line.means, model.smoothing, span)
        : smooth(kind, x, raw, model.smoothing, span);
    return { line, x, y, raw, smoothed };
  });
  const bands = (model.bands ?? []).map((band) => ({ raw: band.mean, ...smoothBand(band, model, span) }));
  const columns = [
    ...prepared.map(({ x, raw }) => ({ x, y: raw })),
    ...bands.flatMap((band) => [
      { x: band.x, y: band.raw },
      { x: band.x, y: band.low },
      { x: band.x, y: band.high },
    ]),
  ];
  const values = visible(columns, model.range, model.logY);
  const seen = extent(values, model.clip ?? false, model.logY);
  const unloggable = model.logY ? visible(columns, model.range).length - values.length : 0;
  const logX = (model.logX ?? false) && model.xAxis !== "wall";
  const unplaced = logX ? columns.reduce((n, { x }) => n + x.filter((at) => at <= 0).length, 0) : 0;
  const shown: [number, number] = model.yRange ?? (seen ? padded(seen.low, seen.high, model.logY) : [0, 1]);
  if (model.yRange && seen) {
    seen.low = shown[0];
    seen.high = shown[1];
    seen.above = values.reduce((n, v) => n + Number(v > shown[1]), 0);
    seen.below = values.reduce((n, v) => n + Number(v < shown[0]), 0);
  }

  bands.forEach((band, index) => {
    const x = onAxis(band.x, model);
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
        mode: band.x.length === 1 ? "markers" : "lines",
        x,
        y: band.mean,
        name: band.name,
        meta: band.key,
        line: { color: band.color, width: 1.8 },
        marker: { color: band.color, size: 6 },
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

  prepared.forEach(({ line, x, y, raw, smoothed }, at) => {
    const index = bands.length + at;
    const places = onAxis(x, model);
    if (line.thinned && raw.length > 60) {
      const area = envelope(x, raw, Math.min(BUCKETS, raw.length >> 2), logX);
      const along = onAxis(Float64Array.from(area.x), model);
      data.push(
        trace(index, "area", {
          mode: "lines",
          x: [...along, ...Array.from(along).reverse()],
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
          mode: "lines",
          x: places,
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
        mode: raw.length === 1 ? "markers" : "lines",
        x: places,
        y,
        name: line.name,
        meta: line.run,
        line: { color: line.color, width: many ? 1.3 : 1.7 },
        marker: { color: line.color, size: 6 },
        opacity: 1,
      }),
    );
    for (const odd of oddities(line, places, raw, shown, model)) data.push(trace(index, odd.kind, odd.marks));
    const { run, name, color, thinned = false } = line;
    drawn.push({ run, name, color, x, y, raw, thinned });
  });

  let winner: Best | null = null;
  if (model.best) {
    for (const [index, line] of drawn.entries()) {
      const at = best(line.raw, model.best);
      if (at < 0) continue;
      const value = line.raw[at]!;
      if (!winner || (model.best === "min" ? value < winner.value : value > winner.value))
        winner = { run: line.run, name: line.name, x: line.x[at]!, value };
      if (drawn.length <= MARKED) {
        data.push(
          trace(index, "best", {
            mode: "markers",
            x: onAxis(line.x.subarray(at, at + 1), model),
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

  const axis = {
    autorange: false,
    gridcolor: ink.grid,
    linecolor: ink.line,
    zeroline: false,
    tickfont: { size: 10.5, color: ink.text },
    automargin: false,
    showspikes: false,
    fixedrange: false,
  };
  const across = model.range ?? reach(drawn, model.logX ?? false);
  const yaxis: FigureAxis = {
    ...axis,
    type: model.logY ? "log" : "linear",
    nticks: 5,
    exponentformat: "power",
    ...(model.logY ? {} : { tickformat: "~g" }),
    range: pair(shown, model.logY),
  };
  // Numbers that hardly differ are long.
  const longest = Math.max(0, ...ticks(yaxis).map(({ text }) => text.length));
  const left = Math.min(WIDEST, Math.max(MARGIN.l, Math.ceil(8 + DIGIT * longest)));
  return {
    data,
    layout: {
      margin: { ...(model.xAxis === "wall" ? DAYS : MARGIN), l: left },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "inherit", size: 11, color: ink.text },
      showlegend: false,
      hovermode: false,
      dragmode: "zoom",
      xaxis: {
        ...axis,
        type: model.xAxis === "wall" ? "date" : model.logX ? "log" : "linear",
        nticks: 6,
        ticksuffix: model.xAxis === "relative" ? "s" : "",
        exponentformat: "SI",
        range: across ? pair(onAxis(Float64Array.from(across), model), model.logX) : [0, 1],
      },
      yaxis,
    },
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

/** A group's mean and what lies around it, each smoothed. */
function smoothBand(band: Band, { smoothing, smoother = "ema" }: ChartModel, span: number | undefined): Band {
  if (smoothing <= 0 || band.x.length <= 2) return band;
  const smoothed = (y: Float64Array) => smooth(smoother, band.x, y, smoothing, span);
  return { ...band, mean: smoothed(band.mean), low: smoothed(band.low), high: smoothed(band.high) };
}

/** Plotly gives the range of a logarithmic axis in exponents. */
function pair(range: ArrayLike<number>, log: boolean | undefined): [number, number] {
  const place = (value: number) => (log ? Math.log10(Math.max(value, 1e-300)) : value);
  return [place(range[0]!), place(range[1]!)];
}

function onAxis(x: Float64Array, model: ChartModel): Float64Array {
  if (model.xAxis !== "wall") return x;
  return x.map((t) => t - clockOffset(t));
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
  const log = (model.logX ?? false) && model.xAxis !== "wall";
  const along = (value: number) => (log ? Math.log10(value) : value);
  const [from, to] = model.range ? onAxis(Float64Array.from(model.range), model) : [x[0]!, x[x.length - 1]!];
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
