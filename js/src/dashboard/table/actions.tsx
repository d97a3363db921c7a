import "./actions.css";
import { useState } from "preact/hooks";
import type { RunsEdit } from "../../core/types";
import { Dialog } from "../../panel/dialog";
import { useApp } from "../app";
import { MOST_COMPARED } from "../components/limits";
import type { Row } from "./columns";
import { saveCsv } from "./csv";
import { inTurn, named, portions, reflect, retagged } from "./edits";
import type { RunTableStore } from "./store";

const runs = (n: number) => `${n} ${n === 1 ? "run" : "runs"}`;
const back = (n: number) => `Restored ${runs(n)}`;

interface Undo {
  text: string;
  act: (() => Promise<void>) | null;
}

/** What can be done with the selected runs. */
export function Actions({
  store,
  rows,
  fields,
  filter,
  clear,
}: {
  store: RunTableStore;
  rows: Row[];
  fields: string[];
  /** What the table is filtered by: a comparison can look at all of those runs. */
  filter: string;
  clear: () => void;
}) {
  const app = useApp();
  const { address, source } = app;
  const [asking, setAsking] = useState<"tags" | "delete" | null>(null);
  const [busy, setBusy] = useState<{ done: number; total: number } | null>(null);
  const [undo, setUndo] = useState<Undo | null>(null);
  const { project } = store;
  const count = `${rows.length} ${rows.length === 1 ? "run" : "runs"}`;

  const perform = async (edit: RunsEdit | RunsEdit[], said: (done: number) => string, undoable: boolean) => {
    const edits = [edit].flat().flatMap(portions);
    const total = edits.reduce((sum, each) => sum + named(each).length, 0);
    setUndo(null);
    setBusy({ done: 0, total });
    const { done, failed, undo } = await inTurn(
      edits,
      (each) => source.editRuns(project, each),
      (each, part, far) => {
        setBusy({ done: far, total });
        store.change((columns) => reflect(columns, each, part.done));
      },
    );
    setBusy(null);
    const first = failed[0] && ` ${runs(failed.length)} failed: ${failed[0].reason}`;
    setUndo({
      text: `${said(done)}.${first ?? ""}`,
      act: undoable && undo.length > 0 ? () => perform(undo, back, false) : null,
    });
  };
  return (
    <div class="bulk" role="toolbar" aria-label="Selected runs">
      {rows.length > 0 && (
        <>
          <strong>{count} selected</strong>
          {rows.length > 1 && rows.length <= MOST_COMPARED ? (
            <a
              class="button primary"
              href={`${address("projects", project, "compare")}?runs=${rows.map((r) => r.run).join(",")}${
                filter ? `&filter=${encodeURIComponent(filter)}` : ""
              }`}
            >
              Compare
            </a>
          ) : (
            <span class="faint">
              {rows.length === 1 ? "Select another run to compare" : `Compare at most ${MOST_COMPARED} runs`}
            </span>
          )}
          {!app.readOnly && (
            <button type="button" disabled={busy !== null} onClick={() => setAsking("tags")}>
              Tag…
            </button>
          )}
          <button type="button" onClick={() => saveCsv(project, rows, fields)}>
            Export CSV
          </button>
          {!app.readOnly && (
            <button type="button" class="danger" disabled={busy !== null} onClick={() => setAsking("delete")}>
              Delete…
            </button>
          )}
          <button type="button" class="link" onClick={clear}>
            Clear selection
          </button>
        </>
      )}
      <span role="status">
        {busy && (
          <>
            <progress aria-label="Runs changed" value={busy.done} max={busy.total} /> {busy.done} of{" "}
            {busy.total}
          </>
        )}
        {!busy && undo && (
          <>
            {undo.text}{" "}
            {undo.act && (
              <button type="button" class="link" onClick={() => void undo.act?.()}>
                Undo
              </button>
            )}
          </>
        )}
      </span>
      {asking === "tags" && (
        <TagDialog
          rows={rows}
          count={count}
          close={() => setAsking(null)}
          apply={(add, remove) => {
            setAsking(null);
            const change = { add_tags: add, remove_tags: [...remove] };
            const changed = rows.filter(
              (row) => retagged(row.tags, change).join("\n") !== row.tags.join("\n"),
            );
            void perform(
              { runs: changed.map((row) => row.run), change },
              (n) => `Changed tags of ${runs(n)}`,
              true,
            );
          }}
        />
      )}
      {asking === "delete" && (
        <DeleteDialog
          rows={rows}
          count={count}
          close={() => setAsking(null)}
          apply={(force) => {
            setAsking(null);
            const going = force ? rows : rows.filter((row) => row.own("status") !== "running");
            clear();
            void perform(
              { runs: going.map((row) => row.run), delete: true, force },
              (n) =>
                `Deleted ${runs(n)}${going.length < rows.length ? `, kept ${rows.length - going.length}` : ""}`,
              false,
            );
          }}
        />
      )}
    </div>
  );
}

