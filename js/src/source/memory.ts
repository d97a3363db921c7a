import { asNumber, Series } from "../core/series";
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
    this.series.set(metric, runs.set(run, Series.from(data)));
  }

  /** Points of a metric that exist, which may be more than are here. */
  count(metric: string, run: string): number {
    return this.series.get(metric)?.get(run)?.count ?? 0;
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
        answer.metrics[metric][run] = encode(series, query, this.known.get(run)?.start_time ?? 0);
      }
    }
    answer.missing = (query.runs ?? []).filter((run) => !this.known.has(run));
    return answer;
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
    const series = runs.get(run) ?? new Series();
    runs.set(run, series);
    return series;
  }
}

function encode(series: Series, query: SeriesQuery, start: number): SeriesData {
  const { steps, times, values } = series.points();
  const relative = query.x === "relative";
  const axis = relative ? times.map((time) => (time - start) / 1000) : query.x === "time" ? times : steps;
  const data: SeriesData = { steps: [], values: [], timestamps: [], raw: true, count: 0, nonfinite: {} };
  const odd: Required<NonNullable<SeriesData["nonfinite"]>> = { nan: [], inf: [], "-inf": [] };
  for (let i = 0; i < values.length; i++) {
    if (
      axis[i]! < (query.from ?? Number.NEGATIVE_INFINITY) ||
      axis[i]! > (query.to ?? Number.POSITIVE_INFINITY)
    )
      continue;
    const value = values[i]!;
    if (!Number.isFinite(value))
      odd[Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf"].push(data.values.length);
    data.steps.push(steps[i]!);
    data.timestamps.push(times[i]!);
    data.values.push(Number.isFinite(value) ? value : null);
  }
  data.count = data.values.length;
  data.nonfinite = odd;
  return data;
}
