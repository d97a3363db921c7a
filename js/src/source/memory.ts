import { decimate } from "../core/decimate";
import { asNumber, byTime, type Points, Series } from "../core/series";
import { smooth } from "../core/smooth";
import type {
  Columns,
  LiveEvent,
  Metadata,
  MetricNames,
  MetricsAnswer,
  Project,
  Row,
  Run,
  RunDetail,
  SeriesData,
} from "../core/types";
import { type Listener, type SeriesQuery, type Source, SourceError } from "./source";

/** Points kept of a series: smoothing is over all of them. */
const BUDGET = 50_000;

/** A project in memory: for tests, and for what a notebook's comm has pushed so far. */
export class MemorySource implements Source {
  readonly readOnly = false;
  private readonly known = new Map<string, Run>();
  private readonly series = new Map<string, Map<string, Series>>();
  private readonly listeners = new Set<Listener>();

  constructor(readonly name: string) {}

  addRun(run: Run): void {
    const before = this.known.has(run.run);
    this.known.set(run.run, run);
    this.tell(before ? { kind: "meta", run } : { kind: "run", run });
  }

  addRows(rows: Row[]): void {
    for (const row of rows) {
      for (const [metric, value] of Object.entries(row.metrics)) {
        const number = asNumber(value);
        if (number !== null) this.column(metric, row.run).append(row.step, row.timestamp, number);
      }
    }
    this.tell({ kind: "rows", rows });
  }

  addColumns(columns: Columns): void {
    const series = this.column(columns.metric, columns.run);
    series.extend(columns);
    this.tell({ kind: "columns", ...columns });
  }

  /** Replaces the points of a metric by an answer, as a snapshot does. */
  setSeries(metric: string, run: string, data: SeriesData): void {
    const runs = this.series.get(metric) ?? new Map<string, Series>();
    this.series.set(metric, runs.set(run, Series.from(data, BUDGET)));
  }

  /** Points of a metric that exist, which may be more than are here. */
  count(metric: string, run: string): number {
    return this.series.get(metric)?.get(run)?.count ?? 0;
  }

  /** Whether every point of what is asked for is here. */
  protected complete({ metrics, runs }: SeriesQuery): boolean {
    for (const [metric, byRun] of this.series) {
      if (metrics && !metrics.includes(metric)) continue;
      for (const [run, series] of byRun) if ((!runs || runs.includes(run)) && !series.complete) return false;
    }
    return true;
  }

  tell(event: LiveEvent): void {
    for (const listener of this.listeners) listener.event(event);
  }

  reset(): void {
    for (const listener of this.listeners) listener.reset?.();
  }

  async projects(): Promise<Project[]> {
    return [await this.project(this.name)];
  }

  async project(project: string): Promise<Project> {
    this.check(project);
    const running = [...this.known.values()].filter((r) => r.status === "running").length;
    return {
      name: this.name,
      run_count: this.known.size,
      running,
      last_update: null,
      created_at: null,
      tags: [],
      notes: "",
      archived: false,
    };
  }

  async runs(project: string, _signal?: AbortSignal, some?: readonly string[]): Promise<Run[]> {
    this.check(project);
    return [...this.known.values()].filter((run) => !some || some.includes(run.run));
  }

  async run(project: string, run: string): Promise<RunDetail> {
    this.check(project);
    const found = this.known.get(run);
    if (!found) throw new SourceError(`There is no run '${run}' here.`, 404);
    const metrics = [...this.series].filter(([, runs]) => runs.has(run)).map(([metric]) => metric);
    return {
      ...found,
      metrics: metrics.sort(),
      metric_summary: {},
      artifacts: [],
      problems: [],
      params: {},
      command: null,
      environment: {},
      git: {},
      pid: null,
      backend: null,
      total_steps: null,
    };
  }

  async names(project: string, runs?: string[]): Promise<MetricNames> {
    this.check(project);
    const found = [...this.series].filter(([, byRun]) => !runs || runs.some((run) => byRun.has(run)));
    const latest = [...this.known.values()].sort((a, b) => (b.start_time ?? 0) - (a.start_time ?? 0))[0];
    return { metrics: found.map(([metric]) => metric).sort(), latest: latest?.run ?? null, cursor: "" };
  }

  async groups(): Promise<never> {
    throw new SourceError("Runs are grouped by the server, and there is none here.");
  }

  async metrics(project: string, query: SeriesQuery): Promise<MetricsAnswer> {
    this.check(project);
    const answer: MetricsAnswer = {
      project,
      metrics: {},
      missing: [],
      complete: true,
      progress: 1,
      cursor: "",
    };
    for (const [metric, runs] of this.series) {
      if (query.metrics && !query.metrics.includes(metric)) continue;
      for (const [run, series] of runs) {
        if (query.runs && !query.runs.includes(run)) continue;
        answer.metrics[metric] ??= {};
        const start = this.known.get(run)?.start_time ?? 0;
        answer.metrics[metric][run] = encode(series, query, start, this.along(query, run));
      }
    }
    answer.missing = (query.runs ?? []).filter((run) => !this.known.has(run));
    return answer;
  }

