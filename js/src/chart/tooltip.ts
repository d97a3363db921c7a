import { formatNumber, formatSeconds, formatTime } from "../core/format";
import { shortened } from "../core/run-names";
import type { XAxis } from "./model";

/** A line's point under the pointer; places in pixels of the chart. */
export interface Row {
  run: string;
  name: string;
  color: string;
  x: number;
  value: number;
  raw: number;
  low: number | null;
  high: number | null;
  runs: number | null;
  /** How many values that are no numbers stand here, as near as one mark is to the next; 0 of a number, or where points were left out. */
  odd: number;
  left: number;
  top: number;
  offset: number;
}

const MOST = 9;
/** Characters of a run's label. */
const LABEL = 44;

/** What stands over a chart while a pointer does: a line across, a dot on each curve, and the values as a short list. */
export class Tooltip {
  readonly el = document.createElement("div");
  private readonly line = div("chart-cross");
  private readonly box = div("chart-readout");
  private readonly dots = div("chart-dots");

  constructor() {
    this.el.className = "chart-over";
    this.el.append(this.line, this.dots, this.box);
    this.hide();
  }

  hide(): void {
    this.el.hidden = true;
  }

  /** The pointer stands in another chart: the line, and the value of the run that it is nearest to. */
  cross(left: number, row: Row | null): void {
    this.el.hidden = false;
    this.line.style.transform = `translateX(${left}px)`;
    this.dots.replaceChildren(...(row ? [dot(row, true)] : []));
    this.box.hidden = !row;
    if (!row) return;
    const value = entry({ ...row, low: null, high: null, raw: row.value }, false, false);
    value.querySelector(".readout-name")?.remove();
    this.box.replaceChildren(value);
    this.place(left, row.offset, this.el.clientWidth);
  }

  /** The pointer stands here; `rows` from the top down, as the curves do. */
  show(
    at: { left: number; top: number; width: number },
    x: number,
    axis: XAxis,
    rows: Row[],
    near: Row | null,
  ): void {
    this.el.hidden = false;
    this.line.style.transform = `translateX(${at.left}px)`;
    this.dots.replaceChildren(
      ...(rows.length > 12 ? rows.filter((r) => r === near) : rows).map((r) => dot(r, r === near)),
    );
    this.box.hidden = rows.length === 0;
    // With many runs the list is about those around the pointer.
    const middle = near ? rows.indexOf(near) : 0;
    const from = Math.max(0, Math.min(middle - (MOST >> 1), rows.length - MOST));
    const shown = rows.slice(from, from + MOST);
    const head = div("readout-head");
    head.textContent = where(near && rows.length === 1 ? near.x : x, axis);
    const parts: HTMLElement[] = [head];
    if (from > 0) parts.push(more(`${from} above`));
    for (const row of shown) parts.push(entry(row, row === near, rows.length > 1));
    const left = rows.length - from - shown.length;
    if (left > 0) parts.push(more(`${left} below`));
    this.box.replaceChildren(...parts);
    this.place(at.left, at.top, at.width);
  }

  private place(left: number, top: number, width: number): void {
    const wide = this.box.offsetWidth;
    const tall = this.box.offsetHeight;
    const right = left + 14 + wide <= width || left < width / 2;
    // Inside the window, whatever the chart's place in it.
    const chart = this.el.getBoundingClientRect();
    const within = (at: number, size: number, from: number, whole: number) =>
      Math.max(EDGE - from, Math.min(at, whole - EDGE - size - from));
    const x = within(
      right ? left + 14 : left - 14 - wide,
      wide,
      chart.left,
      document.documentElement.clientWidth,
    );
    const y = within(Math.max(-20, top - tall / 2), tall, chart.top, window.innerHeight);
    this.box.style.transform = `translate(${x}px, ${y}px)`;
  }
}

/** Pixels between the list of values and the edge of the window. */
const EDGE = 4;

function where(x: number, axis: XAxis): string {
  if (axis === "wall") return formatTime(x);
  if (axis === "relative") return formatSeconds(x);
  if (axis === "step") return `step ${Math.round(x).toLocaleString("en")}`;
  return `${axis.slice("metric:".length)} ${formatNumber(x)}`;
}

function entry(row: Row, near: boolean, named: boolean): HTMLElement {
  const el = div(near && named ? "readout-row near" : "readout-row");
  const mark = div("readout-mark");
  mark.style.background = row.color;
  const value = div("readout-value");
  value.textContent = formatNumber(row.value) + (row.odd > 1 ? ` × ${row.odd}` : "");
  el.append(mark, value);
  if (row.low !== null && row.high !== null) {
    if (row.low === row.high) return withName(el, row);
    const around = div("readout-raw");
    around.textContent = `${formatNumber(row.low)} … ${formatNumber(row.high)}`;
    el.append(around);
  } else if (!Object.is(row.raw, row.value)) {
    const raw = div("readout-raw");
    raw.textContent = formatNumber(row.raw);
    raw.title = "not smoothed";
    el.append(raw);
  }
  return withName(el, row);
}

function withName(el: HTMLElement, row: Row): HTMLElement {
  const name = div("readout-name");
  const label = shortened(row.name, LABEL);
  name.textContent = row.runs === null ? label : `${label} (${row.runs})`;
  el.append(name);
  return el;
}

function dot(row: Row, near: boolean): HTMLElement {
  const el = div(near ? "chart-dot near" : "chart-dot");
  el.style.background = row.color;
  el.style.transform = `translate(${row.left}px, ${row.offset + row.top}px)`;
  return el;
}

function more(text: string): HTMLElement {
  const el = div("readout-more");
  el.textContent = text;
  return el;
}

function div(name: string): HTMLDivElement {
  const el = document.createElement("div");
  el.className = name;
  return el;
}
