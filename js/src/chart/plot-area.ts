import type { Figure } from "./model";

/** Where values of a picture stand in a box of so many pixels, and what stands at a pixel. */
export class PlotArea {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  private readonly logX: boolean;
  private readonly logY: boolean;
  private readonly fromX: number;
  private readonly toX: number;
  private readonly fromY: number;
  private readonly toY: number;

  constructor({ layout }: Figure, width: number, height: number) {
    const { margin, xaxis, yaxis } = layout;
    this.left = margin.l;
    this.top = margin.t;
    this.width = Math.max(1, width - margin.l - margin.r);
    this.height = Math.max(1, height - margin.t - margin.b);
    this.logX = xaxis.type === "log";
    this.logY = yaxis.type === "log";
    [this.fromX, this.toX] = xaxis.range;
    [this.fromY, this.toY] = yaxis.range;
  }

  /** The pixel of a value of a trace; NaN of one that is no number. */
  x(value: number): number {
    return this.left + this.alongX(this.logX ? power(value, this.fromX, this.toX) : value);
  }

  y(value: number): number {
    return this.top + this.alongY(this.logY ? power(value, this.fromY, this.toY) : value);
  }

  /** Pixels from the beginning of the axis, of what is given in the terms of its range. */
  alongX(at: number): number {
    return ((at - this.fromX) / (this.toX - this.fromX)) * this.width;
  }

  /** Pixels from the top. */
  alongY(at: number): number {
    return (1 - (at - this.fromY) / (this.toY - this.fromY)) * this.height;
  }

  /** What stands so many pixels from the beginning of the x axis, in the terms of its range. */
  atX(pixels: number): number {
    return this.fromX + (pixels / this.width) * (this.toX - this.fromX);
  }
}

/** Zero and less lie far out of sight on a logarithmic axis, and lines lead there. */
function power(value: number, from: number, to: number): number {
  return value <= 0 ? from - 3 * (to - from) : Math.log10(value);
}
