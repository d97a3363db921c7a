// Texts captured beside runs: the diff of the work tree, the installed packages.

import { useEffect, useState } from "preact/hooks";
import { stringify } from "../../core/json";
import type { Run } from "../../core/types";
import { useApp } from "../app";
import { type Captured, captured } from "../components/captured-texts";
import { forEach } from "../components/concurrent";
import type { RunFacts } from "./diff-rows";
import type { Text } from "./view";

/** The text of each run that has been loaded so far, and why some could not be. */
export function useCaptured(
  project: string,
  name: Captured,
  runs: readonly string[],
): { texts: ReadonlyMap<string, string | null>; error: string | null } {
  const { source } = useApp();
  const [texts, setTexts] = useState<ReadonlyMap<string, string | null>>(new Map());
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    const aborter = new AbortController();
    const found = new Map<string, string | null>();
    const missing = runs.filter((run) => !texts.has(`${name} ${run}`));
    if (missing.length === 0) return;
    void forEach(
      missing,
      async (run) => {
        found.set(`${name} ${run}`, await captured(source, project, run, name, aborter.signal));
      },
      () => undefined,
    ).then((failed) => {
      if (aborter.signal.aborted) return;
      setTexts((before) => new Map([...before, ...found]));
      setError(failed[0]?.reason ?? null);
    });
    return () => aborter.abort();
  }, [name, runs.join()]);
  const own = new Map<string, string | null>();
  for (const run of runs) {
    const text = texts.get(`${name} ${run}`);
    if (text !== undefined) own.set(run, text);
  }
  return { texts: own, error };
}

/** What is known of a run as a text of lines; undefined while it is on its way. */
export function textOf(
  text: Text,
  run: Run,
  facts: RunFacts | undefined,
  loaded: ReadonlyMap<string, string | null>,
): string | null | undefined {
  if (text === "config") return stringify(run.config, 2);
  if (text === "command") return facts === undefined ? undefined : (facts.command?.join("\n") ?? null);
  return loaded.get(run.run);
}
