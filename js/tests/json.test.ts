import { describe, expect, it } from "vitest";
import { digitsFor, formatExact, formatPrecise, formatValue } from "../src/core/format";
import { parseJson, stringify } from "../src/core/json";
import { matcher, regexProblem } from "../src/core/sections";
import type { Json } from "../src/core/types";
import { type ColumnsAnswer, RunColumns } from "../src/dashboard/table/columns";
import { csv } from "../src/dashboard/table/csv";
import { sorted, valueIn } from "../src/dashboard/table/view";
import { ChartSettings } from "../src/state/chart-settings";

const SEED = "1234567890123456789";

describe("integers beyond 2**53", () => {
  it("keep their digits, and nothing else changes", () => {
    const text = `{"seed":${SEED},"neg":[-${SEED},9007199254740991],"f":0.1234567890123456789,"e":12345678901234567e3,"s":"a ${SEED}: [${SEED}]","b":"\\\\","n":null}`;
    const found = parseJson(text) as Record<string, Json>;
    expect(found).toEqual({
      ...(JSON.parse(text) as object),
      seed: BigInt(SEED),
      neg: [-BigInt(SEED), 9007199254740991],
    });
    expect(stringify(found)).toContain(`"seed":${SEED},"neg":[-${SEED},9007199254740991]`);
    const { seed, neg, s } = found;
    expect(parseJson(stringify({ seed, neg, s }))).toEqual({ seed, neg, s });
    expect(parseJson(SEED)).toBe(BigInt(SEED));
    expect(stringify(undefined)).toBe("null");
  });

  it("stand so in the table, its order and its CSV", () => {
    const columns = new RunColumns();
    columns.fill(
      parseJson(
        `{"project":"p","total":2,"run":["a","b"],"own":{},"config":{"seed":{"values":[${SEED},1234567890123456788]}},"summary":{}}`,
      ) as ColumnsAnswer,
    );
    expect(columns.rows.map((row) => formatValue(valueIn(row, "config.seed", 0)))).toEqual([
      SEED,
      "1234567890123456788",
    ]);
    expect(columns.rows.map((row) => String(valueIn(row, "seed", 0)))).toEqual([SEED, "1234567890123456788"]);
    expect(sorted(columns.rows, ["config.seed"], 0).map((row) => row.run)).toEqual(["b", "a"]);
    expect(csv(columns.rows, ["config.seed"], 0)).toContain(`a,a,${SEED}\n`);
  });
});

describe("numbers for people", () => {
  it("have as many digits as tell them apart", () => {
    const close = [0.987612, 0.987634, 0.98765, 0.9876];
    expect(close.map((value) => formatPrecise(value, digitsFor(close)))).toEqual([
      "0.98761",
      "0.98763",
      "0.98765",
      "0.9876",
    ]);
    expect(digitsFor([0.1, 0.2, 0.1, null, "x"])).toBe(4);
    expect(new Set([1e-9, 1.00001e-9].map((v, _, all) => formatPrecise(v, digitsFor(all)))).size).toBe(2);
  });

  it("are whole as integers, and exact where somebody set them", () => {
    expect(formatValue(48_234_567)).toBe("48234567");
    expect(formatExact(0.30000000000000004)).toBe("0.30000000000000004");
    expect(formatExact(1e-7)).toBe("1e-7");
  });
});

describe("a filter", () => {
  it("finds a pasted name, and what matches as a regular expression", () => {
    expect(matcher("huber_loss[delta=1.3]")("train/huber_loss[delta=1.3]")).toBe(true);
    expect(matcher("^train/")("train/loss")).toBe(true);
    expect(matcher("a(")("A(b")).toBe(true);
    expect(regexProblem("a(")).toMatch("Not a valid regular expression");
    expect(regexProblem("a|b")).toBe(null);
  });
});

describe("the runs that are shown", () => {
  it("leave no odd one out", () => {
    const runs = (count: number) => Array.from({ length: count }, (_, i) => ({ run: `r${i}` }));
    const settings = new ChartSettings();
    expect([21, 25, 26].map((count) => settings.drawn(runs(count)).length)).toEqual([21, 25, 20]);
    settings.set("r20", false, 20, 21);
    expect(settings.drawn(runs(21))).toHaveLength(20);
    settings.set("r20", true, 20, 21);
    expect([settings.drawn(runs(21)).length, settings.write().size]).toEqual([21, 0]);
  });
});
