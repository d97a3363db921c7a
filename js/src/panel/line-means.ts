import { xValues } from "../chart/figure";
import type { Line, XAxis } from "../chart/model";
import type { Means } from "../core/smooth";
import type { Envelope } from "../core/types";

/** What the points of a line are on average, each bucket at its middle; what has come since then stands for itself. */
export function lineMeans(line: Line, { from, to, mean, count, nonfinite }: Envelope, axis: XAxis): Means {
  const places = xValues(line, axis);
  const { values } = line.points;
  const end = to[to.length - 1] ?? Number.NEGATIVE_INFINITY;
  let later = values.length;
  while (later > 0 && places[later - 1]! > end) later--;
  const join = (known: readonly number[], since: ArrayLike<number>) =>
    Float64Array.from({ length: known.length + values.length - later }, (_, i) =>
      i < known.length ? known[i]! : since[later + i - known.length]!,
    );
  const middles = from.map((low, i) => (low + to[i]!) / 2);
  const finite = count.map((all, i) => all - nonfinite[i]!);
  return {
    x: join(middles, places),
    y: join(
      mean.map((value) => value ?? Number.NaN),
      values,
    ),
    counts: join(finite, new Float64Array(values.length).fill(1)),
  };
}
