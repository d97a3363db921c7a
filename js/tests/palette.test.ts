import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { dealColors, runColor, runDash } from "../src/core/palette";

const { cases } = JSON.parse(
  readFileSync(new URL("../../tests/fixtures/colors.json", import.meta.url), "utf8"),
) as { cases: { own: number[]; slots: number[]; colors: string[]; dashes: string[] }[] };

const runs = (own: number[]) => own.map((color, i) => ({ run: `r${i}`, color }));

describe("colours of the runs that are shown", () => {
  it.each(cases)("of $own are dealt as in Python", ({ own, slots, colors, dashes }) => {
    const dealt = [...dealColors(runs(own)).values()];
    expect(dealt).toEqual(slots);
    expect(dealt.map(runColor)).toEqual(colors);
    expect(dealt.map(runDash)).toEqual(dashes);
  });

  it("stay while the runs are shown, and are free again when they are not", () => {
    const [first, second, third] = runs([0, 12, 24]);
    const two = dealColors([first!, second!]);
    expect([...two.values()]).toEqual([0, 1]);
    const without = dealColors([second!], two);
    expect(without.get("r1")).toBe(1);
    expect([...dealColors([second!, third!], without)]).toEqual([
      ["r1", 1],
      ["r2", 0],
    ]);
  });
});
