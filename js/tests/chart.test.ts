import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exportFigure } from "../src/chart/export-figure";
import { figure } from "../src/chart/figure";
import { type Clock, IdleQueue } from "../src/chart/idle-queue";
import type { ChartModel } from "../src/chart/model";
import { svgPreview } from "../src/chart/svg-preview";
import { type Scale, ticks } from "../src/chart/ticks";
import { columnsIn, spread } from "../src/panel/card-grid";

function model(values: number[], more: Partial<ChartModel> = {}): ChartModel {
  const points = {
    steps: Float64Array.from(values, (_, i) => i),
    times: Float64Array.from(values, (_, i) => 1000 * i),
    values: Float64Array.from(values),
  };
  return {
    metric: "loss",
    lines: [{ run: "r", name: "r", color: "#123456", points, start: 0 }],
    xAxis: "step",
    logY: false,
    smoothing: 0,
    dark: false,
    range: null,
    ...more,
  };
}

/** Every point of a path. */
function pointsOf(d: string): [number, number][] {
  const numbers = (d.match(/-?[\d.]+/g) ?? []).map(Number);
  return numbers.flatMap((x, i) => (i % 2 === 0 ? [[x, numbers[i + 1]!] as [number, number]] : []));
}

describe("a sketch", () => {
  const drawn = (values: number[], more: Partial<ChartModel> = {}) =>
    svgPreview(figure(model(values, more)), 360, 232);

  it("draws a line from corner to corner, as the axes say", () => {
    const { strokes, area } = drawn([0, 50, 100], { yRange: [0, 100], range: [0, 2] });
    expect(area).toEqual({ left: 50, top: 8, width: 300, height: 200 });
    expect(pointsOf(strokes[0]!.d)).toEqual([
      [0, 200],
      [150, 100],
      [300, 0],
    ]);
  });

  it("loses no spike of a line that has more points than it has pixels", () => {
    const values = Array.from({ length: 20_000 }, (_, i) => (i === 12_345 ? 100 : Math.sin(i)));
    const points = pointsOf(drawn(values, { yRange: [-100, 100] }).strokes[0]!.d);
    expect(points.length).toBeLessThan(2500);
    expect(Math.min(...points.map(([, y]) => y))).toBe(0);
  });

  it("lifts the pen at a gap, and marks what has no place", () => {
    const { strokes } = drawn([1, 2, Number.NaN, 2, Number.POSITIVE_INFINITY, 1]);
    const line = strokes.find(({ uid }) => uid === "line0")!;
    expect(line.d.match(/M/g)).toHaveLength(3);
    expect(strokes.map(({ uid }) => uid)).toEqual(["line0", "inf0", "nan0"]);
    expect(strokes[1]).toMatchObject({ free: true, stroke: "#123456", fill: null });
  });

  it("leads out of a logarithmic axis where values have no place on it", () => {
    const { strokes, area } = drawn([1, 0, 1], { logY: true });
    expect(pointsOf(strokes[0]!.d)[1]![1]).toBeGreaterThan(2 * area.height);
  });

  it("needs an edge only where a line leaves its area", () => {
    const out = (more: Partial<ChartModel>) =>
      drawn([0, 1, 2, 3, 4], more).strokes.map((stroke) => stroke.out);
    expect(out({})).toEqual([false]);
    expect(out({ range: [1, 3] })).toEqual([true]);
    expect(out({ yRange: [0, 3] })).toEqual([true]);
  });

  it("says below the first of several moments which day it is", () => {
    const { labels } = drawn([1, 2, 3], { xAxis: "wall" });
    expect(labels.filter(({ below }) => below)).toHaveLength(1);
  });

  it("keeps the raw line faint behind a smoothed one, and rings the best value", () => {
    const { strokes } = drawn([3, 1, 2, 4], { smoothing: 0.5, best: "min" });
    expect(strokes.map(({ uid, opacity }) => [uid, opacity])).toEqual([
      ["faint0", 0.25],
      ["line0", 1],
      ["best0", 1],
    ]);
  });

  it("fills the band of a group", () => {
    const two = Float64Array.of(1, 2);
    const band = {
      key: "k",
      name: "k",
      color: "#123456",
      x: two,
      mean: two,
      low: two,
      high: two,
      runs: [3, 3],
    };
    const { strokes } = drawn([], { lines: [], bands: [band] });
    expect(strokes.map(({ fill }) => fill)).toEqual(["#1234562e", null]);
  });

  it("has its own colours in the dark", () => {
    expect(drawn([1, 2], { dark: true }).ink.color).not.toBe(drawn([1, 2]).ink.color);
  });
});

