import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { figure } from "../src/chart/figure";
import { FrameQueue } from "../src/chart/frame-queue";
import { decimate } from "../src/core/decimate";
import { envelope, extent } from "../src/core/extent";
import { formatAgo, formatBytes, formatDuration, formatNumber } from "../src/core/format";
import { best, direction, mainMetric } from "../src/core/goals";
import { PALETTE, runColor } from "../src/core/palette";
import { captured, matcher, sections } from "../src/core/sections";
import { byTime, Series } from "../src/core/series";

describe("a series", () => {
  it("goes along time where its steps do not", () => {
    const series = new Series();
    for (const [step, time] of [
      [0, 10],
      [1, 40],
      [2, 20],
      [3, 50],
    ] as const)
      series.append(step, time, step);
    const { times, values } = byTime(series.points());
    expect([[...times], [...values]]).toEqual([
      [10, 20, 40, 50],
      [0, 2, 1, 3],
    ]);
    const rising = new Series();
    rising.append(0, 1, 5);
    const points = rising.points();
    expect(byTime(points)).toBe(points);
  });

  it("takes late points in order, and keeps both of a repeated step", () => {
    const series = new Series();
    for (const [step, time, value] of [
      [1, 10, 1],
      [3, 30, 3],
      [2, 20, 2],
      [2, 21, 2.5],
    ] as const)
      series.append(step, time, value);
    const { steps, values } = series.points();
    expect([...steps]).toEqual([1, 2, 2, 3]);
    expect([...values]).toEqual([1, 2, 2.5, 3]);
  });

  it("stays small however long it runs, and loses no spike and no gap", () => {
    const series = new Series(500);
    for (let i = 0; i < 50_000; i++)
      series.append(i, i, i === 1234 ? 99 : i === 4321 ? Number.NaN : Math.sin(i));
    const { values } = series.points();
    expect(values.length).toBeLessThan(1100);
    expect(Math.max(...[...values].filter((v) => !Number.isNaN(v)))).toBe(99);
    expect([...values].some(Number.isNaN)).toBe(true);
    expect(series.count).toBe(50_000);
  });

  it("puts non-finite values of an answer back", () => {
    const series = Series.from({
      steps: [0, 1, 2],
      timestamps: [0, 1, 2],
      values: [null, null, 1],
      raw: true,
      count: 3,
      nonfinite: { nan: [0], inf: [1] },
    });
    expect([...series.points().values]).toEqual([Number.NaN, Number.POSITIVE_INFINITY, 1]);
  });
});

describe("decimation", () => {
  it("keeps the ends, the extremes and a NaN of each bucket, in ascending order", () => {
    const values = Float64Array.from({ length: 10_000 }, (_, i) =>
      i === 5000 ? -50 : i === 7000 ? Number.NaN : Math.cos(i),
    );
    const kept = [...decimate(values, 300)];
    expect(kept.length).toBeLessThanOrEqual(302);
    expect(kept).toEqual([...kept].sort((a, b) => a - b));
    expect(kept).toContain(0);
    expect(kept).toContain(9999);
    expect(kept).toContain(5000);
    expect(kept).toContain(7000);
  });
});

describe("the value axis", () => {
  const noise = Array.from({ length: 200 }, (_, i) => Math.sin(i));

  it("leaves outliers outside and counts them", () => {
    const seen = extent(Float64Array.from([...noise, 500, -300, 700]), true)!;
    expect(seen.high).toBeLessThan(2);
    expect([seen.above, seen.below, seen.most, seen.least]).toEqual([2, 1, 700, -300]);
  });

  it("shows everything unless asked, and what is no outlier always", () => {
    expect(extent(Float64Array.from([...noise, 500]), false)!.high).toBe(500);
    expect(extent(Float64Array.from(noise), true)).toMatchObject({ above: 0, below: 0 });
    expect(extent(new Float64Array(0), true)).toBeNull();
  });

  it("knows the area that a decimated line stands for", () => {
    const x = Float64Array.from({ length: 100 }, (_, i) => i);
    const area = envelope(
      x,
      Float64Array.from(x, (v) => (v === 42 ? 9 : Math.sin(v))),
      10,
    );
    expect(area.low.length).toBe(10);
    expect(Math.max(...area.high)).toBe(9);
    expect(area.low.every((low, i) => low <= area.high[i]!)).toBe(true);
  });

  it("is as fine at both ends of a logarithmic axis, and begins where that does", () => {
    const x = Float64Array.from({ length: 10_001 }, (_, i) => i);
    const area = envelope(x, x, 4, true);
    expect(area.x.map((at) => Math.round(Math.log10(at) * 2))).toEqual([1, 3, 5, 7]);
    expect([area.low[0], area.high[3]]).toEqual([1, 10_000]);
  });
});

