import { useComputed } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Band, Line, XAxis } from "../chart/model";
import { runColor, runDash } from "../core/palette";
import { runLabels } from "../core/run-names";
import { byTime, decodeValues, type Points, type Series } from "../core/series";
import type { Group, GroupSeries, GroupsAnswer, MetricsAnswer, Run, SeriesData } from "../core/types";
import type { QueryAxis } from "../source/source";
import type { ChartSettings, Spread } from "../state/chart-settings";
import type { ProjectStore } from "../state/project-store";
import { Limiter } from "./lazy-mount";
import type { Named, NamedGroup } from "./legend";

/** Points asked for in a zoomed window, or in a chart that fills the page. */
const FINE = 2000;
const PLACES = 400;
/** Windows that reach to the present are asked for again after new points, but not more often than this, ms. */
const PACE = 1500;

const limiter = new Limiter(4);

/** The server's name of an axis. */
export function queryAxis(axis: XAxis): QueryAxis {
  return axis === "wall" ? "time" : axis;
}

export interface ChartData {
  lines: Line[];
  bands: Band[];
  /** All groups of the runs, also those that have none of the metric; null while nobody knows. */
  groups: NamedGroup[] | null;
  /** What is shown is not yet what was asked for. */
  waiting: boolean;
}

interface Props {
  board: ProjectStore;
  view: ChartSettings;
  metric: string;
  shown: readonly Run[];
  /** It fills the page: as fine as it can be. */
  full: boolean;
  say: (text: string) => void;
}

/** What stands on the x axis of a metric's chart, and which part of it is shown. */
export function useAxis(
  board: ProjectStore,
  view: ChartSettings,
  metric: string,
): { axis: XAxis; range: [number, number] | null } {
  const stepMetric = useComputed(() => {
    const over = board.definitions.value.stepMetric(metric);
    return over !== null && board.metrics.value.includes(over) ? over : null;
  }).value;
  const axis = view.axisOf(stepMetric);
  return { axis, range: view.rangeOf(axis) };
}

