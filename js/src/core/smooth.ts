// Smoothing for the eye: the raw line always stays in the chart behind the smoothed one. NaN stays NaN and is skipped over.
// A weight says how wide: 0 (nothing) to 1 (flat). Widths are parts of the visible range, not numbers of points, so that a
// decimated line and a dense one look alike.

export type Smoother = "ema" | "gaussian" | "mean";

const WIDTH = 200; // the visible range is taken as so many units wide: a weight smooths over some of them
/** The part of the visible range that a window of weight 1 reaches over, to each side. */
const REACH = 0.25;

/** Means of neighbours, NaN where nothing is finite: where they stand, and of how many values each is. `x` ascends. */
export interface Means {
  x: Float64Array;
  y: Float64Array;
  counts: Float64Array;
}

/** `y` smoothed by the chosen kind; `counts` says how many values each of `y` stands for, if not one. */
export function smooth(
  kind: Smoother,
  x: ArrayLike<number>,
  y: Float64Array,
  weight: number,
  span?: number,
  counts?: ArrayLike<number>,
): Float64Array {
  if (weight <= 0 || y.length === 0) return Float64Array.from(y);
  if (kind === "gaussian") return gaussian(x, y, weight, span);
  if (kind === "mean") return runningMean(x, y, weight, span);
  return ema(x, y, weight, span, counts);
}

/**
 * What `smooth` makes of all points of a line that only some are left of: a line that keeps the extremes lies beside the mean of
 * its points where they are not as far above as below it, but means are known. NaN where `y` is not finite.
 */
export function smoothMeans(
  kind: Smoother,
  x: ArrayLike<number>,
  y: Float64Array,
  means: Means,
  weight: number,
  span: number = reach(x),
): Float64Array {
  const smoothed = smooth(kind, means.x, means.y, weight, span, means.counts);
  const there = Array.from(smoothed.keys()).filter((i) => Number.isFinite(smoothed[i]!));
  if (there.length === 0) return smooth(kind, x, y, weight, span);
  const out = Float64Array.from(y);
  let next = 0;
  for (let i = 0; i < y.length; i++) {
    if (!Number.isFinite(y[i]!)) continue;
    while (next < there.length - 1 && means.x[there[next]!]! < x[i]!) next++;
    const [a, b] = [there[Math.max(0, next - 1)]!, there[next]!];
    const width = means.x[b]! - means.x[a]!;
    const share = width > 0 ? Math.max(0, Math.min(1, (x[i]! - means.x[a]!) / width)) : 1;
    out[i] = smoothed[a]! * (1 - share) + smoothed[b]! * share;
  }
  return out;
}

/**
 * Exponential moving average without the bias of its beginning. The weight of a neighbour falls with its distance on the
 * x axis relative to the visible range `span` (default: the line's own); what stands for several values (`counts`) weighs as much
 * as they do.
 */
export function ema(
  x: ArrayLike<number>,
  y: Float64Array,
  weight: number,
  span?: number,
  counts?: ArrayLike<number>,
): Float64Array {
  const out = Float64Array.from(y);
  if (weight <= 0 || y.length === 0) return out;
  const base = Math.min(Math.sqrt(weight), 0.9995);
  const unit = reach(x, span) / WIDTH || 1;
  let sum = 0;
  let norm = 0;
  let before = x[0]!;
  for (let i = 0; i < y.length; i++) {
    const value = y[i]!;
    if (!Number.isFinite(value)) continue;
    const keep = base ** Math.max(0, (x[i]! - before) / unit);
    before = x[i]!;
    const count = counts?.[i] ?? 1;
    sum = sum * keep + count * value;
    norm = norm * keep + count;
    out[i] = sum / norm;
  }
  return out;
}

/** Each point as the mean of its neighbours, weighted by a bell curve over their distance: no lag, ends included. */
export function gaussian(x: ArrayLike<number>, y: Float64Array, weight: number, span?: number): Float64Array {
  const sigma = (weight ** 2 * REACH * reach(x, span)) / 2 || 1e-300;
  const share = shares(x);
  const out = Float64Array.from(y);
  let low = 0;
  for (let i = 0; i < y.length; i++) {
    if (!Number.isFinite(y[i]!)) continue;
    while (x[i]! - x[low]! > 3 * sigma) low++;
    let sum = 0;
    let norm = 0;
    for (let j = low; j < y.length && x[j]! - x[i]! <= 3 * sigma; j++) {
      if (!Number.isFinite(y[j]!)) continue;
      const near = Math.exp(-0.5 * ((x[j]! - x[i]!) / sigma) ** 2) * share[j]!;
      sum += near * y[j]!;
      norm += near;
    }
    if (norm > 0) out[i] = sum / norm;
  }
  return out;
}

/** Each point as the mean of what lies in a window around it. */
export function runningMean(
  x: ArrayLike<number>,
  y: Float64Array,
  weight: number,
  span?: number,
): Float64Array {
  const half = weight ** 2 * REACH * reach(x, span);
  const share = shares(x);
  const out = Float64Array.from(y);
  let low = 0;
  let high = 0;
  let sum = 0;
  let norm = 0;
  for (let i = 0; i < y.length; i++) {
    for (; high < y.length && x[high]! - x[i]! <= half; high++) {
      if (!Number.isFinite(y[high]!)) continue;
      sum += share[high]! * y[high]!;
      norm += share[high]!;
    }
    for (; x[i]! - x[low]! > half; low++) {
      if (!Number.isFinite(y[low]!)) continue;
      sum -= share[low]! * y[low]!;
      norm -= share[low]!;
    }
    if (Number.isFinite(y[i]!) && norm > 0) out[i] = sum / norm;
  }
  return out;
}

function reach(x: ArrayLike<number>, span?: number): number {
  return span ?? x[x.length - 1]! - x[0]!;
}

/** How much of the axis each point stands for, so that a crowd of points counts no more than the ground it covers. */
function shares(x: ArrayLike<number>): Float64Array {
  const count = x.length;
  const whole = count > 1 ? (x[count - 1]! - x[0]!) / (count - 1) : 1;
  return Float64Array.from({ length: count }, (_, i) => {
    const wide = (x[Math.min(i + 1, count - 1)]! - x[Math.max(i - 1, 0)]!) / 2;
    // A repeated x covers nothing, but is still there.
    return Math.max(wide, whole * 1e-6) || 1;
  });
}
