import { glob } from "../core/expression";
import type { LiveEvent, MetricNames, MetricsAnswer, Project, Row, Run, RunDetail } from "../core/types";
import { type Listener, type SeriesQuery, type Source, SourceError } from "./source";

/** A run that was chosen, and how it is shown. */
export interface Choice {
  project: string;
  run: string;
  color: number;
}

/** How a run of any project is called where several are compared. */
export function keyOf(project: string, run: string): string {
  return `${project}/${run}`;
}

/** Tells the metrics that are named or meant by a glob; all where nothing is said. */
export function wanted(metrics: readonly string[] | null): (metric: string) => boolean {
  if (!metrics) return () => true;
  const exact = new Set(metrics);
  const globs = metrics.filter((name) => /[*?]/.test(name));
  return (metric) => exact.has(metric) || globs.some((pattern) => glob(metric, pattern));
}

/**
 * Some runs of some projects (or all of `whole` ones) as if they were one project: their names are `project/run`. For charts
 * that compare; nothing is changed through it.
 */
export class SelectedRunsSource implements Source {
  readonly readOnly = true;
  private readonly takes: (metric: string) => boolean;
  private readonly byProject = new Map<string, string[]>();
  private readonly colors: Map<string, number>;
  /** The colours that runs have by themselves, as far as they were told. */
  private readonly own = new Map<string, number>();

  constructor(
    private readonly base: Source,
    choices: readonly Choice[],
    private readonly whole: readonly string[],
    private readonly metricNames: readonly string[] | null,
  ) {
    this.takes = wanted(metricNames);
    this.colors = new Map(choices.map((choice) => [keyOf(choice.project, choice.run), choice.color]));
    for (const project of whole) this.byProject.set(project, []);
    for (const { project, run } of choices)
      this.byProject.set(project, [...(this.byProject.get(project) ?? []), run]);
  }

  async projects(): Promise<Project[]> {
    throw new SourceError("These are some runs, not projects.");
  }

  async project(): Promise<Project> {
    throw new SourceError("These are some runs, not a project.");
  }

  async runs(_project: string, signal?: AbortSignal): Promise<Run[]> {
    // One that was deleted meanwhile is left out.
    const found = await Promise.all(
      this.parts(undefined).map(([project, runs]) => this.base.runs(project, signal, runs ?? undefined)),
    );
    const order = new Map([...this.colors.keys()].map((key, i) => [key, i]));
    const place = (run: Run) => order.get(run.run) ?? order.size;
    return found
      .flat()
      .map((run) => this.named(run))
      .sort((a, b) => place(a) - place(b));
  }

  async run(_project: string, key: string, signal?: AbortSignal): Promise<RunDetail> {
    const [project, run] = split(key);
    return this.named(await this.base.run(project, run, signal));
  }

  async names(_project: string, keys?: string[], signal?: AbortSignal): Promise<MetricNames> {
    const parts = this.parts(keys);
    const answers = await Promise.all(
      parts.map(([project, runs]) => this.base.names(project, runs ?? undefined, signal)),
    );
    const metrics = [...new Set(answers.flatMap((answer) => answer.metrics))].filter(this.takes).sort();
    return { metrics, latest: null, cursor: joined(parts, answers) };
  }

  async groups(): Promise<never> {
    throw new SourceError("Runs of several projects are not grouped; the dashboard groups those of one.");
  }

  async metrics(_project: string, query: SeriesQuery, signal?: AbortSignal): Promise<MetricsAnswer> {
    const parts = this.parts(query.runs);
    const metrics = query.metrics ?? this.metricNames ?? undefined;
    const answers = await Promise.all(
      parts.map(([project, runs]) => {
        const { runs: _, ...rest } = query;
        return this.base.metrics(
          project,
          { ...rest, ...(metrics ? { metrics: [...metrics] } : {}), ...(runs ? { runs } : {}) },
          signal,
        );
      }),
    );
    const answer: MetricsAnswer = {
      project: "",
      metrics: {},
      missing: [],
      complete: true,
      progress: 1,
      cursor: joined(parts, answers),
    };
    answers.forEach((part, i) => {
      const project = parts[i]![0];
      answer.missing.push(...part.missing.map((run) => keyOf(project, run)));
      for (const [metric, runs] of Object.entries(part.metrics)) {
        if (!this.takes(metric)) continue;
        answer.metrics[metric] ??= {};
        for (const [run, data] of Object.entries(runs)) answer.metrics[metric][keyOf(project, run)] = data;
      }
    });
    return answer;
  }

  subscribe(
    _project: string,
    options: { runs?: string[]; cursor?: string },
    listener: Listener,
    signal: AbortSignal,
  ): void {
    const cursors = options.cursor ? (JSON.parse(options.cursor) as Record<string, string>) : {};
    for (const [project, runs] of this.parts(options.runs)) {
      const cursor = cursors[project];
      this.base.subscribe(
        project,
        { ...(runs ? { runs } : {}), ...(cursor ? { cursor } : {}) },
        {
          event: (event) => listener.event(this.told(project, event)),
          liveness: (state) => listener.liveness(state),
          reset: () => listener.reset?.(),
        },
        signal,
      );
    }
  }

  async metadata(): Promise<never> {
    throw new SourceError("Notes and tags belong to one run or project.");
  }

  async edit(): Promise<never> {
    throw new SourceError("Several runs are not edited together here.");
  }

  async stop(): Promise<never> {
    throw new SourceError("Several runs are not stopped together here.");
  }

  async remove(): Promise<never> {
    throw new SourceError("Several runs are not deleted together here.");
  }

  /** By project the runs asked for, by their own names; null: all of the project. */
  private parts(keys: string[] | undefined): [string, string[] | null][] {
    if (!keys)
      return [...this.byProject].map(([project, runs]) => [
        project,
        this.whole.includes(project) ? null : runs,
      ]);
    const found = new Map<string, string[]>();
    for (const key of keys) {
      const [project, run] = split(key);
      found.set(project, [...(found.get(project) ?? []), run]);
    }
    return [...found];
  }

  private named<R extends Run>(run: R): R {
    const key = keyOf(run.project, run.run);
    // A colour that somebody chooses meanwhile counts more than one that only tells runs apart.
    if ((this.own.get(key) ?? run.color) !== run.color && this.colors.has(key))
      this.colors.set(key, run.color);
    this.own.set(key, run.color);
    const name = this.byProject.size > 1 ? keyOf(run.project, run.name) : run.name;
    return { ...run, run: key, name, color: this.colors.get(key) ?? run.color };
  }

  private told(project: string, event: LiveEvent): LiveEvent {
    switch (event.kind) {
      case "rows":
        return { kind: "rows", rows: event.rows.map((row) => this.row(project, row)) };
      case "run":
      case "meta":
        return { kind: event.kind, run: this.named(event.run) };
      default:
        return { ...event, run: keyOf(project, event.run) };
    }
  }

  private row(project: string, row: Row): Row {
    const metrics = Object.entries(row.metrics).filter(([metric]) => this.takes(metric));
    return { ...row, run: keyOf(project, row.run), metrics: Object.fromEntries(metrics) };
  }
}

function split(key: string): [string, string] {
  const slash = key.indexOf("/");
  return [key.slice(0, slash), key.slice(slash + 1)];
}

function joined(parts: [string, unknown][], answers: { cursor: string }[]): string {
  return JSON.stringify(Object.fromEntries(parts.map(([project], i) => [project, answers[i]!.cursor])));
}
