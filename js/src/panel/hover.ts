import type { Pointed } from "../chart/chart";

interface Follower {
  follow(at: Pointed | null): void;
  /** Brings a run's line to the front, or none. */
  emphasize(run: string | null): void;
}

/** Charts under one pointer: where it stands in one of them is shown in all. */
export class Hover {
  private readonly charts = new Set<Follower>();

  add(chart: Follower): () => void {
    this.charts.add(chart);
    return () => this.charts.delete(chart);
  }

  /** Brings a run to the front in all charts: the pointer is on its name elsewhere. */
  emphasize(run: string | null): void {
    for (const chart of this.charts) chart.emphasize(run);
  }

  move(from: Follower, at: Pointed | null): void {
    for (const chart of this.charts) if (chart !== from) chart.follow(at);
  }
}
