import { fromAxis, isLogX, toAxis } from "./axes";
import { exportFigure, WIDTH } from "./export-figure";
import { FAINT, figure } from "./figure";
import { FrameQueue } from "./frame-queue";
import type { IdleQueue } from "./idle-queue";
import type { ChartModel, Figure } from "./model";
import { PlotArea } from "./plot-area";
import type { Plotly, PlotlyElement } from "./plotly";
import type { PlotlyPool } from "./plotly-pool";
import { make, render, svgPreview } from "./svg-preview";
import { type Row, Tooltip } from "./tooltip";
import { rowsAt } from "./tooltip-rows";
import type { Visibility } from "./visibility";
import { zoomOf } from "./zoom";

const turns = new FrameQueue((work) => requestAnimationFrame(work));

export interface ChartEvents {
  /** The user chose ranges (ms on the wall axis): `undefined` leaves an axis as it is, null shows all of it. */
  onZoom?(x: [number, number] | null | undefined, y: [number, number] | null | undefined): void;
  /** The pointer stands over an x value (ms on the wall axis) and the nearest run, or left (null). */
  onHover?(at: Pointed | null): void;
  /** A new picture stands. */
  onDraw?(picture: Figure): void;
  /** Plotly draws it now (null), or is not to be had, and why: then the sketch stays. */
  onPlotly?(problem: string | null): void;
}

export interface Pointed {
  x: number;
  run: string | null;
}

/** How near to a line, in pixels, the pointer must be to single it out. */
const NEAR = 40;

/**
 * One chart in an element. Give it models as often as you like: it draws the last one, at most twelve times a second, only while
 * it is on the screen (the first time before it is), and never while the user drags in it. It is sketched at once and drawn by
 * Plotly when the page rests.
 */
export class Chart {
  private model: ChartModel | null = null;
  private picture: Figure | null = null;
  private visible = false;
  /** Not drawn again before, ms. */
  private next = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private due = false;
  private drawing = false;
  private dirty = false;
  private held = false;
  /** What a finger does that is drawn over it: choose a part of it, or else scroll the page and show values. */
  fingersZoom = false;
  private highlighted: string | null = null;
  private pointer: { x: number; y: number } | null = null;
  private queued = false;
  private readonly aborter = new AbortController();
  private readout: Tooltip | null = null;
  private scrap: SVGSVGElement | null = null;
  private plot: { plotly: Plotly; el: PlotlyElement; bound: boolean } | null = null;
  private resigned = () => {};
  private size: readonly [number, number] = [0, 0];
  private sized: ResizeObserver | null = null;

  constructor(
    private readonly el: HTMLElement,
    private readonly plots: PlotlyPool,
    private readonly rest: IdleQueue,
    sights: Visibility,
    private readonly events: ChartEvents = {},
    private readonly minInterval = 80,
  ) {
    const { signal } = this.aborter;
    const blind = sights.watch(el, (visible, width, height) => this.see(visible, width, height));
    // Charts that are only scrolled past need no more than this.
    el.addEventListener("pointerenter", () => this.attend(), { signal, once: true });
    signal.addEventListener("abort", () => {
      blind();
      this.sized?.disconnect();
      clearTimeout(this.timer);
      this.resigned();
      if (!this.plot) return;
      const { plotly, el } = this.plot;
      if (this.drawing) plotly.purge(el);
      else this.plots.give(plotly, el);
    });
  }

  update(model: ChartModel): void {
    this.model = model;
    this.dirty = true;
    this.schedule();
    if (this.visible) this.want(false);
  }

  /** Shows what another chart's pointer stands at, or nothing. */
  follow(at: Pointed | null): void {
    const places = this.places();
    const left = at && places && this.visible ? places.alongX(toAxis(at.x, isLogX(this.model!))) : Number.NaN;
    if (!at || !places || !(left >= 0 && left <= places.width)) {
      this.readout?.hide();
      this.highlight(null);
      return;
    }
    this.highlight(at.run);
    const row = rowsAt(this.model!, this.picture!, places, at.x).find((row) => row.run === at.run);
    this.over().cross(places.left + left, row ?? null);
  }

  /** Brings a run to the front, or none. */
  emphasize(run: string | null): void {
    if (this.visible) this.highlight(run);
  }