describe("the room beside the value axis", () => {
  it("is as wide as its longest number, and alike where numbers are short", () => {
    const left = (values: number[]) => figure(model(values)).layout.margin.l;
    expect(left([0, 1])).toBe(left([0, 1000]));
    expect(left([0.0001, 0.0001002])).toBeGreaterThan(left([0, 1]) + 15);
  });
});

describe("a picture that leaves the page", () => {
  const sent = (more: Partial<ChartModel>) => exportFigure(figure(model([1, 2], more)), model([1, 2], more));

  it("says what it shows and names its lines, as texts", () => {
    const lines = ["a <b>", "c"].map((name) => ({ ...model([1, 2]).lines[0]!, name, run: name }));
    const { data, layout } = sent({ metric: "x<y", lines, smoothing: 0.5, xAxis: "relative" });
    expect(layout).toMatchObject({
      title: { text: "x&lt;y" },
      xaxis: { title: { text: "time since the start" } },
      showlegend: true,
    });
    const named = (data as { name: string; showlegend: boolean }[]).filter((trace) => trace.showlegend);
    expect(named.map(({ name }) => name)).toEqual(["a &lt;b&gt;", "c"]);
  });

  it("has a ground of its own, dark in the dark, and nothing of the page's typeface", () => {
    const ground = (dark: boolean) => (sent({ dark }).layout as { paper_bgcolor: string }).paper_bgcolor;
    expect([ground(false), ground(true)]).toEqual(["#ffffff", "#151a22"]);
    expect(JSON.stringify(sent({}).layout)).not.toContain("inherit");
  });
});

describe("the numbers of an axis", () => {
  const along = (low: number, high: number, more: Partial<Scale> = {}) =>
    ticks({ range: [low, high], count: 6, ...more }).map(
      ({ text, power }) => text + (power ? `^${power}` : ""),
    );

  it("are round, and all written in the same unit", () => {
    expect(along(0, 2019)).toEqual(["0", "500", "1000", "1500", "2000"]);
    expect(along(0, 60_000)).toEqual(["0", "10k", "20k", "30k", "40k", "50k", "60k"]);
    expect(along(0, 1_500_000, { count: 3 })).toEqual(["0", "0.5M", "1M", "1.5M"]);
    expect(along(-0.1, 1.1)).toEqual(["0", "0.2", "0.4", "0.6", "0.8", "1"]);
    expect(along(0, 4e-5, { count: 4 })).toEqual(["0", "1e−5", "2e−5", "3e−5", "4e−5"]);
  });

  it("tell neighbours apart, however little they differ", () => {
    expect(along(1000.0001, 1000.0003, { count: 2 })).toEqual(["1000.0001", "1000.0002", "1000.0003"]);
    expect(along(123_456_780, 123_456_800, { count: 2 })).toEqual(["123456780", "123456790", "123456800"]);
  });

  it("are powers on a logarithmic axis of many orders, digits on one of few", () => {
    const log = { log: true };
    expect(along(-4.2, 1.1, log)).toEqual(["0.0001", "0.001", "0.01", "0.1", "1", "10"]);
    expect(along(-9, 1, { log: true, count: 5 })).toEqual(["10^−8", "10^−6", "10^−4", "10^−2", "10^0"]);
    expect(along(0, 2, log)).toEqual(["1", "2", "5", "10", "20", "50", "100"]);
    expect(along(0.1, 0.6, log)).toEqual(["1.5", "2", "2.5", "3", "3.5"]);
  });

  it("are seconds, minutes, hours and days where they are durations", () => {
    const span = (low: number, high: number, more: Partial<Scale> = {}) =>
      along(low, high, { unit: "duration", ...more });
    expect(span(0, 30)).toEqual(["0", "5s", "10s", "15s", "20s", "25s", "30s"]);
    expect(span(0, 2 * 3600, { count: 4 })).toEqual(["0", "30m", "1h", "1h 30m", "2h"]);
    expect(span(-750_000, 0, { count: 3 })).toEqual(["−6d", "−3d", "0"]);
    expect(span(0, 5.5, { log: true })).toEqual(["1s", "10s", "1m", "10m", "1h", "10h", "1d"]);
  });

  it("of nothing are none", () => {
    expect(along(1, 1)).toEqual([]);
    expect(along(Number.NaN, 1)).toEqual([]);
  });
});

