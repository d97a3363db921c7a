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

/** What each run is called beside the others: its name, and what tells it apart where several have the same. By the run's file name. */
export function runLabels(runs: readonly Pick<Run, "run" | "name" | "start_time">[]): Map<string, string> {
  const apart = runNames(runs);
  return new Map(
    runs.map(({ run, name }) => [run, apart.has(run) ? `${name} (${apart.get(run)})` : name] as const),
  );
}

/** A text of at most so many characters: what is left out is in its middle, where names of one sweep agree. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = Math.ceil((most - 1) / 2);
  return `${text.slice(0, most - 1 - end)}…${text.slice(text.length - end)}`;
}

/**
 * Labels of at most so many characters that still tell what differs: of long ones the beginning and end that all share go first.
 */
export function shortLabels(labels: readonly string[], most: number): string[] {
  if (labels.length < 2 || labels.every((label) => label.length <= most))
    return labels.map((label) => shortened(label, most));
  // Cut between parts of names: "lr=0.1" stays whole where others have "lr=0.01".
  const shared = (texts: readonly string[]) => {
    let length = 0;
    while (texts.every((text) => length < text.length && text[length] === texts[0]![length])) length++;
    return texts[0]!.slice(0, length).search(/[^-_/,; ]*$/);
  };
  const start = shared(labels);
  const end = shared(labels.map((label) => [...label.slice(start)].reverse().join("")));
  return labels.map((label) => {
    if (label.length <= most) return label;
    const before = start > 3 ? "…" : label.slice(0, start);
    const after = end > 3 ? "…" : label.slice(label.length - end);
    return shortened(before + label.slice(start, label.length - end) + after, most);
  });
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
