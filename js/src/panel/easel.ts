import { signal } from "@preact/signals";
import type { Plotly } from "../chart/plotly";
import { Plots } from "../chart/plots";
import { Rest } from "../chart/rest";
import { Hover } from "./hover";
import type { NamedGroup } from "./legend";
import { Mounts } from "./mounts";

/** What the charts of a panel share: moments of rest, Plotly's elements, the pointer, and which of them are near the screen. */
export class Easel {
  readonly rest = new Rest();
  readonly hover = new Hover();
  readonly plots: Plots;
  /** The groups of runs that the charts draw, where they draw groups. */
  readonly groups = signal<readonly NamedGroup[]>([]);
  /** Rows of cards. */
  readonly rows = new Mounts(this.rest, "1200px 0px");
  /** What cards show. */
  readonly faces = new Mounts(this.rest, "400px 0px");

  constructor(plotly: () => Promise<Plotly>) {
    this.plots = new Plots(plotly);
  }
}
