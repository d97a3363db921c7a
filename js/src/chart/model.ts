import type { Extent } from "../core/extent";
import type { Direction } from "../core/goals";
import type { Dash } from "../core/palette";
import type { Points } from "../core/series";
import type { Smoother } from "../core/smooth";
import type { Tick } from "./ticks";

/** What stands on the x axis: steps, seconds since the run began, moments, or the values of another metric. */
export type XAxis = "step" | "relative" | "wall" | `metric:${string}`;

export interface Line {
  run: string;
  name: string;
  color: string;
  dash?: Dash;
  points: Points;
  /** When the run began, ms: the zero of the relative axis. */
  start: number;
  /** Where the points stand on an axis that they do not know themselves (another metric). */
  xs?: Float64Array;
  /** Points were left out: the line stands for an area. */
  thinned?: boolean;
  /** Smoothed over all of its points, where some were left out; each value stands at its `x` on the chart's axis. */
  smoothed?: { x: Float64Array; y: Float64Array };
}

/** Runs that have something in common: their mean, and an area around it. */
export interface Band {
  key: string;
  name: string;
  color: string;
  x: Float64Array;
  mean: Float64Array;
  low: Float64Array;
  high: Float64Array;
  /** The mean of the runs' smoothed values, if the server told it. */
  smoothed?: Float64Array;
  /** How many runs there are at each x. */
  runs: ArrayLike<number>;
}

export interface ChartModel {
  metric: string;
  lines: Line[];
  bands?: Band[];
  xAxis: XAxis;
  logX?: boolean;
  logY: boolean;
  /** 0 to 1. */
  smoothing: number;
  smoother?: Smoother;
  dark: boolean;
  /** The zoomed range on the x axis (ms on the wall axis), or null for all. */
  range: [number, number] | null;
  /** The range of values that the user chose, or null for what fits. */
  yRange?: [number, number] | null;
  /** Leave outliers outside the axis. */
  clip?: boolean;
  /** Mark each line's best value. */
  best?: Direction | null;
}

/** A line as it is drawn: the hover looks it up. */
export interface Drawn {
  run: string;
  name: string;
  color: string;
  x: Float64Array;
  /** What the eye follows: smoothed, or as it is. */
  y: Float64Array;
  /** The value as it is at each x. */
  raw: Float64Array;
  /** Points were left out. */
  thinned?: boolean;
  /** Of a group: what lies around the mean. */
  low?: Float64Array;
  high?: Float64Array;
  runs?: ArrayLike<number>;
}

export interface Best {
  run: string;
  name: string;
  x: number;
  value: number;
}

/** A curve, an area or marks, in Plotly's words. */
export interface Trace {
  /** Its kind and the place of its line: what belongs to one line is found by it. */
  uid: string;
  mode: "lines" | "markers" | "lines+markers";
  x: ArrayLike<number>;
  y: ArrayLike<number>;
  fill?: "toself";
  fillcolor?: string;
  line?: { color?: string; width: number; dash?: Dash };
  marker?: {
    color: string;
    /** Of all marks, or of each; what has none is 0. */
    size: number | readonly number[];
    symbol?: string | readonly string[];
    line?: { width: number };
  };
  opacity?: number;
  cliponaxis: boolean;
}

/** An axis in Plotly's words; the range of a logarithmic one is in exponents of ten. */
export interface FigureAxis {
  type: "linear" | "log";
  range: readonly [number, number];
  tickmode: "array";
  tickvals: number[];
  ticktext: string[];
  tickfont: { size: number; color: string };
  gridcolor: string;
  linecolor: string;
  [more: string]: unknown;
}

export interface Figure {
  data: Trace[];
  layout: {
    margin: { l: number; r: number; t: number; b: number };
    xaxis: FigureAxis;
    yaxis: FigureAxis;
    [more: string]: unknown;
  };
  /** What stands along the axes. */
  ticks: { x: Tick[]; y: Tick[] };
  config: object;
  drawn: Drawn[];
  /** What the value axis leaves out; null where nothing is to be seen at all. */
  extent: Extent | null;
  /** Values at or below zero, which a logarithmic axis has no place for, and points that stand there on the x axis. */
  unloggable: number;
  unplaced: number;
  /** Points were left out of some line: what is counted is a part. */
  thinned: boolean;
  best: Best | null;
  x: [number, number] | null;
}
