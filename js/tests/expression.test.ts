// The filter language means the same in Python and in the browser: one table of cases, run here and by pytest.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ExpressionError, fieldsOf, parse, quoted } from "../src/core/expression";

interface Table {
  now: number;
  runs: Record<string, Parameters<typeof fieldsOf>[0]>;
  matches: { filter: string; runs: string[] }[];
  errors: { filter: string; reason: string; start: number; end: number }[];
  values: { field: string; run: string; value: unknown }[];
  quoted: { name: string; text: string }[];
}
const table = JSON.parse(
  readFileSync(new URL("../../tests/fixtures/expressions.json", import.meta.url), "utf8"),
) as Table;

describe("filters", () => {
  test.each(table.matches)("$filter", ({ filter, runs }) => {
    const made = parse(filter);
    const found = Object.entries(table.runs).filter(([, run]) => made.matches(fieldsOf(run), table.now));
    expect(found.map(([name]) => name)).toEqual(runs);
  });

  test.each(table.errors)("$filter says $reason", ({ filter, reason, start, end }) => {
    let error: unknown;
    try {
      parse(filter);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ExpressionError);
    expect(error).toMatchObject({ reason, start, end });
  });

  test.each(table.values)("$field of $run", ({ field, run, value }) => {
    expect(parse(field).value(fieldsOf(table.runs[run]!), table.now)).toEqual(value);
  });

  test.each(table.quoted)("any name can be written: $text", ({ name, text }) => {
    expect(quoted(name)).toBe(text);
    if (name) expect(parse(text).fields).toEqual([text]);
  });
});
