import { describe, expect, it } from "vitest";
import { figure } from "../src/chart/figure";
import type { ChartModel, Line } from "../src/chart/model";
import { decimate } from "../src/core/decimate";
import { ema, smoothMeans } from "../src/core/smooth";
import { lineMeans } from "../src/panel/line-means";

const COUNT = 200_000;
/** A bucket of the envelope that a server sends. */
const BUCKET = COUNT / 400;

/** Noise that lies further above its mean than below, the same each time; and what is left of it in a chart. */
function skewed() {
  let state = 1;
  const x = Float64Array.from({ length: COUNT }, (_, i) => i);
  const y = x.map(() => {
    state = (state * 48271) % 2147483647;
    return -Math.log(state / 2147483647);
  });
  const kept = decimate(y, 1500);
  const starts = Array.from({ length: 400 }, (_, i) => i * BUCKET);
  const envelope = {
    from: starts,
    to: starts.map((at) => at + BUCKET - 1),
    mean: starts.map((at) => y.subarray(at, at + BUCKET).reduce((sum, v) => sum + v, 0) / BUCKET),
    count: starts.map(() => BUCKET),
    nonfinite: starts.map(() => 0),
  };
  return { x, y, steps: Float64Array.from(kept), values: Float64Array.from(kept, (i) => y[i]!), envelope };
}

function lineOf(steps: Float64Array, values: Float64Array): Line {
  return {
    run: "r",
    name: "r",
    color: "#123456",
    points: { steps, times: steps, values },
    start: 0,
    thinned: true,
  };
}

describe("a smoothed line of which only some points are left", () => {
  const { x, y, steps, values, envelope } = skewed();
  const line = lineOf(steps, values);

  it.each([0.5, 0.9, 0.99])("lies where all points would put it, at weight %d", (weight) => {
    const all = ema(x, y, weight);
    const means = lineMeans(line, envelope, "step");
    const found = smoothMeans("ema", steps, values, means, weight, COUNT - 1);
    const apart = Array.from(found, (value, i) => Math.abs(value - all[steps[i]!]!));
    // The first few are the mean of very few.
    expect(Math.max(...apart.slice(100))).toBeLessThan(0.1);
    expect(Math.abs(ema(steps, values, weight)[700]! - all[steps[700]!]!)).toBeGreaterThan(1);
  });

  it("keeps gaps, and takes what was logged since as it is", () => {
    const holed = Float64Array.from([1, Number.NaN, 3, 100]);
    const since = lineOf(Float64Array.from([0, 1, 2, 1000]), holed);
    const bucket = { from: [0], to: [2], mean: [2], count: [3], nonfinite: [1] };
    const means = lineMeans(since, bucket, "step");
    expect([...means.x]).toEqual([1, 1000]);
    expect([...means.counts]).toEqual([2, 1]);
    const found = smoothMeans("ema", since.points.steps, holed, means, 0.5);
    expect(Number.isNaN(found[1]!)).toBe(true);
    expect(found[0]).toBe(2);
    expect(found[3]).toBeCloseTo(100);
  });

  it("is drawn with the raw line faint behind it", () => {
    const model: ChartModel = {
      metric: "loss",
      lines: [{ ...line, means: lineMeans(line, envelope, "step") }],
      xAxis: "step",
      logY: false,
      smoothing: 0.9,
      dark: false,
      range: null,
    };
    const { data } = figure(model);
    const [faint, smoothed] = ["faint0", "line0"].map((uid) => data.find((trace) => trace.uid === uid)!);
    expect(Math.max(...Array.from(faint!.y))).toBe(Math.max(...values));
    expect(smoothed!.y[700]).toBeCloseTo(1, 0);
  });
});

describe("the mean of a group", () => {
  it("is smoothed with its band, faint behind it as it is; the best value is one that there was", () => {
    const x = Float64Array.from({ length: 100 }, (_, i) => i);
    const mean = x.map((i) => (i % 2 ? 5 : 1));
    const band = { key: "k", name: "k", color: "#123456", x, mean, low: mean, high: mean, runs: x };
    const model: ChartModel = {
      metric: "loss",
      lines: [],
      bands: [band],
      xAxis: "step",
      logY: false,
      smoothing: 0.9,
      dark: false,
      range: null,
      best: "min",
    };
    const { data, best } = figure(model);
    expect(data.map(({ uid }) => uid)).toEqual(["area0", "faint0", "line0", "best0"]);
    expect([...Array.from(data[1]!.y)]).toEqual([...mean]);
    expect(data[2]!.y[99]).toBeCloseTo(3, 0);
    expect(best!.value).toBe(1);
    expect(figure({ ...model, smoothing: 0 }).data.map(({ uid }) => uid)).toEqual([
      "area0",
      "line0",
      "best0",
    ]);
  });
});
