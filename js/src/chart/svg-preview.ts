import type { Dash } from "../core/palette";
import { FAINT } from "./figure";
import type { Figure, Trace } from "./model";
import { PlotArea } from "./plot-area";
import type { Tick } from "./ticks";

/** A text beside an axis; `x` and `y` in pixels of the whole. */
export interface Label extends Tick {
  x: number;
  y: number;
  side: "left" | "bottom";
}

/** What one trace comes to: the data of an SVG path, in pixels of the area within the axes. */
export interface Stroke {
  uid: string;
  d: string;
  stroke: string | null;
  width: number;
  fill: string | null;
  opacity: number;
  dash?: Dash;
  /** Dots on the line, in its colour. */
  dots?: string;
  /** May stick out of the area. */
  free: boolean;
  /** Some of it lies outside. */
  out: boolean;
}

export interface SvgPreview {
  area: { left: number; top: number; width: number; height: number };
  /** Paths in pixels of the whole. */
  grid: { d: string; color: string };
  axes: { d: string; color: string };
  labels: Label[];
  ink: { size: number; color: string };
  strokes: Stroke[];
}

/**
 * What Plotly would draw, reckoned in a thirtieth of the time: a page of many charts scrolls over sketches, and those that
 * somebody stops at are drawn by Plotly; pure. SVG and no canvas, for each canvas is a layer of its own that every frame puts
 * together anew.
 */
export function svgPreview(picture: Figure, width: number, height: number): SvgPreview {
  const places = new PlotArea(picture, width, height);
  const { xaxis } = picture.layout;
  const area = { left: places.left, top: places.top, width: places.width, height: places.height };
  const [right, bottom] = [area.left + area.width, area.top + area.height];
  const across = picture.ticks.x.map((tick) => ({ ...tick, x: area.left + places.alongX(tick.at) }));
  const up = picture.ticks.y.map((tick) => ({ ...tick, y: area.top + places.alongY(tick.at) }));
  const { size } = xaxis.tickfont;
  return {
    area,
    grid: {
      // Lines in the middle of pixels are one pixel wide.
      d: [
        ...across.map(({ x }) => `M${crisp(x)} ${area.top}V${bottom}`),
        ...up.map(({ y }) => `M${area.left} ${crisp(y)}H${right}`),
      ].join(""),
      color: xaxis.gridcolor,
    },
    axes: {
      d: `M${area.left - 0.5} ${area.top}V${bottom + 0.5}H${right}`,
      color: xaxis.linecolor,
    },
    labels: [
      ...across.map((tick) => ({ ...tick, y: bottom + 3.5 + size, side: "bottom" as const })),
      ...up.map((tick) => ({
        ...tick,
        x: area.left - 3,
        y: tick.y + size * 0.35,
        side: "left" as const,
      })),
    ],
    ink: { size, color: xaxis.tickfont.color },
    strokes: picture.data.map((trace) => stroked(trace, places)),
  };
}

function stroked(trace: Trace, places: PlotArea): Stroke {
  const common = {
    uid: trace.uid,
    opacity: trace.uid.startsWith("faint") ? FAINT : 1,
    free: !trace.cliponaxis,
  };
  if (trace.mode === "markers") {
    const { color, symbol, line } = trace.marker!;
    const open = symbol !== undefined;
    return {
      ...common,
      d: marks(trace, places),
      out: true,
      stroke: open ? color : null,
      width: line?.width ?? 1,
      fill: open ? null : color,
    };
  }
  if (trace.fill)
    return { ...common, ...outline(trace, places), stroke: null, width: 0, fill: trace.fillcolor! };
  return {
    ...common,
    ...curve(trace, places),
    ...(trace.mode === "lines+markers" ? { dots: marks(trace, places) } : {}),
    ...(trace.line!.dash ? { dash: trace.line!.dash } : {}),
    stroke: trace.line!.color!,
    width: trace.line!.width,
    fill: null,
  };
}

/** Lengths of strokes and gaps, in widths of the line, as Plotly has them. */
const PATTERNS: Readonly<Record<Dash, readonly number[] | null>> = { solid: null, dash: [3, 3], dot: [1, 1] };

/** A line, lifted where a value is missing: of each column of pixels the ends and the extremes. */
function curve({ x, y }: Trace, places: PlotArea): { d: string; out: boolean } {
  let d = "";
  let out = false;
  let pen = "M";
  let column = Number.NaN;
  let [first, last, low, high] = [0, 0, 0, 0];
  const flush = () => {
    if (Number.isNaN(column)) return;
    const rest =
      high > low ? `${pen === "M" ? "L" : ""}${column} ${tenth(low)} ${column} ${tenth(high)} ` : "";
    d += `${pen}${column} ${tenth(first)} ${rest}${rest ? `${column} ${tenth(last)} ` : ""}`;
    out ||= beyond(places, column, low) || beyond(places, column, high);
    pen = "L";
    column = Number.NaN;
  };
  for (let i = 0; i < y.length; i++) {
    const atX = tenth(places.x(x[i]!) - places.left);
    const atY = places.y(y[i]!) - places.top;
    if (!Number.isFinite(atX + atY)) {
      flush();
      pen = "M";
      continue;
    }
    if (Math.abs(atX - column) < 0.5) {
      last = atY;
      if (atY < low) low = atY;
      else if (atY > high) high = atY;
      continue;
    }
    flush();
    column = atX;
    first = last = low = high = atY;
  }
  flush();
  return { d, out };
}

