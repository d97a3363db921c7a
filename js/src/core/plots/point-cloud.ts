// Points in space, read out of the files that are logged, and turned to where one looks from.
import { runColor } from "../palette";

export interface Cloud {
  /** x, y, z of each point, one after the other. */
  points: Float64Array;
  /** A colour of each as CSS, or null where all look alike. */
  colors: string[] | null;
  /** Edges as pairs of points, x, y, z each. */
  edges: Float64Array;
  /** How many points there were before some were left out. */
  total: number;
}

/** More points than this are no clearer, only slower. */
const MOST = 40_000;
const ELEMENTS: Readonly<Record<string, string>> = {
  H: "#9aa4b5",
  C: "#5b6475",
  N: "#3b7dd8",
  O: "#d2504a",
  S: "#b8901c",
  P: "#e07b28",
};

/** A scene kept as JSON: rows of x, y, z (and a category, or red, green, blue), and boxes of eight corners. */
export function sceneCloud(scene: unknown): Cloud | null {
  const found = scene as { points?: unknown; boxes?: unknown };
  const rows = (Array.isArray(found?.points) ? found.points : []).filter(
    (row): row is number[] => Array.isArray(row) && row.length >= 3 && row.slice(0, 3).every(Number.isFinite),
  );
  const boxes = Array.isArray(found?.boxes) ? (found.boxes as { corners?: unknown }[]) : [];
  const edges = boxes.flatMap((box) => boxEdges(box?.corners));
  if (rows.length === 0 && edges.length === 0) return null;
  const kept = thinned(rows);
  const color = (row: number[]) =>
    row.length >= 6
      ? `rgb(${row
          .slice(3, 6)
          .map((part) => Math.max(0, Math.min(255, Math.round(part) || 0)))
          .join(" ")})`
      : row.length >= 4
        ? runColor(Math.round(row[3]!) || 0)
        : "";
  return {
    points: flat(kept),
    colors: kept.some((row) => row.length >= 4) ? kept.map(color) : null,
    edges: Float64Array.from(edges),
    total: rows.length,
  };
}

/** The corners of an OBJ file. */
export function objCloud(text: string): Cloud | null {
  const rows = [...text.matchAll(/^v[ \t]+(\S+)[ \t]+(\S+)[ \t]+(\S+)/gm)].map((m) =>
    m.slice(1, 4).map(Number),
  );
  return ofRows(rows);
}

/** The corners of an STL file, text or binary. */
export function stlCloud(content: ArrayBuffer): Cloud | null {
  const view = new DataView(content);
  const count = content.byteLength >= 84 ? view.getUint32(80, true) : 0;
  if (content.byteLength >= 84 && content.byteLength === 84 + 50 * count) {
    const rows: number[][] = [];
    for (let i = 0; i < count; i++)
      for (let corner = 0; corner < 3; corner++) {
        const at = 84 + 50 * i + 12 + 12 * corner;
        rows.push([view.getFloat32(at, true), view.getFloat32(at + 4, true), view.getFloat32(at + 8, true)]);
      }
    return ofRows(rows);
  }
  const text = new TextDecoder().decode(content);
  return ofRows(
    [...text.matchAll(/^\s*vertex\s+(\S+)\s+(\S+)\s+(\S+)/gm)].map((m) => m.slice(1, 4).map(Number)),
  );
}

/** The atoms of a PDB or XYZ file, coloured by element. */
export function moleculeCloud(text: string, format: string): Cloud | null {
  const atoms: [string, number[]][] = [];
  for (const line of text.split("\n")) {
    if (format === "pdb") {
      if (!/^(ATOM|HETATM)/.test(line)) continue;
      const element =
        line.slice(76, 78).trim() ||
        line
          .slice(12, 14)
          .replace(/[\d\s]/g, "")
          .slice(0, 1);
      atoms.push([element, [line.slice(30, 38), line.slice(38, 46), line.slice(46, 54)].map(Number)]);
    } else {
      const found = /^\s*([A-Za-z]{1,2})\s+(\S+)\s+(\S+)\s+(\S+)/.exec(line);
      if (found) atoms.push([found[1]!, found.slice(2, 5).map(Number)]);
    }
  }
  const good = thinned(atoms.filter(([, place]) => place.every(Number.isFinite)));
  if (good.length === 0) return null;
  return {
    points: flat(good.map(([, place]) => place)),
    colors: good.map(([element]) => ELEMENTS[element.toUpperCase()] ?? "#8a63d2"),
    edges: new Float64Array(),
    total: atoms.length,
  };
}

