import type { Run } from "../core/types";
import { MemorySource } from "../source/memory";

// The picture that a notebook keeps of a finished run is a Plotly figure; its numbers are enough to draw our own charts again.

interface Packed {
  dtype: string;
  bdata: string;
}

interface Trace {
  x?: Packed | number[];
  y?: Packed | (number | null)[];
  meta?: { metric?: string; run?: string };
}

/** The series of a kept figure as a source of these runs, or null where there are none. */
export function staticSource(name: string, runs: readonly Run[], figure: unknown): MemorySource | null {
  const traces = (figure as { data?: Trace[] } | undefined)?.data;
  if (!Array.isArray(traces)) return null;
  const source = new MemorySource(name);
  for (const run of runs) source.addRun(run);
  let found = false;
  for (const trace of traces) {
    const metric = trace.meta?.metric;
    const run = runs.find((one) => one.run === trace.meta?.run) ?? (runs.length === 1 ? runs[0] : undefined);
    if (typeof metric !== "string" || !run) continue;
    const steps = unpack(trace.x);
    const values = unpack(trace.y);
    if (steps.length === 0 || steps.length !== values.length) continue;
    found = true;
    source.setSeries(metric, run.run, {
      steps,
      values: values.map((v) => (Number.isFinite(v) ? v : null)),
      // When each point was logged is not in the figure.
      timestamps: steps.map(() => run.start_time ?? 0),
      nonfinite: {
        inf: positions(values, Number.POSITIVE_INFINITY),
        "-inf": positions(values, Number.NEGATIVE_INFINITY),
      },
      raw: false,
      count: steps.length,
    });
  }
  return found ? source : null;
}

function positions(values: number[], wanted: number): number[] {
  return values.flatMap((value, i) => (value === wanted ? [i] : []));
}

function unpack(data: Packed | (number | null)[] | undefined): number[] {
  if (Array.isArray(data)) return data.map((v) => v ?? Number.NaN);
  if (typeof data?.bdata !== "string") return [];
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(data.bdata), (c) => c.charCodeAt(0));
  } catch {
    return [];
  }
  switch (data.dtype) {
    case "i4":
      return Array.from(new Int32Array(bytes.buffer));
    case "f4":
      return Array.from(new Float32Array(bytes.buffer));
    case "f8":
      return Array.from(new Float64Array(bytes.buffer));
    default:
      return [];
  }
}