/** The edge of an area; it goes on over what is missing. */
function outline({ x, y }: Trace, places: PlotArea): { d: string; out: boolean } {
  let d = "";
  let out = false;
  let [lastX, lastY] = [Number.NaN, Number.NaN];
  for (let i = 0; i < y.length; i++) {
    const atX = tenth(places.x(x[i]!) - places.left);
    const atY = tenth(places.y(y[i]!) - places.top);
    if (!Number.isFinite(atX + atY) || Math.abs(atX - lastX) + Math.abs(atY - lastY) < 0.5) continue;
    d += `${d ? "L" : "M"}${atX} ${atY}`;
    out ||= beyond(places, atX, atY);
    lastX = atX;
    lastY = atY;
  }
  return { d: `${d}Z`, out };
}

function beyond({ width, height }: PlotArea, x: number, y: number): boolean {
  return x < -1 || x > width + 1 || y < -1 || y > height + 1;
}

function marks({ x, y, marker }: Trace, places: PlotArea): string {
  const { symbol } = marker!;
  const sizes = marker!.size;
  let d = "";
  for (let i = 0; i < x.length; i++) {
    const size = typeof sizes === "number" ? sizes : sizes[i]!;
    if (size === 0 || !Number.isFinite(y[i]!)) continue;
    const half = size / 2;
    const atX = tenth(places.x(x[i]!) - places.left);
    const atY = tenth(places.y(y[i]!) - places.top);
    const inside = atX > -1 && atX < places.width + 1 && atY > -1 && atY < places.height + 1;
    if (!inside) continue;
    const kind = typeof symbol === "string" ? symbol : (symbol?.[i] ?? "");
    if (kind === "x-thin-open")
      d += `M${atX - half} ${atY - half}l${size} ${size}m0 ${-size}l${-size} ${size}`;
    else if (kind.startsWith("triangle")) {
      const up = kind.startsWith("triangle-up") ? 1 : -1;
      d += `M${atX - half} ${atY + (up * half) / 2}h${size}L${atX} ${atY - up * half}Z`;
    } else d += `M${atX - half} ${atY}a${half} ${half} 0 1 0 ${size} 0a${half} ${half} 0 1 0 ${-size} 0`;
  }
  return d;
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}

function crisp(value: number): number {
  return Math.floor(value) + 0.5;
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * Puts a sketch into an `svg` element, in place of what is there. Traces carry the names that Plotly gives to theirs. Lines are
 * `full` or a pixel wide: those cost a quarter to paint.
 */
export function render(svg: SVGSVGElement, found: SvgPreview, full = true): void {
  const { area, grid, axes, labels, ink, strokes } = found;
  const inner = { x: area.left, y: area.top, width: area.width, height: area.height };
  const plain = { transform: `translate(${area.left} ${area.top})`, class: "scatterlayer" };
  // What needs no edge gets none: each is one more thing to paint by itself.
  const edged = strokes.some((stroke) => stroke.out && !stroke.free);
  const free = make("g", plain);
  const clipped = edged ? make("svg", { ...inner, overflow: "hidden", class: "scatterlayer" }) : free;
  for (const stroke of strokes) {
    const path = make("path", {
      d: stroke.d,
      class: `trace trace${stroke.uid}`,
      fill: stroke.fill ?? "none",
      stroke: stroke.stroke ?? "none",
      "stroke-width": full ? stroke.width : Math.min(1, stroke.width),
      "stroke-linejoin": "round",
    });
    const pattern = PATTERNS[stroke.dash ?? "solid"];
    // Plotly takes thin lines as three pixels wide for this.
    if (pattern)
      path.setAttribute("stroke-dasharray", pattern.map((n) => n * Math.max(3, stroke.width)).join(" "));
    const drawn = [path];
    if (stroke.dots)
      drawn.push(make("path", { d: stroke.dots, class: `trace trace${stroke.uid}`, fill: stroke.stroke! }));
    for (const each of drawn) {
      if (stroke.opacity < 1) each.style.opacity = String(stroke.opacity);
      (stroke.free ? free : clipped).append(each);
    }
  }
  const texts = make("g", { "font-size": ink.size, fill: ink.color });
  for (const { x, y, text, power, below, side } of labels) {
    const label = make("text", { x, y, "text-anchor": side === "left" ? "end" : "middle" });
    label.append(text);
    const add = (more: string, at: Record<string, number>) => {
      const part = make("tspan", at);
      part.append(more);
      label.append(part);
    };
    // As Plotly writes <sup>.
    if (power) add(power, { dy: -ink.size * 0.42, "font-size": ink.size * 0.7 });
    if (below) add(below, { x, dy: ink.size * 1.3 });
    texts.append(label);
  }
  svg.replaceChildren(
    make("path", { d: grid.d, stroke: grid.color, fill: "none" }),
    make("path", { d: axes.d, stroke: axes.color, fill: "none" }),
    ...(edged ? [clipped] : []),
    free,
    texts,
  );
}

export function make<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string | number>>,
): SVGElementTagNameMap[K] {
  const el = document.createElementNS(SVG, name) as SVGElementTagNameMap[K];
  for (const [key, value] of Object.entries(attributes)) el.setAttribute(key, String(value));
  return el;
}