describe.each(["UTC", "Asia/Tokyo", "America/New_York", "Asia/Kolkata"])(
  "the times of an axis in %s",
  (zone) => {
    const before = process.env.TZ;
    beforeEach(() => {
      process.env.TZ = zone;
    });
    afterEach(() => {
      process.env.TZ = before ?? "UTC";
    });
    const between = (low: Date, high: Date, count = 6) =>
      ticks({ range: [low.getTime(), high.getTime()], unit: "moment", count });

    it("are those of the viewer's clock", () => {
      const shown = between(new Date(2026, 10, 25, 12), new Date(2026, 10, 25, 13));
      expect(shown.map(({ text }) => text)).toEqual([
        "12:00",
        "12:10",
        "12:20",
        "12:30",
        "12:40",
        "12:50",
        "13:00",
      ]);
      expect(shown.map(({ at }) => at)).toEqual(
        [0, 10, 20, 30, 40, 50, 60].map((minute) => new Date(2026, 10, 25, 12, minute).getTime()),
      );
      expect(shown.map(({ below }) => below)).toEqual(["Nov 25, 2026", ...Array(6).fill(undefined)]);
    });

    it("have parts of seconds, and days beyond a day", () => {
      const noon = new Date(2026, 10, 25, 12);
      expect(between(noon, new Date(noon.getTime() + 1000), 5).map(({ text }) => text)).toEqual(
        [".0", ".2", ".4", ".6", ".8"].map((part) => `12:00:00${part}`).concat("12:00:01.0"),
      );
      const days = between(noon, new Date(2026, 10, 30, 12));
      expect(days.map(({ text }) => text)).toEqual(["Nov 26", "Nov 27", "Nov 28", "Nov 29", "Nov 30"]);
      expect(days.map(({ at }) => new Date(at).getHours())).toEqual([0, 0, 0, 0, 0]);
    });

    it("stay round where the clock is put forward or back", () => {
      for (const [month, day] of [
        [2, 7],
        [9, 31],
      ] as const)
        for (const { at, text } of between(
          new Date(2026, month, day, 20),
          new Date(2026, month, day + 1, 20),
        ))
          expect([text, new Date(at).getMinutes()]).toEqual([text, 0]);
    });

    it("stand where the points are", () => {
      const at = new Date(2026, 10, 25, 12).getTime();
      const points = {
        steps: Float64Array.of(0, 1),
        times: Float64Array.of(at, at + 3_600_000),
        values: Float64Array.of(1, 2),
      };
      const { data, layout } = figure(
        model([], { xAxis: "wall", lines: [{ run: "r", name: "r", color: "#123456", points, start: at }] }),
      );
      expect(Array.from(data[0]!.x)).toEqual([at, at + 3_600_000]);
      expect(layout.xaxis).toMatchObject({ type: "linear", tickvals: expect.arrayContaining([at]) });
    });
  },
);

describe("work for moments of rest", () => {
  /** A clock that is turned by hand; what waits for it is done in order. */
  function turned() {
    const waiting: { at: number; work: () => void }[] = [];
    const clock = {
      time: 1000,
      now: () => clock.time,
      after: (work: () => void, ms: number) => void waiting.push({ at: clock.time + ms, work }),
      idle: (work: () => void) => void waiting.push({ at: clock.time, work }),
      async to(time: number) {
        clock.time = time;
        for (let round = 0; round < 20; round++) {
          const due = waiting.findIndex(({ at }) => at <= time);
          if (due >= 0) waiting.splice(due, 1)[0]!.work();
          await Promise.resolve();
        }
      },
    };
    return clock satisfies Clock;
  }

  it("is done piece by piece while nothing moves, what is pointed at first", async () => {
    const clock = turned();
    const rest = new IdleQueue(clock);
    const done: string[] = [];
    rest.take(() => done.push("a"));
    rest.take(() => done.push("b"));
    rest.take(() => done.push("c"), true);
    await clock.to(1001);
    expect(done).toEqual(["c", "a", "b"]);
  });

  it("waits until the page has stood for a while, and is dropped if nobody wants it any more", async () => {
    const clock = turned();
    const rest = new IdleQueue(clock);
    const done: string[] = [];
    rest.stir();
    rest.take(() => done.push("a"));
    const drop = rest.take(() => done.push("b"));
    await clock.to(1060);
    rest.stir();
    drop();
    await clock.to(1125);
    expect(done).toEqual([]);
    await clock.to(1300);
    expect(done).toEqual(["a"]);
  });
});

describe("sections on the grid of their charts", () => {
  it("have as many columns as there is room for", () => {
    expect(columnsIn(1104, "m")).toBe(3);
    expect(columnsIn(320, "m")).toBe(1);
    expect(columnsIn(0, "l")).toBe(1);
  });

  it("share a row while they fit, in their order, and leave nothing of it empty", () => {
    expect(spread([1, 1, 1], 3)).toEqual([1, 1, 1]);
    expect(spread([1, 4, 2], 3)).toEqual([3, 3, 3]);
    expect(spread([1, 2, 5, 1, 1], 3)).toEqual([1, 2, 3, 1, 2]);
    expect(spread([2, 2], 1)).toEqual([1, 1]);
  });
});
