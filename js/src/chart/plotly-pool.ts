import type { Plotly, PlotlyElement } from "./plotly";

/** So many elements wait for their next chart: as many as a large screen shows. */
const MOST = 24;

/** What the charts of a panel share. Plotly's elements go from one to the next: to draw one anew costs half of making it. */
export class PlotlyPool {
  private readonly free: PlotlyElement[] = [];

  constructor(readonly plotly: () => Promise<Plotly>) {}

  take(): PlotlyElement {
    const found = this.free.pop();
    if (found) return found;
    const made: PlotlyElement = document.createElement("div");
    made.className = "chart-plot";
    return made;
  }

  /** Takes back an element that stands still. */
  give(plotly: Plotly, el: PlotlyElement): void {
    el.remove();
    el.removeAllListeners?.("plotly_relayout");
    if (this.free.length < MOST) this.free.push(el);
    else plotly.purge(el);
  }
}
