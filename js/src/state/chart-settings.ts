import { effect, type Signal, signal } from "@preact/signals";
import type { XAxis } from "../chart/model";
import { SMOOTHERS, type Smoother } from "../core/smooth";
import { beside, readList, written } from "./url-run-list";
import { keep } from "./url-state";

export type Size = "s" | "m" | "l";
export type Theme = "system" | "light" | "dark";
/** Which runs are drawn where nothing else is said: the latest, none, or all. */
export type Base = "latest" | "none" | "all";
/** What lies around the mean of a group of runs. */
export type Spread = "std" | "sem" | "range";
export type Range = [number, number];

/** So many of the latest runs are drawn where nothing else is said. */
export const LATEST = 20;
/** Where there are so few more, all are drawn: leaving one out of 21 helps nobody. */
export const SPARE = 5;
/** More lines than this in one chart tell nothing. */
export const MOST = 200;

/** How charts are shown. Kept in the address, so that a reload, a bookmark and a shared link show the same. */
export class ChartSettings {
  readonly xAxis: Signal<XAxis>;
  readonly logX = signal(false);
  readonly logY = signal(false);
  readonly smoothing = signal(0);
  readonly smoother = signal<Smoother>("ema");
  readonly clip = signal(false);
  readonly best = signal(false);
  readonly size = signal<Size>("m");
  readonly filter = signal("");
  readonly base = signal<Base>("latest");
  /** Runs that are not drawn. */
  readonly hidden = signal<ReadonlySet<string>>(new Set());
  /** Runs that are drawn whatever `base` says. */
  readonly chosen = signal<ReadonlySet<string>>(new Set());
  /** How many runs were shown or hidden where the address was made, of which it has no names: they were too many. */
  readonly lost = signal(0);
  /** Metrics are drawn over the step metric that their program defined, where it defined one and the axis is the step. */
  readonly stepMetrics = signal(true);
  /** The part of the x axis that all charts of `rangeAxis` show, or null for all of it. */
  readonly range = signal<Range | null>(null);
  /** The axis that was zoomed; null: the one of most charts. */
  readonly rangeAxis = signal<XAxis | null>(null);
  /** Ranges of values, by metric. */
  readonly yRanges = signal<ReadonlyMap<string, Range>>(new Map());
  /** The field by which runs are grouped ("config.lr"), or "". */
  readonly group = signal("");
  readonly spread = signal<Spread>("std");
  /** The metric whose chart fills the page. */
  readonly full = signal<string | null>(null);

  /** `axis` is what values are drawn over where nothing else is said. */
  constructor(private readonly axis: "step" | "relative" = "step") {
    this.xAxis = signal<XAxis>(axis);
  }

  /** Takes the state from an address's query. */
  read(query: URLSearchParams): void {
    const axis = query.get("x") ?? "";
    this.xAxis.value = /^(step|relative|wall|metric:.+)$/s.test(axis) ? (axis as XAxis) : this.axis;
    this.logY.value = query.get("log") === "1";
    this.logX.value = query.get("logx") === "1";
    this.smoothing.value = Math.min(0.99, Math.max(0, Number(query.get("smooth")) || 0));
    this.smoother.value = one(query.get("smoother"), ["ema", ...SMOOTHERS]);
    this.size.value = one(query.get("size"), ["m", "s", "l"]);
    this.filter.value = query.get("metrics") ?? "";
    const hidden = readList(query, "hide");
    const chosen = readList(query, "show");
    this.hidden.value = hidden.names;
    this.chosen.value = chosen.names;
    this.lost.value = hidden.lost + chosen.lost;
    this.range.value = range(query.get("range"));
    const zoomed = query.get("rangex") ?? "";
    this.rangeAxis.value = zoomed.startsWith("metric:") ? (zoomed as XAxis) : null;
    this.stepMetrics.value = query.get("stepmetrics") !== "0";
    this.base.value = one(query.get("runs"), ["latest", "none", "all"]);
    this.clip.value = query.get("clip") === "1";
    this.best.value = query.get("best") === "1";
    this.group.value = query.get("group") ?? "";
    this.spread.value = one(query.get("spread"), ["std", "sem", "range"]);
    this.full.value = query.get("chart");
    const yRanges = new Map<string, Range>();
    for (const text of query.getAll("y")) {
      const found = range(text.slice(text.lastIndexOf(":") + 1));
      if (found) yRanges.set(text.slice(0, text.lastIndexOf(":")), found);
    }
    this.yRanges.value = yRanges;
  }

  /** The query that `read` would turn into this state; defaults are left out. */
  write(): URLSearchParams {
    const query = new URLSearchParams();
    if (this.xAxis.value !== this.axis) query.set("x", this.xAxis.value);
    if (this.logX.value) query.set("logx", "1");
    if (this.logY.value) query.set("log", "1");
    if (this.smoothing.value > 0) query.set("smooth", String(this.smoothing.value));
    if (this.smoother.value !== "ema") query.set("smoother", this.smoother.value);
    if (this.clip.value) query.set("clip", "1");
    if (this.best.value) query.set("best", "1");
    if (this.size.value !== "m") query.set("size", this.size.value);
    if (this.filter.value) query.set("metrics", this.filter.value);
    if (this.base.value !== "latest") query.set("runs", this.base.value);
    if (this.chosen.value.size) query.set("show", written(this.chosen.value));
    if (this.hidden.value.size) query.set("hide", written(this.hidden.value));
    if (this.group.value) query.set("group", this.group.value);
    if (this.spread.value !== "std") query.set("spread", this.spread.value);
    if (this.range.value) query.set("range", this.range.value.map(short).join(".."));
    if (this.range.value && this.rangeAxis.value) query.set("rangex", this.rangeAxis.value);
    if (!this.stepMetrics.value) query.set("stepmetrics", "0");
    for (const [metric, found] of this.yRanges.value)
      query.append("y", `${metric}:${found.map(short).join("..")}`);
    if (this.full.value) query.set("chart", this.full.value);
    return query;
  }

