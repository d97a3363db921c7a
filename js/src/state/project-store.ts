import { computed, signal } from "@preact/signals";
import { Definitions } from "../core/definitions";
import { goalsOf } from "../core/goals";
import { dealColors } from "../core/palette";
import { asNumber, Series } from "../core/series";
import type { LiveEvent, Liveness, MetricsAnswer, Row, Run } from "../core/types";
import type { Source } from "../source/source";

const POINTS = 1500;
/** Points asked for in one request, at most: the first charts must not wait for the last. */
const PORTION = 60_000;
const AT_ONCE = 3;
const AGAIN = 3000;

/** How many points a line of a chart with so many lines needs. */
export function pointsFor(lines: number): number {
  return lines <= 4 ? POINTS : lines <= 12 ? 700 : 350;
}

export interface ProjectStoreOptions {
  /** Load only the metrics that somebody needs, of the runs that are drawn: for a project of any size. */
  lazy?: boolean;
  /** These runs and no others; those that do not exist are passed over. */
  some?: readonly string[];
}

/**
 * The runs and series of one project (or of some of its runs), loaded and kept up to date. Views read its signals; a metric's
 * own signal counts its changes, so that a new point redraws one chart and nothing else.
 */
export class ProjectStore {
  /** The runs as the source lists them. */
  private readonly listed = signal<Run[]>([]);
  /** The slots of the palette that tell the runs that are drawn apart. */
  private readonly dealt = signal<ReadonlyMap<string, number>>(new Map());
  /** The runs, the latest first; those that are drawn have colours that tell them apart. */
  readonly runs = computed(() => {
    const dealt = this.dealt.value;
    return this.listed.value.map((run) => {
      const color = dealt.get(run.run);
      return color === undefined || color === run.color ? run : { ...run, color };
    });
  });
  readonly metrics = signal<string[]>([]);
  /** What the programs of the runs said is good of their metrics. */
  readonly goals = computed(() => goalsOf(this.runs.value));
  /** What they said of axes, and of what is shown. */
  readonly definitions = computed(() => new Definitions(this.runs.value));
  readonly liveness = signal<Liveness>({ state: "reconnecting", since: Date.now() });
  readonly loading = signal(true);
  readonly error = signal<string | null>(null);
  readonly deleted = signal(false);
  /** How much of the files the server has read (0 to 1), while what is shown is coarse for that reason. */
  readonly reading = signal<number | null>(null);
  /** Counts the events; what is computed by the server is asked again when it changes. */
  readonly beat = signal(0);
  private readonly series = new Map<string, Map<string, Series>>();
  private readonly revisions = new Map<string, ReturnType<typeof signal<number>>>();
  private readonly aborter = new AbortController();
  private stream = new AbortController();
  private readonly lazy: boolean;
  private drawn: readonly string[] = [];
  private readonly needed = new Map<string, number>();
  /** By metric, the runs whose points are here. */
  private loaded = new Map<string, Set<string>>();
  private readonly asked = new Map<string, Set<string>>();
  /** Rows that came while their metric was being asked for. */
  private readonly meanwhile = new Map<string, Row[]>();
  private readonly loads = new Set<{ metrics: readonly string[]; aborter: AbortController }>();
  /** How far the server was with each question that it has answered coarsely. */
  private readonly readings = new Map<object, number>();
  private pumping = false;
  /** Counts the openings: an answer to what was asked before the last one is let go. */
  private epoch = 0;

  constructor(
    readonly source: Source,
    readonly project: string,
    /** The one run that it is about, if it is not about the whole project. */
    readonly only?: string,
    private readonly options: ProjectStoreOptions = {},
  ) {
    this.lazy = options.lazy ?? false;
  }