  /** The metric on the x axis, if one is. */
  private along({ x }: SeriesQuery, run: string): Series | null {
    if (!x?.startsWith("metric:")) return null;
    return this.series.get(x.slice("metric:".length))?.get(run) ?? new Series();
  }

  subscribe(_project: string, _options: object, listener: Listener, signal: AbortSignal): void {
    this.listeners.add(listener);
    signal.addEventListener("abort", () => this.listeners.delete(listener));
    listener.liveness({ state: "live", since: Date.now() });
  }

  async metadata(project: string, run: string | null): Promise<{ content: Metadata; etag: string }> {
    this.check(project);
    const found = run === null ? { notes: "", tags: [] } : await this.run(project, run);
    return { content: { notes: found.notes, tags: found.tags }, etag: "" };
  }

  async edit(): Promise<never> {
    throw new SourceError("Nothing can be edited here: there is no server.");
  }

  async stop(): Promise<never> {
    throw new SourceError("The run cannot be reached from here: there is no server.");
  }

  async remove(): Promise<never> {
    throw new SourceError("Nothing can be deleted here: there is no server.");
  }

  private check(project: string): void {
    if (project !== this.name) throw new SourceError(`There is no project '${project}' here.`, 404);
  }

  private column(metric: string, run: string): Series {
    const runs = this.series.get(metric) ?? new Map<string, Series>();
    this.series.set(metric, runs);
    const series = runs.get(run) ?? new Series(BUDGET);
    runs.set(run, series);
    return series;
  }
}

/** Points of a series as a server would send them. */
function encode(series: Series, query: SeriesQuery, start: number, along: Series | null): SeriesData {
  const timed = query.x === "relative" || query.x === "time";
  const paired = along && overMetric(series.points(), along.points());
  const order = paired ?? (timed ? byTime(series.points()) : series.points());
  const axis = paired
    ? paired.x
    : query.x === "relative"
      ? order.times.map((time) => (time - start) / 1000)
      : query.x === "time"
        ? order.times
        : order.steps;
  const [from, to] = [query.from ?? Number.NEGATIVE_INFINITY, query.to ?? Number.POSITIVE_INFINITY];
  const most = typeof query.points === "number" ? query.points : Number.POSITIVE_INFINITY;
  const within = (values: Float64Array) => {
    const places: number[] = [];
    for (let i = 0; i < values.length; i++) if (axis[i]! >= from && axis[i]! <= to) places.push(i);
    const pick = (column: Float64Array, at: readonly number[]) => Float64Array.from(at, (i) => column[i]!);
    if (places.length <= most) return { all: true, places };
    const kept = decimate(pick(values, places), most, pick(axis, places));
    return { all: false, places: Array.from(kept, (i) => places[i]!) };
  };
  const columns = (values: Float64Array, places: readonly number[]) => ({
    steps: places.map((i) => order.steps[i]!),
    timestamps: places.map((i) => order.times[i]!),
    ...(paired ? { x: places.map((i) => paired.x[i]!) } : {}),
    values: places.map((i) => (Number.isFinite(values[i]!) ? values[i]! : null)),
    nonfinite: odd(Float64Array.from(places, (i) => values[i]!)),
  });
  const { all, places } = within(order.values);
  const data: SeriesData = {
    ...columns(order.values, places),
    raw: all && series.complete,
    count: places.length,
  };
  if (query.smoothing) {
    const smoothed = smooth(query.smoother ?? "ema", axis, order.values, query.smoothing);
    data.smoothed = columns(smoothed, within(smoothed).places);
  }
  return data;
}

/** The points whose step has a value of another metric too, in the order of that. */
function overMetric(points: Points, along: Points): Points & { x: Float64Array } {
  const places = new Map<number, number>();
  along.values.forEach((value, i) => {
    if (Number.isFinite(value)) places.set(along.steps[i]!, value);
  });
  const order = Array.from(points.steps.keys())
    .filter((i) => places.has(points.steps[i]!))
    .sort((a, b) => places.get(points.steps[a]!)! - places.get(points.steps[b]!)! || a - b);
  const pick = (column: Float64Array) => Float64Array.from(order, (i) => column[i]!);
  return {
    steps: pick(points.steps),
    times: pick(points.times),
    values: pick(points.values),
    x: Float64Array.from(order, (i) => places.get(points.steps[i]!)!),
  };
}

/** Where values stand that JSON has no numbers for. */
export function odd(values: Float64Array): { nan: number[]; inf: number[]; "-inf": number[] } {
  const places = { nan: [] as number[], inf: [] as number[], "-inf": [] as number[] };
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) places[Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf"].push(i);
  });
  return places;
}
