// Figures in space, as points: what of Plotly's 3D can be seen without the engine that it needs.

import { runColor } from "../palette";
import { type Cloud, colored } from "./point-cloud";

type Loose = Record<string, unknown>;

const KINDS = new Set(["scatter3d", "mesh3d", "surface"]);
/** More edges than this are no clearer. */
const MOST_EDGES = 20_000;

/** The points, corners and lines of a figure all of whose traces lie in space; null for any other. */
export function figure3dCloud(traces: readonly object[]): Cloud | null {
  const found = traces as Loose[];
  if (found.length === 0 || !found.every((trace) => KINDS.has(String(trace.type)))) return null;
  const rows: { place: number[]; color: string }[] = [];
  const edges: number[] = [];
  found.forEach((trace, i) => {
    const places = trace.type === "surface" ? sheet(trace) : points(trace);
    const color = colors(trace, places, runColor(i));
    const mode = typeof trace.mode === "string" ? trace.mode : "lines+markers";
    const lines = trace.type === "scatter3d" && mode.includes("lines");
    if (!lines || mode.includes("markers"))
      places.forEach((place, n) => {
        rows.push({ place, color: color(n) });
      });
    if (lines)
      for (let n = 1; n < places.length && edges.length < 6 * MOST_EDGES; n++) {
        const pair = [...places[n - 1]!, ...places[n]!];
        if (pair.every(Number.isFinite)) edges.push(...pair);
      }
  });
  return even(colored(rows, edges));
}

/** Numbers of a list, or of the packed form that newer Plotlys write (`dtype`, `bdata`). */
export function numbers(given: unknown): number[] {
  if (Array.isArray(given)) return given.map((value) => (value === null ? Number.NaN : Number(value)));
  const { dtype, bdata } = (given ?? {}) as { dtype?: unknown; bdata?: unknown };
  const kind = PACKED[String(dtype)];
  if (!kind || typeof bdata !== "string") return [];
  const bytes = Uint8Array.from(atob(bdata), (letter) => letter.charCodeAt(0));
  return Array.from(new kind(bytes.buffer, 0, Math.floor(bytes.length / kind.BYTES_PER_ELEMENT)));
}

const PACKED: Readonly<
  Record<
    string,
    {
      new (buffer: ArrayBuffer, from: number, length: number): ArrayLike<number> & Iterable<number>;
      readonly BYTES_PER_ELEMENT: number;
    }
  >
> = {
  i1: Int8Array,
  u1: Uint8Array,
  i2: Int16Array,
  u2: Uint16Array,
  i4: Int32Array,
  u4: Uint32Array,
  f4: Float32Array,
  f8: Float64Array,
};

function points({ x, y, z }: Loose): number[][] {
  const [xs, ys, zs] = [numbers(x), numbers(y), numbers(z)];
  return zs.slice(0, Math.min(xs.length, ys.length)).map((each, i) => [xs[i]!, ys[i]!, each]);
}

/** The crossings of a surface: heights over a grid whose lines are given, or counted. */
function sheet({ x, y, z }: Loose): number[][] {
  const heights = table(z);
  const [across, along] = [grid(x), grid(y)];
  return heights.flatMap((row, i) => row.map((height, j) => [across(i, j, j), along(i, j, i), height]));
}

/** Where the crossing (i, j) lies on an axis: by a list of its lines, by a table of all crossings, or by `counted`. */
function grid(given: unknown): (i: number, j: number, counted: number) => number {
  const whole = table(given);
  if (whole.length > 0) return (i, j) => whole[i]?.[j] ?? Number.NaN;
  const lines = numbers(given);
  return (_i, _j, counted) => (lines.length > 0 ? (lines[counted] ?? Number.NaN) : counted);
}

/** Rows of numbers; none for what is no table. */
function table(given: unknown): number[][] {
  if (Array.isArray(given) && given.some((row) => Array.isArray(row) || isPacked(row)))
    return given.map(numbers);
  const shape = String((given as Loose | null)?.shape ?? "")
    .split(",")
    .map(Number);
  if (!isPacked(given) || shape.length !== 2 || !(shape[1]! > 0)) return [];
  const all = numbers(given);
  return Array.from({ length: Math.floor(all.length / shape[1]!) }, (_, i) =>
    all.slice(i * shape[1]!, (i + 1) * shape[1]!),
  );
}

function isPacked(given: unknown): boolean {
  return given !== null && typeof given === "object" && "bdata" in given;
}

/** The colour of each point: its own, by its number from dark to light, by its height in a surface, or the trace's. */
function colors(trace: Loose, places: readonly number[][], plain: string): (n: number) => string {
  const marker = (trace.marker ?? {}) as Loose;
  const given = marker.color ?? trace.intensity ?? trace.color;
  if (typeof given === "string") return () => given;
  if (Array.isArray(given) && given.some((each) => typeof each === "string"))
    return (n) => (typeof given[n] === "string" ? (given[n] as string) : plain);
  const values = trace.type === "surface" ? places.map((place) => place[2]!) : numbers(given);
  const [low, high] = extent(values);
  if (!(high > low)) return () => plain;
  return (n) => shade((values[n]! - low) / (high - low));
}

function extent(values: readonly number[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** Stops from violet over green to yellow, which stay apart for colour-blind people and on both grounds. */
const STOPS = [
  [104, 60, 150],
  [59, 110, 180],
  [42, 157, 130],
  [120, 190, 80],
  [222, 190, 40],
] as const;

function shade(share: number): string {
  if (!Number.isFinite(share)) return "#7a7f8c";
  const at = Math.max(0, Math.min(1, share)) * (STOPS.length - 1);
  const [one, other] = [STOPS[Math.floor(at)]!, STOPS[Math.ceil(at)]!];
  const part = at - Math.floor(at);
  return `rgb(${one.map((value, i) => Math.round(value + (other[i]! - value) * part)).join(" ")})`;
}

/** The same with axes of one length, as Plotly draws them: what is measured along them differs. */
function even(cloud: Cloud | null): Cloud | null {
  if (!cloud) return null;
  for (let axis = 0; axis < 3; axis++) {
    const along = (places: Float64Array) => Array.from(places).filter((_, i) => i % 3 === axis);
    const [low, high] = extent([...along(cloud.points), ...along(cloud.edges)]);
    const span = high - low || 1;
    for (const places of [cloud.points, cloud.edges])
      for (let i = axis; i < places.length; i += 3) places[i] = (places[i]! - low) / span;
  }
  return cloud;
}
