import { nearest } from "../core/extent";
import { type ChartModel, clockOffset, type Drawn, FAINT, type Figure, figure } from "./figure";
import type { Plotly, PlotlyAxis, PlotlyElement } from "./plotly";
import { Readout, type Row } from "./readout";
import { Turns } from "./turns";

const turns = new Turns((work) => requestAnimationFrame(work));

export interface ChartEvents {
  /** The user chose ranges (ms on the wall axis): `undefined` leaves an axis as it is, null shows all of it. */
  onZoom?(x: [number, number] | null | undefined, y: [number, number] | null | undefined): void;
  /** The pointer stands over an x value (ms on the wall axis) and the nearest run, or left (null). */
  onHover?(at: Pointed | null): void;
  /** A new picture stands. */
  onDraw?(picture: Figure): void;
}

export interface Pointed {
  x: number;
  run: string | null;
}

/** How near to a line, in pixels, the pointer must be to single it out. */
const NEAR = 40;

/**
 * One Plotly chart in an element. Give it models as often as you like: it draws the last one, at most eight times a second,
 * only while it is on the screen, and never while the user drags in it.
 */
export class Chart {
  private model: ChartModel | null = null;
  private picture: Figure | null = null;
  private visible = false;
  private drawnAt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private drawing = false;
  private dirty = false;
  private held = false;
  private highlighted: string | null = null;
  private pointer: { x: number; y: number } | null = null;
  private queued = false;
  private readonly aborter = new AbortController();
  private readonly plot: PlotlyElement = document.createElement("div");
  private readonly readout: Readout;
  private bound = false;

  constructor(
    private readonly el: HTMLElement,
    private readonly plotly: Plotly,
    private readonly events: ChartEvents = {},
    private readonly minInterval = 125,
  ) {
    this.plot.className = "chart-plot";
    this.readout = new Readout();
    el.replaceChildren(this.plot, this.readout.el);
    const { signal } = this.aborter;
    const seen = new IntersectionObserver((entries) => {
      this.visible = entries[entries.length - 1]!.isIntersecting;
      if (this.visible) this.schedule();
    });
    seen.observe(el);
    const sized = new ResizeObserver(() => this.visible && this.bound && this.plotly.Plots.resize(this.plot));
    sized.observe(el);
    el.addEventListener("pointerdown", () => this.hold(), { signal, capture: true });
    el.addEventListener("pointermove", (event) => this.point(event), { signal });
    el.addEventListener("pointerleave", () => this.leave(), { signal });
    el.addEventListener("dblclick", () => this.events.onZoom?.(null, null), { signal });
    el.addEventListener("wheel", (event) => this.wheel(event), { signal, passive: false });
    signal.addEventListener("abort", () => {
      seen.disconnect();
      sized.disconnect();
      clearTimeout(this.timer);
      this.plotly.purge(this.plot);
    });
  }

  update(model: ChartModel): void {
    this.model = model;
    this.dirty = true;
    const points = (sum: number, line: { length: number }) => sum + line.length;
    this.el.dataset.points = String(
      model.lines.map((l) => l.points.values).reduce(points, 0) +
        (model.bands ?? []).map((b) => b.mean).reduce(points, 0),
    );
    this.schedule();
  }

  /** Shows what another chart's pointer stands at, or nothing. */
  follow(at: Pointed | null): void {
    const x = this.axis("x");
    if (!at || !x || !this.visible || !this.picture) {
      this.readout.hide();
      this.highlight(null);
      return;
    }
    const left = x.l2p(this.linear(at.x));
    if (!(left >= 0 && left <= x._length)) {
      this.readout.hide();
      this.highlight(null);
      return;
    }
    this.highlight(at.run);
    this.readout.cross(x._offset + left, this.rows(at.x).find((row) => row.run === at.run) ?? null);
  }

  /** Zooms on the x axis about its middle (`factor` < 1: nearer), or moves along it by parts of what is shown. */
  move(factor: number, shift = 0, about = 0.5): void {
    const range = this.picture?.x;
    if (!range) return;
    const log = this.logX();
    const [low, high] = log ? range.map(Math.log10) : range;
    const width = high! - low!;
    const centre = low! + about * width;
    const next: [number, number] = [
      centre - about * width * factor + shift * width,
      centre + (1 - about) * width * factor + shift * width,
    ];
    this.events.onZoom?.(log ? [10 ** next[0], 10 ** next[1]] : next, undefined);
  }

