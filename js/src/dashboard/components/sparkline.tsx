import "./sparkline.css";
import { useEffect, useRef, useState } from "preact/hooks";
import { formatNumber } from "../../core/format";
import { mainMetric } from "../../core/goals";
import { decodeValues } from "../../core/series";
import { Limiter } from "../../panel/lazy-mount";
import type { HttpSource } from "../../source/http";
import { useApp } from "../app";
import { useNear } from "./hooks";

const POINTS = 80;
const WIDTH = 120;
const HEIGHT = 28;
/** A project that is being written is looked at again, but not more often than this, ms. */
const PACE = 10_000;

/** Metrics without a finite number that are passed over before the card stays without a curve. */
const ATTEMPTS = 5;

const limiter = new Limiter(3);

interface Curve {
  metric: string;
  values: Float64Array;
}

/** The latest run's main metric, small: loaded when it comes into sight. */
export function Sparkline({ project, changed }: { project: string; changed: number | null }) {
  const { source } = useApp();
  const host = useRef<HTMLSpanElement>(null);
  const seen = useNear(host);
  const [curve, setCurve] = useState<Curve | null | undefined>(undefined);
  const at = useRef(0);
  useEffect(() => {
    if (!seen || changed === null) return;
    const aborter = new AbortController();
    const timer = setTimeout(
      () => {
        at.current = Date.now();
        limiter
          .run(() => load(source, project, aborter.signal), aborter.signal)
          .then(
            (found) => !aborter.signal.aborted && setCurve(found),
            () => undefined, // a picture the less; the page says itself that the server is away
          );
      },
      Math.max(0, at.current + PACE - Date.now()),
    );
    return () => {
      clearTimeout(timer);
      aborter.abort();
    };
  }, [seen, project, changed]);
  const last = curve?.values.findLast(Number.isFinite);
  return (
    <span class="sparkline" ref={host}>
      {curve === null && <span class="faint small">The latest run has no numbers to plot.</span>}
      {curve && last !== undefined && (
        <>
          <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true">
            <path d={path(curve.values)} />
          </svg>
          <span class="spark-text">
            <span class="spark-metric" title={`${curve.metric} of the latest run`}>
              {curve.metric}
            </span>
            <span class="spark-value">{formatNumber(last)}</span>
          </span>
        </>
      )}
    </span>
  );
}

/** The main metric of the project, else of its latest run, else any other of that run that has a number to show. */
async function load(source: HttpSource, project: string, signal: AbortSignal): Promise<Curve | null> {
  const { metrics, latest } = await source.names(project, undefined, signal);
  if (!latest) return null;
  const curve = await curveOf(source, project, latest, mainMetric(metrics), signal);
  if (curve) return curve;
  const own = await source.names(project, [latest], signal);
  let left = own.metrics;
  for (let attempts = 0; attempts < ATTEMPTS && left.length > 0; attempts++) {
    const metric = mainMetric(left);
    const next = await curveOf(source, project, latest, metric, signal);
    if (next || metric === null) return next;
    left = left.filter((name) => name !== metric);
  }
  return null;
}

async function curveOf(
  source: HttpSource,
  project: string,
  run: string,
  metric: string | null,
  signal: AbortSignal,
): Promise<Curve | null> {
  if (!metric) return null;
  const answer = await source.metrics(project, { runs: [run], metrics: [metric], points: POINTS }, signal);
  const data = answer.metrics[metric]?.[run];
  const values = data && decodeValues(data);
  return values?.some(Number.isFinite) ? { metric, values } : null;
}

/** A line over the box, lifted where a value is missing; a value alone is a dot. */
export function path(values: Float64Array): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return "";
  const low = finite.reduce((a, b) => Math.min(a, b));
  const span = finite.reduce((a, b) => Math.max(a, b)) - low || 1;
  let pen = "M";
  let found = "";
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) {
      pen = "M";
      return;
    }
    const x = 1 + ((WIDTH - 2) * i) / Math.max(1, values.length - 1);
    const y = HEIGHT - 2 - ((HEIGHT - 4) * (value - low)) / span;
    found += `${pen}${x.toFixed(1)} ${y.toFixed(1)}${pen === "M" ? "h0" : ""}`;
    pen = "L";
  });
  return found;
}