/** What a chart draws: the points at hand, or those asked from the server for just this window, or groups of runs. */
export function useChartData({ board, view, metric, shown, full, say }: Props): ChartData {
  const revision = board.revision(metric).value ?? 0;
  const { axis, range } = useAxis(board, view, metric);
  const logX = view.logX.value && axis !== "wall";
  const group = view.group.value;
  useEffect(() => (group ? undefined : board.need(metric)), [metric, group === ""]);

  const base = board.lines(metric);
  const whole = board.ready(metric) && shown.every((run) => base.get(run.run)?.complete ?? true);
  const byMetric = axis.startsWith("metric:");
  // Smoothing is over all points: where some were left out, the source does it.
  const [smoothing, smoother] = [view.smoothing.value, view.smoother.value];
  const smooths = smoothing > 0;
  const smoothed = smooths ? { smoothing, smoother } : {};
  const finer = byMetric || range !== null || logX || full;
  const asks = !group && board.ready(metric) && (byMetric || (!whole && (finer || smooths)));
  const runs = shown.map((run) => run.run);
  const points = full || shown.length <= 4 ? FINE : 800;
  const key = JSON.stringify([axis, range, logX, runs, points, smoothed]);
  const found = useAsked<MetricsAnswer>(
    asks ? key : null,
    asks && shown.some((run) => run.status === "running") ? revision : -1,
    (signal) =>
      board.source.metrics(
        board.project,
        {
          runs,
          metrics: [metric],
          x: queryAxis(axis),
          points,
          ...smoothed,
          ...(logX ? { scale: "log" as const } : {}),
          ...(range ? { from: range[0], to: range[1] } : {}),
        },
        signal,
      ),
    say,
  );

  const counted = group ? countedIn(board, view, shown) : [];
  // All runs of a project need no naming, and those that begin meanwhile count too.
  const members =
    board.whole && counted.length === board.runs.value.length ? null : counted.map(({ run }) => run);
  const spread = view.spread.value;
  const groupKey = JSON.stringify([axis, group, range, logX, members, smoothed]);
  const grouped = useAsked<GroupsAnswer>(
    group ? groupKey : null,
    group && board.runs.value.some((run) => run.status === "running") ? board.beat.value : -1,
    (signal, coarse) => {
      const query = {
        by: [group],
        metrics: [metric],
        x: queryAxis(axis),
        points: PLACES,
        ...smoothed,
        ...(members ? { runs: members } : {}),
        ...(logX ? { scale: "log" as const } : {}),
        ...(range ? { from: range[0], to: range[1] } : {}),
      };
      return board.told(coarse, (tell) => board.source.groups(board.project, query, signal, tell));
    },
    say,
  );

  const answer = group ? grouped.value : null;
  const bands = useMemo(
    () => (answer ? bandsOf(answer, metric, group, spread) : []),
    [answer, metric, group, spread],
  );
  const groups = useMemo(
    () => answer?.groups.map((each, i) => ({ ...namedGroup(each, i, group), runs: each.runs })) ?? null,
    [answer, group],
  );
  // Somebody has moved on from the window that this is the answer for.
  const stale = found.waiting;
  const window = asks && found.value && found.axis === axis ? found.value.metrics[metric] : undefined;
  const labels = useMemo(() => runLabels(shown), [shown]);
  // The points at hand grow in place: their revision tells.
  const lines = useMemo(() => {
    if (group) return [];
    return shown.flatMap((run): Line[] => {
      const series = base.get(run.run);
      const data = window?.[run.run];
      const common = {
        run: run.run,
        name: labels.get(run.run) ?? run.name,
        color: runColor(run.color),
        dash: runDash(run.color),
        start: run.start_time ?? 0,
      };
      if (!data || !(finer || smooths)) {
        if (byMetric || !series) return [];
        return [{ ...common, points: along(series, axis), thinned: !series.complete }];
      }
      return [
        {
          ...common,
          ...windowed(data, byMetric ? null : series, axis, common.start, stale || range === null),
        },
      ];
    });
  }, [board, metric, revision, shown, labels, window, stale, axis, group, finer, smooths, range === null]);
  const waiting = group ? grouped.waiting : shown.length > 0 && (found.waiting || !board.ready(metric));
  return { lines, bands, groups, waiting };
}

/** The runs that count in groups: of a project all that are not left out, else those that are drawn. */
export function countedIn(board: ProjectStore, view: ChartSettings, shown: readonly Run[]): readonly Run[] {
  return board.whole ? view.members(board.runs.value) : shown;
}

/** The answer to the question named `key`; asked again when `revision` has changed, in good time. The last one stays meanwhile. */
function useAsked<T>(
  key: string | null,
  revision: number,
  ask: (signal: AbortSignal, coarse: (answer: T) => void) => Promise<T>,
  say: (text: string) => void,
): { value: T | null; axis: string; waiting: boolean } {
  const [value, setValue] = useState<{ key: string; axis: string; answer: T } | null>(null);
  const state = useRef({ at: 0, key: "", aborter: new AbortController() });
  useEffect(() => {
    const aborter = new AbortController();
    state.current.aborter = aborter;
    if (key === null) setValue(null);
    return () => aborter.abort();
  }, [key]);
  useEffect(() => {
    if (key === null) return;
    const now = state.current;
    // A zoom in several strokes asks once; new points are worth a question now and then.
    const wait = now.key === key ? Math.max(0, now.at + PACE - Date.now()) : 60;
    const { signal } = now.aborter;
    const timer = setTimeout(() => {
      now.key = key;
      now.at = Date.now();
      const take = (answer: T) => {
        if (!signal.aborted) setValue({ key, axis: String(JSON.parse(key)[0]), answer });
      };
      limiter
        .run(() => ask(signal, take), signal)
        .then(take, (error: unknown) => {
          if (!signal.aborted) say(error instanceof Error ? error.message : String(error));
        });
    }, wait);
    return () => clearTimeout(timer);
  }, [key, revision]);
  return {
    value: key === null ? null : (value?.answer ?? null),
    axis: value?.axis ?? "",
    waiting: key !== null && value?.key !== key,
  };
}