  image(format: "png" | "svg"): Promise<string> {
    return this.plotly.toImage(this.plot, {
      format,
      width: 900,
      height: 480,
      scale: format === "png" ? 2 : 1,
    });
  }

  destroy(): void {
    this.aborter.abort();
  }

  private schedule(): void {
    if (
      !this.dirty ||
      !this.visible ||
      this.timer !== undefined ||
      this.drawing ||
      this.held ||
      this.aborter.signal.aborted
    )
      return;
    const wait = Math.max(0, this.drawnAt + this.minInterval - performance.now());
    this.timer = setTimeout(() => turns.take(() => void this.draw()), wait);
  }

  private async draw(): Promise<void> {
    this.timer = undefined;
    if (!this.el.isConnected || this.aborter.signal.aborted || !this.model || this.held) return;
    this.dirty = false;
    this.drawing = true;
    const began = performance.now();
    const picture = figure(this.model);
    try {
      const layout = { ...picture.layout, datarevision: began, autosize: true };
      await this.plotly.react(this.plot, picture.data, layout, picture.config);
      if (this.aborter.signal.aborted) return;
      this.picture = picture;
      if (!this.bound) this.bind();
      this.paint();
      this.events.onDraw?.(picture);
      if (this.pointer) this.hover();
    } finally {
      this.drawing = false;
      // A chart that takes long to draw is drawn less often: the page stays quick.
      this.drawnAt = performance.now() + 2 * (performance.now() - began);
      this.schedule();
    }
  }

  private bind(): void {
    this.bound = true;
    this.plot.on?.("plotly_relayout", (change) => this.relayout(change as Record<string, unknown>));
  }

  private relayout(change: Record<string, unknown>): void {
    const range = (axis: "xaxis" | "yaxis"): [number, number] | undefined => {
      const low = change[`${axis}.range[0]`];
      const high = change[`${axis}.range[1]`];
      return low === undefined || high === undefined ? undefined : [toNumber(low), toNumber(high)];
    };
    const x = range("xaxis");
    let y = range("yaxis");
    // Panning tells of both axes: one that has hardly moved was not meant.
    const before = this.shownY();
    if (
      y &&
      before &&
      Math.abs(y[0] - before[0]) + Math.abs(y[1] - before[1]) < 0.06 * (before[1] - before[0])
    )
      y = undefined;
    if (!x && !y) {
      this.update(this.model!);
      return;
    }
    this.events.onZoom?.(x && this.fromPlotly(x), y && (this.model?.logY ? [10 ** y[0], 10 ** y[1]] : y));
  }

  private shownY(): [number, number] | null {
    const layout = this.picture?.layout as { yaxis?: { range?: [number, number] } } | undefined;
    return layout?.yaxis?.range ?? null;
  }

  private fromPlotly(range: [number, number]): [number, number] {
    if (this.logX()) return [10 ** range[0], 10 ** range[1]];
    if (this.model?.xAxis !== "wall") return range;
    return [range[0] + clockOffset(range[0]), range[1] + clockOffset(range[1])];
  }

  private logX(): boolean {
    return Boolean(this.model?.logX) && this.model?.xAxis !== "wall";
  }

  /** An x value in the axis' linear terms. */
  private linear(x: number): number {
    if (this.model?.xAxis === "wall") return x - clockOffset(x);
    return this.logX() ? Math.log10(x) : x;
  }

  private axis(which: "x" | "y"): PlotlyAxis | undefined {
    return this.plot._fullLayout?.[`${which}axis`];
  }

  // -- the pointer ---------------------------------------------------------------------------------------------------

  private hold(): void {
    this.held = true;
    this.readout.hide();
    const release = () => {
      ends.abort();
      // Plotly tells of the zoom right after this.
      setTimeout(() => {
        this.held = false;
        this.schedule();
      }, 0);
    };
    const ends = new AbortController();
    for (const name of ["pointerup", "pointercancel", "mouseup", "blur"])
      window.addEventListener(name, release, { signal: ends.signal, capture: true });
  }

  private point(event: PointerEvent): void {
    const box = this.el.getBoundingClientRect();
    this.pointer = { x: event.clientX - box.left, y: event.clientY - box.top };
    if (this.queued || this.held) return;
    this.queued = true;
    requestAnimationFrame(() => {
      this.queued = false;
      if (this.pointer && !this.held) this.hover();
    });
  }

