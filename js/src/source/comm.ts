import type { MetricsAnswer, Run, Status } from "../core/types";
import { MemorySource, odd } from "./memory";
import type { SeriesQuery, Source } from "./source";

// The wire of a notebook's live chart.
//
// Deltas are custom messages, each with a sequence number and one buffer (little-endian float64; metric by metric: timestamps,
// then steps, then values):
//   {"type": "rows", "seq": n, "metrics": [names], "counts": [points of each], "totals": [points so far], "info": {...}}
//   {"type": "status", "seq": n, "status": "completed", "exit_code": 0, "info": {...}}
// The trait `snapshot` holds everything up to its `seq`, decimated, in one buffer:
//   {"seq": n, "metrics": [names], "counts": [...], "totals": [...], "data": <bytes>}
// A page that missed deltas (it was reloaded, the server dropped messages) asks the server for the run's points where it
// can, and takes the next snapshot otherwise.

/** All that is used of an anywidget model: what marimo has too. */
export interface Model {
  get(name: string): unknown;
  on(event: string, handler: (...args: unknown[]) => void): void;
  off(event: string, handler: (...args: unknown[]) => void): void;
}

export interface Info {
  project: string;
  run: string;
  id: string;
  name: string;
  color: number;
  status: Status;
  start_time: number;
  step: number;
  total_steps: number | null;
  step_metrics?: Readonly<Record<string, string>>;
  hidden_metrics?: readonly string[];
  /** How many epochs there will be, as the config says. */
  epochs?: number | null;
  tags?: string[];
  /** The most pixels that the charts take. */
  height?: number | null;
  /** The kernel's clock when this was written, ms. */
  now: number;
}

interface Delta {
  type: "rows" | "status";
  seq: number;
  metrics?: string[];
  counts?: number[];
  totals?: number[];
  status?: Status;
  exit_code?: number | null;
  info?: Info;
}

interface Snapshot {
  seq?: number;
  metrics?: string[];
  counts?: number[];
  totals?: number[];
  data?: Bytes;
}

export type Bytes = DataView | ArrayBuffer | Uint8Array;

/** Points a series that a page asks for when it missed some. */
const POINTS = 1500;

/** Live data pushed by the kernel. Ranges are asked from `server`, where there is one: a busy kernel answers nothing. */
export class CommSource extends MemorySource {
  /** The last delta that is in the series. */
  private seq = 0;
  /** False while deltas are missing. */
  private whole = true;
  /** After points came from the server: by metric, the time up to which they are here already. */
  private readonly covered = new Map<string, number>();
  /** What comes while the server is asked for the missing points. */
  private held: [Delta, readonly Bytes[]][] | null = null;
  private exitCode: number | null = null;
  /** When the last message came, by this page's clock. */
  heardAt = Date.now();

  constructor(
    public info: Info,
    private readonly server: Source | null,
  ) {
    super(info.project);
    this.addRun(asRun(info));
  }

  /** Points of a metric that the kernel has logged. */
  total(metric: string): number {
    return this.count(metric, this.info.run);
  }

  /** Whether every point of the run has come by message: the page was there from the beginning. */
  get young(): boolean {
    return this.whole && this.seq === 0;
  }

  message(content: unknown, buffers: readonly Bytes[]): void {
    const delta = content as Delta;
    if (typeof delta?.seq !== "number" || delta.seq <= this.seq) return;
    this.heardAt = Date.now();
    const missed = delta.seq > this.seq + 1;
    this.seq = delta.seq;
    if (delta.type === "status") this.exitCode = delta.exit_code ?? null;
    if (delta.info) this.setInfo(delta.info);
    // What comes after a gap is drawn meanwhile.
    if (missed) void this.heal();
    if (delta.type !== "rows") return;
    this.held?.push([delta, buffers]);
    this.rows(delta, buffers);
  }

