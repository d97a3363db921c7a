// Media of a run as the API tells them, and which of their steps are shown.
import type { Json } from "./types";

export interface MediaKey {
  metric: string;
  types: string[];
  count: number;
  /** Ascending; of very many some are left out. */
  steps: number[];
  step_count: number;
}

export interface MediaItem {
  metric: string;
  step: number;
  timestamp: number;
  index: number;
  type: string;
  path: string | null;
  name: string | null;
  size: number | null;
  caption: string | null;
  value: Record<string, Json>;
}

/** The last of `steps` that is not after `wanted` (null: the last one); the first where all are. -1 where there is none. */
export function placeOf(steps: readonly number[], wanted: number | null): number {
  if (wanted === null) return steps.length - 1;
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle]! <= wanted) low = middle + 1;
    else high = middle;
  }
  return steps.length === 0 ? -1 : Math.max(0, low - 1);
}

/** All steps at which one of the keys has something, ascending. */
export function allSteps(keys: readonly MediaKey[]): number[] {
  const found = new Set<number>();
  for (const key of keys) for (const step of key.steps) found.add(step);
  return [...found].sort((a, b) => a - b);
}

export interface Box {
  label: string;
  group: string;
  score: string;
  /** In pixels of the picture. */
  x: number;
  y: number;
  width: number;
  height: number;
  kind: number;
}

/** The boxes of a picture in its pixels, whichever way they were given: corners or middle, fractions or pixels. */
export function boxesOf(value: Record<string, Json>, width: number, height: number): Box[] {
  const groups = record(value.boxes);
  const classes = record(value.classes);
  return Object.entries(groups).flatMap(([group, given]) => {
    const found = record(given);
    const labels = record(found.class_labels);
    return (Array.isArray(found.box_data) ? found.box_data : []).flatMap((raw): Box[] => {
      const box = record(raw);
      const at = record(box.position);
      const scale = box.domain === "pixel" ? [1, 1] : [width, height];
      const number = (name: string) => (typeof at[name] === "number" ? (at[name] as number) : Number.NaN);
      const middle = Array.isArray(at.middle) ? at.middle.map(Number) : null;
      const [w, h] = middle
        ? [number("width"), number("height")]
        : [number("maxX") - number("minX"), number("maxY") - number("minY")];
      const [x, y] = middle ? [middle[0]! - w / 2, middle[1]! - h / 2] : [number("minX"), number("minY")];
      if (![x, y, w, h].every(Number.isFinite)) return [];
      const id = box.class_id === undefined || box.class_id === null ? "" : String(box.class_id);
      const scores = Object.entries(record(box.scores)).map(([name, score]) => `${name} ${score}`);
      return [
        {
          label: String(box.box_caption ?? labels[id] ?? classes[id] ?? (id ? `class ${id}` : group)),
          group,
          score: scores.join(", "),
          x: x * scale[0]!,
          y: y * scale[1]!,
          width: w * scale[0]!,
          height: h * scale[1]!,
          kind: Number(id) || 0,
        },
      ];
    });
  });
}

export interface Mask {
  group: string;
  /** The media file whose pixels are class numbers. */
  name: string;
  labels: Record<string, string>;
}

export function masksOf(value: Record<string, Json>): Mask[] {
  const classes = record(value.classes);
  return Object.entries(record(value.masks)).flatMap(([group, given]) => {
    const found = record(given);
    if (typeof found.path !== "string") return [];
    const labels = Object.entries({ ...classes, ...record(found.class_labels) });
    return [
      {
        group,
        name: found.path.slice(found.path.lastIndexOf("/") + 1),
        labels: Object.fromEntries(labels.map(([id, text]) => [id, String(text)])),
      },
    ];
  });
}

export function record(value: Json | undefined): Record<string, Json> {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
}

/** What a downloaded media file is called. */
export function fileName({ metric, step, index, name }: MediaItem): string {
  const ending = name?.split(".").pop() ?? "bin";
  return `${metric.replace(/[^\w.-]+/g, "-")}-${step}${index ? `-${index}` : ""}.${ending}`;
}
