// The runs of a project, column by column, as the server sends them and as the table reads them.

import type { Fields, Statistic, Value } from "../../core/expression";
import { flatten } from "../../core/flatten";
import type { Goals } from "../../core/goals";
import type { Json, Row as LoggedRow, Run } from "../../core/types";

interface Sent {
  at?: number[];
  values: Json[];
}

/** The answer of `…/runs?shape=columns`. */
export interface ColumnsAnswer {
  project: string;
  total: number;
  run: string[];
  own?: Record<string, Json[]>;
  goals?: Goals;
  config?: Record<string, Sent>;
  summary?: Record<string, Sent>;
  metrics?: Record<string, Record<string, Sent>>;
}

type Column = Map<number, Json> | Json[];

/** A value for filters and orders, which count with numbers. */
function counted(value: Json): Json {
  return typeof value === "bigint" ? Number(value) : value;
}

function column(sent: Sent): Column {
  return sent.at ? new Map(sent.at.map((at, i) => [at, sent.values[i]!])) : sent.values;
}

function read(found: Column | undefined, at: number): Value {
  const value = found === undefined ? undefined : found instanceof Map ? found.get(at) : found[at];
  return value ?? undefined;
}

function write(columns: Map<string, Column>, name: string, at: number, value: Json): void {
  const found = columns.get(name);
  if (found === undefined) columns.set(name, new Map([[at, value]]));
  else if (found instanceof Map) found.set(at, value);
  else found[at] = value;
}

const KEPT = ["best", "last", "max", "min", "mean", "first"] as const;
const STATISTIC = new RegExp(`^(.+)\\.(?:${KEPT.join("|")})$`, "s");

/** The metric whose statistic stands in a summary under `name`, as `define_metric(…, summary="max")` has it; else null. */
export function metricOf(name: string, isMetric: (name: string) => boolean): string | null {
  const metric = STATISTIC.exec(name)?.[1];
  return metric !== undefined && isMetric(metric) ? metric : null;
}

/** One run of the table; what it says is looked up in the columns. */
export class Row implements Fields {
  constructor(
    private readonly columns: RunColumns,
    readonly at: number,
    readonly run: string,
  ) {}
  own(name: string): Value {
    return name === "run" ? this.run : (this.columns.own.get(name)?.[this.at] ?? undefined);
  }
  config(path: string): Value {
    return counted(this.exact("config", path) ?? null) ?? undefined;
  }
  summary(path: string): Value {
    return counted(this.exact("summary", path) ?? null) ?? undefined;
  }
  /** A value with all of its digits, where a number has not room for them. */
  exact(part: "config" | "summary", path: string): Value {
    return read(this.columns[part].get(path), this.at);
  }
  statistic(metric: string, which: Statistic): Value {
    return read(this.columns.statistics.get(metric)?.get(which), this.at);
  }
  get name(): string {
    return String(this.own("name") ?? this.run);
  }
  get tags(): string[] {
    return (this.own("tags") as string[] | undefined) ?? [];
  }
  get color(): number {
    return (this.own("color") as number | undefined) ?? 0;
  }
}

/** A column store that takes the server's answers and the stream's events. */
export class RunColumns {
  readonly own = new Map<string, Json[]>();
  readonly config = new Map<string, Column>();
  readonly summary = new Map<string, Column>();
  /** By metric, of those that were asked for. */
  readonly statistics = new Map<string, Map<string, Column>>();
  readonly metrics = new Set<string>();
  /** What the programs of the runs said is good of their metrics. */
  goals: Goals = {};
  /** The runs that there are, the newest first. */
  rows: Row[] = [];
  private byRun = new Map<string, Row>();
  private count = 0;

  /** Takes the place of all that is known. */
  fill(answer: ColumnsAnswer): void {
    for (const part of [this.own, this.config, this.summary, this.statistics, this.metrics]) part.clear();
    this.rows = answer.run.map((run, at) => new Row(this, at, run));
    this.byRun = new Map(this.rows.map((row) => [row.run, row]));
    this.count = this.rows.length;
    this.goals = answer.goals ?? {};
    for (const [name, values] of Object.entries(answer.own ?? {})) this.own.set(name, values);
    for (const part of ["config", "summary"] as const)
      for (const [name, sent] of Object.entries(answer[part] ?? {})) this[part].set(name, column(sent));
    this.addStatistics(answer);
    this.foldSummary(this.rows.map((row) => row.at));
  }

