import { flatten } from "./flatten";
import { stringify } from "./json";
import type { Json, Run } from "./types";

/** Fields by which the runs fall into groups: of several values, not each with its own. */
export function groupFields(runs: Run[]): string[] {
  const values = new Map<string, Set<string>>();
  const add = (field: string, value: Json) => {
    const found = values.get(field) ?? new Set<string>();
    values.set(field, found.add(stringify(value)));
  };
  for (const run of runs) {
    for (const [field, value] of flatten(run.config, "config.")) add(field, value);
    for (const field of ["group", "job_type", "host", "status"] as const) add(field, run[field]);
  }
  return [...values]
    .filter(([, found]) => found.size > 1 && (found.size < runs.length || found.size <= 12))
    .map(([field]) => field)
    .sort((a, b) => Number(b.startsWith("config.")) - Number(a.startsWith("config.")) || a.localeCompare(b));
}
