import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { figure } from "../src/chart/figure";
import type { ChartModel, Line } from "../src/chart/model";
import { asNumber } from "../src/core/series";
import { type Smoother, smooth } from "../src/core/smooth";

interface Fixture {
  series: Record<string, { x: number[]; y: (number | string)[] }>;
  cases: { series: string; smoother: Smoother; smoothing: number; smoothed: (number | string)[] }[];
}

const fixture = JSON.parse(
  readFileSync(new URL("../../tests/fixtures/smoothing.json", import.meta.url), "utf8"),
) as Fixture;

const MODEL: ChartModel = {
  metric: "loss",
  lines: [],
  xAxis: "step",
  logY: false,
  smoothing: 0.9,
  dark: false,
  range: null,
};

describe("smoothing", () => {
  it.each(fixture.cases)("of $series by $smoother at $smoothing is the server's", (each) => {
    const { x, y } = fixture.series[each.series]!;
    const values = Float64Array.from(y, (value) => asNumber(value)!);
    const wanted = each.smoothed.map((value) => asNumber(value)!);
    const greatest = Math.max(...[...values].filter(Number.isFinite).map(Math.abs), 1e-300);
    const smoothed = smooth(each.smoother, x, values, each.smoothing);
    expect(smoothed).toHaveLength(wanted.length);
    for (const [i, value] of wanted.entries()) {
      if (Number.isFinite(value)) expect(Math.abs(smoothed[i]! - value) / greatest).toBeLessThan(1e-9);
      else expect(smoothed[i]).toBe(value);
    }
  });

  it("of a run is the same beside a longer one and in a zoomed window", () => {
    const values = Float64Array.from({ length: 200 }, (_, i) => (i * 37) % 11);
    const steps = values.map((_, i) => i);
    const line = (count: number): Line => ({
      run: `r${count}`,
      name: "r",
      color: "#123456",
      start: 0,
      points: {
        steps: steps.subarray(0, count),
        times: steps.subarray(0, count),
        values: values.subarray(0, count),
      },
    });
    const at90 = (lines: Line[], range: [number, number] | null) =>
      figure({ ...MODEL, lines, range }).drawn[0]!.y[90];
    const alone = at90([line(100)], null);
    expect(at90([line(100), line(200)], null)).toBe(alone);
    expect(at90([line(100)], [80, 95])).toBe(alone);
    expect(at90([line(200)], null)).toBe(alone);
  });
});

describe("a line that the server smoothed", () => {
  const line: Line = {
    run: "r",
    name: "r",
    color: "#123456",
    start: 0,
    thinned: true,
    points: {
      steps: Float64Array.of(0, 5, 10),
      times: Float64Array.of(0, 5, 10),
      values: Float64Array.of(0, 9, 1),
    },
    smoothed: { x: Float64Array.of(0, 4, 10), y: Float64Array.of(0, 2, 3) },
  };

  it("is drawn where the server put it, the raw line faint behind it", () => {
    const { data, drawn } = figure({ ...MODEL, lines: [line] });
    const [faint, smoothed] = ["faint0", "line0"].map((uid) => data.find((trace) => trace.uid === uid)!);
    expect([Array.from(faint!.x), Array.from(faint!.y)]).toEqual([
      [0, 5, 10],
      [0, 9, 1],
    ]);
    expect([Array.from(smoothed!.x), Array.from(smoothed!.y)]).toEqual([
      [0, 4, 10],
      [0, 2, 3],
    ]);
    expect(Array.from(drawn[0]!.raw)).toEqual([0, 9, 1]);
  });

  it("has its best value among the raw ones", () => {
    expect(figure({ ...MODEL, lines: [line], best: "max" }).best).toMatchObject({ x: 5, value: 9 });
  });
});

describe("the mean of a group", () => {
  it("is smoothed with its band, faint behind it as it is; the best value is one that there was", () => {
    const x = Float64Array.from({ length: 100 }, (_, i) => i);
    const mean = x.map((i) => (i % 2 ? 5 : 1));
    const band = { key: "k", name: "k", color: "#123456", x, mean, low: mean, high: mean, runs: x };
    const model: ChartModel = { ...MODEL, bands: [band], best: "min" };
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
