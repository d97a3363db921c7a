import type { FigureAxis } from "./model";

// Where Plotly puts the numbers of an axis, and how it writes them: a sketch must not jump when Plotly takes its place.

export interface Tick {
  /** In the terms of the axis' range. */
  at: number;
  text: string;
  /** Written small above the line. */
  power?: string;
  /** Written below it. */
  below?: string;
  /** How large it is written, beside the others. */
  scale?: number;
}

const SECOND = 1000;
const DAY = 86_400 * SECOND;
const SPANS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * 60 * SECOND),
  ...[1, 2, 3, 6, 12].map((n) => n * 3600 * SECOND),
  ...[1, 2, 3, 7, 14].map((n) => n * DAY),
];

export function ticks(axis: FigureAxis): Tick[] {
  const [low, high] = axis.range;
  if (!(high > low) || !Number.isFinite(high - low)) return [];
  if (axis.type === "date") return dates(low, high, axis.nticks);
  if (axis.type === "log") return powers(low, high, axis);
  const step = rounded((high - low) / axis.nticks);
  const top = Math.max(Math.abs(low), Math.abs(high));
  return along(low, high, step).map((at) => ({
    at,
    text: axis.exponentformat === "SI" ? short(at, top) + (axis.ticksuffix ?? "") : plain(at),
  }));
}

/** The next of 1, 2, 5 and 10 of its size. */
function rounded(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((n) => n * power >= rough * (1 - 1e-9))!;
}

function along(low: number, high: number, step: number): number[] {
  const found: number[] = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++)
    found.push(n === 0 ? 0 : Number((n * step).toPrecision(12)));
  return found;
}

function powers(low: number, high: number, axis: FigureAxis): Tick[] {
  const rough = (high - low) / axis.nticks;
  if (rough > 0.7) return along(low, high, Math.ceil(rough - 1e-9)).map((at) => decade(at, axis));
  if (high - low < 1) {
    const [from, to] = [10 ** low, 10 ** high];
    const step = rounded((to - from) / ((1.5 * (high - low)) / rough));
    const suffix = axis.ticksuffix ?? "";
    return along(from, to, step).map((value) => ({ at: Math.log10(value), text: plain(value) + suffix }));
  }
  const digits = rough > 0.3 ? [1, 2, 5] : [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const found: Tick[] = [];
  for (let power = Math.floor(low); power <= high; power++)
    for (const digit of digits) {
      const at = power + Math.log10(digit);
      if (at < low || at > high) continue;
      found.push(digit > 1 ? { at, text: String(digit), scale: 0.75 } : decade(at, axis));
    }
  return found;
}

function decade(at: number, axis: FigureAxis): Tick {
  if (axis.exponentformat === "SI") return { at, text: short(10 ** at, 10 ** at) + (axis.ticksuffix ?? "") };
  if (at === 0 || at === 1) return { at, text: String(10 ** at), scale: 1.25 };
  return { at, text: "10", power: signed(String(at)), scale: 1.25 };
}

/** Moments are given as if the viewer's clock were UTC. */
function dates(low: number, high: number, most: number): Tick[] {
  const rough = (high - low) / most;
  const step = SPANS.find((span) => span >= rough) ?? DAY * rounded(rough / DAY);
  let day = "";
  return along(low, high, step).map((at) => {
    const text = new Date(at).toUTCString(); // "Wed, 25 Nov 2026 14:00:00 GMT"
    const date = `${text.slice(8, 11)} ${Number(text.slice(5, 7))}`;
    const year = text.slice(12, 16);
    const long = step >= DAY ? year : `${date}, ${year}`;
    // What the numbers have in common is said once.
    const below = long === day ? {} : { below: long };
    day = long;
    if (step >= DAY) return { at, text: date, ...below };
    const part = step < SECOND ? plain((at % SECOND) / SECOND).slice(1) : "";
    return { at, text: text.slice(17, step < 60 * SECOND ? 25 : 22) + part, ...below };
  });
}

const PREFIXES = ["f", "p", "n", "μ", "m", "", "k", "M", "G", "T"];

/** A number in thousands, millions and so on as the greatest of its axis is. */
function short(value: number, top: number): string {
  const size = Math.floor(Math.log10(top) + 0.01);
  const group = Math.abs(size) > 3 ? Math.round((size - 1) / 3) : 0;
  const prefix = PREFIXES[group + 5];
  if (value === 0 || prefix === undefined) return plain(value);
  return plain(value / 1000 ** group) + prefix;
}

/** Up to six digits, the rest in a power of ten. */
function plain(value: number): string {
  const text = value.toPrecision(6);
  if (text.includes("e")) return signed(text.replace(/\.?0*e/, "e"));
  return signed(text.includes(".") ? text.replace(/\.?0+$/, "") : text);
}

function signed(text: string): string {
  return text.replaceAll("-", "−");
}