  async open(): Promise<void> {
    this.epoch++;
    const { signal } = this.aborter;
    try {
      const [runs, names] = await Promise.all([
        this.only
          ? this.source.run(this.project, this.only, signal).then((run) => [run])
          : this.source.runs(this.project, signal, this.options.some).then((found) => this.early(found)),
        this.lazy ? this.source.names(this.project, this.members(), signal) : null,
      ]);
      if (names) {
        this.listed.value = runs;
        this.loaded = new Map();
        this.metrics.value = names.metrics;
        if (this.only) this.drawn = runs.map((run) => run.run);
        this.error.value = null;
        this.listen(names.cursor);
        this.pump();
        return;
      }
      const query = { points: POINTS, ...(this.only ? { runs: [runs[0]!.run] } : {}) };
      const answer = await this.source.metrics(this.project, query, signal);
      if (signal.aborted) return;
      this.listed.value = runs;
      this.series.clear();
      for (const [metric, byRun] of Object.entries(answer.metrics)) {
        const found = new Map<string, Series>();
        for (const [run, data] of Object.entries(byRun)) found.set(run, Series.from(data, 2 * POINTS));
        this.series.set(metric, found);
        this.touch(metric);
      }
      this.metrics.value = [...this.series.keys()];
      this.error.value = null;
      this.listen(answer.cursor);
    } catch (error) {
      if (signal.aborted) return;
      this.error.value = error instanceof Error ? error.message : String(error);
      setTimeout(() => !signal.aborted && this.error.value && void this.open(), 5000);
    } finally {
      this.loading.value = false;
    }
  }

  /** The list of runs need not wait for the names of the metrics. */
  private early(runs: Run[]): Run[] {
    if (this.lazy && this.loading.value && !this.aborter.signal.aborted) this.listed.value = runs;
    return runs;
  }

  close(): void {
    this.aborter.abort();
    this.stream.abort();
    for (const { aborter } of this.loads) aborter.abort();
  }

  /** It is about all runs of its project. */
  get whole(): boolean {
    return !this.only && !this.options.some;
  }

  /** The runs that it is about, if not all. */
  private members(): string[] | undefined {
    return this.only ? [this.only] : this.options.some && [...this.options.some];
  }

  lines(metric: string): Map<string, Series> {
    return this.series.get(metric) ?? new Map();
  }

  /** Whether all that is drawn of a metric is here. */
  ready(metric: string): boolean {
    if (!this.lazy) return true;
    const here = this.loaded.get(metric);
    return here !== undefined && this.drawn.every((run) => here.has(run));
  }

  /** Counts the changes of a metric; read it in a view to be redrawn with each. */
  revision(metric: string) {
    let found = this.revisions.get(metric);
    if (!found) {
      found = signal(0);
      this.revisions.set(metric, found);
    }
    return found;
  }

  /** Asks for what the server may have to read first; while it does, `reading` says how far it is, and `coarse` is told. */
  async told<T extends { progress: number }>(
    coarse: (answer: T) => void,
    ask: (tell: (answer: T) => void) => Promise<T>,
  ): Promise<T> {
    const question = {};
    const settle = () => {
      this.reading.value = this.readings.size ? Math.min(...this.readings.values()) : null;
    };
    try {
      return await ask((answer) => {
        this.readings.set(question, answer.progress);
        settle();
        coarse(answer);
      });
    } finally {
      this.readings.delete(question);
      settle();
    }
  }

  /** Somebody looks at a metric: it is loaded. The answer is called when they no longer do. */
  need(metric: string): () => void {
    this.needed.set(metric, (this.needed.get(metric) ?? 0) + 1);
    this.pump();
    return () => {
      const left = (this.needed.get(metric) ?? 1) - 1;
      if (left > 0) this.needed.set(metric, left);
      else this.needed.delete(metric);
      // What was scrolled past must not keep what is looked at waiting.
      for (const load of this.loads) if (!load.metrics.some((m) => this.needed.has(m))) load.aborter.abort();
    };
  }

  /** Says which runs are drawn. */
  draw(runs: readonly string[]): void {
    this.deal(runs);
    if (!this.lazy || this.only || runs.join() === this.drawn.join()) return;
    this.drawn = runs;
    this.pump();
  }

  /** Deals colours among the runs that are drawn; the oldest come first, so that new ones take what is free. */
  private deal(runs: readonly string[]): void {
    const drawn = new Set(runs);
    const before = this.dealt.peek();
    const dealt = dealColors(
      this.listed
        .peek()
        .filter((run) => drawn.has(run.run))
        .reverse(),
      before,
    );
    const same = dealt.size === before.size && [...dealt].every(([run, slot]) => before.get(run) === slot);
    if (!same) this.dealt.value = dealt;
  }

