import { decimate } from "./decimate";
import type { SeriesData } from "./types";

/** A view on the points of one metric of one run, ordered by step. */
export interface Points {
  readonly steps: Float64Array;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** How far back a stream may repeat what an answer had, ms. */
const OVERLAP = 300_000;

/**
 * A growing column store of points. It begins with a (decimated) answer and takes live points at its end; late points are
 * sorted in on reading. When it has grown well past `budget`, it decimates itself, keeping extremes and gaps.
 */
export class Series {
  private steps = new Float64Array(64);
  private times = new Float64Array(64);
  private values = new Float64Array(64);
  private length = 0;
  private sorted = true;
  /** Points that exist, decimated ones included. */
  count = 0;

  /** The moment up to which points came with an answer, and those it had while nothing was left out. */
  private answered = Number.NEGATIVE_INFINITY;
  private answer: SeriesData | null = null;
  private exact: Set<string> | null = null;

  constructor(private readonly budget = 4000) {}

  static from(data: SeriesData, budget?: number): Series {
    const series = new Series(budget);
    const values = decodeValues(data);
    for (let i = 0; i < values.length; i++) series.append(data.steps[i]!, data.timestamps[i]!, values[i]!);
    series.count = data.count;
    for (const time of data.timestamps) if (time > series.answered) series.answered = time;
    if (data.raw && data.count === values.length) series.answer = data;
    return series;
  }

  /**
   * Whether the answer that this began with had the point already: a stream may tell of it again. Of a decimated answer
   * only the time is known, which points from clocks that disagree may fall under; a chart of so many does not show it.
   */
  knew(step: number, time: number, value: number): boolean {
    if (time > this.answered) return false;
    if (this.answer) {
      this.exact = recent(this.answer, this.answered - OVERLAP);
      this.answer = null;
    }
    if (!this.exact) return true;
    return time >= this.answered - OVERLAP && this.exact.has(`${step} ${time} ${value}`);
  }

  /** Every point that exists is here. */
  get complete(): boolean {
    return this.length === this.count;
  }

  append(step: number, time: number, value: number): void {
    if (this.length === this.values.length) {
      if (this.length >= 2 * this.budget) this.shrink();
      else this.grow();
    }
    const last = this.length - 1;
    if (last >= 0 && (step < this.steps[last]! || (step === this.steps[last]! && time < this.times[last]!)))
      this.sorted = false;
    this.steps[this.length] = step;
    this.times[this.length] = time;
    this.values[this.length] = value;
    this.length++;
    this.count++;
  }

  /** Adds columns of points, of which `total` exist by now. */
  extend(columns: Points & { total: number }): void {
    const { steps, times, values } = columns;
    for (let i = 0; i < values.length; i++) this.append(steps[i]!, times[i]!, values[i]!);
    this.count = Math.max(this.count, columns.total);
  }

  points(): Points {
    if (!this.sorted) this.sort();
    return {
      steps: this.steps.subarray(0, this.length),
      times: this.times.subarray(0, this.length),
      values: this.values.subarray(0, this.length),
    };
  }

  last(): { step: number; value: number } | null {
    if (this.length === 0) return null;
    const { steps, values } = this.points();
    return { step: steps[this.length - 1]!, value: values[this.length - 1]! };
  }

  private grow(): void {
    const size = this.values.length * 2;
    const copy = (old: Float64Array) => {
      const grown = new Float64Array(size);
      grown.set(old);
      return grown;
    };
    this.steps = copy(this.steps);
    this.times = copy(this.times);
    this.values = copy(this.values);
  }

  private shrink(): void {
    const { steps, times, values } = this.points();
    const kept = decimate(values, this.budget, steps);
    for (let i = 0; i < kept.length; i++) {
      const from = kept[i]!;
      steps[i] = steps[from]!;
      times[i] = times[from]!;
      values[i] = values[from]!;
    }
    this.length = kept.length;
  }

  private sort(): void {
    const order = Array.from({ length: this.length }, (_, i) => i);
    order.sort((a, b) => this.steps[a]! - this.steps[b]! || this.times[a]! - this.times[b]! || a - b);
    const pick = (old: Float64Array) => {
      const sorted = new Float64Array(old.length);
      for (let i = 0; i < order.length; i++) sorted[i] = old[order[i]!]!;
      return sorted;
    };
    this.steps = pick(this.steps);
    this.times = pick(this.times);
    this.values = pick(this.values);
    this.sorted = true;
  }
}

/** The points in the order of their times, which is not that of their steps where several processes log to a run. */
export function byTime(points: Points): Points {
  const { steps, times, values } = points;
  let rises = true;
  for (let i = 1; rises && i < times.length; i++) rises = times[i]! >= times[i - 1]!;
  if (rises) return points;
  const order = Array.from(times.keys()).sort((a, b) => times[a]! - times[b]! || a - b);
  const pick = (column: Float64Array) => Float64Array.from(order, (i) => column[i]!);
  return { steps: pick(steps), times: pick(times), values: pick(values) };
}

/** The points of an answer from a moment on, each as a text. */
function recent(data: SeriesData, since: number): Set<string> {
  const values = decodeValues(data);
  const found = new Set<string>();
  for (let i = 0; i < values.length; i++)
    if (data.timestamps[i]! >= since) found.add(`${data.steps[i]} ${data.timestamps[i]} ${values[i]}`);
  return found;
}

/** The values of an answer with its non-finite ones put back. */
export function decodeValues(data: Pick<SeriesData, "values" | "nonfinite">): Float64Array {
  const values = new Float64Array(data.values.length);
  for (let i = 0; i < values.length; i++) values[i] = data.values[i] ?? Number.NaN;
  for (const i of data.nonfinite?.inf ?? []) values[i] = Number.POSITIVE_INFINITY;
  for (const i of data.nonfinite?.["-inf"] ?? []) values[i] = Number.NEGATIVE_INFINITY;
  return values;
}

const NAMED: Record<string, number> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

/** A logged value as a number, or null for a text or media value. */
export function asNumber(value: unknown): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "string" && value in NAMED) return NAMED[value]!;
  return null;
}