describe("the best value", () => {
  it("is the lowest of a loss and the highest of a score, and of others nobody knows", () => {
    expect(["train/loss", "val/rmse", "accuracy", "val_f1", "lr"].map(direction)).toEqual([
      "min",
      "min",
      "max",
      "max",
      null,
    ]);
    expect(best([Number.NaN, 3, 1, 2], "min")).toBe(2);
    expect(best([Number.NaN], "max")).toBe(-1);
  });

  it("chooses the metric that says most about a project", () => {
    expect(mainMetric(["epoch", "train/loss", "val/loss", "system/cpu", "val/acc"])).toBe("val/loss");
    expect(mainMetric(["system/cpu"])).toBeNull();
  });
});

describe("words for people", () => {
  it("writes numbers, times and sizes shortly", () => {
    expect([0, 1e-9, 0.123456, 12, 1234567, Number.NaN, Number.POSITIVE_INFINITY].map(formatNumber)).toEqual([
      "0",
      "1e−9",
      "0.1235",
      "12",
      "1.23e6",
      "NaN",
      "∞",
    ]);
    expect([5_000, 65_000, 3_700_000, 200_000_000].map(formatDuration)).toEqual([
      "5s",
      "1m 5s",
      "1h 1m",
      "2d 7h",
    ]);
    expect(formatAgo(0, 120_000)).toBe("2m ago");
    expect([12, 1500, 2_500_000].map(formatBytes)).toEqual(["12 B", "1.50 kB", "2.50 MB"]);
  });

  it("groups metrics by what stands before the first slash, system last", () => {
    expect(
      sections(["val/b", "system/cpu", "loss", "val/a", "train/x/y"]).map((s) => [s.name, s.metrics]),
    ).toEqual([
      ["", ["loss"]],
      ["train", ["train/x/y"]],
      ["val", ["val/a", "val/b"]],
      ["system", ["system/cpu"]],
    ]);
  });

  it("keeps the order of sections that somebody chose; new ones come after", () => {
    expect(sections(["a/x", "b/x", "c/x", "loss"], ["c", "a"]).map((s) => s.name)).toEqual([
      "c",
      "a",
      "",
      "b",
    ]);
  });

  it("filters by regular expression, or by text that is none", () => {
    expect(["train/loss", "val/loss", "a(b"].filter(matcher("^val"))).toEqual(["val/loss"]);
    expect(["a(b", "ab"].filter(matcher("a("))).toEqual(["a(b"]);
  });
});

describe("captured metrics", () => {
  it.each([
    ["system/", "system/cpu", "cpu, %"],
    ["system/", "system/disk_read", "disk read, MB/s"],
    ["system/process", "system/process/memory", "memory, MB"],
    ["system/process", "system/process/threads", "threads"],
    ["system/gpu.0", "system/gpu.0/memory_used", "memory used, MB"],
    ["system/gpu.0", "system/gpu.0/temperature", "temperature, °C"],
    ["system/", "system/my_own", "my_own"],
  ])("of %s: %s is called %s", (section, metric, name) => {
    expect(captured(section, metric)).toBe(name);
  });
});

describe("the palette", () => {
  it("is the one that Python has, and every run has a colour", () => {
    const python = readFileSync(new URL("../../aspara/palette.py", import.meta.url), "utf8");
    expect([...python.matchAll(/"(#[0-9a-f]{6})"/g)].map((m) => m[1])).toEqual([...PALETTE]);
    expect(runColor(PALETTE.length + 1)).toBe(PALETTE[1]);
    expect(runColor(-1)).toBe(PALETTE.at(-1));
  });
});

