import { describe, expect, it } from "vitest";
import { goalOf, goalsOf } from "../src/core/goals";
import { parsePipList } from "../src/core/pip-list";
import { atPlace, axisOf, numberOn, placeOf } from "../src/core/plots/axis";
import { importance, ranks } from "../src/core/plots/importance";
import { goodness, nearestLine, parallel } from "../src/core/plots/parallel";
import { diffLines, hunks, sideBySide } from "../src/core/text/diff";
import type { Run } from "../src/core/types";
import { bestOf, line, linesOf, listed, ordered } from "../src/dashboard/compare/diff-rows";
import { CompareView } from "../src/dashboard/compare/view";

describe("a diff of texts", () => {
  const told = (a: string, b: string) =>
    diffLines([...a], [...b])
      .map((line) => ({ same: "=", gone: "-", new: "+" })[line.kind] + line.text)
      .join("");

  it("is the shortest, and puts one text together again from the other", () => {
    expect(told("abc", "abc")).toBe("=a=b=c");
    expect(told("", "ab")).toBe("+a+b");
    expect(told("ab", "")).toBe("-a-b");
    expect(told("abcabba", "cbabac").match(/[+-]/g)).toHaveLength(5);
    for (const [a, b] of [
      ["abcabba", "cbabac"],
      ["xaybzc", "aqbrcs"],
      ["aaaa", "aabaa"],
    ] as const) {
      const lines = diffLines([...a], [...b]);
      expect(lines.filter((l) => l.kind !== "new").map((l) => l.text)).toEqual([...a]);
      expect(lines.filter((l) => l.kind !== "gone").map((l) => l.text)).toEqual([...b]);
      expect(lines.flatMap((l) => l.left ?? [])).toEqual([...a].map((_, i) => i + 1));
      expect(lines.flatMap((l) => l.right ?? [])).toEqual([...b].map((_, i) => i + 1));
    }
  });

  it("of texts with nothing in common takes no age", () => {
    const many = (word: string) => Array.from({ length: 20_000 }, (_, i) => `${word}${i}`);
    expect(diffLines(many("a"), many("b"))).toHaveLength(40_000);
  });

  it("leaves out what is the same further away, and counts it", () => {
    const before = Array.from({ length: 20 }, (_, i) => `line ${i}`);
    const after = before.map((line, i) => (i === 10 ? "changed" : line));
    const shown = hunks(diffLines(before, after), 2);
    expect(shown.map((l) => (l.kind === "skipped" ? l.count : l.kind))).toEqual([
      8,
      "same",
      "same",
      "gone",
      "new",
      "same",
      "same",
      7,
    ]);
    const pairs = sideBySide(shown);
    expect(pairs[3]).toMatchObject({ left: { text: "line 10" }, right: { text: "changed" } });
    expect(hunks(diffLines(before, before))).toEqual([]);
  });
});

describe("the importance of a parameter", () => {
  const lrs = Array.from({ length: 40 }, (_, i) => 10 ** (-4 + i / 10));

  it("is whole for what decides, with the sign of its direction", () => {
    const falling = importance(
      lrs,
      lrs.map((lr) => 1 / lr),
    )!;
    expect(falling.correlation).toBeCloseTo(-1);
    expect(falling.share).toBeGreaterThan(0.9);
    expect(falling.count).toBe(40);
  });

  it("sees an effect that rises and falls, which no correlation sees", () => {
    const found = importance(
      lrs,
      lrs.map((_, i) => (i - 19.5) ** 2),
    )!;
    expect(Math.abs(found.correlation!)).toBeLessThan(0.1);
    expect(found.share).toBeGreaterThan(0.6);
  });

  it("takes words, and is not fooled by many of them", () => {
    const kinds = lrs.map((_, i) => (i % 2 ? "adam" : "sgd"));
    const good = importance(
      kinds,
      kinds.map((kind, i) => (kind === "adam" ? 1 : 2) + i / 1000),
    )!;
    expect(good.share).toBeGreaterThan(0.7);
    expect(good.correlation).toBeNull();
    const noise = lrs.map((_, i) => Math.sin(i * 12.9898) * 43758.5453).map((v) => v - Math.floor(v));
    const names = lrs.map((_, i) => `name ${i % 20}`);
    expect(importance(names, noise)!.share).toBeLessThan(0.3);
  });

  it("leaves out runs without a result, and is silent where nothing varies", () => {
    expect(importance([1, 2, 3, 4], [1, 2, null, Number.NaN])).toBeNull();
    expect(importance([1, 1, 1], [1, 2, 3])).toBeNull();
    expect(importance([1, 2, 3, null], [1, 2, 3, 4])?.count).toBe(3);
  });

  it("ranks equals alike", () => {
    expect(ranks([10, 30, 20, 20])).toEqual([1, 4, 2.5, 2.5]);
  });
});

