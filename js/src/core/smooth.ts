// Smoothing of a series: the one place where TypeScript knows what a smoothing weight means. tests/fixtures/smoothing.json holds
// values that this and the server's implementation meet. A weight goes from 0 (the values as they are) to 1. All kinds smooth over
// all points of a series, before any are left out for drawing, so that a value is the same at every zoom and beside any other run.
// Non-finite values take no part and stay as they are.

/** TensorBoard's exponential moving average, wandb's time-weighted one, a bell curve, and a running mean. */
export type Smoother = "ema" | "time_ema" | "gaussian" | "mean";

export const SMOOTHERS: readonly Smoother[] = ["ema", "time_ema", "gaussian", "mean"];

/** wandb takes the axis as so many units wide, and no weight above this one. */
const AXIS_UNITS = 1000;
const MAX_TIME_BASE = 0.999;
const SIGMAS = 3;

/** `y` smoothed; `x`, which never falls, says where its values stand, and matters to `time_ema` alone. */
export function smooth(kind: Smoother, x: ArrayLike<number>, y: Float64Array, weight: number): Float64Array {
  const out = Float64Array.from(y);
  if (weight <= 0) return out;
  const finite = new Uint32Array(y.length);
  let count = 0;
  for (let i = 0; i < y.length; i++) if (Number.isFinite(y[i]!)) finite[count++] = i;
  if (count === 0) return out;
  const places = finite.subarray(0, count);
  const values = Float64Array.from(places, (i) => y[i]!);
  let smoothed: Float64Array;
  if (kind === "ema") smoothed = average(values, () => weight);
  else if (kind === "time_ema") {
    const span = x[places[count - 1]!]! - x[places[0]!]!;
    const base = Math.min(Math.sqrt(weight), MAX_TIME_BASE);
    const distance = (i: number) => x[places[i]!]! - x[places[i - 1]!]!;
    smoothed = average(values, (i) => (span > 0 ? base ** ((AXIS_UNITS * distance(i)) / span) : 1));
  } else if (kind === "gaussian") smoothed = gaussian(values, weight);
  else smoothed = runningMean(values, weight >= 1 ? count : Math.floor(weight / (1 - weight) + 0.5));
  for (let i = 0; i < count; i++) out[places[i]!] = smoothed[i]!;
  return out;
}

/** Exponential moving average without the bias of its start; `keep(i)` is what the past weighs at the i-th value. */
function average(values: Float64Array, keep: (i: number) => number): Float64Array {
  let total = 0;
  let mean = 0;
  return values.map((value, i) => {
    total = i > 0 ? total * keep(i) + 1 : 1;
    mean += (value - mean) / total;
    return mean;
  });
}

/** The mean of neighbours, weighted by a bell curve over their distance in points. */
function gaussian(values: Float64Array, weight: number): Float64Array {
  const count = values.length;
  if (weight >= 1) return runningMean(values, count);
  const sigma = (1 + weight) / (1 - weight) / (2 * Math.sqrt(Math.PI));
  const reach = Math.min(Math.ceil(SIGMAS * sigma), count - 1);
  const side = Float64Array.from({ length: reach + 1 }, (_, d) => Math.exp(-0.5 * (d / sigma) ** 2));
  return values.map((_, i) => {
    let sum = 0;
    let norm = 0;
    const end = Math.min(count - 1, i + reach);
    for (let j = Math.max(0, i - reach); j <= end; j++) {
      const near = side[Math.abs(i - j)]!;
      sum += near * values[j]!;
      norm += near;
    }
    return sum / norm;
  });
}

/**
 * The mean of up to `reach` points on each side. A window is the end of one block and the beginning of the next (van Herk 1992):
 * a running difference would lose digits behind a spike.
 */
function runningMean(values: Float64Array, reach: number): Float64Array {
  const count = values.length;
  const side = Math.min(reach, count - 1);
  const width = 2 * side + 1;
  const length = Math.ceil((count + 2 * side) / width) * width;
  const starts = new Float64Array(length);
  const ends = new Float64Array(length);
  const at = (i: number) => values[i - side] ?? 0;
  for (let i = 0; i < length; i++) starts[i] = at(i) + (i % width ? starts[i - 1]! : 0);
  for (let i = length - 1; i >= 0; i--) ends[i] = at(i) + ((i + 1) % width ? ends[i + 1]! : 0);
  return values.map((_, i) => {
    const sum = i % width === 0 ? ends[i]! : ends[i]! + starts[i + width - 1]!;
    return sum / (Math.min(i, side) + Math.min(count - 1 - i, side) + 1);
  });
}