describe("a figure", () => {
  const points = (values: number[]) => ({
    steps: Float64Array.from(values, (_, i) => i),
    times: Float64Array.from(values, (_, i) => 1000 * i),
    values: Float64Array.from(values),
  });
  const model = (values: number[], smoothing = 0) => ({
    metric: "loss",
    lines: [{ run: "r", name: "<b>", color: "#123456", points: points(values), start: 1000 }],
    xAxis: "step" as const,
    logY: false,
    smoothing,
    dark: false,
    range: null,
  });

  it("keeps the raw line behind a smoothed one", () => {
    const zigzag = Array.from({ length: 200 }, (_, i) => (i % 2 ? 5 : 1));
    const { data } = figure(model(zigzag, 0.8));
    expect(Array.from(data[0]!.y)).toEqual(zigzag);
    expect(data[0]!.opacity).toBeLessThan(0.5);
    expect(data[1]!.y[199]).toBeLessThan(4);
  });

  it("marks infinite values at the edge and draws gaps as gaps", () => {
    const { data } = figure(model([1, Number.POSITIVE_INFINITY, Number.NaN, 2])) as {
      data: { connectgaps?: boolean; text?: string[] }[];
    };
    expect(data[0]!.connectgaps).toBe(false);
    expect(data[1]!.text).toEqual(["+∞"]);
  });

  it("marks NaN at the bottom, and says how many values a logarithmic axis has no place for", () => {
    const nan = figure(model([1, Number.NaN, 2]));
    expect((nan.data as { text?: string[] }[])[1]!.text).toEqual(["NaN"]);
    expect(figure({ ...model([1, 0, -1, 10]), logY: true }).unloggable).toBe(2);
    expect(figure({ ...model([1, 2, 3]), logX: true }).unplaced).toBe(1);
  });

  it("marks thousands of NaN no more densely than can be told apart, and all of those zoomed in on", () => {
    const values = Array.from({ length: 6000 }, (_, i) => (i < 3000 ? 1 : Number.NaN));
    const marks = (range: [number, number] | null) =>
      Array.from(figure({ ...model(values), range }).data[1]!.x).filter(
        (x) => !range || (x >= range[0] && x <= range[1]),
      );
    expect(marks(null).length).toBeGreaterThan(20);
    expect(marks(null).length).toBeLessThan(40);
    expect(marks([4000, 4020])).toHaveLength(21);
  });

  it("draws a decimated line with the area it stands for, and groups with their band", () => {
    const line = model(Array.from({ length: 900 }, (_, i) => Math.sin(i)));
    line.lines[0] = { ...line.lines[0]!, thinned: true } as (typeof line.lines)[0];
    expect((figure(line).data as { fill?: string }[]).filter((t) => t.fill === "toself")).toHaveLength(1);
    const two = Float64Array.of(1, 2);
    const band = {
      key: "k",
      name: "lr = 1",
      color: "#123456",
      x: two,
      mean: two,
      low: two,
      high: two,
      runs: [3, 3],
    };
    const { data, drawn } = figure({ ...model([]), lines: [], bands: [band] });
    expect(data).toHaveLength(2);
    expect(drawn[0]).toMatchObject({ run: "k", name: "lr = 1" });
  });

  it("shows the window that was zoomed to, its values filling the height", () => {
    const { layout, extent } = figure({ ...model([100, 1, 2, 3, 100]), range: [1, 3] });
    expect(layout.xaxis.range).toEqual([1, 3]);
    expect(extent).toMatchObject({ low: 1, high: 3 });
  });

  it("never offers to send a chart away", () => {
    expect(figure(model([1])).config).toMatchObject({
      showSendToCloud: false,
      plotlyServerURL: "",
      displaylogo: false,
    });
  });
});

describe("pieces of work in turn", () => {
  it("come in order, and what takes long waits for the next frame", () => {
    const frames: (() => void)[] = [];
    const turns = new FrameQueue((work) => frames.push(work));
    const done: string[] = [];
    const slow = (name: string) => () => {
      const until = performance.now() + 12;
      while (performance.now() < until);
      done.push(name);
    };
    turns.take(() => done.push("a"));
    turns.take(slow("b"));
    turns.take(() => done.push("c"));
    expect(done).toEqual([]);
    frames.shift()!();
    expect(done).toEqual(["a", "b"]);
    frames.shift()!();
    expect(done).toEqual(["a", "b", "c"]);
    expect(frames).toEqual([]);
  });
});
