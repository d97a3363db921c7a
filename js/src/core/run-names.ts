import type { Run } from "./types";

/**
 * Runs may share a display name. Of those that do, what tells each apart: the part of its file name that the others lack, or
 * when it began. By the run's file name; runs with a name of their own are not in it.
 */
export function runNames(runs: readonly Pick<Run, "run" | "name" | "start_time">[]): Map<string, string> {
  const byName = new Map<string, string[]>();
  for (const { run, name } of runs) {
    const twins = byName.get(name);
    if (twins) twins.push(run);
    else byName.set(name, [run]);
  }
  const found = new Map<string, string>();
  for (const run of runs) {
    const twins = byName.get(run.name)!;
    if (twins.length < 2) continue;
    const rest = run.run.slice(common(twins)).replace(/^[-_.]+/, "");
    found.set(run.run, rest || (run.start_time === null ? run.run : clock(run.start_time)));
  }
  return found;
}

/** How many characters all texts begin with alike, not ending within a number or word. */
function common(texts: readonly string[]): number {
  const [first = "", ...others] = texts;
  let length = first.length;
  for (const text of others) {
    let at = 0;
    while (at < length && text[at] === first[at]) at++;
    length = at;
  }
  const split = texts.some((text) => /\w/.test(text[length] ?? "") && /\w/.test(text[length - 1] ?? ""));
  return split ? first.slice(0, length).search(/\w*$/) : length;
}

function clock(time: number): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" });
}
