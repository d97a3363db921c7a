import { describe, expect, it } from "vitest";
import { runNames } from "../src/core/run-names";

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
