import { useEffect, useRef, useState } from "preact/hooks";
import type { XAxis } from "../chart/model";
import { regexProblem } from "../core/sections";
import type { Smoother } from "../core/smooth";
import type { ChartSettings, Size, Spread } from "../state/chart-settings";
import { Options, Pick, SegmentedControl } from "./segmented-control";

const AXES: [XAxis, string][] = [
  ["step", "step"],
  ["relative", "relative"],
  ["wall", "time"],
];
const SIZES: [Size, string][] = [
  ["s", "S"],
  ["m", "M"],
  ["l", "L"],
];
const SMOOTHERS: [Smoother, string][] = [
  ["ema", "exponential (EMA)"],
  ["time_ema", "time-weighted EMA"],
  ["gaussian", "Gaussian"],
  ["mean", "running mean"],
];
const SPREADS: [Spread, string][] = [
  ["std", "± std"],
  ["sem", "± std error"],
  ["range", "min–max"],
];

/** How the charts are drawn: filter, smoothing, axes, size. */
export function Controls({
  view,
  compact = false,
  onlyStep = false,
  metrics,
  fields,
}: {
  view: ChartSettings;
  compact?: boolean;
  /** Where the times of the points are not known. */
  onlyStep?: boolean;
  /** What may stand on the x axis instead, where a server can tell. */
  metrics?: readonly string[];
  /** By what runs may be grouped, where a server can tell. */
  fields?: readonly string[];
}) {
  const chooseAxis = (axis: XAxis) => {
    view.range.value = null;
    view.xAxis.value = axis;
  };
  return (
    <div class="controls" role="toolbar" aria-label="Charts">
      {!compact && (
        <input
          type="search"
          data-search
          placeholder="Filter metrics (text or regex)"
          aria-label="Filter metrics by text or regular expression"
          value={view.filter.value}
          onInput={(event) => {
            view.filter.value = event.currentTarget.value;
          }}
        />
      )}
      {!compact && regexProblem(view.filter.value) && (
        <span class="hint" role="status">
          {regexProblem(view.filter.value)}
        </span>
      )}
      <label class="slider">
        <span>Smoothing</span>
        <input
          type="range"
          min="0"
          max="0.99"
          step="0.01"
          value={view.smoothing.value}
          onInput={(event) => {
            view.smoothing.value = Number(event.currentTarget.value);
          }}
        />
        <output>{view.smoothing.value.toFixed(2)}</output>
      </label>
      {!onlyStep && (
        <SegmentedControl label="X axis" options={AXES} value={view.xAxis.value} choose={chooseAxis} />
      )}
      <button
        type="button"
        class="toggle"
        aria-pressed={view.logY.value}
        onClick={() => {
          view.logY.value = !view.logY.value;
        }}
      >
        log y
      </button>
      {fields && fields.length > 0 && (
        <Pick
          label="Group by"
          value={view.group.value}
          choose={(field) => {
            view.group.value = field;
          }}
        >
          <option value="">run</option>
          <Options of={fields.map((field) => [field, field.replace(/^config\./, "")])} />
        </Pick>
      )}
      {view.group.value && fields && (
        <Pick
          label="Band"
          value={view.spread.value}
          choose={(spread) => {
            view.spread.value = spread;
          }}
        >
          <Options of={SPREADS} />
        </Pick>
      )}
      <SegmentedControl
        label="Chart size"
        options={SIZES}
        value={view.size.value}
        choose={(size) => {
          view.size.value = size;
        }}
      />
      <Further
        active={
          Number(view.smoother.value !== "ema") +
          Number(!view.stepMetrics.value) +
          Number(view.logX.value) +
          Number(view.clip.value) +
          Number(view.best.value) +
          Number(view.xAxis.value.startsWith("metric:"))
        }
      >
        <Pick
          label="Smoothing by"
          value={view.smoother.value}
          choose={(kind) => {
            view.smoother.value = kind;
          }}
        >
          <Options of={SMOOTHERS} />
        </Pick>
        {metrics && (
          <Pick
            label="X axis metric"
            value={view.xAxis.value.startsWith("metric:") ? view.xAxis.value : ""}
            choose={(axis) => chooseAxis((axis || "step") as XAxis)}
          >
            <option value="">none</option>
            <Options of={metrics.map((metric) => [`metric:${metric}`, metric])} />
          </Pick>
        )}
        <Check
          label="Step metrics of define_metric()"
          title="Charts whose metric has a step metric are drawn over it where the x axis is the step"
          checked={view.stepMetrics.value}
          change={(on) => {
            view.stepMetrics.value = on;
          }}
        />
        <Check
          label="Logarithmic x axis"
          checked={view.logX.value}
          change={(on) => {
            view.logX.value = on;
          }}
        />
        <Check
          label="Ignore outliers"
          title="The axis fits what is not far from the middle nine tenths of the values; each chart says what it hides"
          checked={view.clip.value}
          change={(on) => {
            view.clip.value = on;
          }}
        />
        <Check
          label="Mark best values"
          title="What define_metric(goal=…) says is best; else the lowest of losses and errors, the highest of scores"
          checked={view.best.value}
          change={(on) => {
            view.best.value = on;
          }}
        />
      </Further>
      {view.range.value && (
        <button
          type="button"
          class="zoomed"
          title="Show all of the x axis in every chart"
          onClick={() => {
            view.range.value = null;
          }}
        >
          zoomed ✕
        </button>
      )}
    </div>
  );
}

function Check({
  label,
  title,
  checked,
  change,
}: {
  label: string;
  title?: string;
  checked: boolean;
  change: (on: boolean) => void;
}) {
  return (
    <label class="check" title={title}>
      <input type="checkbox" checked={checked} onChange={(event) => change(event.currentTarget.checked)} />
      {label}
    </label>
  );
}

/** What is used less often, behind a button that says how much of it is in use. */
function Further({ active, children }: { active: number; children: preact.ComponentChildren }) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const aborter = new AbortController();
    const { signal } = aborter;
    // The path, since the target is retold when a click leaves a shadow root.
    document.addEventListener(
      "pointerdown",
      (event) => box.current && !event.composedPath().includes(box.current) && setOpen(false),
      { signal },
    );
    return () => aborter.abort();
  }, [open]);
  return (
    <div class="further" ref={box}>
      <button
        type="button"
        class="toggle"
        aria-expanded={open}
        aria-pressed={active > 0}
        onClick={() => setOpen(!open)}
      >
        Axes{active > 0 && <span class="count">{active}</span>}
      </button>
      {open && (
        <fieldset
          class="further-list card"
          aria-label="Axes and marks"
          onKeyDown={(event) => event.key === "Escape" && setOpen(false)}
        >
          {children}
        </fieldset>
      )}
    </div>
  );
}
