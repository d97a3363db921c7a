import { useContext, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Chart, type Pointed } from "../chart/chart";
import type { Figure } from "../chart/figure";
import { direction } from "../core/best";
import { formatNumber } from "../core/format";
import type { Run } from "../core/types";
import type { Board } from "../state/board";
import type { Range, View } from "../state/view";
import type { Arrangement } from "./arrange";
import { PanelContext } from "./environment";
import { csv, download, fileName } from "./export";
import { Failure } from "./failure";
import type { Hover } from "./hover";
import { useScene } from "./lines";
import { Menu } from "./menu";
import type { Mounts } from "./mounts";

export interface CardProps {
  board: Board;
  view: View;
  metric: string;
  label: string;
  shown: Run[];
  hover: Hover;
  mounts: Mounts;
  arrangement: Arrangement;
}

/** One metric: its chart, what is to be said of it, and what can be done with it. */
export function ChartCard({ board, view, metric, label, shown, hover, mounts, arrangement }: CardProps) {
  const environment = useContext(PanelContext)!;
  const dark = environment.dark.value;
  const figure = useRef<HTMLElement>(null);
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const [mounted, setMounted] = useState(false);
  const [made, setMade] = useState(0);
  const [unclipped, setUnclipped] = useState(false);
  const [picture, setPicture] = useState<Figure | null>(null);
  const [ranging, setRanging] = useState(false);
  const full = view.full.value === metric;
  const range = view.range.value;
  const yRange = view.yRanges.value.get(metric) ?? null;
  const pinned = arrangement.pins.value.includes(metric);
  const say = (text: string) => environment.say(text, "error");

  useEffect(() => mounts.watch(host.current!, setMounted), [mounts]);

  const follower = useMemo(() => ({ follow: (at: Pointed | null) => chart.current?.follow(at) }), []);
  useEffect(() => {
    if (!mounted) return;
    const aborter = new AbortController();
    environment.plotly().then(
      (plotly) => {
        if (aborter.signal.aborted || !host.current) return;
        const made = new Chart(host.current, plotly, {
          onZoom(x, y) {
            if (x !== undefined) view.range.value = x;
            if (y !== undefined) view.setY(metric, y);
          },
          onHover: (at) => hover.move(follower, at),
          onDraw: setPicture,
        });
        chart.current = made;
        const leave = hover.add(follower);
        aborter.signal.addEventListener("abort", () => {
          leave();
          made.destroy();
          chart.current = null;
        });
        setFailed(null);
        setMade((n) => n + 1);
      },
      (error: Error) => setFailed(error.message),
    );
    return () => aborter.abort();
  }, [mounted]);

  const scene = useScene({ board, view, metric, shown, mounted, full, say });
  const clip = view.clip.value && !unclipped;
  const xAxis = view.xAxis.value;
  // An empty chart would only be drawn to be drawn again, and could be zoomed where there is nothing yet.
  const nothing = picture === null && scene.waiting && scene.lines.length + scene.bands.length === 0;
  useEffect(() => {
    if (nothing) return;
    chart.current?.update({
      metric,
      lines: scene.lines,
      bands: scene.bands,
      xAxis,
      logX: view.logX.value && xAxis !== "wall",
      logY: view.logY.value,
      smoothing: view.smoothing.value,
      smoother: view.smoother.value,
      dark,
      range,
      yRange,
      clip,
      best: view.best.value ? direction(metric) : null,
    });
  });

  const close = () => {
    view.full.value = null;
  };
  useEffect(() => {
    if (!full) return;
    const aborter = new AbortController();
    const before = document.activeElement;
    figure.current?.focus({ preventScroll: true });
    const root = figure.current!.getRootNode() as Document;
    root.addEventListener("keydown", (event) => (event as KeyboardEvent).key === "Escape" && close(), {
      signal: aborter.signal,
    });
    return () => {
      aborter.abort();
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, [full]);

  const all = () => {
    view.range.value = null;
    view.setY(metric, null);
  };
  const image = async (format: "png" | "svg") => {
    const url = await chart.current?.image(format);
    if (url) download(`${fileName(metric)}.${format}`, url);
  };
  const table = async () => {
    try {
      const runs = view.group.value ? board.runs.value.filter((r) => !view.hidden.value.has(r.run)) : shown;
      const answer = await board.source.metrics(board.project, {
        runs: runs.map((run) => run.run),
        metrics: [metric],
        points: "all",
      });
      download(`${fileName(metric)}.csv`, new Blob([csv(metric, answer, runs)], { type: "text/csv" }));
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    }
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

  const keys: Record<string, () => void> = {
    f: () => {
      view.full.value = full ? null : metric;
    },
    p: pin,
    "+": () => chart.current?.move(0.7),
    "=": () => chart.current?.move(0.7),
    "-": () => chart.current?.move(1 / 0.7),
    ArrowLeft: () => chart.current?.move(1, -0.2),
    ArrowRight: () => chart.current?.move(1, 0.2),
    "0": all,
  };

  const only = shown.length === 1 && scene.lines.length === 1 ? scene.lines[0]!.points.values : null;
  const seen = picture?.extent ?? null;
  return (
    <figure
      ref={figure}
      class={`card chart ${full ? "full" : ""} ${mounted ? "" : "far"}`}
      data-metric={metric}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: zoom and more by keyboard
      tabIndex={0}
      aria-label={`Chart of ${metric}`}
      onKeyDown={(event) => {
        if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
        const action = keys[event.key];
        if (!action) return;
        event.preventDefault();
        action();
      }}
    >
      <figcaption>
        <span class="metric" title={metric}>
          {full ? metric : label}
        </span>
        {only && only.length > 0 && <span class="value">{formatNumber(only[only.length - 1]!)}</span>}
        {picture?.best && (
          <span class="best" title={`Best: ${picture.best.name}, at ${formatNumber(picture.best.x)}`}>
            ★ {formatNumber(picture.best.value)}
          </span>
        )}
        {scene.waiting && mounted && <span class="waiting" role="status" aria-label="Loading" />}
        <span class="actions">
          {(range || yRange) && (
            <button type="button" class="again" onClick={all} title="Show all (double click)">
              all
            </button>
          )}
          <button
            type="button"
            aria-pressed={pinned}
            onClick={pin}
            title={pinned ? "Unpin (P)" : "Pin to the top (P)"}
            aria-label={`${pinned ? "Unpin" : "Pin"} ${metric}`}
          >
            <Pin />
          </button>
          <button
            type="button"
            onClick={keys.f}
            aria-pressed={full}
            title={full ? "Smaller (Esc)" : "Full screen (F)"}
            aria-label={full ? "Smaller" : `Full screen: ${metric}`}
          >
            {full ? "✕" : <Corners />}
          </button>
          <Menu
            label={`More of ${metric}`}
            items={[
              { text: "Value range…", act: () => setRanging(true) },
              { text: "Save all points as CSV", act: () => void table() },
              { text: "Save as SVG", act: () => void image("svg") },
              { text: "Save as PNG", act: () => void image("png") },
              { text: "Copy link to this chart", act: () => void link() },
            ]}
          />
        </span>
      </figcaption>
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
      <div
        class="plot"
        ref={host}
        role="img"
        aria-label={`${metric}: ${describe(picture)}`}
        data-made={made}
      />
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
      {picture !== null && picture.unloggable > 0 && (
        <span class="hidden-points">
          {picture.unloggable} {picture.unloggable === 1 ? "value" : "values"} ≤ 0 not on a log axis
        </span>
      )}
      <Failure text={failed} />
    </figure>
  );
}

/** What the value axis leaves out, in words. */
function left({ extent }: Figure): string {
  const { above, below, low, high, most, least } = extent!;
  const parts = [];
  if (above) parts.push(`${above} above ${formatNumber(high)} (up to ${formatNumber(most)})`);
  if (below) parts.push(`${below} below ${formatNumber(low)} (down to ${formatNumber(least)})`);
  return `hidden: ${parts.join(", ")}`;
}

/** For who cannot see the curves. */
function describe(picture: Figure | null): string {
  if (!picture || picture.drawn.length === 0 || !picture.extent) return "nothing drawn";
  const { least, most } = picture.extent;
  const lines = picture.drawn.length;
  return `${lines} ${lines === 1 ? "line" : "lines"}, values from ${formatNumber(least)} to ${formatNumber(most)}`;
}

function RangeForm({
  value,
  apply,
  cancel,
}: {
  value: Range | null;
  apply: (value: Range | null) => void;
  cancel: () => void;
}) {
  const [low, setLow] = useState(value ? String(Number(value[0].toPrecision(6))) : "");
  const [high, setHigh] = useState(value ? String(Number(value[1].toPrecision(6))) : "");
  const numbers: Range = [Number(low), Number(high)];
  const fine =
    low.trim() !== "" && high.trim() !== "" && numbers.every(Number.isFinite) && numbers[0] < numbers[1];
  return (
    <form
      class="range-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (fine) apply(numbers);
      }}
      onKeyDown={(event) => event.key === "Escape" && cancel()}
    >
      <input
        aria-label="Lowest value"
        inputMode="decimal"
        value={low}
        ref={(el) => el?.focus()}
        onInput={(event) => setLow(event.currentTarget.value)}
      />
      <span>to</span>
      <input
        aria-label="Highest value"
        inputMode="decimal"
        value={high}
        onInput={(event) => setHigh(event.currentTarget.value)}
      />
      <button type="submit" disabled={!fine}>
        Set
      </button>
      <button type="button" onClick={() => apply(null)}>
        Fit
      </button>
    </form>
  );
}

function Pin() {
  return (
    <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
      <path
        d="M10 1.5 14.5 6l-1.6.6-2.3 2.3.2 2.6-1.2 1.2L6.7 9.8l-4 4.5-.9-.1-.1-.9 4.5-4-2.9-2.9 1.2-1.2 2.6.2 2.3-2.3z"
        fill="currentColor"
      />
    </svg>
  );
}

function Corners() {
  return (
    <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
      <path d="M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4" fill="none" stroke="currentColor" stroke-width="1.6" />
    </svg>
  );
}