  /** Zooms on the x axis about its middle (`factor` < 1: nearer), or moves along it by parts of what is shown. */
  move(factor: number, shift = 0, about = 0.5): void {
    const range = this.picture?.x;
    if (!range) return;
    const log = isLogX(this.model!);
    const [low, high] = log ? range.map(Math.log10) : range;
    const width = high! - low!;
    const centre = low! + about * width;
    const next: [number, number] = [
      centre - about * width * factor + shift * width,
      centre + (1 - about) * width * factor + shift * width,
    ];
    this.events.onZoom?.(log ? [10 ** next[0], 10 ** next[1]] : next, undefined);
  }

  async image(format: "png" | "svg"): Promise<string> {
    const plotly = await this.plots.plotly();
    const model = this.model!;
    const { height, ...content } = exportFigure(this.picture ?? figure(model), model);
    return plotly.toImage(content, { format, width: WIDTH, height, scale: format === "png" ? 2 : 1 });
  }

  destroy(): void {
    this.aborter.abort();
  }

  // -- drawing -------------------------------------------------------------------------------------------------------

  private see(visible: boolean, width: number, height: number): void {
    this.visible = visible;
    this.resize(width, height);
    this.schedule();
    if (visible) this.want(false);
    else this.resigned();
  }

  /** It is to be drawn by Plotly when the page rests: `first`, before the others, where somebody points at it. */
  private want(first: boolean): void {
    if (!this.plot && this.model) this.resigned = this.rest.take(this.sharpen, first);
  }

  private schedule(): void {
    if (
      !this.dirty ||
      !this.size[0] ||
      // The first sketch is made ahead: what comes into sight is there, and is painted once.
      (this.picture && !this.visible) ||
      this.due ||
      this.drawing ||
      this.held ||
      this.aborter.signal.aborted
    )
      return;
    this.due = true;
    const turn = () => turns.take(() => void (this.due && this.draw()));
    const wait = this.next - performance.now();
    if (wait > 0) this.timer = setTimeout(turn, wait);
    else turn();
  }

  private async draw(): Promise<void> {
    clearTimeout(this.timer);
    this.due = false;
    if (!this.el.isConnected || this.aborter.signal.aborted || !this.model || this.held || this.drawing)
      return;
    this.dirty = false;
    this.drawing = true;
    const began = performance.now();
    const picture = figure(this.model);
    try {
      if (this.plot) {
        const layout = { ...picture.layout, datarevision: began, autosize: true };
        await this.plot.plotly.react(this.plot.el, picture.data, layout, picture.config);
        if (this.aborter.signal.aborted) return;
        this.bind();
      } else this.scratch(picture);
      this.picture = picture;
      this.paint();
      this.el.dataset.points = String(points(this.model));
      this.events.onDraw?.(picture);
      if (this.pointer) this.hover();
    } finally {
      this.drawing = false;
      // A chart that takes long to draw is drawn less often: the page stays quick.
      const ended = performance.now();
      this.next = Math.max(began + this.minInterval, ended + 3 * (ended - began));
      this.schedule();
    }
  }

  /** Puts Plotly in the place of the sketch. */
  private readonly sharpen = async (): Promise<void> => {
    if (this.plot || !this.model || this.drawing) return;
    if (!this.sized) {
      this.sized = new ResizeObserver(([entry]) => {
        const { width, height } = entry!.contentRect;
        this.resize(width, height);
      });
      this.sized.observe(this.el);
    }
    try {
      const plotly = await this.plots.plotly();
      if (this.plot || this.aborter.signal.aborted) return;
      this.plot = { plotly, el: this.plots.take(), bound: false };
    } catch (error) {
      if (this.picture) this.scratch(this.picture);
      this.events.onPlotly?.(error instanceof Error ? error.message : String(error));
      return;
    }
    this.el.prepend(this.plot.el);
    await this.draw();
    this.events.onPlotly?.(null);
    this.scrap?.remove();
    this.scrap = null;
  };

  private resize(width: number, height: number): void {
    const [before, tall] = this.size;
    this.size = [width, height];
    if (!this.picture || !this.visible) return;
    if (Math.abs(width - before) < 0.1 && Math.abs(height - tall) < 0.1) return;
    if (this.plot) this.plot.plotly.Plots.resize(this.plot.el);
    else {
      this.scratch(this.picture);
      this.paint();
    }
  }

  private bind(): void {
    if (!this.plot || this.plot.bound) return;
    this.plot.bound = true;
    this.plot.el.on?.("plotly_relayout", (change) => this.relayout(change as Record<string, unknown>));
  }

  private unzoom(): void {
    this.events.onZoom?.(null, null);
  }

