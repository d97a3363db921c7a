import type { Smoother } from "../core/smooth";
import type {
  GroupsAnswer,
  LiveEvent,
  Liveness,
  Metadata,
  MetricNames,
  MetricsAnswer,
  Project,
  Run,
  RunDetail,
} from "../core/types";

/** Of the axis: steps, ms, seconds since each run began, or another metric's values. */
export type QueryAxis = "step" | "time" | "relative" | `metric:${string}`;

export interface SeriesQuery {
  runs?: string[];
  metrics?: string[];
  x?: QueryAxis;
  /** How the points are spread over the axis. */
  scale?: "linear" | "log";
  from?: number;
  to?: number;
  points?: number | "all";
  /** A weight from 0 (none) to 1: each series comes smoothed too, over all of its points. */
  smoothing?: number;
  smoother?: Smoother;
}

export interface GroupsQuery extends SeriesQuery {
  /** Fields that the runs of a group have in common: "config.lr", "group", "tags". */
  by: string[];
}

export interface Listener {
  event(event: LiveEvent): void;
  /** Whether what is shown is up to date. */
  liveness(state: Liveness): void;
  /** Everything up to this cursor has been told. */
  cursor?(cursor: string): void;
  /** Events were lost on the way: ask for everything again. */
  reset?(): void;
}

/**
 * The Source seam: how a view gets data, over HTTP, a notebook's comm, or out of memory in tests. What a source cannot do
 * (a comm has no list of projects) it refuses with a SourceError whose message a user can read.
 */
export interface Source {
  readonly readOnly: boolean;
  projects(signal?: AbortSignal): Promise<Project[]>;
  project(project: string, signal?: AbortSignal): Promise<Project>;
  /** All runs, or those of `some` that there are. */
  runs(project: string, signal?: AbortSignal, some?: readonly string[]): Promise<Run[]>;
  run(project: string, run: string, signal?: AbortSignal): Promise<RunDetail>;
  /** The names of the metrics of some runs (or all), and where a stream goes on from. */
  names(project: string, runs?: string[], signal?: AbortSignal): Promise<MetricNames>;
  /**
   * What the runs of each group do together, from all of their points. While the server still reads, `coarse` is called
   * with what it can tell already.
   */
  groups(
    project: string,
    query: GroupsQuery,
    signal?: AbortSignal,
    coarse?: (answer: GroupsAnswer) => void,
  ): Promise<GroupsAnswer>;
  /** While the server still reads, `coarse` is called with what it can tell already; the answer itself is whole. */
  metrics(
    project: string,
    query: SeriesQuery,
    signal?: AbortSignal,
    coarse?: (answer: MetricsAnswer) => void,
  ): Promise<MetricsAnswer>;
  /** Events after `cursor` until the signal aborts. */
  subscribe(
    project: string,
    options: { runs?: string[]; cursor?: string },
    listener: Listener,
    signal: AbortSignal,
  ): void;
  metadata(project: string, run: string | null): Promise<{ content: Metadata; etag: string }>;
  edit(
    project: string,
    run: string | null,
    changes: Partial<Metadata>,
    etag: string | null,
  ): Promise<{ content: Metadata; etag: string }>;
  /** Asks a running run to stop. */
  stop(project: string, run: string): Promise<void>;
  remove(project: string, run: string | null, force: boolean): Promise<void>;
}

export class SourceError extends Error {
  constructor(
    message: string,
    readonly status = 0,
  ) {
    super(message);
  }
}
