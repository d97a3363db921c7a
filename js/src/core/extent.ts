// Which part of the values a chart shows, and what it says of the rest.

export interface Extent {
  low: number;
  high: number;
  /** Finite values that lie outside, and how far they reach. */
  above: number;
  below: number;
  most: number;
  least: number;
}

/** Finite values of several columns, of those whose x lies in the range. */
export function visible(
  columns: { x: ArrayLike<number>; y: ArrayLike<number> }[],
  range: [number, number] | null,
  positive = false,
): Float64Array {
  let count = 0;
  for (const { y } of columns) count += y.length;
  const found = new Float64Array(count);
  let n = 0;
  for (const { x, y } of columns) {
    for (let i = 0; i < y.length; i++) {
      const value = y[i]!;
      if (!Number.isFinite(value) || (positive && value <= 0)) continue;
      if (range && (x[i]! < range[0] || x[i]! > range[1])) continue;
      found[n++] = value;
    }
  }
  return found.subarray(0, n);
}

/** How far beyond the middle nine tenths a value may lie, in their widths, before it counts as an outlier. */
const FENCE = 1;

/** Where `values` lie; with `clip` without outliers: what is far from the middle nine tenths of them. */
export function extent(values: Float64Array, clip: boolean, log = false): Extent | null {
  if (values.length === 0) return null;
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  let low = least;
  let high = most;
  if (clip && values.length >= 20) {
    const sorted = Float64Array.from(values).sort();
    const scale = (v: number) => (log ? Math.log10(v) : v);
    const back = (v: number) => (log ? 10 ** v : v);
    const at = (share: number) => scale(sorted[Math.round(share * (sorted.length - 1))]!);
    const width = at(0.95) - at(0.05);
    if (width > 0) {
      const floor = back(at(0.05) - FENCE * width);
      const ceiling = back(at(0.95) + FENCE * width);
      // The axis ends at the outermost value that is no outlier.
      low = sorted.find((v) => v >= floor) ?? least;
      high = sorted.findLast((v) => v <= ceiling) ?? most;
    }
  }
  let above = 0;
  let below = 0;
  if (low > least || high < most) {
    for (const value of values) {
      if (value > high) above++;
      else if (value < low) below++;
    }
  }
  return { low, high, above, below, most, least };
}

/** `low` to `high` with room around, on a linear or logarithmic axis. */
export function padded(low: number, high: number, log: boolean): [number, number] {
  if (log) {
    const [a, b] = [Math.log10(low), Math.log10(high)];
    const room = (b - a) * 0.06 || 0.3;
    return [10 ** (a - room), 10 ** (b + room)];
  }
  const room = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
  return [low - room, high + room];
}

/**
 * The lowest and highest value of each of `buckets` equal parts of the axis (with `log` of a logarithmic one, which has no place
 * for what is not above zero): the area that a decimated line stands for. Parts without a finite value are left out.
 */
export function envelope(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  buckets: number,
  log = false,
): { x: number[]; low: number[]; high: number[] } {
  const found = { x: [] as number[], low: [] as number[], high: [] as number[] };
  const place = log ? Math.log : (at: number) => at;
  let from = 0;
  while (log && from < y.length && !(x[from]! > 0)) from++;
  if (from >= y.length) return found;
  const first = place(x[from]!);
  const width = (place(x[x.length - 1]!) - first) / buckets || 1;
  let bucket = -1;
  for (let i = from; i < y.length; i++) {
    const value = y[i]!;
    if (!Number.isFinite(value)) continue;
    const at = Math.min(buckets - 1, Math.floor((place(x[i]!) - first) / width));
    if (at !== bucket) {
      bucket = at;
      const middle = first + (at + 0.5) * width;
      found.x.push(log ? Math.exp(middle) : middle);
      found.low.push(value);
      found.high.push(value);
    } else {
      const last = found.low.length - 1;
      if (value < found.low[last]!) found.low[last] = value;
      if (value > found.high[last]!) found.high[last] = value;
    }
  }
  return found;
}

/** The position of the value nearest to `wanted` in an ascending column, or -1. */
export function nearest(x: ArrayLike<number>, wanted: number): number {
  let low = 0;
  let high = x.length - 1;
  if (high < 0) return -1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low > 0 && wanted - x[low - 1]! <= x[low]! - wanted ? low - 1 : low;
}
