import { fromAxis, isLogX } from "./axes";
import type { ChartModel, Figure } from "./model";

type Range = [number, number];

/** What a change that Plotly tells of asks for, in data terms: undefined leaves an axis as it is. */
export function zoomOf(
  change: Record<string, unknown>,
  model: ChartModel,
  picture: Figure | null,
): { x: Range | undefined; y: Range | undefined } {
  const range = (axis: "xaxis" | "yaxis"): Range | undefined => {
    const low = change[`${axis}.range[0]`];
    const high = change[`${axis}.range[1]`];
    return low === undefined || high === undefined ? undefined : [Number(low), Number(high)];
  };
  const x = range("xaxis");
  let y = range("yaxis");
  // Panning tells of both axes: one that has hardly moved was not meant.
  const before = picture?.layout.yaxis.range;
  if (y && before && Math.abs(y[0] - before[0]) + Math.abs(y[1] - before[1]) < 0.06 * (before[1] - before[0]))
    y = undefined;
  return {
    x: x && [fromAxis(x[0], isLogX(model)), fromAxis(x[1], isLogX(model))],
    y: y && (model.logY ? [10 ** y[0], 10 ** y[1]] : y),
  };
}