/** The points at hand in the order of the axis. */
function along(series: Series, axis: XAxis): Points {
  return axis === "wall" || axis === "relative" ? byTime(series.points()) : series.points();
}

/**
 * An answer's points, with the points at hand that lie just outside: so that the line goes on to the edge. Around an answer for
 * another window all points at hand stand: what is shown coarsely is better than nothing.
 */
function windowed(
  data: SeriesData,
  base: Series | null | undefined,
  axis: XAxis,
  start: number,
  whole: boolean,
): Pick<Line, "points" | "xs" | "thinned" | "smoothed"> {
  const points = {
    steps: Float64Array.from(data.steps),
    times: Float64Array.from(data.timestamps),
    values: decodeValues(data),
  };
  const common = { thinned: !data.raw, ...smoothedOf(data, axis, start) };
  if (axis.startsWith("metric:")) return { points, xs: Float64Array.from(data.x ?? data.steps), ...common };
  const count = points.values.length;
  const around = base && along(base, axis);
  if (!around || count === 0) return { points, ...common };
  const place = (p: Points, i: number) =>
    axis === "step" ? p.steps[i]! : axis === "wall" ? p.times[i]! : (p.times[i]! - start) / 1000;
  const before: number[] = [];
  const after: number[] = [];
  for (let i = 0; i < around.values.length; i++) {
    if (place(around, i) < place(points, 0)) before.push(i);
    else if (place(around, i) > place(points, count - 1)) after.push(i);
  }
  const most = whole ? around.values.length : 1;
  const [left, right] = [before.slice(-most), after.slice(0, most)];
  const join = (name: keyof Points) => {
    const parts = [
      ...left.map((i) => around[name][i]!),
      ...points[name],
      ...right.map((i) => around[name][i]!),
    ];
    return Float64Array.from(parts);
  };
  return {
    points: { steps: join("steps"), times: join("times"), values: join("values") },
    ...common,
  };
}

/** The smoothed points of an answer, on the axis. */
function smoothedOf(data: SeriesData, axis: XAxis, start: number): Pick<Line, "smoothed"> {
  if (!data.smoothed) return {};
  const { steps = data.steps, timestamps = data.timestamps, x = data.x } = data.smoothed;
  const places = axis.startsWith("metric:")
    ? (x ?? steps)
    : axis === "step"
      ? steps
      : axis === "wall"
        ? timestamps
        : timestamps.map((time) => (time - start) / 1000);
  return { smoothed: { x: Float64Array.from(places), y: decodeValues(data.smoothed) } };
}

function namedGroup({ key, values }: Group, place: number, field: string): Named {
  const texts = values.map((v) => (v === null ? "none" : typeof v === "string" ? v : JSON.stringify(v)));
  return { key, name: `${field.replace(/^config\./, "")} = ${texts.join(", ")}`, color: runColor(place) };
}

function bandsOf(answer: GroupsAnswer, metric: string, field: string, spread: Spread): Band[] {
  const found: Band[] = [];
  answer.groups.forEach((group, index) => {
    const series = answer.metrics[metric]?.[group.key];
    if (!series) return;
    found.push({
      ...namedGroup(group, index, field),
      x: Float64Array.from(series.x),
      mean: numbers(series.mean),
      ...around(series, spread),
      ...(series.smoothed ? { smoothed: numbers(series.smoothed) } : {}),
      runs: series.runs,
    });
  });
  return found;
}

function around(series: GroupSeries, spread: Spread): { low: Float64Array; high: Float64Array } {
  const mean = numbers(series.mean);
  if (spread === "range") return { low: numbers(series.min, mean), high: numbers(series.max, mean) };
  // One run alone has no spread.
  const width = numbers(series[spread], new Float64Array(mean.length));
  return { low: mean.map((m, i) => m - width[i]!), high: mean.map((m, i) => m + width[i]!) };
}

function numbers(column: (number | null)[], otherwise?: Float64Array): Float64Array {
  return Float64Array.from(column, (v, i) => v ?? otherwise?.[i] ?? Number.NaN);
}
