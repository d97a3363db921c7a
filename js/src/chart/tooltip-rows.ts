import { nearest } from "../core/extent";
import { isLogX, toAxis } from "./axes";
import type { ChartModel, Drawn, Figure } from "./model";
import type { PlotArea } from "./plot-area";
import type { Row } from "./tooltip";

/** Half as wide as a mark is, pixels. */
const MARK = 3;

/** Each line's point nearest to `x`, if it reaches there, from the top of the chart down. */
export function rowsAt(model: ChartModel, picture: Figure, places: PlotArea, x: number): Row[] {
  const rows: Row[] = [];
  const place = places.alongX(toAxis(x, isLogX(model)));
  for (const line of picture.drawn) {
    const at = nearest(line.x, x);
    if (at < 0) continue;
    const placeOf = (of: Drawn, i: number) => places.alongX(toAxis(of.x[i]!, isLogX(model)));
    const left = placeOf(line, at);
    if (outside(line, x) && Math.abs(left - place) > 12) continue;
    const value = line.y[at]!;
    const y = places.alongY(model.logY ? Math.log10(value) : value);
    rows.push({
      run: line.run,
      name: line.name,
      color: line.color,
      x: line.x[at]!,
      value,
      raw: line.raw[at]!,
      low: line.low?.[at] ?? null,
      high: line.high?.[at] ?? null,
      runs: line.runs?.[at] ?? null,
      odd: line.thinned ? 0 : oddAround(line, at, (i) => Math.abs(placeOf(line, i) - left) < MARK),
      left: places.left + left,
      top: Number.isFinite(y) ? y : places.height,
      offset: places.top,
    });
  }
  return rows.sort((a, b) => a.top - b.top);
}

/** How many values around the one at `at` are no number as it is none. */
function oddAround({ y }: Drawn, at: number, near: (i: number) => boolean): number {
  if (Number.isFinite(y[at]!)) return 0;
  const alike = (i: number) => i >= 0 && i < y.length && near(i) && Object.is(y[i], y[at]);
  let [first, last] = [at, at];
  while (alike(first - 1)) first--;
  while (alike(last + 1)) last++;
  return last - first + 1;
}

function outside(line: Drawn, x: number): boolean {
  return x < line.x[0]! || x > line.x[line.x.length - 1]!;
}
