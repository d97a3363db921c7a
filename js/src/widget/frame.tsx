import type { ComponentChildren } from "preact";
import { Controls } from "../panel/controls";
import type { ChartSettings } from "../state/chart-settings";

/** From so many metrics on there is a filter, and the charts scroll in a frame of their own. */
const MANY = 13;

/** The charts of an output under their controls, as high as they may be. */
export function Frame({
  view,
  count,
  height,
  onlyStep,
  children,
}: {
  view: ChartSettings;
  /** How many charts there are. */
  count: number;
  /** The most pixels that they take; without a word, as much as few need. */
  height: number | null;
  onlyStep: boolean;
  children: ComponentChildren;
}) {
  const scrolls = height !== null || count >= MANY;
  return (
    <>
      <Controls view={view} compact={count < MANY} onlyStep={onlyStep} />
      <div
        class={scrolls ? "w-charts w-many" : "w-charts"}
        data-count={count}
        style={height === null ? {} : { maxHeight: `${height}px` }}
      >
        {children}
      </div>
    </>
  );
}
