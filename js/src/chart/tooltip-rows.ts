import { nearest } from "../core/extent";
import { clockOffset } from "./figure";
import type { ChartModel, Drawn, Figure } from "./model";
import type { PlotArea } from "./plot-area";
import type { Row } from "./tooltip";

/** An x value in the terms of the picture's axis. */
export function onAxis(model: ChartModel, x: number): number {
  if (model.xAxis === "wall") return x - clockOffset(x);
  return isLogX(model) ? Math.log10(x) : x;
}

/** What `onAxis` undoes. */
export function offAxis(model: ChartModel, at: number): number {
  if (model.xAxis === "wall") return at + clockOffset(at);
  return isLogX(model) ? 10 ** at : at;
}

export function isLogX(model: ChartModel): boolean {
  return Boolean(model.logX) && model.xAxis !== "wall";
}

/** Half as wide as a mark is, pixels. */
const MARK = 3;

/** Each line's point nearest to `x`, if it reaches there, from the top of the chart down. */
export function rowsAt(model: ChartModel, picture: Figure, places: PlotArea, x: number): Row[] {
  const rows: Row[] = [];
  const place = places.alongX(onAxis(model, x));
  for (const line of picture.drawn) {
    const at = nearest(line.x, x);
    if (at < 0) continue;
    const placeOf = (of: Drawn, i: number) => places.alongX(onAxis(model, of.x[i]!));
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
