/**
 * Ascending positions of at most about `points` values: first and last, and of each bucket of neighbours the minimum, the
 * maximum and, where it has one, a NaN. So spikes stay and gaps show. With `x` (ascending) a bucket is a range of equal width
 * on it, so that a series that is thinned again and again stays as fine at its beginning as at its end.
 */
export function decimate(values: Float64Array, points: number, x?: Float64Array): Uint32Array {
  const count = values.length;
  if (count <= points) return Uint32Array.from({ length: count }, (_, i) => i);
  const buckets = Math.max(1, Math.floor((points - 2) / 3));
  const width = Math.ceil(count / buckets);
  const reach = x ? x[count - 1]! - x[0]! : 0;
  const bucketEnd = (start: number): number => {
    if (!x || !(reach > 0 && Number.isFinite(reach))) return Math.min(start + width, count);
    const limit =
      x[0]! + (Math.floor(((x[start]! - x[0]!) / reach) * buckets + 1e-9) + 1) * (reach / buckets);
    let end = start + 1;
    while (end < count && x[end]! < limit) end++;
    return end;
  };
  const kept: number[] = [0];
  const add = (i: number) => {
    if (i > kept[kept.length - 1]!) kept.push(i);
  };
  for (let start = 0, end = 0; start < count; start = end) {
    end = bucketEnd(start);
    let low = -1;
    let high = -1;
    let hole = -1;
    for (let i = start; i < end; i++) {
      const value = values[i]!;
      if (Number.isNaN(value)) {
        if (hole < 0) hole = i;
        continue;
      }
      if (low < 0 || value < values[low]!) low = i;
      if (high < 0 || value > values[high]!) high = i;
    }
    for (const i of [low, high, hole].filter((i) => i >= 0).sort((a, b) => a - b)) add(i);
  }
  add(count - 1);
  return Uint32Array.from(kept);
}
