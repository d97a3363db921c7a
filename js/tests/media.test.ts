import { describe, expect, it } from "vitest";
import { allSteps, boxesOf, masksOf, placeOf } from "../src/core/media";
import { figure3dCloud, numbers } from "../src/core/plots/figure3d";
import { drawable, whyNot } from "../src/core/plots/logged-figures";
import { readTabState, writeTabState } from "../src/dashboard/run/tab-state";

describe("the steps of media", () => {
  it("show at each step the last that was logged until then", () => {
    const steps = [0, 5, 10];
    expect([-3, 0, 4, 5, 99, null].map((step) => placeOf(steps, step))).toEqual([0, 0, 0, 1, 2, 2]);
    expect([placeOf([], 3), placeOf([], null)]).toEqual([-1, -1]);
  });
  it("of all names are in one slider", () => {
    const key = (steps: number[]) => ({ metric: "", types: [], count: 0, steps, step_count: 0 });
    expect(allSteps([key([0, 10]), key([3, 10])])).toEqual([0, 3, 10]);
  });
});

describe("boxes and masks", () => {
  it("lie where they were given, as corners or middle, in fractions or pixels", () => {
    const data = [
      { position: { minX: 0.1, maxX: 0.3, minY: 0, maxY: 0.5 }, class_id: 1, scores: { p: 0.5 } },
      { position: { middle: [50, 20], width: 10, height: 20 }, domain: "pixel", box_caption: "mine" },
      { position: { minX: "x" } },
      null,
    ];
    const value = { boxes: { guess: { box_data: data, class_labels: { 1: "cat" } } } };
    expect(boxesOf(value, 100, 40).map((b) => [b.label, b.score, b.x, b.y, b.width, b.height])).toEqual([
      ["cat", "p 0.5", 10, 0, expect.closeTo(20), 20],
      ["mine", "", 45, 10, 10, 20],
    ]);
    expect(boxesOf({ boxes: [1] }, 1, 1)).toEqual([]);
  });
  it("are named by the picture's classes where they bring no names", () =>
    expect(masksOf({ classes: { 1: "cat" }, masks: { truth: { path: "media/ab.png" }, odd: {} } })).toEqual([
      { group: "truth", name: "ab.png", labels: { 1: "cat" } },
    ]));
});

describe("a logged figure", () => {
  it("is drawn in the page's colours, without pictures from elsewhere", () => {
    const made = drawable({
      data: [{ y: [1] }, { type: "scattergl" }, { type: "heatmap" }, { type: "surface" }, null],
      layout: {
        images: [{ source: "https://example.org/a.png" }, { source: "data:image/png;base64,x" }],
        height: 9999,
      },
    });
    expect([made.more, made.foreign, made.data.length]).toEqual([true, ["surface"], 4]);
    expect(made.layout({ text: "#111", line: "#222" })).toMatchObject({
      images: [{ source: "data:image/png;base64,x" }],
      height: 640,
      font: { color: "#111" },
      xaxis: { gridcolor: "#222" },
    });
  });
  it.each([null, 3, {}, { data: {} }])("that is none says so", (odd) =>
    expect(() => drawable(odd)).toThrow("no figure"),
  );
});

describe("a figure in space", () => {
  const packed = (...values: number[]) => ({
    dtype: "f8",
    bdata: btoa(String.fromCharCode(...new Uint8Array(Float64Array.from(values).buffer))),
  });

  it("is its points, each axis as long as the others, and its lines", () => {
    const made = figure3dCloud([
      { type: "scatter3d", x: [0, 10], y: [0, 2], z: packed(0, 4), marker: { color: ["red", "#00f"] } },
    ])!;
    expect([Array.from(made.points), made.colors]).toEqual([
      [0, 0, 0, 1, 1, 1],
      ["red", "#00f"],
    ]);
    expect(Array.from(made.edges)).toEqual([0, 0, 0, 1, 1, 1]);
  });
  it("has only lines or only points where it says so", () => {
    const trace = { type: "scatter3d", x: [0, 1], y: [0, 1], z: [0, 1] };
    expect(figure3dCloud([{ ...trace, mode: "markers" }])!.edges).toHaveLength(0);
    expect(figure3dCloud([{ ...trace, mode: "lines" }])!.points).toHaveLength(0);
  });
  it("that is a surface is its crossings, from dark to light", () => {
    const z = [
      [0, 1],
      [2, null],
    ];
    const made = figure3dCloud([{ type: "surface", z, x: [5, 6] }])!;
    expect([made.total, Array.from(made.points).slice(0, 6)]).toEqual([3, [0, 0, 0, 1, 0, 0.5]]);
    expect(new Set(made.colors).size).toBe(3);
    const whole = { ...packed(0, 1, 2, 3, 4, 5), shape: "2, 3" };
    expect(figure3dCloud([{ type: "surface", z: whole }])!.total).toBe(6);
  });
  it("is none where something else is in it, or nothing", () => {
    const odd = [[], [{ type: "scatter3d" }], [{ type: "cone" }], [{ type: "scatter" }]];
    expect(odd.map((traces) => figure3dCloud(traces))).toEqual([null, null, null, null]);
    expect([numbers(null), numbers({ dtype: "x", bdata: "" }), numbers("abc")]).toEqual([[], [], []]);
  });
  it("that is not drawn says why", () => {
    expect(whyNot(["scattermapbox", "treemap"])).toContain(
      "Maps (scattermapbox) are fetched from another host",
    );
    expect(whyNot(["sankey"])).toContain("of the kind sankey take a part of Plotly");
  });
});

describe("the place on a run's page", () => {
  const tabs = ["charts", "media"];
  it("is kept behind the # of the address", () => {
    const place = readTabState("#media?step=3&sort%3Aa%3Fb=-x", tabs);
    expect([place.tab, place.query.get("step"), place.query.get("sort:a?b")]).toEqual(["media", "3", "-x"]);
    expect(readTabState(writeTabState(place), tabs)).toEqual(place);
    expect(writeTabState({ tab: "charts", query: new URLSearchParams() })).toBe("#charts");
  });
  it("is the first tab where there is none of that name", () =>
    expect(["", "#", "#nothing?step=3"].map((hash) => readTabState(hash, tabs).tab)).toEqual([
      "charts",
      "charts",
      "charts",
    ]));
});
