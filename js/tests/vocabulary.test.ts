import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { COLUMNS, STATUSES } from "../src/core/vocabulary";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

describe("the vocabulary", () => {
  it("is the same in Python", () => {
    const python = read("aspara/vocabulary.py");
    const statuses = python.matchAll(/"(\w+)": StatusStyle\("(.+?)", "(.+?)", "(.+?)", "(.+?)", "(.+?)"\)/g);
    expect(
      Object.fromEntries(
        [...statuses].map(([, status, word, light, dark, glyph, meaning]) => [
          status,
          { word, light, dark, glyph, meaning },
        ]),
      ),
    ).toEqual(STATUSES);
    const columns = python.slice(python.indexOf("COLUMNS")).matchAll(/"(\w+)": "(.+?)",/g);
    expect(Object.fromEntries([...columns].map(([, field, head]) => [field, head]))).toEqual(COLUMNS);
  });

  it("colours the badges of the pages", () => {
    const [, light = "", dark = ""] =
      /\{([^}]*)\}[^{]*\{([^}]*)\}/.exec(read("js/src/styles/status.css")) ?? [];
    for (const [status, style] of Object.entries(STATUSES)) {
      expect(light).toContain(`--${status}: ${style.light};`);
      expect(dark).toContain(`--${status}: ${style.dark};`);
    }
  });
});
