// The runs that parameters are looked at in, and what of them can stand on an axis.
import { useEffect, useState } from "preact/hooks";
import { mainMetric, saidOf } from "../../core/goals";
import { type Importance, importance } from "../../core/plots/importance";
import type { Json } from "../../core/types";
import { api, getJson } from "../api";
import { pollPause } from "../components/poll-pause";
import { type ColumnsAnswer, type Row, RunColumns } from "../table/columns";
import type { Scope } from "./view";

const AGAIN = 10_000;

/** Loads the runs of a scope; asked for again now and then while one of them is running. */
export function useSample(
  project: string,
  scope: Scope,
  runs: readonly string[],
  filter: string,
): { columns: RunColumns | null; error: string | null } {
  const [columns, setColumns] = useState<RunColumns | null>(null);
  const [error, setError] = useState<string | null>(null);
  const some = scope === "selected" ? runs.join(",") : "";
  const expression = scope === "filter" ? filter : "";
  useEffect(() => {
    const aborter = new AbortController();
    const { signal } = aborter;
    const query = {
      shape: "columns",
      fields: "own,config,summary",
      ...(scope === "selected" ? { runs: some } : {}),
      ...(expression ? { filter: expression } : {}),
    };
    const load = async () => {
      let again: boolean;
      do {
        try {
          const answer = await getJson<ColumnsAnswer>(api("projects", project, "runs"), query, signal);
          const next = new RunColumns();
          next.fill(answer);
          setColumns(next);
          setError(null);
          again = answer.own?.status?.includes("running") ?? false;
        } catch (e) {
          if (signal.aborted) return;
          setError(e instanceof Error ? e.message : String(e));
          again = true;
        }
      } while (again && (await pollPause(AGAIN, signal)));
    };
    void load();
    return () => aborter.abort();
  }, [project, scope, some, expression]);
  return { columns, error };
}

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
  const numeric = [...columns.summary.keys()].filter((name) =>
    rows.some((row) => typeof valueAt(row, `summary.${name}`) === "number"),
  );
  // What a program has given a goal is what it was made for.
  const aims = numeric.filter((name) => saidOf(name, columns.goals) !== null);
  const target = numeric.includes(wanted) ? wanted : mainMetric(aims.length ? aims : numeric);
  const result = rows.map((row) => {
    const value = target === null ? null : valueAt(row, `summary.${target}`);
    return typeof value === "number" && Number.isFinite(value) ? value : null;
  });
  const parameters: Parameter[] = [];
  for (const name of columns.config.keys()) {
    const field = `config.${name}`;
    const values = rows.map((row) => valueAt(row, field));
    const seen = new Set<string>();
    for (const value of values) if (value !== undefined && value !== null) seen.add(JSON.stringify(value));
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

/** Each run with a word of its own (a name, a path) tells nothing as an axis. */
export function tells(parameter: Parameter): boolean {
  const there = parameter.values.filter((v) => v !== null && v !== undefined);
  if (there.every((v) => typeof v === "number")) return true;
  return new Set(there.map((v) => JSON.stringify(v))).size <= Math.max(12, there.length / 2);
}
