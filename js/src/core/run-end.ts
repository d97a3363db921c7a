import type { Run } from "./types";

/** When a run ended, or `now` while it goes on, ms; null where nobody knows. */
export function runEnd(run: Pick<Run, "status" | "finish_time" | "last_update">, now: number): number | null {
  return run.status === "running" ? now : (run.finish_time ?? run.last_update);
}