  /** What is kept beside the address: lists of runs that are too long for it. */
  beside(): Record<string, string> {
    return beside({ show: this.chosen.value, hide: this.hidden.value });
  }

  /** Keeps the address up to date, and this with it, until the signal aborts. */
  bind(signal: AbortSignal): void {
    keep(this, signal);
  }

  /** Whether a run is drawn, or counts in its group; `place` counts from the latest run of the project, which has `count`. */
  draws(run: string, place: number, count = Number.POSITIVE_INFINITY): boolean {
    if (this.hidden.value.has(run)) return false;
    if (this.chosen.value.has(run)) return true;
    // A group has all of its runs: a mean of the latest few would be another.
    return (
      this.base.value === "all" ||
      (this.base.value === "latest" && (place < LATEST || count <= LATEST + SPARE || this.grouped))
    );
  }

  get grouped(): boolean {
    return this.group.value !== "";
  }

  /** Those of `runs`, from the latest one back, that count in groups, however many. */
  members<T extends { run: string }>(runs: readonly T[]): T[] {
    return runs.filter(({ run }) => this.draws(run, 0));
  }

  /** Those of `runs`, from the latest one back, that are drawn. */
  drawn<T extends { run: string }>(runs: readonly T[]): T[] {
    let place = 0;
    const found: T[] = [];
    for (const run of runs) {
      if (this.draws(run.run, place, runs.length)) found.push(run);
      // A run that is hidden gives its place to the next.
      if (!this.hidden.value.has(run.run)) place++;
      if (found.length >= MOST) break;
    }
    return found;
  }

  /** Draws a run, or no longer; `place` counts from the latest run of the project, which has `count`. */
  set(run: string, drawn: boolean, place: number, count = Number.POSITIVE_INFINITY): void {
    this.lost.value = 0;
    const hidden = new Set(this.hidden.value);
    const chosen = new Set(this.chosen.value);
    hidden.delete(run);
    chosen.delete(run);
    this.hidden.value = hidden;
    this.chosen.value = chosen;
    if (this.draws(run, place, count) === drawn) return;
    if (drawn) this.chosen.value = new Set(chosen).add(run);
    else this.hidden.value = new Set(hidden).add(run);
  }

  /** Draws what `base` says and nothing else. */
  all(base: Base): void {
    this.lost.value = 0;
    this.hidden.value = new Set();
    this.chosen.value = new Set();
    this.base.value = base;
  }

  /** The axis of a metric's chart; `stepMetric` is what its program defined, if it did. */
  axisOf(stepMetric: string | null): XAxis {
    const own = this.stepMetrics.value && this.xAxis.value === "step" && stepMetric !== null;
    return own ? `metric:${stepMetric}` : this.xAxis.value;
  }

  /** What is shown of an axis; null: all of it. */
  rangeOf(axis: XAxis): Range | null {
    return (this.rangeAxis.value ?? this.xAxis.value) === axis ? this.range.value : null;
  }

  /** Shows a part of an axis in all charts that have it. */
  zoom(axis: XAxis, shown: Range | null): void {
    this.range.value = shown;
    this.rangeAxis.value = axis === this.xAxis.value ? null : axis;
  }

  setY(metric: string, found: Range | null): void {
    const next = new Map(this.yRanges.value);
    if (found) next.set(metric, found);
    else next.delete(metric);
    this.yRanges.value = next;
  }
}

function one<T extends string>(text: string | null, words: readonly [T, ...T[]]): T {
  return words.find((word) => word === text) ?? words[0];
}

function range(text: string | null): Range | null {
  const found = (text ?? "").split("..").map(Number);
  return text && found.length === 2 && found.every(Number.isFinite) ? [found[0]!, found[1]!] : null;
}

/** A number as short as a chart needs it. */
function short(value: number): string {
  return String(Number(value.toPrecision(12)));
}

/** The chosen theme, remembered by the browser, and whether it comes out dark. */
export function themes(): { theme: Signal<Theme>; dark: Signal<boolean> } {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const kept = remembered("aspara-theme");
  const theme = signal<Theme>(kept === "light" || kept === "dark" ? kept : "system");
  const dark = signal(false);
  const lab = labBody();
  const around = () => (lab ? lab.dataset.jpThemeLight === "false" : system.matches);
  const settle = () => {
    dark.value = theme.value === "dark" || (theme.value === "system" && around());
    document.documentElement.dataset.theme = dark.value ? "dark" : "light";
  };
  system.addEventListener("change", settle);
  if (lab)
    new MutationObserver(settle).observe(lab, {
      attributes: true,
      attributeFilter: ["data-jp-theme-light"],
    });
  effect(() => {
    if (theme.value !== kept) remember("aspara-theme", theme.value);
    settle();
  });
  return { theme, dark };
}

/** The body of the JupyterLab page whose tab we are; null elsewhere. */
function labBody(): HTMLElement | null {
  try {
    const body = window.parent === window ? null : window.parent.document.body;
    return body?.dataset.jpThemeLight === undefined ? null : body;
  } catch {
    return null; // another origin's page
  }
}

// Storage may be forbidden in a frame; then nothing is remembered.
export function remembered(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    return;
  }
}
