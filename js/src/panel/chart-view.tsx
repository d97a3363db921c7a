import { useComputed } from "@preact/signals";
import { useContext, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Chart, type Pointed } from "../chart/chart";
import type { ChartModel, Figure } from "../chart/model";
import { formatNumber } from "../core/format";
import { goalOf } from "../core/goals";
import type { Run } from "../core/types";
import type { ChartSettings } from "../state/chart-settings";
import type { ProjectStore } from "../state/project-store";
import { Actions } from "./actions";
import type { ChartContext } from "./chart-context";
import { countedIn, useAxis, useChartData } from "./chart-data";
import type { ChartLayout } from "./chart-layout";
import { ErrorMessage } from "./error-message";
import { csv, download, fileName } from "./export";
import { Legend } from "./legend";
import { PanelContext } from "./panel-context";
import { RangeForm } from "./range-form";

export interface ChartViewProps {
  board: ProjectStore;
  view: ChartSettings;
  metric: string;
  label: string;
  shown: Run[];
  easel: ChartContext;
  arrangement: ChartLayout;
  full: boolean;
  /** Not only looked at in passing: it has everything. */
  whole: boolean;
  /** Where the card finds what its keys do. */
  keys: { current: Keys };
}

/** What keys do on a chart. */
export type Keys = Readonly<Record<string, () => void>>;

/** What a card near the screen shows: its chart, what is to be said of it, and what can be done with it. */
export function ChartView({
  board,
  view,
  metric,
  label,
  shown,
  easel,
  arrangement,
  full,
  whole,
  keys,
}: ChartViewProps) {
  const environment = useContext(PanelContext)!;
  const dark = environment.dark.value;
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const [unclipped, setUnclipped] = useState(false);
  const [picture, setPicture] = useState<Figure | null>(null);
  const [ranging, setRanging] = useState(false);
  const [saving, setSaving] = useState(false);
  const { axis: xAxis, range } = useAxis(board, view, metric);
  const axis = useRef(xAxis);
  axis.current = xAxis;
  const yRange = view.yRanges.value.get(metric) ?? null;
  const pinned = arrangement.pins.value.includes(metric);
  const say = (text: string) => environment.say(text, "error");

  useEffect(() => {
    const follower = {
      follow: (at: Pointed | null) => made.follow(at),
      emphasize: (run: string | null) => made.emphasize(run),
    };
    const made = new Chart(host.current!, easel.plots, easel.rest, easel.sights, {
      onZoom(x, y) {
        if (x !== undefined) view.zoom(axis.current, x);
        if (y !== undefined) view.setY(metric, y);
      },
      onHover: (at) => easel.hover.move(follower, at),
      onDraw: setPicture,
      onPlotly: setFailed,
    });
    chart.current = made;
    const leave = easel.hover.add(follower);
    return () => {
      leave();
      made.destroy();
      chart.current = null;
    };
  }, []);

  const scene = useChartData({ board, view, metric, shown, full, say });
  useEffect(() => {
    if (scene.groups) easel.groups.value = scene.groups;
  }, [scene.groups]);
  const clip = view.clip.value && !unclipped;
  // An empty chart would only be drawn to be drawn again, and could be zoomed where there is nothing yet.
  const nothing = picture === null && scene.waiting && scene.lines.length + scene.bands.length === 0;
  const [logX, logY] = [view.logX.value && xAxis !== "wall", view.logY.value];
  const [smoothing, smoother] = [view.smoothing.value, view.smoother.value];
  const best = useComputed(() => (view.best.value ? goalOf(metric, board.goals.value) : null)).value;
  const { lines, bands } = scene;
  const model = useMemo<ChartModel>(
    () => ({ metric, lines, bands, xAxis, logX, logY, smoothing, smoother, dark, range, yRange, clip, best }),
    [lines, bands, xAxis, logX, logY, smoothing, smoother, dark, range, yRange, clip, best],
  );
  useEffect(() => {
    if (!nothing) chart.current?.update(model);
  }, [model, nothing]);

  useEffect(() => {
    chart.current!.fingersZoom = full;
  }, [full]);

  const all = () => {
    view.zoom(xAxis, null);
    view.setY(metric, null);
  };
  const image = async (format: "png" | "svg") => {
    const url = picture && (await chart.current?.image(format));
    if (url) download(`${fileName(metric)}.${format}`, url);
  };
  const table = async () => {
    setSaving(true);
    try {
      const runs = view.grouped ? countedIn(board, view, shown) : shown;
      const answer = await board.source.metrics(board.project, {
        runs: runs.map((run) => run.run),
        metrics: [metric],
        points: "all",
      });
      download(`${fileName(metric)}.csv`, new Blob([csv(metric, answer, runs)], { type: "text/csv" }));
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    }
    setSaving(false);
  };
  const link = async () => {
    const query = view.write();
    query.set("chart", metric);
    const address = `${location.origin}${location.pathname}?${query}`;
    try {
      await navigator.clipboard.writeText(address);
      environment.say("The link to this chart is on the clipboard.", "info");
    } catch {
      environment.say(address, "info");
    }
  };
  const pin = () => arrangement.pin(metric);

  const fill = () => {
    view.full.value = full ? null : metric;
  };
  keys.current = {
    f: fill,
    p: pin,
    "+": () => chart.current?.move(0.7),
    "=": () => chart.current?.move(0.7),
    "-": () => chart.current?.move(1 / 0.7),
    ArrowLeft: () => chart.current?.move(1, -0.2),
    ArrowRight: () => chart.current?.move(1, 0.2),
    "0": all,
  };

  // The latest value of the run, whatever window is drawn.
  const only = shown.length === 1 && scene.lines.length === 1 ? board.lines(metric).get(shown[0]!.run) : null;
  const latest = only?.last();
  const seen = picture?.extent ?? null;
  return (
    <>
      <figcaption>
        <span class="metric" title={metric}>
          {full ? metric : label}
        </span>
        {latest && <span class="value">{formatNumber(latest.value)}</span>}
        {picture?.best && (
          <span class="best" title={`Best: ${picture.best.name}, at ${formatNumber(picture.best.x)}`}>
            ★ {formatNumber(picture.best.value)}
          </span>
        )}
        {((whole && scene.waiting) || saving) && <span class="waiting" role="status" aria-label="Loading" />}
        {(whole || pinned || range || yRange) && (
          <Actions
            metric={metric}
            full={full}
            pinned={pinned}
            pin={pin}
            fill={fill}
            all={range || yRange ? all : null}
            more={[
              { text: "Value range…", act: () => setRanging(true) },
              { text: "Save all points as CSV", act: () => void table() },
              { text: "Save as SVG", act: () => void image("svg") },
              { text: "Save as PNG", act: () => void image("png") },
              { text: "Copy link to this chart", act: () => void link() },
            ]}
          />
        )}
      </figcaption>
      {full && lines.length + bands.length > 1 && (
        <Legend
          label="Lines"
          entries={bands.length > 0 ? bands : lines.map((line) => ({ ...line, key: line.run }))}
        />
      )}
      {ranging && (
        <RangeForm
          value={yRange ?? (seen ? [seen.low, seen.high] : null)}
          apply={(chosen) => {
            view.setY(metric, chosen);
            setRanging(false);
          }}
          cancel={() => setRanging(false)}
        />
      )}
      <div class="plot" ref={host} role="img" aria-label={`${metric}: ${describe(picture)}`} />
      {seen && (clip || yRange) && seen.above + seen.below > 0 && (
        <button
          type="button"
          class="hidden-points"
          title="Show them in this chart"
          onClick={() => {
            setUnclipped(true);
            view.setY(metric, null);
          }}
        >
          {left(picture!)}
        </button>
      )}
      {picture !== null && picture.unloggable + picture.unplaced > 0 && (
        <span class="hidden-points">{nowhere(picture)} not on a log axis</span>
      )}
      <ErrorMessage text={failed} />
    </>
  );
}