  private rows(delta: Delta, buffers: readonly Bytes[]): void {
    let offset = 0;
    (delta.metrics ?? []).forEach((metric, i) => {
      const count = delta.counts?.[i] ?? 0;
      const numbers = float64(buffers[0]!, offset, 3 * count);
      offset += 24 * count;
      // Within a millisecond a point may be left out, until the next snapshot has it.
      const covered = this.covered.get(metric) ?? Number.NEGATIVE_INFINITY;
      let from = 0;
      while (from < count && numbers[from]! <= covered) from++;
      if (from === count) return;
      this.addColumns({
        run: this.info.run,
        metric,
        times: numbers.subarray(from, count),
        steps: numbers.subarray(count + from, 2 * count),
        values: numbers.subarray(2 * count + from),
        total: delta.totals?.[i] ?? count,
      });
    });
  }

  /** Takes a snapshot if it knows what has not come by message. */
  snapshot(content: unknown): void {
    const found = content as Snapshot;
    if (typeof found?.seq !== "number" || !found.data) return;
    if (found.seq < this.seq || (found.seq === this.seq && this.whole)) return;
    this.seq = found.seq;
    this.whole = true;
    this.covered.clear();
    let offset = 0;
    (found.metrics ?? []).forEach((metric, i) => {
      const count = found.counts?.[i] ?? 0;
      const numbers = float64(found.data!, offset, 3 * count);
      offset += 24 * count;
      this.setSeries(metric, this.info.run, {
        timestamps: Array.from(numbers.subarray(0, count)),
        steps: Array.from(numbers.subarray(count, 2 * count)),
        values: Array.from(numbers.subarray(2 * count), (v) => (Number.isFinite(v) ? v : null)),
        nonfinite: odd(numbers.subarray(2 * count)),
        raw: false,
        count: found.totals?.[i] ?? count,
      });
    });
    this.reset();
  }

  /** What was missed, from the server; without one the next snapshot has it. */
  private async heal(): Promise<void> {
    this.whole = false;
    if (!this.server || this.held) return;
    this.held = [];
    const answer = await this.server
      .metrics(this.info.project, { runs: [this.info.run], points: POINTS })
      .catch(() => null);
    const held = this.held;
    this.held = null;
    if (!answer || answer.missing.length > 0 || this.whole) return;
    for (const [metric, runs] of Object.entries(answer.metrics)) {
      const data = runs[this.info.run];
      if (!data) continue;
      this.setSeries(metric, this.info.run, data);
      this.covered.set(metric, Math.max(...data.timestamps));
    }
    for (const [delta, buffers] of held) this.rows(delta, buffers);
    this.whole = true;
    this.reset();
  }

  setInfo(info: Info): void {
    this.info = info;
    this.addRun(asRun(info, this.exitCode));
  }

  override async metrics(project: string, query: SeriesQuery, signal?: AbortSignal): Promise<MetricsAnswer> {
    const ranged = query.from !== undefined || query.to !== undefined;
    if (
      (ranged || query.smoothing || query.x?.startsWith("metric:")) &&
      this.server &&
      !this.complete(query)
    ) {
      // Without a server extension the points at hand must do.
      const answer = await this.server.metrics(project, query, signal).catch(() => null);
      if (answer && !answer.missing.includes(this.info.run)) return answer;
    }
    return super.metrics(project, query);
  }
}

/** `count` float64 from byte `offset` on; copied, since a buffer may lie at any address. */
export function float64(from: Bytes, offset: number, count: number): Float64Array {
  const [buffer, start] =
    from instanceof ArrayBuffer ? [from, 0] : [from.buffer as ArrayBuffer, from.byteOffset];
  return new Float64Array(buffer.slice(start + offset, start + offset + 8 * count));
}

/** What a kernel says of its run, in the shape of the run lists. */
export function asRun(info: Info, exitCode: number | null = null): Run {
  return {
    run: info.run,
    id: info.id,
    name: info.name,
    project: info.project,
    status: info.status,
    is_finished: info.status !== "running",
    exit_code: exitCode,
    start_time: info.start_time,
    finish_time: info.status === "running" ? null : info.now,
    last_update: info.now,
    last_step: info.step > 0 ? info.step - 1 : null,
    color: info.color,
    tags: info.tags ?? [],
    notes: "",
    group: null,
    job_type: null,
    host: null,
    config: {},
    summary: {},
    problem_count: 0,
    step_metrics: info.step_metrics ?? {},
    hidden_metrics: info.hidden_metrics ?? [],
  };
}