  private relayout(change: Record<string, unknown>): void {
    const model = this.model!;
    const { x, y } = zoomOf(change, model, this.picture);
    if (x || y) this.events.onZoom?.(x, y);
    else this.update(model);
  }

  private places(): PlotArea | null {
    return this.picture && new PlotArea(this.picture, ...this.size);
  }

  /** Brings a run to the front: the others grow faint. */
  private highlight(run: string | null): void {
    if (run === this.highlighted) return;
    this.highlighted = run;
    this.paint();
  }

  private paint(): void {
    if (!this.picture) return;
    const at = this.picture.drawn.findIndex((line) => line.run === this.highlighted);
    const front = at < 0 ? null : new Set(KINDS.map((kind) => `${kind}${at}`));
    const drawing = this.plot?.bound ? this.plot.el : this.scrap;
    for (const node of drawing?.querySelectorAll<SVGElement>(".scatterlayer .trace") ?? []) {
      const chosen = !front || [...node.classList].some((name) => front.has(name.replace(/^trace/, "")));
      const own = /tracefaint/.test(node.getAttribute("class") ?? "") ? FAINT : 1;
      node.style.opacity = String(chosen ? own : own * BACK);
      if (chosen && front) node.parentNode?.append(node);
    }
  }

  private scratch(picture: Figure): void {
    if (!this.scrap) {
      this.scrap = make("svg", { class: "chart-sketch", "aria-hidden": "true" });
      this.el.prepend(this.scrap);
    }
    render(this.scrap, svgPreview(picture, ...this.size), this.rest.still);
  }

  // -- the pointer ---------------------------------------------------------------------------------------------------

  private attend(): void {
    const { el } = this;
    const { signal } = this.aborter;
    this.want(true);
    el.addEventListener("pointerenter", () => this.want(true), { signal });
    el.addEventListener("pointerdown", (event) => this.press(event), { signal, capture: true });
    // Plotly would keep the page from scrolling.
    el.addEventListener("touchstart", (event) => this.fingersZoom || event.stopPropagation(), {
      signal,
      capture: true,
      passive: true,
    });
    el.addEventListener("pointermove", (event) => this.point(event), { signal });
    el.addEventListener("pointerleave", () => this.leave(), { signal });
    // Plotly lays something over the page while a button is held: of the second click only its beginning is heard of here.
    el.addEventListener("mousedown", ({ detail }) => detail === 2 && this.unzoom(), {
      signal,
      capture: true,
    });
    el.addEventListener("wheel", (event) => this.wheel(event), { signal, passive: false });
  }

  private over(): Tooltip {
    if (!this.readout) {
      this.readout = new Tooltip();
      this.el.append(this.readout.el);
    }
    return this.readout;
  }

  private press(event: PointerEvent): void {
    if (event.pointerType === "touch" && !this.fingersZoom) this.point(event);
    else this.hold();
  }

  private hold(): void {
    if (!this.plot) return;
    this.held = true;
    this.readout?.hide();
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
    this.readout?.hide();
    this.highlight(null);
    this.events.onHover?.(null);
  }

  private hover(): void {
    const places = this.places();
    if (!places || !this.pointer) return;
    const left = this.pointer.x - places.left;
    const top = this.pointer.y - places.top;
    if (left < 0 || left > places.width || top < -4 || top > places.height + 4) {
      this.readout?.hide();
      this.highlight(null);
      this.events.onHover?.(null);
      return;
    }
    const x = fromAxis(places.atX(left), isLogX(this.model!));
    const rows = rowsAt(this.model!, this.picture!, places, x);
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
    this.over().show(
      { left: places.left + left, top: this.pointer.y, width: this.size[0] },
      x,
      this.model!.xAxis,
      rows,
      near,
    );
    this.events.onHover?.({ x, run: near?.run ?? null });
  }

  private wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
    const places = this.places();
    event.preventDefault();
    if (!places) return;
    const about = (event.clientX - this.el.getBoundingClientRect().left - places.left) / places.width;
    this.move(event.deltaY > 0 ? 1.25 : 0.8, 0, Math.min(1, Math.max(0, about)));
  }
}

/** Lines that are not pointed at, beside the one that is. */
const BACK = 0.15;
const KINDS = ["area", "faint", "line", "inf", "nan", "best"];

/** How many points a model has. */
function points({ lines, bands }: ChartModel): number {
  const sum = (before: number, column: ArrayLike<number>) => before + column.length;
  return lines.map((l) => l.points.values).reduce(sum, 0) + (bands ?? []).map((b) => b.mean).reduce(sum, 0);
}
