import type { ChartModel, FigureAxis, XAxis } from "./model";
import { markup, type Scale, type Tick, ticks, type Unit } from "./ticks";

const INK = {
  light: { text: "#566072", grid: "#eceef2", line: "#d5dae2" },
  dark: { text: "#9aa4b5", grid: "#252b36", line: "#3a4252" },
};
const MARGIN = { l: 50, r: 10, t: 8, b: 24 };
/** The days of moments stand in a second line. */
const MARGIN_OF_MOMENTS = { ...MARGIN, b: 38 };
/** The width of a digit beside the value axis, and the most room for its numbers, in pixels. */
const DIGIT = 6.4;
const WIDEST = 120;
const FONT_SIZE = 10.5;

export interface Axes {
  xaxis: FigureAxis;
  yaxis: FigureAxis;
  margin: { l: number; r: number; t: number; b: number };
  ticks: { x: Tick[]; y: Tick[] };
}

/** Whether the x axis is logarithmic: moments never are. */
export function isLogX(model: ChartModel): boolean {
  return Boolean(model.logX) && model.xAxis !== "wall";
}

/** A value in the terms of the range of an axis, and back: exponents of ten on a logarithmic one. */
export function toAxis(value: number, log: boolean): number {
  return log ? Math.log10(value) : value;
}

export function fromAxis(at: number, log: boolean): number {
  return log ? 10 ** at : at;
}

/** Axes over the data ranges `x` (null: no data) and `y`. */
export function axes(
  model: ChartModel,
  x: readonly [number, number] | null,
  y: readonly [number, number],
): Axes {
  const ink = INK[model.dark ? "dark" : "light"];
  const logX = isLogX(model);
  const xScale: Scale = {
    range: x ? rangeOf(x, logX) : [0, 1],
    log: logX,
    unit: unitOf(model.xAxis),
    whole: model.xAxis === "step",
    count: 6,
  };
  const yScale: Scale = { range: rangeOf(y, model.logY), log: model.logY, count: 5 };
  const xTicks = x ? ticks(xScale) : [];
  const yTicks = ticks(yScale);
  const longest = Math.max(0, ...yTicks.map(({ text, power }) => text.length + 0.7 * (power?.length ?? 0)));
  const left = Math.min(WIDEST, Math.max(MARGIN.l, Math.ceil(8 + DIGIT * longest)));
  const axis = (scale: Scale, marks: Tick[]): FigureAxis => ({
    type: scale.log ? "log" : "linear",
    range: scale.range,
    tickmode: "array",
    tickvals: marks.map(({ at }) => fromAxis(at, scale.log ?? false)),
    ticktext: marks.map(markup),
    autorange: false,
    gridcolor: ink.grid,
    linecolor: ink.line,
    zeroline: false,
    tickfont: { size: FONT_SIZE, color: ink.text },
    automargin: false,
    showspikes: false,
    fixedrange: false,
  });
  return {
    xaxis: axis(xScale, xTicks),
    yaxis: axis(yScale, yTicks),
    margin: { ...(model.xAxis === "wall" ? MARGIN_OF_MOMENTS : MARGIN), l: left },
    ticks: { x: xTicks, y: yTicks },
  };
}

/** The colour of what is written around the plot. */
export function inkColor(dark: boolean): string {
  return INK[dark ? "dark" : "light"].text;
}

/** What an x axis shows, in words. */
export function titleOf(axis: XAxis): string {
  if (axis.startsWith("metric:")) return axis.slice("metric:".length);
  return axis === "wall" ? "time" : axis === "relative" ? "time since the start" : "step";
}

function unitOf(axis: XAxis): Unit {
  return axis === "wall" ? "moment" : axis === "relative" ? "duration" : "number";
}

/** A range of data in the terms of its axis. */
function rangeOf([low, high]: readonly [number, number], log: boolean): [number, number] {
  if (!log) return [low, high];
  // Somebody may ask for a range that a logarithmic axis has no place for.
  const top = high > 0 ? high : 1;
  return [Math.log10(low > 0 ? low : top / 1000), Math.log10(top)];
}