function TagDialog({
  rows,
  count,
  close,
  apply,
}: {
  rows: Row[];
  count: string;
  close: () => void;
  apply: (add: string[], remove: ReadonlySet<string>) => void;
}) {
  const [add, setAdd] = useState("");
  const [remove, setRemove] = useState<ReadonlySet<string>>(new Set());
  const counts = new Map<string, number>();
  for (const row of rows) for (const tag of row.tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  const added = add
    .split(",")
    .map((t) => t.trim())
    .filter(Boolean);
  return (
    <Dialog title={`Tags of ${count}`} onClose={close}>
      <form
        class="notes editing"
        onSubmit={(event) => {
          event.preventDefault();
          apply(added, remove);
        }}
      >
        <label>
          Add tags, separated by commas
          <input value={add} autofocus onInput={(event) => setAdd(event.currentTarget.value)} />
        </label>
        {counts.size > 0 && (
          <fieldset class="plain">
            <legend class="faint">Remove tags</legend>
            {[...counts].map(([tag, n]) => (
              <label key={tag} class="check">
                <input
                  type="checkbox"
                  checked={remove.has(tag)}
                  onChange={() => {
                    const next = new Set(remove);
                    if (!next.delete(tag)) next.add(tag);
                    setRemove(next);
                  }}
                />
                <span class="tag">{tag}</span> <span class="faint">in {n}</span>
              </label>
            ))}
          </fieldset>
        )}
        <div class="row">
          <button type="submit" class="primary" disabled={added.length === 0 && remove.size === 0}>
            Change tags
          </button>
          <button type="button" onClick={close}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function DeleteDialog({
  rows,
  count,
  close,
  apply,
}: {
  rows: Row[];
  count: string;
  close: () => void;
  apply: (force: boolean) => void;
}) {
  const [force, setForce] = useState(false);
  const running = rows.filter((row) => row.own("status") === "running").length;
  const going = force ? rows.length : rows.length - running;
  return (
    <Dialog title={`Delete ${count}?`} onClose={close}>
      <p>
        {rows
          .slice(0, 5)
          .map((r) => `“${r.name}”`)
          .join(", ")}
        {rows.length > 5 && ` and ${rows.length - 5} more`}: this deletes all of{" "}
        {rows.length === 1 ? "its" : "their"} files from the data directory. This cannot be undone.
      </p>
      {running > 0 && (
        <label class="check">
          <input type="checkbox" checked={force} onChange={() => setForce(!force)} />
          Also delete {running === 1 ? "the running run" : `the ${running} running runs`}
        </label>
      )}
      <div class="row">
        <button type="button" class="danger" disabled={going === 0} onClick={() => apply(force)}>
          Delete {going} {going === 1 ? "run" : "runs"}
        </button>
        <button type="button" autofocus onClick={close}>
          Cancel
        </button>
      </div>
    </Dialog>
  );
}