export interface Turn {
  /** Around the upright axis, and up or down, in radians. */
  around: number;
  up: number;
  zoom: number;
}

/**
 * Where points are seen in a square of `size` pixels: x, y and depth (greater is nearer) of each. Looked at from far away,
 * the middle of `frame` in the middle, z upwards.
 */
export function project(places: Float64Array, frame: Frame, turn: Turn, size: number): Float64Array {
  const seen = new Float64Array(places.length);
  const scale = (size / 2 / frame.radius) * 0.95 * turn.zoom;
  const [ca, sa] = [Math.cos(turn.around), Math.sin(turn.around)];
  const [cu, su] = [Math.cos(turn.up), Math.sin(turn.up)];
  for (let i = 0; i < places.length; i += 3) {
    const x = places[i]! - frame.x;
    const y = places[i + 1]! - frame.y;
    const z = places[i + 2]! - frame.z;
    const across = x * ca + y * sa;
    const away = -x * sa + y * ca;
    seen[i] = size / 2 + across * scale;
    seen[i + 1] = size / 2 - (z * cu - away * su) * scale;
    seen[i + 2] = -(away * cu + z * su);
  }
  return seen;
}

export interface Frame {
  x: number;
  y: number;
  z: number;
  radius: number;
}

/** The middle of a cloud, and how far its farthest point is from there. */
export function frame({ points, edges }: Cloud): Frame {
  const low = new Array<number>(3).fill(Number.POSITIVE_INFINITY);
  const high = new Array<number>(3).fill(Number.NEGATIVE_INFINITY);
  for (const places of [points, edges])
    for (let i = 0; i < places.length; i++) {
      low[i % 3] = Math.min(low[i % 3]!, places[i]!);
      high[i % 3] = Math.max(high[i % 3]!, places[i]!);
    }
  const [x, y, z] = low.map((value, axis) => (value + high[axis]!) / 2) as [number, number, number];
  return { x, y, z, radius: Math.hypot(high[0]! - x, high[1]! - y, high[2]! - z) || 1 };
}

/** Points with a colour each, and edges as pairs of points; null where there is neither. */
export function colored(
  rows: readonly { place: number[]; color: string }[],
  edges: readonly number[] = [],
): Cloud | null {
  const good = rows.filter(({ place }) => place.every(Number.isFinite));
  if (good.length === 0 && edges.length === 0) return null;
  const kept = thinned(good);
  return {
    points: flat(kept.map(({ place }) => place)),
    colors: kept.map(({ color }) => color),
    edges: Float64Array.from(edges),
    total: good.length,
  };
}

function ofRows(rows: number[][]): Cloud | null {
  const good = rows.filter((row) => row.every(Number.isFinite));
  if (good.length === 0) return null;
  return { points: flat(thinned(good)), colors: null, edges: new Float64Array(), total: good.length };
}

function thinned<T>(rows: T[]): T[] {
  if (rows.length <= MOST) return rows;
  return Array.from({ length: MOST }, (_, i) => rows[Math.floor((i * rows.length) / MOST)]!);
}

function flat(rows: number[][]): Float64Array {
  const found = new Float64Array(rows.length * 3);
  rows.forEach((row, i) => {
    found.set(row.slice(0, 3), i * 3);
  });
  return found;
}

/** The twelve edges of a box whose corners come in any order: pairs whose middle is no other pair's, as diagonals' is. */
function boxEdges(corners: unknown): number[] {
  if (!Array.isArray(corners) || corners.length !== 8) return [];
  const places = corners as number[][];
  if (!places.every((c) => Array.isArray(c) && c.length >= 3 && c.slice(0, 3).every(Number.isFinite)))
    return [];
  const middles = new Map<string, number[][]>();
  for (let i = 0; i < 8; i++)
    for (let j = i + 1; j < 8; j++) {
      const [a, b] = [places[i]!, places[j]!];
      const middle = [0, 1, 2].map((axis) => Number(((a[axis]! + b[axis]!) / 2).toPrecision(9))).join();
      middles.set(middle, [...(middles.get(middle) ?? []), [...a.slice(0, 3), ...b.slice(0, 3)]]);
    }
  return [...middles.values()].filter((pairs) => pairs.length === 1).flatMap((pairs) => pairs[0]!);
}
