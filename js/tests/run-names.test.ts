import { describe, expect, it } from "vitest";
import { runLabels, runNames, shortened, shortLabels } from "../src/core/run-names";
import { fileName } from "../src/panel/export";

const run = (stem: string, name: string, start_time: number | null = null) => ({
  run: stem,
  name,
  start_time,
});

describe("runs that share a name", () => {
  it("are told apart by what their files' names have of their own", () => {
    const found = runNames([
      run("base-2", "base"),
      run("base-13", "base"),
      run("base", "base"),
      run("other", "other"),
    ]);
    expect([...found]).toEqual([
      ["base-2", "2"],
      ["base-13", "13"],
      ["base", "base"],
    ]);
  });
  it("are told apart by words, not by parts of words", () =>
    expect([...runNames([run("calm-heron", "x"), run("calm-hen", "x")]).values()]).toEqual(["heron", "hen"]));
  it("that began the file's name are known by when they began", () =>
    expect(runNames([run("a", "x", 0), run("a-2", "x")]).get("a")).toMatch(/\d/));
  it("are none where each has its own", () => expect(runNames([run("a", "a"), run("b", "b")]).size).toBe(0));
});

describe("labels of runs", () => {
  it("tell namesakes apart, the same wherever they stand", () =>
    expect([...runLabels([run("a-2", "a"), run("a-3", "a"), run("b", "b")]).values()]).toEqual([
      "a (2)",
      "a (3)",
      "b",
    ]));
  it("that are long are shortened in the middle", () => {
    expect(shortened("abcdefghij", 7)).toBe("abc…hij");
    expect(shortened("abc", 7)).toBe("abc");
  });
  it("that are long and alike keep what differs", () => {
    const sweep = ["0.1", "0.01"].map(
      (rate) => `resnet50-imagenet-adamw-cosine-lr=${rate}-batch=256-augmented`,
    );
    const labels = shortLabels(sweep, 24);
    expect(labels[0]).toContain("lr=0.1");
    expect(labels[1]).toContain("lr=0.01");
    for (const label of labels) expect(label.length).toBeLessThanOrEqual(24);
  });
});

describe("the name of a saved file", () => {
  it("keeps letters of any language, and nothing that a file system refuses", () => {
    expect(fileName("日本語/損失")).toBe("日本語-損失");
    expect(fileName("val/größe: x?")).toBe("val-größe-x-");
    expect(fileName("..")).not.toMatch(/^\./);
  });
});