  /** Takes the points of another run, to be drawn beside those of this board's own. */
  adopt(run: string, answer: MetricsAnswer): void {
    this.drop(run);
    for (const [metric, byRun] of Object.entries(answer.metrics)) {
      const data = byRun[run];
      if (!data) continue;
      const found = this.series.get(metric) ?? new Map<string, Series>();
      this.series.set(metric, found.set(run, Series.from(data, 2 * POINTS)));
      this.touch(metric);
    }
  }

  drop(run: string): void {
    for (const [metric, byRun] of this.series) if (byRun.delete(run)) this.touch(metric);
  }

  replaceRun(run: Run): void {
    const known = this.listed.peek().find((r) => r.run === run.run);
    // Somebody chose another colour for it.
    if (known && run.color !== undefined && known.color !== run.color && this.dealt.peek().has(run.run))
      this.dealt.value = new Map(this.dealt.peek()).set(run.run, run.color);
    this.listed.value = this.listed.value.map((r) => (r.run === run.run ? { ...r, ...run } : r));
  }

  // -- loading what is needed ----------------------------------------------------------------------------------------

  private pump(): void {
    if (!this.lazy || this.pumping) return;
    this.pumping = true;
    // Charts come into sight together: one request serves many.
    setTimeout(() => {
      this.pumping = false;
      while (this.loads.size < AT_ONCE) {
        const next = this.next();
        if (!next) return;
        void this.load(next.metrics, next.runs);
      }
    }, 10);
  }

  /** The next portion: metrics that lack points of the same runs. The metric asked for last is on the screen most likely. */
  private next(): { metrics: string[]; runs: string[] } | null {
    if (this.aborter.signal.aborted || this.loading.value || this.drawn.length === 0) return null;
    let runs: string[] | null = null;
    const metrics: string[] = [];
    for (const metric of this.needed.keys()) {
      const here = this.loaded.get(metric);
      const asked = this.asked.get(metric);
      const missing = this.drawn.filter((run) => !here?.has(run) && !asked?.has(run));
      if (missing.length === 0) continue;
      runs ??= missing;
      if (missing.join() !== runs.join()) continue;
      metrics.push(metric);
      if (metrics.length * runs.length * pointsFor(this.drawn.length) >= PORTION) break;
    }
    return runs && { metrics, runs };
  }

  private async load(metrics: string[], runs: string[]): Promise<void> {
    const { epoch } = this;
    const aborter = new AbortController();
    const { signal } = aborter;
    const load = { metrics, aborter };
    this.loads.add(load);
    for (const metric of metrics) {
      const asked = this.asked.get(metric) ?? new Set<string>();
      for (const run of runs) asked.add(run);
      this.asked.set(metric, asked);
    }
    try {
      const points = pointsFor(this.drawn.length);
      const take = (answer: MetricsAnswer) => {
        if (signal.aborted || epoch !== this.epoch) return;
        for (const metric of metrics) this.receive(metric, runs, answer);
      };
      const query = { runs, metrics, points };
      take(await this.told(take, (tell) => this.source.metrics(this.project, query, signal, tell)));
      if (signal.aborted) return;
      this.error.value = null;
    } catch (error) {
      if (signal.aborted) return;
      this.error.value = error instanceof Error ? error.message : String(error);
      await new Promise((done) => setTimeout(done, AGAIN));
    } finally {
      this.loads.delete(load);
      for (const metric of metrics) {
        const asked = this.asked.get(metric);
        for (const run of runs) asked?.delete(run);
        if (asked?.size === 0) {
          this.asked.delete(metric);
          this.meanwhile.delete(metric);
        }
      }
      this.pump();
    }
  }

  private receive(metric: string, runs: string[], answer: MetricsAnswer): void {
    const byRun = this.series.get(metric) ?? new Map<string, Series>();
    const here = this.loaded.get(metric) ?? new Set<string>();
    for (const run of runs) {
      const data = answer.metrics[metric]?.[run];
      if (data) byRun.set(run, Series.from(data, 2 * POINTS));
      else byRun.delete(run);
      here.add(run);
    }
    this.series.set(metric, byRun);
    this.loaded.set(metric, here);
    const rows = (this.meanwhile.get(metric) ?? []).filter((row) => runs.includes(row.run));
    for (const row of rows) this.place(metric, row);
    this.touch(metric);
  }

