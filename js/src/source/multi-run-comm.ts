import { asRun, type Bytes, float64, type Info } from "./comm";
import { MemorySource, odd } from "./memory";
import { keyOf } from "./selected-runs";

// The wire of a chart of several runs, from a kernel whose page can ask no server for them (see aspara_jupyter/multi_run_feed.py).

interface Delta {
  type: "rows" | "infos";
  seq: number;
  run?: string;
  metrics?: string[];
  counts?: number[];
  totals?: number[];
  infos?: Info[];
}

interface Snapshot {
  seq?: number;
  runs?: Record<string, { metrics: string[]; counts: number[]; totals: number[] }>;
  data?: Bytes;
}

/** Runs that a kernel follows for the page. A gap between the messages is closed by the next snapshot. */
export class MultiRunCommSource extends MemorySource {
  private seq = 0;
  private whole = true;

  constructor(title: string, infos: readonly Info[]) {
    super(title);
    this.tellInfos(infos);
  }

  /** Whether a snapshot is one of points: a kernel that leaves them to the server sends none. */
  static holds(snapshot: unknown): boolean {
    return (snapshot as Snapshot | undefined)?.runs !== undefined;
  }

  message(content: unknown, buffers: readonly Bytes[]): void {
    const delta = content as Delta;
    if (typeof delta?.seq !== "number" || delta.seq <= this.seq) return;
    if (delta.seq > this.seq + 1) this.whole = false;
    this.seq = delta.seq;
    if (delta.infos) this.tellInfos(delta.infos);
    const { run } = delta;
    if (delta.type !== "rows" || run === undefined) return;
    let offset = 0;
    (delta.metrics ?? []).forEach((metric, i) => {
      const count = delta.counts?.[i] ?? 0;
      const numbers = float64(buffers[0]!, offset, 3 * count);
      offset += 24 * count;
      this.addColumns({
        run,
        metric,
        times: numbers.subarray(0, count),
        steps: numbers.subarray(count, 2 * count),
        values: numbers.subarray(2 * count),
        total: delta.totals?.[i] ?? count,
      });
    });
  }

  snapshot(content: unknown): void {
    const found = content as Snapshot;
    if (typeof found?.seq !== "number" || !found.runs || !found.data) return;
    if (found.seq < this.seq || (found.seq === this.seq && this.seq > 0 && this.whole)) return;
    this.seq = found.seq;
    this.whole = true;
    let offset = 0;
    for (const [run, { metrics, counts, totals }] of Object.entries(found.runs)) {
      metrics.forEach((metric, i) => {
        const count = counts[i] ?? 0;
        const numbers = float64(found.data!, offset, 3 * count);
        offset += 24 * count;
        this.setSeries(metric, run, {
          timestamps: Array.from(numbers.subarray(0, count)),
          steps: Array.from(numbers.subarray(count, 2 * count)),
          values: Array.from(numbers.subarray(2 * count), (v) => (Number.isFinite(v) ? v : null)),
          nonfinite: odd(numbers.subarray(2 * count)),
          raw: false,
          count: totals[i] ?? count,
        });
      });
    }
    this.reset();
  }

  private tellInfos(infos: readonly Info[]): void {
    for (const info of infos) this.addRun({ ...asRun(info), run: keyOf(info.project, info.run) });
  }
}
