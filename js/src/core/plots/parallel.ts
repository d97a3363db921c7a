// Parallel coordinates as a picture: one axis beside the other, one line for each run.

import type { Json } from "../types";
import { type Axis, numberOn, placeOf } from "./axis";

export interface Dimension {
  field: string;
  axis: Axis;
  /** One a run; null or undefined where it has none. */
  values: readonly (Json | undefined)[];
}

/** The part of an axis that is looked at: numbers on it, in either order. */
export type Brushes = ReadonlyMap<string, readonly [number, number]>;

export interface Frame {
  width: number;
  /** Of the axes themselves. */
  height: number;
  /** Room beside the first and last axis, and below the axes for those that have no value. */
  side: number;
  below: number;
}

/** Lines of the same colour, in one path: thousands of lines are a few elements. */
export interface Stroke {
  shade: number;
  inside: boolean;
  path: string;
}

export interface Picture {
  /** Where each axis stands. */
  xs: number[];
  /** For each run, its height on each axis. */
  ys: Float64Array[];
  /** Whether a run lies within all brushes. */
  inside: boolean[];
  strokes: Stroke[];
}

export const SHADES = 12;

/** The shade of a result, 0 to 1: from 0 to SHADES − 1, or −1 without one. */
export function shadeOf(result: number | null): number {
  return result === null ? -1 : Math.min(SHADES - 1, Math.floor(result * SHADES));
}

/** Whether each of so many runs lies within all brushes. */
export function insideOf(dimensions: readonly Dimension[], brushes: Brushes, runs: number): boolean[] {
  return Array.from({ length: runs }, (_, run) => within(dimensions, brushes, run));
}

/** `results`: how good each run is, 0 to 1, or null. Runs outside of the brushes come first, so that they lie below. */
export function parallel(
  dimensions: readonly Dimension[],
  results: readonly (number | null)[],
  brushes: Brushes,
  frame: Frame,
): Picture {
  const gap = dimensions.length > 1 ? (frame.width - 2 * frame.side) / (dimensions.length - 1) : 0;
  const xs = dimensions.map((_, i) => (dimensions.length > 1 ? frame.side + i * gap : frame.width / 2));
  const ys: Float64Array[] = [];
  const inside = insideOf(dimensions, brushes, results.length);
  const paths = new Map<string, { stroke: Stroke; parts: string[] }>();
  results.forEach((result, run) => {
    const at = Float64Array.from(dimensions, ({ axis, values }) => {
      const number = numberOn(axis, values[run]);
      return number === null ? frame.height + frame.below : (1 - placeOf(axis, number)) * frame.height;
    });
    ys.push(at);
    const shade = shadeOf(result);
    const key = `${inside[run]} ${shade}`;
    const found = paths.get(key) ?? { stroke: { shade, inside: inside[run]!, path: "" }, parts: [] };
    paths.set(key, found);
    found.parts.push(lineThrough(xs, at));
  });
  const strokes = [...paths.values()]
    .map(({ stroke, parts }) => ({ ...stroke, path: parts.join("") }))
    .sort((a, b) => Number(a.inside) - Number(b.inside) || a.shade - b.shade);
  return { xs, ys, inside, strokes };
}

/** The path of one line. */
export function lineThrough(xs: readonly number[], ys: Float64Array): string {
  let path = "";
  for (let i = 0; i < xs.length; i++) path += `${i ? "L" : "M"}${xs[i]!.toFixed(1)} ${ys[i]!.toFixed(1)}`;
  return path;
}

function within(dimensions: readonly Dimension[], brushes: Brushes, run: number): boolean {
  return dimensions.every(({ field, axis, values }) => {
    const brush = brushes.get(field);
    if (!brush) return true;
    const at = numberOn(axis, values[run]);
    // What was written into an address has fewer digits than what it was taken from.
    const slack = Math.abs(axis.to - axis.from) * 1e-9;
    return at !== null && at >= Math.min(...brush) - slack && at <= Math.max(...brush) + slack;
  });
}

/** The run whose line passes nearest to a point, no further away than `reach`; −1 if none does. Only those within the brushes count. */
export function nearestLine(picture: Picture, x: number, y: number, reach = 10): number {
  const { xs, ys, inside } = picture;
  if (xs.length === 0) return -1;
  let next = xs.findIndex((at) => at >= x);
  if (next < 0) next = xs.length - 1;
  const before = Math.max(0, next - 1);
  const part = next === before ? 0 : Math.max(0, Math.min(1, (x - xs[before]!) / (xs[next]! - xs[before]!)));
  let found = -1;
  let least = reach;
  ys.forEach((at, run) => {
    if (!inside[run]) return;
    const far = Math.abs(at[before]! + part * (at[next]! - at[before]!) - y);
    if (far < least) [found, least] = [run, far];
  });
  return found;
}

/** How good each result is among all, 0 (worst) to 1 (best), by the axis that they stand on. */
export function goodness(
  axis: Axis,
  values: readonly (Json | undefined)[],
  down: boolean,
): (number | null)[] {
  return values.map((value) => {
    const at = numberOn(axis, value);
    if (at === null) return null;
    const place = placeOf(axis, at);
    return down ? 1 - place : place;
  });
}
