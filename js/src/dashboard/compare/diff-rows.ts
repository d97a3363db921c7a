// What can be said of some runs, line by line: the same key of each beside the others.

import { flatten } from "../../core/flatten";
import { goalOf, goalsOf } from "../../core/goals";
import { stringify } from "../../core/json";
import { runEnd } from "../../core/run-end";
import { matcher } from "../../core/sections";
import type { Json, Run } from "../../core/types";
import { COLUMNS } from "../../core/vocabulary";
import { metricOf } from "../table/columns";
import { compare } from "../table/view";

/** What a list tells of a run when it is asked for by name. */
export interface RunFacts {
  run: string;
  /** Of runs that were running when they were first looked at. */
  summary?: Record<string, Json>;
  environment: Record<string, Json> | null;
  git: Record<string, Json> | null;
  command: string[] | null;
}

export interface Line {
  section: string;
  key: string;
  /** One a run; null where it has none. */
  values: (Json | null)[];
  differs: boolean;
  /** Which value is the best, as far as that is known. */
  goal: "min" | "max" | null;
  /** How a value is written, if not as it is. */
  kind?: "time" | "span";
}

export function line(
  section: string,
  key: string,
  values: (Json | undefined)[],
  goal: Line["goal"] = null,
  kind?: Line["kind"],
): Line {
  const first = stringify(values[0] ?? null);
  const found = values.map((value) => value ?? null);
  const differs = found.some((value) => stringify(value) !== first);
  return { section, key, values: found, differs, goal, ...(kind ? { kind } : {}) };
}

/** The lines of nested objects, one a run, by dotted key. Keys stand in the order in which they first come. */
export function linesOf(
  section: string,
  objects: readonly (Record<string, Json> | null | undefined)[],
  goal: (key: string) => Line["goal"] = () => null,
): Line[] {
  const found = new Map<string, (Json | undefined)[]>();
  objects.forEach((content, i) => {
    for (const [key, value] of flatten(content ?? {})) {
      const values = found.get(key) ?? new Array<Json | undefined>(objects.length).fill(undefined);
      values[i] = value;
      found.set(key, values);
    }
  });
  for (const [key, values] of [...found]) {
    const metric = section === "summary" ? metricOf(key, (name) => found.has(name)) : null;
    if (metric === null) continue;
    const whole = found.get(metric)!;
    values.forEach((value, i) => {
      whole[i] ??= value;
    });
    found.delete(key);
  }
  return [...found].map(([key, values]) => line(section, key, values, goal(key)));
}

/** Positions of the best values; none where all are alike or nobody knows what is good. */
export function bestOf({ values, goal }: Line): ReadonlySet<number> {
  if (goal === null) return new Set();
  const numbers = values.map((v) => (typeof v === "number" && Number.isFinite(v) ? v : null));
  const there = numbers.filter((v): v is number => v !== null);
  if (new Set(there).size < 2) return new Set();
  const best = there.reduce((a, b) => (goal === "min" ? Math.min(a, b) : Math.max(a, b)));
  return new Set(numbers.flatMap((v, i) => (v === best ? [i] : [])));
}

/** The places of a line's values in order: the best first where that is known, else ascending; the other way round when they are so already. */
export function ordered({ values, goal }: Line): number[] {
  const places = values.map((_, i) => i);
  const there = places.filter((i) => values[i] !== null && values[i] !== "NaN");
  const missing = places.filter((i) => !there.includes(i));
  const sign = goal === "max" ? -1 : 1;
  const sorted = [...there].sort((a, b) => sign * compare(values[a]!, values[b]!));
  const same = sorted.every((place, i) => compare(values[place]!, values[there[i]!]!) === 0);
  if (same) sorted.reverse();
  return [...sorted, ...missing];
}

/** What inputs and results of the runs are. */
export function inputsAndResults(
  runs: readonly Run[],
  facts: ReadonlyMap<string, RunFacts>,
  now: number,
): Line[] {
  const goals = goalsOf(runs);
  const span = (run: Run) => {
    const end = runEnd(run, now);
    return run.start_time === null || end === null ? null : Math.round((end - run.start_time) / 1000);
  };
  return [
    line(
      "run",
      COLUMNS.status!,
      runs.map((run) => run.status),
    ),
    line(
      "run",
      COLUMNS.started!,
      runs.map((run) => run.start_time),
      null,
      "time",
    ),
    line("run", COLUMNS.duration!, runs.map(span), null, "span"),
    line(
      "run",
      COLUMNS.step!,
      runs.map((run) => run.last_step),
    ),
    line(
      "run",
      COLUMNS.tags!,
      runs.map((run) => (run.tags.length ? run.tags : null)),
    ),
    line(
      "run",
      COLUMNS.group!,
      runs.map((run) => run.group),
    ),
    line(
      "run",
      COLUMNS.job_type!,
      runs.map((run) => run.job_type),
    ),
    line(
      "run",
      COLUMNS.notes!,
      runs.map((run) => run.notes || null),
    ),
    ...linesOf(
      "config",
      runs.map((run) => run.config),
    ),
    ...linesOf(
      "summary",
      runs.map((run) => facts.get(run.run)?.summary ?? run.summary),
      (key) => goalOf(key, goals),
    ),
  ].filter((l) => l.section !== "run" || l.values.some((v) => v !== null));
}

/** How the runs came about: code and machine. */
export function environmentRows(runs: readonly Run[], facts: ReadonlyMap<string, RunFacts>): Line[] {
  const known = runs.map((run) => facts.get(run.run));
  const command = known.map((f) => (f?.command ? f.command.join(" ") : null));
  return [
    line("code", "command", command),
    ...linesOf(
      "code",
      known.map((f) => f?.git),
    ).map((l) => ({ ...l, key: `git ${l.key}` })),
    line(
      "machine",
      COLUMNS.host!,
      runs.map((run) => run.host),
    ),
    ...linesOf(
      "machine",
      known.map((f) => f?.environment),
    ).filter((l) => l.key !== "host"),
  ].filter((l) => l.values.some((v) => v !== null));
}

/** A row of a table of differences: the heading of a section, or a line of it. */
export type Item = { head: string; count: number; of: number } | { line: Line };

/** The lines that are wanted, under the headings of their sections. */
export function listed(lines: readonly Line[], everything: boolean, search: string): Item[] {
  const matches = matcher(search);
  const sections = new Map<string, { kept: Line[]; of: number }>();
  for (const line of lines) {
    const section = sections.get(line.section) ?? { kept: [], of: 0 };
    sections.set(line.section, section);
    section.of++;
    if ((everything || line.differs) && matches(line.key)) section.kept.push(line);
  }
  return [...sections].flatMap(([head, { kept, of }]): Item[] =>
    kept.length ? [{ head, count: kept.length, of }, ...kept.map((line) => ({ line }))] : [],
  );
}