describe("an axis", () => {
  it("is logarithmic where positive numbers span two orders, unless somebody says otherwise", () => {
    expect(axisOf([1e-4, 1e-1]).scale).toBe("log");
    expect(axisOf([1e-4, 1e-1], false).scale).toBe("linear");
    expect(axisOf([-1, 1000], true).scale).toBe("linear");
    const many = Array.from({ length: 31 }, (_, i) => 10 ** (-4 + i / 10));
    expect(axisOf(many).ticks.map((t) => t.at)).toEqual([1e-4, 1e-3, 1e-2, 1e-1]);
  });

  it("names each of a few numbers, where there is room", () => {
    expect(axisOf([32, 64, 128, 64]).ticks.map((t) => t.at)).toEqual([32, 64, 128]);
    expect(axisOf([0, 1, 100, null], false).ticks.map((t) => t.text)).toEqual(["0", "100"]);
  });

  it("has one place for each word, in order; numbers among words are words", () => {
    const axis = axisOf(["b", "a10", "a2", true, null, undefined]);
    expect(axis.words).toEqual(["a2", "a10", "b", "true"]);
    expect(numberOn(axis, "b")).toBe(2);
    expect(numberOn(axis, null)).toBeNull();
    expect(atPlace(axis, 0.4)).toBe(1);
  });

  it("finds places and numbers back", () => {
    for (const axis of [axisOf([1e-4, 1e-1]), axisOf([-3, 5]), axisOf([7])])
      expect(atPlace(axis, placeOf(axis, axis.to))).toBeCloseTo(axis.to);
  });
});

describe("parallel coordinates", () => {
  const lr = [1e-3, 1e-2, null, 1e-1];
  const kind = ["a", "b", "a", "b"];
  const dimensions = [
    { field: "lr", axis: axisOf(lr), values: lr },
    { field: "kind", axis: axisOf(kind), values: kind },
  ];
  const frame = { width: 200, height: 100, side: 20, below: 15 };

  it("draws a line for each run; what has no value stands below the axis", () => {
    const picture = parallel(dimensions, [0, 0.5, null, 1], new Map(), frame);
    expect(picture.xs).toEqual([20, 180]);
    expect(picture.ys.map((y) => [...y].map(Math.round))).toEqual([
      [100, 100],
      [50, 0],
      [115, 100],
      [0, 0],
    ]);
    expect(picture.strokes.map((s) => s.shade)).toEqual([-1, 0, 6, 11]);
  });

  it("tells which runs lie within all brushes", () => {
    const brushes = new Map([
      ["lr", [1e-1, 5e-3] as const],
      ["kind", [1, 1] as const],
    ]);
    const picture = parallel(dimensions, [0, 0.5, null, 1], brushes, frame);
    expect(picture.inside).toEqual([false, true, false, true]);
    expect(picture.strokes.map((s) => s.inside)).toEqual([false, false, true, true]);
    expect(nearestLine(picture, 20, 52)).toBe(1);
    expect(nearestLine(picture, 20, 98)).toBe(-1);
  });

  it("colours by the result, the best at the end", () => {
    expect(goodness(axisOf([1, 2, 3]), [1, 2, 3, null], true)).toEqual([1, 0.5, 0, null]);
  });
});

describe("what is said of compared runs", () => {
  it("stands under dotted keys, and tells what differs; a key that one run lacks differs", () => {
    const lines = linesOf("config", [
      { model: { lr: 1, act: "relu" } },
      { model: { lr: 2, act: "relu" }, more: [1] },
    ]);
    expect(lines.map(({ key, values, differs }) => [key, values, differs])).toEqual([
      ["model.lr", [1, 2], true],
      ["model.act", ["relu", "relu"], false],
      ["more", [null, [1]], true],
    ]);
    expect(listed(lines, false, "model").map((item) => ("head" in item ? item.head : item.line.key))).toEqual(
      ["config", "model.lr"],
    );
  });

  it("is best by what the program said, a name before a glob, else by what the name tells", () => {
    const run = (goals: Run["goals"]) => ({ goals }) as Run;
    const said = goalsOf([
      run({ "val/*": "maximize" }),
      run({ "val/loss": "minimize", "val/*": "minimize" }),
    ]);
    expect(["val/x", "val/loss", "train/loss", "odd"].map((name) => goalOf(name, said))).toEqual([
      "max",
      "min",
      "min",
      null,
    ]);
    expect([...bestOf(line("summary", "loss", [2, 1, null, 1], "min"))]).toEqual([1, 3]);
    expect([...bestOf(line("summary", "loss", [1, 1], "min"))]).toEqual([]);
  });

  it("puts runs in order, the best first, then the other way round; those without a value last", () => {
    expect(ordered(line("summary", "acc", [1, null, 3, 2], "max"))).toEqual([2, 3, 0, 1]);
    expect(ordered(line("summary", "acc", [3, 2, 1, null], "max"))).toEqual([2, 1, 0, 3]);
  });

  it("reads lists of packages", () => {
    expect(
      parsePipList("numpy==2.0\nzope.interface==7\n\n# no\nours @ git+https://here/ours@main\n"),
    ).toEqual({
      numpy: "2.0",
      "zope.interface": "7",
      ours: "git+https://here/ours@main",
    });
  });
});

describe("the address of a comparison", () => {
  it("keeps all that was chosen, and nothing of what was not", () => {
    const view = new CompareView();
    view.read(new URLSearchParams("runs=a,b,c"));
    expect(view.write().toString()).toBe("runs=a%2Cb%2Cc");
    expect(view.baseline).toBe("a");
    view.baseline = "b";
    view.tab.value = "parameters";
    view.axes.value = ["config.a,b", "summary.x:y"];
    view.brush("summary.x:y", [0.1, 0.25]);
    view.logs.value = new Map([["config.a,b", false]]);
    view.smoothing.value = 0.5;
    view.remove("c");
    const again = new CompareView();
    again.read(new URLSearchParams(view.write().toString()));
    expect(again.write().toString()).toBe(view.write().toString());
    expect(again.runs.value).toEqual(["a", "b"]);
    expect(again.baseline).toBe("b");
    expect([...again.brushes.value]).toEqual([["summary.x:y", [0.1, 0.25]]]);
    again.remove("b");
    expect(again.baseline).toBe("a");
  });
});