  /** The names of the summary; a metric of which some runs keep a statistic ("acc.max") counts once. */
  get results(): string[] {
    return [...this.summary.keys()].filter(
      (name) => metricOf(name, (metric) => this.isMetric(metric)) === null,
    );
  }

  private isMetric(name: string): boolean {
    return this.summary.has(name) || this.metrics.has(name);
  }

  /** Where a run keeps a statistic of a metric instead of its last value, that is the metric's result. */
  private foldSummary(places: readonly number[]): void {
    for (const [name, values] of [...this.summary]) {
      const metric = metricOf(name, (base) => this.isMetric(base));
      if (metric === null) continue;
      for (const at of places) {
        const value = read(values, at);
        if (value !== undefined && read(this.summary.get(metric), at) === undefined)
          write(this.summary, metric, at, value as Json);
      }
    }
  }

  /** Takes the least, greatest and mean values of metrics; rows are matched by name. */
  addStatistics(answer: ColumnsAnswer): void {
    const places = answer.run.map((run) => this.byRun.get(run)?.at);
    for (const [metric, found] of Object.entries(answer.metrics ?? {})) {
      this.metrics.add(metric);
      const known = new Map<string, Column>();
      for (const [which, sent] of Object.entries(found)) {
        const values = new Map<number, Json>();
        sent.values.forEach((value, i) => {
          const at = places[sent.at ? sent.at[i]! : i];
          if (at !== undefined && value !== null) values.set(at, value);
        });
        known.set(which, values);
      }
      if (known.size) this.statistics.set(metric, known);
    }
  }

  get(run: string): Row | undefined {
    return this.byRun.get(run);
  }

  /** A run that is new, or was edited or came to its end. */
  put(run: Run): void {
    let row = this.byRun.get(run.run);
    if (!row) {
      row = new Row(this, this.count++, run.run);
      this.byRun.set(run.run, row);
      this.rows = [row, ...this.rows];
    }
    for (const [name, values] of this.own)
      values[row.at] = (run as unknown as Record<string, Json>)[name] ?? null;
    for (const part of ["config", "summary"] as const)
      for (const [name, value] of flatten(run[part])) write(this[part], name, row.at, value);
    this.foldSummary([row.at]);
  }

  set(run: string, changes: Record<string, Json>): void {
    const row = this.byRun.get(run);
    if (row)
      for (const [name, value] of Object.entries(changes)) this.own.get(name)?.splice(row.at, 1, value);
  }

  remove(runs: Iterable<string>): void {
    let gone = false;
    for (const run of runs) gone = this.byRun.delete(run) || gone;
    if (gone) this.rows = this.rows.filter((row) => this.byRun.has(row.run));
  }

  /** Takes logged values as the latest, and where statistics are known also as least or greatest. */
  log(logged: LoggedRow, now: number): void {
    const row = this.byRun.get(logged.run);
    if (!row) return;
    const step = row.own("last_step");
    this.set(logged.run, {
      last_step: typeof step === "number" ? Math.max(step, logged.step) : logged.step,
      last_update: now,
    });
    for (const [metric, value] of Object.entries(logged.metrics)) {
      if (value !== null && typeof value === "object") continue;
      // Of a metric whose statistic the run keeps, the last value is not the result.
      if (!KEPT.some((which) => row.summary(`${metric}.${which}`) !== undefined))
        write(this.summary, metric, row.at, value);
      this.metrics.add(metric);
      const known = this.statistics.get(metric);
      if (!known || typeof value !== "number") continue;
      for (const which of ["min", "max"] as const) {
        const before = row.statistic(metric, which);
        if (typeof before === "number" && (which === "min" ? before <= value : before >= value)) continue;
        write(known, which, row.at, value);
        write(known, `${which}_step`, row.at, logged.step);
      }
    }
  }
}
