// What the runs of a sample say about parameters and results.

import { type Goals, mainMetric, saidOf } from "../../core/goals";
import { stringify } from "../../core/json";
import { type Importance, importance } from "../../core/plots/importance";
import { isSystem } from "../../core/sections";
import type { Json } from "../../core/types";
import type { Row, RunColumns } from "../table/columns";

/** A result is common if so large a part of the runs that have the most common one has it. */
const COMMON = 0.8;

const NUMBERS: Record<string, number> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};
/** Fields of runs themselves that can stand on an axis. */
const OWN: Record<string, (row: Row) => Json | undefined> = {
  duration: (row) => {
    const [start, end] = [row.own("start_time"), row.own("finish_time") ?? row.own("last_update")];
    return typeof start === "number" && typeof end === "number" ? (end - start) / 1000 : null;
  },
  "last step": (row) => row.own("last_step"),
  status: (row) => row.own("status"),
  host: (row) => row.own("host"),
  group: (row) => row.own("group"),
};
export const OWN_AXES = Object.keys(OWN);

export function valueAt(row: Row, field: string): Json | undefined {
  const own = OWN[field];
  if (own) return own(row);
  const cut = field.indexOf(".");
  const name = field.slice(cut + 1);
  const value = field.slice(0, cut) === "config" ? row.config(name) : row.summary(name);
  return typeof value === "string" && Object.hasOwn(NUMBERS, value) ? NUMBERS[value] : value;
}

export function labelOf(field: string): string {
  return field.replace(/^(config|summary)\./, "");
}

export interface Parameter extends Partial<Importance> {
  field: string;
  values: (Json | undefined)[];
}

/** What can be found out of a sample: results, and parameters with the most important first. */
export interface Findings {
  targets: string[];
  target: string | null;
  result: (number | null)[];
  /** Runs that have the result. */
  count: number;
  parameters: Parameter[];
}

export function findings(columns: RunColumns, wanted: string): Findings {
  const { rows } = columns;
  const coverage = new Map<string, number>();
  for (const name of columns.results) {
    const count = rows.filter((row) => typeof valueAt(row, `summary.${name}`) === "number").length;
    if (count > 0) coverage.set(name, count);
  }
  const numeric = [...coverage.keys()];
  const target = coverage.has(wanted) ? wanted : defaultTarget(coverage, columns.goals);
  const result = rows.map((row) => {
    const value = target === null ? null : valueAt(row, `summary.${target}`);
    return typeof value === "number" && Number.isFinite(value) ? value : null;
  });
  const parameters: Parameter[] = [];
  for (const name of columns.config.keys()) {
    const field = `config.${name}`;
    const values = rows.map((row) => valueAt(row, field));
    const seen = new Set<string>();
    for (const value of values) if (value !== undefined && value !== null) seen.add(stringify(value));
    if (seen.size < 2) continue;
    parameters.push({
      field,
      values,
      ...importance(
        values.map((v) => v ?? null),
        result,
      ),
    });
  }
  parameters.sort((a, b) => (b.share ?? -1) - (a.share ?? -1) || a.field.localeCompare(b.field));
  return {
    targets: numeric.sort(),
    target,
    result,
    count: result.filter((r) => r !== null).length,
    parameters,
  };
}

/**
 * The result that is looked at where nobody has chosen one: among those that nearly as many runs have as have any, one with a
 * goal, else the main metric. A result of a few runs tells nothing about the others.
 */
export function defaultTarget(coverage: ReadonlyMap<string, number>, goals: Goals): string | null {
  const own = [...coverage].filter(([name]) => !isSystem(name));
  const most = Math.max(0, ...own.map(([, count]) => count));
  const common = own.filter(([, count]) => count >= COMMON * most).map(([name]) => name);
  const aims = common.filter((name) => saidOf(name, goals) !== null);
  return mainMetric(aims.length ? aims : common);
}

/** Each run with a word of its own (a name, a path) tells nothing as an axis. */
export function tells(parameter: Parameter): boolean {
  const there = parameter.values.filter((v) => v !== null && v !== undefined);
  if (there.every((v) => typeof v === "number")) return true;
  return new Set(there.map((v) => stringify(v))).size <= Math.max(12, there.length / 2);
}
