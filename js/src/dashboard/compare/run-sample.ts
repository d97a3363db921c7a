// Loads the runs whose parameters are analyzed.

import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app";
import { pollPause } from "../components/poll-pause";
import { type ColumnsAnswer, RunColumns } from "../table/columns";
import type { Scope } from "./view";

const AGAIN = 10_000;

/** Loads the runs of a scope; asked for again now and then while one of them is running. */
export function useSample(
  project: string,
  scope: Scope,
  runs: readonly string[],
  filter: string,
): { columns: RunColumns | null; error: string | null } {
  const { source } = useApp();
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
          const answer = await source.json<ColumnsAnswer>(["projects", project, "runs"], query, signal);
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
