import { signal } from "@preact/signals";
import { IdleQueue } from "../chart/idle-queue";
import type { Plotly } from "../chart/plotly";
import { PlotlyPool } from "../chart/plotly-pool";
import { Visibility } from "../chart/visibility";
import { Hover } from "./hover";
import { LazyMount } from "./lazy-mount";
import type { NamedGroup } from "./legend";

/** Of what flies past faster than this nobody sees more than the names, pixels a millisecond. */
const LEGIBLE = 6;

/** What the charts of a panel share: moments of rest, Plotly's elements, the pointer, and which of them are near the screen. */
export class ChartContext {
  readonly rest = new IdleQueue();
  readonly hover = new Hover();
  readonly sights = new Visibility();
  readonly plots: PlotlyPool;
  /** The groups of runs that the charts draw, where they draw groups. */
  readonly groups = signal<readonly NamedGroup[]>([]);
  /** Rows of cards. */
  readonly rows = new LazyMount(this.rest, "1200px 0px");
  /** What cards show. */
  readonly faces = new LazyMount(this.rest, "700px 0px", LEGIBLE);
  /** Counts the moments of rest that somebody waited for. */
  readonly rests = signal(0);
  readonly count = () => {
    this.rests.value++;
  };

  constructor(plotly: () => Promise<Plotly>) {
    this.plots = new PlotlyPool(plotly);
  }
}
