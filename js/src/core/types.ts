// The shapes of the HTTP API, as the server sends them. Times are milliseconds since the epoch.

export type Status = "running" | "completed" | "failed" | "crashed";

export interface Project {
  name: string;
  run_count: number;
  running: number;
  last_update: number | null;
  created_at: number | null;
  tags: string[];
  notes: string;
  /** Put away: lists show it only when asked. */
  archived: boolean;
}

export type Json = string | number | bigint | boolean | null | Json[] | { [key: string]: Json };

export interface Run {
  run: string;
  id: string;
  name: string;
  project: string;
  status: Status;
  is_finished: boolean;
  exit_code: number | null;
  start_time: number | null;
  finish_time: number | null;
  last_update: number | null;
  last_step: number | null;
  color: number;
  tags: string[];
  notes: string;
  group: string | null;
  job_type: string | null;
  host: string | null;
  config: Record<string, Json>;
  summary: Record<string, Json>;
  problem_count: number;
  /** Somebody has asked it to stop, and when. */
  stop_requested?: boolean;
  stop_requested_at?: number | null;
  stop_requested_by?: string | null;
  /** Of metrics, by name or glob: what its program said is good. */
  goals?: Readonly<Record<string, "minimize" | "maximize">>;
  /** Of metrics, by name or glob: the metric that they are drawn over instead of the step. */
  step_metrics?: Readonly<Record<string, string>>;
  /** Metrics, by name or glob, that are shown only when asked for. */
  hidden_metrics?: readonly string[];
}

export interface MetricSummary {
  last: number | string | null;
  last_step: number | null;
  min: number | string | null;
  min_step: number | null;
  max: number | string | null;
  max_step: number | null;
  mean: number | string | null;
  count: number;
  best?: number | string | null;
  best_step?: number | null;
}

/** A version of an artifact that a run made or used. */
export interface ArtifactUse {
  name: string;
  project: string;
  version?: string;
  type?: string;
  digest?: string;
  use_as?: string;
}

export interface Artifact {
  name: string;
  file_size: number;
  timestamp: number;
  description: string | null;
  category: string | null;
}

export interface Problem {
  file: string;
  line: number | null;
  reason: string;
  count: number;
}

export interface RunDetail extends Run {
  metrics: string[];
  metric_summary: Record<string, MetricSummary>;
  artifacts: Artifact[];
  problems: Problem[];
  params: Record<string, Json>;
  command: string[] | null;
  environment: Record<string, Json>;
  git: Record<string, Json>;
  pid: number | null;
  backend: string | null;
  total_steps: number | null;
  /** What ended a failed run. */
  exception?: { type: string; message: string; traceback: string } | null;
  captured_metrics?: string[];
  logged_artifacts?: ArtifactUse[];
  used_artifacts?: ArtifactUse[];
}

export interface SeriesData {
  steps: number[];
  values: (number | null)[];
  timestamps: number[];
  raw: boolean;
  count: number;
  /** Where the points stand on an axis that is neither step nor time. */
  x?: number[];
  nonfinite?: { nan?: number[]; inf?: number[]; "-inf"?: number[] };
  /** The same range smoothed over all points of the series, where it was asked for. */
  smoothed?: SmoothedData;
}

/** Smoothed points; they stand where the values do if they have no steps of their own. */
export type SmoothedData = Pick<SeriesData, "values" | "nonfinite" | "x"> &
  Partial<Pick<SeriesData, "steps" | "timestamps">>;

export interface MetricsAnswer {
  project: string;
  metrics: Record<string, Record<string, SeriesData>>;
  missing: string[];
  complete: boolean;
  progress: number;
  cursor: string;
}

export interface MetricNames {
  metrics: string[];
  /** The run that began last. */
  latest: string | null;
  cursor: string;
}

export interface Group {
  key: string;
  values: Json[];
  runs: string[];
}

/** One metric of one group at each x; null where only one run tells. */
export interface GroupSeries {
  x: number[];
  mean: (number | null)[];
  std: (number | null)[];
  sem: (number | null)[];
  min: (number | null)[];
  max: (number | null)[];
  runs: number[];
  /** The mean of the runs' smoothed values, where it was asked for. */
  smoothed?: (number | null)[];
}

export interface GroupsAnswer {
  project: string;
  groups: Group[];
  metrics: Record<string, Record<string, GroupSeries>>;
  complete: boolean;
  progress: number;
}

export interface Metadata {
  notes: string;
  tags: string[];
  display_name?: string;
  archived?: boolean;
  /** A slot of the palette; null: the run's own. */
  color?: number | null;
}

/** What an edit of many runs changes of one. */
export interface RunChange {
  notes?: string;
  tags?: string[];
  display_name?: string;
  color?: number | null;
  add_tags?: string[];
  remove_tags?: string[];
  /** The ETag that the run must have. */
  if_match?: string;
}

/** One change or the deletion of all that are named, or a change for each. */
export type RunsEdit =
  | { runs: string[]; change: RunChange }
  | { runs: Record<string, RunChange> }
  | { runs: string[]; delete: true; force?: boolean };

/** What became of it. Each run was changed whole, or left as it was. */
export interface RunsEdited {
  done: string[];
  failed: { run: string; reason: string; status: number }[];
  /** What takes it back, as long as nobody else edits those runs. */
  undo: RunsEdit | null;
}

/** One row as it was logged. Non-finite numbers come by name; other texts are texts. */
export interface Row {
  timestamp: number;
  step: number;
  metrics: Record<string, Json>;
  run: string;
}

/** New points of one metric, column by column; `total` counts those that exist, which may be more than are here. */
export interface Columns {
  run: string;
  metric: string;
  times: Float64Array;
  steps: Float64Array;
  values: Float64Array;
  total: number;
}

export type LiveEvent =
  | { kind: "rows"; rows: Row[] }
  | ({ kind: "columns" } & Columns)
  | { kind: "run"; run: Run }
  | { kind: "meta"; run: Run }
  | { kind: "status"; run: string; status: Status; exit_code: number | null; timestamp: number | null }
  | { kind: "deleted"; run: string };

/** live: told of everything; reconnecting: trying; stale: not told of anything since `since`. */
export type Liveness = { state: "live" | "reconnecting" | "paused"; since: number };
