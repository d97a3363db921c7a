// The runs of a project as a table holds them: loaded once, the latest first, and kept up to date by the stream.
import { signal } from "@preact/signals";
import type { LiveEvent, Liveness } from "../../core/types";
import type { Source } from "../../source/source";
import { type ColumnsAnswer, RunColumns } from "./columns";

/** So many runs are shown before the others have come. */
const FIRST = 200;
const TICK = 300;

export type TableRequest = (query: Record<string, string>, signal: AbortSignal) => Promise<ColumnsAnswer>;

export class RunTableStore {
  readonly columns = new RunColumns();
  /** Counts the changes; what is drawn reads it. */
  readonly revision = signal(0);
  readonly total = signal(0);
  readonly loading = signal(true);
  /** Whether all runs are here, not only the latest. */
  readonly whole = signal(false);
  readonly error = signal<string | null>(null);
  readonly liveness = signal<Liveness>({ state: "reconnecting", since: Date.now() });
  private readonly aborter = new AbortController();
  private readonly wanted = new Set<string>();
  private waiting: LiveEvent[] = [];
  private loadings = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly source: Source,
    readonly project: string,
    private readonly ask: TableRequest,
  ) {}

  open(): void {
    const { signal } = this.aborter;
    // What happens between the list and the stream would be missed: whenever the stream begins, the list is asked for.
    this.source.subscribe(
      this.project,
      {},
      {
        event: (event) => this.take(event),
        liveness: (state) => {
          const before = this.liveness.value.state;
          this.liveness.value = state;
          if (state.state === "live" && before !== "live") void this.load();
        },
        reset: () => void this.load(),
      },
      signal,
    );
    // A page that is opened in the background gets no stream, and one behind a slow server waits for none.
    setTimeout(() => this.loadings === 0 && !this.whole.value && !signal.aborted && void this.load(), 600);
  }

  close(): void {
    this.aborter.abort();
    clearTimeout(this.timer);
    clearTimeout(this.retry);
  }

  async load(): Promise<void> {
    const { signal } = this.aborter;
    const round = ++this.loadings;
    clearTimeout(this.retry);
    try {
      if (!this.whole.value) {
        const first = await this.ask({ shape: "columns", limit: String(FIRST) }, signal);
        if (round !== this.loadings) return;
        this.fill(first);
      }
      if (this.whole.value || this.columns.rows.length < this.total.value) {
        const all = await this.ask({ shape: "columns" }, signal);
        if (round !== this.loadings) return;
        this.fill(all);
      }
      this.whole.value = true;
      const missed = this.waiting;
      this.waiting = [];
      for (const event of missed) this.apply(event);
      if (this.wanted.size) await this.askStatistics([...this.wanted]);
      this.error.value = null;
    } catch (error) {
      if (signal.aborted) return;
      this.error.value = error instanceof Error ? error.message : String(error);
      this.retry = setTimeout(() => void this.load(), 5000);
    } finally {
      if (round === this.loadings) {
        this.loadings = 0;
        this.loading.value = false;
      }
    }
  }

  /** Has the least, greatest and mean values of metrics here; the first time they are asked for. */
  need(metrics: Iterable<string>): void {
    const missing = [...metrics].filter(
      (metric) => !this.wanted.has(metric) && this.columns.metrics.has(metric),
    );
    if (missing.length === 0) return;
    for (const metric of missing) this.wanted.add(metric);
    if (this.whole.value) void this.askStatistics(missing).catch(() => undefined);
  }

  /** What the page itself changed, before the stream says so. */
  change(change: (columns: RunColumns) => void): void {
    change(this.columns);
    this.revision.value++;
  }

  private async askStatistics(metrics: string[]): Promise<void> {
    const query = { shape: "columns", fields: "metrics", metrics: metrics.join(",") };
    this.columns.addStatistics(await this.ask(query, this.aborter.signal));
    this.revision.value++;
  }

  private fill(answer: ColumnsAnswer): void {
    this.columns.fill(answer);
    this.total.value = answer.total;
    this.loading.value = false;
    this.revision.value++;
  }

  private take(event: LiveEvent): void {
    if (this.loadings || !this.whole.value) this.waiting.push(event);
    else this.apply(event);
  }

  private apply(event: LiveEvent): void {
    const { columns } = this;
    const now = Date.now();
    if (event.kind === "rows") for (const row of event.rows) columns.log(row, now);
    else if (event.kind === "run" || event.kind === "meta") columns.put(event.run);
    else if (event.kind === "deleted") columns.remove([event.run]);
    else if (event.kind === "status")
      columns.set(event.run, {
        status: event.status,
        exit_code: event.exit_code,
        finish_time: event.status === "running" ? null : event.timestamp,
      });
    this.total.value = columns.rows.length;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.revision.value++;
    }, TICK);
  }
}
