// Edits of many runs: a request for each few hundred, so that the page can say how far it is and stays quick meanwhile.
import type { RunChange, RunsEdit, RunsEdited } from "../../core/types";
import type { RunColumns } from "./columns";

/** Runs in one request. */
export const PORTION = 500;

/** The runs that an edit names. */
export function named(edit: RunsEdit): string[] {
  return Array.isArray(edit.runs) ? edit.runs : Object.keys(edit.runs);
}

/** The same edit in requests of a bounded size. */
export function portions(edit: RunsEdit): RunsEdit[] {
  const { runs } = edit;
  const found: RunsEdit[] = [];
  const names = named(edit);
  for (let at = 0; at < names.length; at += PORTION) {
    const some = names.slice(at, at + PORTION);
    found.push(
      Array.isArray(runs)
        ? ({ ...edit, runs: some } as RunsEdit)
        : { runs: Object.fromEntries(some.map((run) => [run, runs[run]!])) },
    );
  }
  return found;
}

export interface EditResult {
  /** How many runs were changed. */
  done: number;
  failed: RunsEdited["failed"];
  /** What takes it back. */
  undo: RunsEdit[];
}

/** Sends edits one after the other. A request that fails ends it: its runs and those after it were not changed. */
export async function inTurn(
  edits: readonly RunsEdit[],
  send: (edit: RunsEdit) => Promise<RunsEdited>,
  told: (edit: RunsEdit, part: RunsEdited, far: number) => void,
): Promise<EditResult> {
  const outcome: EditResult = { done: 0, failed: [], undo: [] };
  let far = 0;
  for (const [place, edit] of edits.entries()) {
    try {
      const part = await send(edit);
      outcome.done += part.done.length;
      outcome.failed.push(...part.failed);
      if (part.undo) outcome.undo.push(part.undo);
      far += named(edit).length;
      told(edit, part, far);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const left = edits.slice(place).flatMap(named);
      outcome.failed.push(...left.map((run) => ({ run, reason, status: 0 })));
      break;
    }
  }
  return outcome;
}

/** A run's tags after a change. */
export function retagged(tags: readonly string[], { tags: all, add_tags, remove_tags }: RunChange): string[] {
  if (all) return all;
  const gone = new Set(remove_tags);
  return [...new Set([...tags.filter((tag) => !gone.has(tag)), ...(add_tags ?? [])])];
}

/** Puts what was done into the table, before the stream tells of it. */
export function reflect(columns: RunColumns, edit: RunsEdit, done: readonly string[]): void {
  if ("delete" in edit) {
    columns.remove(done);
    return;
  }
  for (const run of done) {
    const change = "change" in edit ? edit.change : edit.runs[run];
    const row = columns.get(run);
    if (row && change) columns.set(run, { tags: retagged(row.tags, change) });
  }
}