  /** Adds a row's point unless the answer that its series was made from had it already. */
  private addPoint(metric: string, row: Row): boolean {
    if (asNumber(row.metrics[metric]) === null) return false;
    if (this.lazy && this.asked.get(metric)?.has(row.run)) {
      const rows = this.meanwhile.get(metric);
      if (rows) rows.push(row);
      else this.meanwhile.set(metric, [row]);
    }
    if (this.lazy && !this.loaded.get(metric)?.has(row.run)) return false;
    return this.place(metric, row);
  }

  private place(metric: string, row: Row): boolean {
    const number = asNumber(row.metrics[metric]);
    if (number === null) return false;
    const series = this.column(metric, row.run);
    if (this.lazy && series.knew(row.step, row.timestamp, number)) return false;
    series.append(row.step, row.timestamp, number);
    return true;
  }

  // -- live ------------------------------------------------------------------------------------------------------------

  private listen(cursor: string): void {
    this.stream.abort();
    this.stream = new AbortController();
    const members = this.members() && this.runs.value.map((run) => run.run);
    if (members?.length === 0) return;
    const options = { ...(cursor ? { cursor } : {}), ...(members ? { runs: members } : {}) };
    this.source.subscribe(
      this.project,
      options,
      {
        event: (event) => this.apply(event),
        liveness: (state) => {
          this.liveness.value = state;
        },
        reset: () => void this.open(),
      },
      this.stream.signal,
    );
  }

  /** Takes an event that came by another stream, of a run drawn beside this board's own. */
  take(event: LiveEvent): void {
    if (event.kind === "rows" || event.kind === "columns") this.apply(event);
  }

  private apply(event: LiveEvent): void {
    this.beat.value++;
    switch (event.kind) {
      case "rows": {
        const touched = new Set<string>();
        const fresh = new Set<string>();
        const steps = new Map<string, number>();
        const known = new Set(this.metrics.value);
        for (const row of event.rows) {
          steps.set(row.run, Math.max(row.step, steps.get(row.run) ?? -1));
          for (const metric of Object.keys(row.metrics)) {
            if (this.addPoint(metric, row)) touched.add(metric);
            if (!known.has(metric) && asNumber(row.metrics[metric]) !== null) fresh.add(metric);
          }
        }
        if (fresh.size) this.metrics.value = [...new Set([...this.metrics.value, ...fresh])];
        const now = Date.now();
        this.listed.value = this.listed.value.map((run) => {
          const step = steps.get(run.run);
          return step === undefined
            ? run
            : { ...run, last_step: Math.max(step, run.last_step ?? -1), last_update: now };
        });
        for (const metric of touched) this.touch(metric);
        break;
      }
      case "columns":
        this.column(event.metric, event.run).extend(event);
        this.touch(event.metric);
        break;
      case "run":
        if (this.options.some && !this.options.some.includes(event.run.run)) break;
        this.listed.value = [event.run, ...this.listed.value.filter((r) => r.run !== event.run.run)];
        break;
      case "meta":
        this.replaceRun(event.run);
        break;
      case "status":
        this.listed.value = this.listed.value.map((run) =>
          run.run === event.run
            ? {
                ...run,
                status: event.status,
                exit_code: event.exit_code,
                is_finished: event.status !== "running",
                finish_time: event.status === "running" ? null : event.timestamp,
              }
            : run,
        );
        break;
      case "deleted":
        this.listed.value = this.listed.value.filter((r) => r.run !== event.run);
        for (const [metric, byRun] of this.series) if (byRun.delete(event.run)) this.touch(metric);
        if (!this.lazy)
          this.metrics.value = this.metrics.value.filter((m) => (this.series.get(m)?.size ?? 0) > 0);
        if (this.only) this.deleted.value = true;
        break;
    }
  }

  private column(metric: string, run: string): Series {
    let byRun = this.series.get(metric);
    if (!byRun) {
      byRun = new Map();
      this.series.set(metric, byRun);
    }
    if (!this.metrics.value.includes(metric)) this.metrics.value = [...this.metrics.value, metric];
    let series = byRun.get(run);
    if (!series) {
      series = new Series(2 * POINTS);
      byRun.set(run, series);
    }
    return series;
  }

  private touch(metric: string): void {
    const revision = this.revision(metric);
    revision.value = (revision.value ?? 0) + 1;
  }
}
