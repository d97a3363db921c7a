// Histograms of many steps as one picture: steps across, values upwards, dark where many values are.

export interface Bins {
  step: number;
  counts: readonly number[];
  /** One more than counts, ascending. */
  edges: readonly number[];
}

export interface Heatmap {
  steps: number[];
  /** The range of values that the rows cover, from the lowest row's lower edge on. */
  low: number;
  high: number;
  rows: number;
  /** Share of a step's values in each row, column after column, lowest row first. */
  cells: Float64Array;
  /** The greatest share. */
  most: number;
}

/** Spreads the bins of each step over common rows; a bin that several rows share is divided by how much of it each holds. */
export function heatmap(histograms: readonly Bins[], rows = 64): Heatmap | null {
  const good = histograms.filter(
    (h) => h.counts.length > 0 && h.edges.length === h.counts.length + 1 && h.edges.every(Number.isFinite),
  );
  if (good.length === 0) return null;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { edges } of good) {
    low = Math.min(low, edges[0]!);
    high = Math.max(high, edges.at(-1)!);
  }
  if (!(high > low)) {
    const room = Math.abs(low) * 0.01 || 0.5;
    low -= room;
    high += room;
  }
  const height = (high - low) / rows;
  const cells = new Float64Array(good.length * rows);
  let most = 0;
  good.forEach(({ counts, edges }, column) => {
    const total = counts.reduce((sum, count) => sum + Math.max(0, count || 0), 0);
    if (total <= 0) return;
    const base = column * rows;
    counts.forEach((count, i) => {
      if (!(count > 0)) return;
      const from = edges[i]!;
      const to = edges[i + 1]!;
      const first = clamp(Math.floor((from - low) / height), rows);
      const last = clamp(Math.ceil((to - low) / height) - 1, rows);
      if (!(to > from) || last <= first) {
        cells[base + first]! += count / total;
        return;
      }
      for (let row = first; row <= last; row++) {
        const part = Math.min(to, low + (row + 1) * height) - Math.max(from, low + row * height);
        cells[base + row]! += ((count / total) * Math.max(0, part)) / (to - from);
      }
    });
    for (let row = 0; row < rows; row++) most = Math.max(most, cells[base + row]!);
  });
  return { steps: good.map((h) => h.step), low, high, rows, cells, most };
}

export type Rgb = readonly [number, number, number];

/** The picture's pixels (RGBA, a pixel a cell, the highest values on top), from the ground's colour to the ink's. */
export function paint(found: Heatmap, ground: Rgb, ink: Rgb): Uint8ClampedArray {
  const width = found.steps.length;
  const pixels = new Uint8ClampedArray(width * found.rows * 4);
  for (let column = 0; column < width; column++) {
    for (let row = 0; row < found.rows; row++) {
      const share = found.cells[column * found.rows + row]! / (found.most || 1);
      // The eye tells small shares apart only where they are lifted.
      const weight = Math.sqrt(share);
      const at = ((found.rows - 1 - row) * width + column) * 4;
      for (let part = 0; part < 3; part++)
        pixels[at + part] = ground[part]! + (ink[part]! - ground[part]!) * weight;
      pixels[at + 3] = 255;
    }
  }
  return pixels;
}

function clamp(row: number, rows: number): number {
  return Math.max(0, Math.min(rows - 1, row));
}
