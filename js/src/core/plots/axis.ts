// Axes of values of any kind, for parallel coordinates and scatter plots: linear, logarithmic, or one place for each word.

import { formatValue } from "../format";
import { stringify } from "../json";
import type { Json } from "../types";

export type Scale = "linear" | "log" | "words";

export interface Axis {
  scale: Scale;
  /** Least and greatest number (as they are, also on a logarithmic axis); for words the places of the first and last. */
  from: number;
  to: number;
  /** The words in order, or none; and the place of each. */
  words: readonly string[];
  places: ReadonlyMap<string, number>;
  ticks: readonly { at: number; text: string }[];
}

const collator = new Intl.Collator("en", { numeric: true });
const MOST_WORDS = 24;
/** So few numbers are named each by itself. */
const FEW_NUMBERS = 6;
/** Ticks stand at least this part of an axis apart. */
const APART = 0.06;

/** A number that has a place on an axis of numbers. */
function numberIn(value: Json | undefined): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function word(value: Json): string {
  return typeof value === "string" ? value : stringify(value);
}

/**
 * The axis that some values ask for: words if one of them is none, else numbers; logarithmic if they are positive and span two
 * orders, or if `log` says so and they can.
 */
export function axisOf(values: readonly (Json | undefined)[], log: boolean | null = null): Axis {
  const there = values.filter((v): v is Json => v !== null && v !== undefined);
  const numbers = there.filter((v): v is number => typeof v === "number");
  const finite = numbers.filter(Number.isFinite);
  if (numbers.length < there.length || finite.length === 0) {
    const words = [...new Set(there.map(word))].sort((a, b) => collator.compare(a, b));
    const every = Math.ceil(words.length / MOST_WORDS);
    return {
      scale: "words",
      from: 0,
      to: Math.max(0, words.length - 1),
      words,
      places: new Map(words.map((text, i) => [text, i])),
      ticks: words.flatMap((text, i) => (i % every === 0 ? [{ at: i, text }] : [])),
    };
  }
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const value of finite) {
    if (value < from) from = value;
    if (value > to) to = value;
  }
  const canLog = from > 0 && to > from;
  const scale: Scale = canLog && (log ?? to / from >= 100) ? "log" : "linear";
  const plain = { scale, from, to, words: [], places: new Map<string, number>() };
  if (from === to) return { ...plain, ticks: [{ at: from, text: formatValue(from) }] };
  const few = new Set(finite);
  const marks =
    few.size <= FEW_NUMBERS
      ? apart(
          [...few].sort((a, b) => a - b),
          { ...plain, ticks: [] },
        )
      : scale === "log"
        ? logTicks(from, to)
        : linearTicks(from, to, finite.every(Number.isInteger));
  return { ...plain, ticks: marks.map((at) => ({ at, text: formatValue(at) })) };
}

/** The number at which a value stands on an axis, or null where it has no place. */
export function numberOn(axis: Axis, value: Json | undefined): number | null {
  if (value === null || value === undefined) return null;
  if (axis.scale !== "words") {
    const number = numberIn(value);
    return number === null || (axis.scale === "log" && number <= 0) ? null : number;
  }
  return axis.places.get(word(value)) ?? null;
}

/** Where a number of an axis stands, 0 to 1. */
export function placeOf(axis: Axis, at: number): number {
  if (axis.from === axis.to) return 0.5;
  if (axis.scale === "log") return Math.log(at / axis.from) / Math.log(axis.to / axis.from);
  return (at - axis.from) / (axis.to - axis.from);
}

/** The number at a place from 0 to 1: what `placeOf` undoes. */
export function atPlace(axis: Axis, place: number): number {
  const inside = Math.max(0, Math.min(1, place));
  if (axis.scale === "log") return axis.from * (axis.to / axis.from) ** inside;
  const at = axis.from + inside * (axis.to - axis.from);
  return axis.scale === "words" ? Math.round(at) : at;
}

export function textAt(axis: Axis, at: number): string {
  return axis.scale === "words" ? (axis.words[Math.round(at)] ?? "") : formatValue(at);
}

function apart(values: readonly number[], axis: Axis): number[] {
  const found: number[] = [];
  for (const at of values)
    if (found.length === 0 || placeOf(axis, at) - placeOf(axis, found.at(-1)!) >= APART) found.push(at);
  return found;
}

function linearTicks(from: number, to: number, whole: boolean): number[] {
  const rough = (to - from) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough)!;
  const width = whole ? Math.max(1, step) : step;
  const found: number[] = [];
  for (let n = Math.ceil(from / width - 1e-9); n * width <= to + width * 1e-9; n++)
    found.push(Number((n * width).toPrecision(12)));
  return found;
}

function logTicks(from: number, to: number): number[] {
  const [low, high] = [Math.ceil(Math.log10(from) - 1e-9), Math.floor(Math.log10(to) + 1e-9)];
  const every = Math.max(1, Math.ceil((high - low + 1) / 8));
  const powers: number[] = [];
  for (let p = low; p <= high; p += every) powers.push(Number(`1e${p}`));
  if (powers.length >= 2) return powers;
  const found: number[] = [];
  for (let p = low - 1; p <= high + 1; p++)
    for (const m of [1, 2, 5]) {
      const at = Number(`${m}e${p}`);
      if (at >= from * (1 - 1e-9) && at <= to * (1 + 1e-9)) found.push(at);
    }
  return found.length ? found : [from, to];
}