  private leave(): void {
    if (!this.pointer) return;
    this.pointer = null;
    this.readout.hide();
    this.highlight(null);
    this.events.onHover?.(null);
  }

  private hover(): void {
    const [xAxis, yAxis] = [this.axis("x"), this.axis("y")];
    if (!xAxis || !yAxis || !this.pointer || !this.picture) return;
    const left = this.pointer.x - xAxis._offset;
    const top = this.pointer.y - yAxis._offset;
    if (left < 0 || left > xAxis._length || top < -4 || top > yAxis._length + 4) {
      this.readout.hide();
      this.highlight(null);
      this.events.onHover?.(null);
      return;
    }
    const l = xAxis.p2l(left);
    const x = this.model?.xAxis === "wall" ? l + clockOffset(l) : this.logX() ? 10 ** l : l;
    const rows = this.rows(x);
    let near: Row | null = null;
    let distance = rows.length === 1 ? Number.POSITIVE_INFINITY : NEAR;
    for (const row of rows) {
      const away = Math.abs(row.top - top);
      if (away < distance) {
        near = row;
        distance = away;
      }
    }
    this.highlight(rows.length > 1 ? (near?.run ?? null) : null);
    this.readout.show(
      { left: xAxis._offset + left, top: this.pointer.y, width: this.el.clientWidth },
      x,
      this.model!.xAxis,
      rows,
      near,
    );
    this.events.onHover?.({ x, run: near?.run ?? null });
  }

  /** Each line's point nearest to `x`, if it reaches there, from the top of the chart down. */
  private rows(x: number): Row[] {
    const [xAxis, yAxis] = [this.axis("x"), this.axis("y")];
    if (!xAxis || !yAxis || !this.picture) return [];
    const rows: Row[] = [];
    const place = xAxis.l2p(this.linear(x));
    for (const line of this.picture.drawn) {
      const at = nearest(line.x, x);
      if (at < 0) continue;
      const left = xAxis.l2p(this.linear(line.x[at]!));
      if (outside(line, x) && Math.abs(left - place) > 12) continue;
      const value = line.y[at]!;
      const y = yAxis.l2p(this.model!.logY ? Math.log10(value) : value);
      rows.push({
        run: line.run,
        name: line.name,
        color: line.color,
        x: line.x[at]!,
        value,
        raw: line.raw[at]!,
        low: line.low?.[at] ?? null,
        high: line.high?.[at] ?? null,
        runs: line.runs?.[at] ?? null,
        left: xAxis._offset + left,
        top: Number.isFinite(y) ? y : yAxis._length,
        offset: yAxis._offset,
      });
    }
    return rows.sort((a, b) => a.top - b.top);
  }

  /** Brings a run to the front: the others grow faint. */
  private highlight(run: string | null): void {
    if (run === this.highlighted) return;
    this.highlighted = run;
    this.paint();
  }

  private paint(): void {
    const lines = this.picture?.drawn ?? [];
    const at = this.highlighted === null ? -1 : lines.findIndex((line) => line.run === this.highlighted);
    const mine = new Set(at < 0 ? [] : KINDS.map((kind) => `trace${kind}${at}`));
    for (const node of this.plot.querySelectorAll<SVGGElement>(".scatterlayer .trace")) {
      const chosen = at < 0 || [...node.classList].some((name) => mine.has(name));
      const own = /tracefaint/.test(node.getAttribute("class") ?? "") ? FAINT : 1;
      node.style.opacity = String(chosen ? own : own * 0.15);
      if (chosen && at >= 0) node.parentNode?.append(node);
    }
  }

  private wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    const axis = this.axis("x");
    if (!axis) return;
    const about = (event.clientX - this.el.getBoundingClientRect().left - axis._offset) / axis._length;
    this.move(event.deltaY > 0 ? 1.25 : 0.8, 0, Math.min(1, Math.max(0, about)));
  }
}

const KINDS = ["area", "faint", "line", "inf", "nan", "best"];

function outside(line: Drawn, x: number): boolean {
  return x < line.x[0]! || x > line.x[line.x.length - 1]!;
}

function toNumber(value: unknown): number {
  if (typeof value === "number") return value;
  // Plotly writes dates without a zone and means UTC.
  const text = String(value).replace(" ", "T");
  return Date.parse(
    /Z|[+-]\d\d:\d\d$/.test(text) ? text : `${text}${text.includes("T") ? "" : "T00:00:00"}Z`,
  );
}
