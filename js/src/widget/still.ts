import { asRun, type Info } from "../source/comm";
import { MemorySource } from "../source/memory";

// The picture that a notebook keeps of a finished run is a Plotly figure; its numbers are enough to draw our own charts again.

interface Packed {
  dtype: string;
  bdata: string;
}

interface Trace {
  x?: Packed | number[];
  y?: Packed | (number | null)[];
  meta?: { metric?: string };
}

/** The series of a kept figure as a source, or null where there are none. */
export function stillSource(info: Info, figure: unknown): MemorySource | null {
  const traces = (figure as { data?: Trace[] } | undefined)?.data;
  if (!Array.isArray(traces)) return null;
  const source = new MemorySource(info.project);
  source.addRun(asRun(info));
  let found = false;
  for (const trace of traces) {
    const metric = trace.meta?.metric;
    if (typeof metric !== "string") continue;
    const steps = unpack(trace.x);
    const values = unpack(trace.y);
    if (steps.length === 0 || steps.length !== values.length) continue;
    found = true;
    source.setSeries(metric, info.run, {
      steps,
      values: values.map((v) => (Number.isFinite(v) ? v : null)),
      // When each point was logged is not in the figure.
      timestamps: steps.map(() => info.start_time),
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
