import type { ChartModel, Figure } from "./model";
import { offAxis } from "./tooltip-rows";

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
    return low === undefined || high === undefined ? undefined : [toNumber(low), toNumber(high)];
  };
  const x = range("xaxis");
  let y = range("yaxis");
  // Panning tells of both axes: one that has hardly moved was not meant.
  const before = picture?.layout.yaxis.range;
  if (y && before && Math.abs(y[0] - before[0]) + Math.abs(y[1] - before[1]) < 0.06 * (before[1] - before[0]))
    y = undefined;
  return {
    x: x && [offAxis(model, x[0]), offAxis(model, x[1])],
    y: y && (model.logY ? [10 ** y[0], 10 ** y[1]] : y),
  };
}

function toNumber(value: unknown): number {
  if (typeof value === "number") return value;
  // Plotly writes dates without a zone and means UTC.
  const text = String(value).replace(" ", "T");
  return Date.parse(
    /Z|[+-]\d\d:\d\d$/.test(text) ? text : `${text}${text.includes("T") ? "" : "T00:00:00"}Z`,
  );
}