/** What the value axis leaves out, in words. */
function left({ extent, thinned }: Figure): string {
  const { above, below, low, high, most, least } = extent!;
  const parts = [];
  const atLeast = thinned ? "at least " : "";
  if (above) parts.push(`${atLeast}${above} above ${formatNumber(high)} (up to ${formatNumber(most)})`);
  if (below) parts.push(`${atLeast}${below} below ${formatNumber(low)} (down to ${formatNumber(least)})`);
  return `hidden: ${parts.join(", ")}`;
}

/** What logarithmic axes have no place for, in words. */
function nowhere({ unloggable, unplaced, thinned }: Figure): string {
  const count = (n: number, one: string, many: string) =>
    `${thinned ? "at least " : ""}${n} ${n === 1 ? one : many}`;
  const parts = [];
  if (unloggable) parts.push(count(unloggable, "value ≤ 0", "values ≤ 0"));
  if (unplaced) parts.push(count(unplaced, "point at x ≤ 0", "points at x ≤ 0"));
  return parts.join(", ");
}

/** For who cannot see the curves. */
function describe(picture: Figure | null): string {
  if (!picture || picture.drawn.length === 0 || !picture.extent) return "nothing drawn";
  const { least, most } = picture.extent;
  const lines = picture.drawn.length;
  return `${lines} ${lines === 1 ? "line" : "lines"}, values from ${formatNumber(least)} to ${formatNumber(most)}`;
}
