// @vitest-environment node
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { READABLE, readable } from "../readable.mjs";

it.each(READABLE)("$target is built from $entry", async ({ entry, target, format }) => {
  expect(readFileSync(target, "utf8")).toBe(await readable(entry, format));
});
