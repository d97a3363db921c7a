import "./notes-editor.css";
import { useEffect, useState } from "preact/hooks";
import type { Metadata } from "../../core/types";
import { Tags } from "../../panel/badges";
import { Dialog } from "../../panel/dialog";
import { ErrorMessage } from "../../panel/error-message";
import { SourceError } from "../../source/source";
import { useApp } from "../app";
import { Markdown } from "./markdown";

interface Draft {
  notes: string;
  tags: string;
  name: string;
}

/** What was typed and neither saved nor cancelled, by project and run: a closed dialog or another tab loses nothing. */
const drafts = new Map<string, Draft>();

/** Notes and tags of a project (`run` null) or run, edited in place; an edit that met another's says so and keeps the text. */
export function NotesEditor({
  project,
  run,
  onChange,
  onCancel,
}: {
  project: string;
  run: string | null;
  onChange?: (content: Metadata) => void;
  /** Begins with editing, and is told when somebody has done with it. */
  onCancel?: () => void;
}) {
  const app = useApp();
  const { source } = app;
  const place = JSON.stringify([project, run]);
  const [content, setContent] = useState<Metadata | null>(null);
  const [etag, setEtag] = useState("");
  const [editing, setEditing] = useState(false);
  const [{ notes, tags, name }, setDraft] = useState<Draft>({ notes: "", tags: "", name: "" });
  const [kept, setKept] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const load = async () => {
    const found = await source.metadata(project, run);
    setContent(found.content);
    setEtag(found.etag);
    return found.content;
  };
  useEffect(() => {
    if (onCancel || drafts.has(place)) void begin();
    else void read();
  }, [project, run]);
  const read = () =>
    load()
      .then(() => setError(null))
      .catch((e: Error) => setError(e.message));
  const begin = async () => {
    try {
      const now = await load();
      const draft = drafts.get(place);
      setKept(draft !== undefined);
      setDraft(draft ?? { notes: now.notes, tags: now.tags.join(", "), name: now.display_name ?? "" });
      setError(null);
      setEditing(true);
    } catch (e) {
      setError((e as Error).message);
    }
  };
  const type = (part: Partial<Draft>) => {
    const draft = { notes, tags, name, ...part };
    drafts.set(place, draft);
    setDraft(draft);
  };
  const cancel = () => {
    drafts.delete(place);
    setEditing(false);
    setError(null);
    onCancel?.();
  };
  const save = async () => {
    try {
      const changes: Partial<Metadata> = {
        notes,
        tags: tags
          .split(",")
          .map((t) => t.trim())
          .filter(Boolean),
      };
      if (run !== null && name.trim()) changes.display_name = name.trim();
      const saved = await source.edit(project, run, changes, etag);
      setContent(saved.content);
      setEtag(saved.etag);
      drafts.delete(place);
      setEditing(false);
      setError(null);
      onChange?.(saved.content);
    } catch (e) {
      setError((e as Error).message);
      if (e instanceof SourceError && e.status === 412) setEtag((await source.metadata(project, run)).etag);
    }
  };
  if (!content) return <ErrorMessage text={error} again={() => void (onCancel ? begin() : read())} />;
  if (!editing) {
    return (
      <div class="notes">
        {content.notes ? (
          <div class="notes-text">
            <Markdown text={content.notes} />
          </div>
        ) : (
          <p class="faint">No notes.</p>
        )}
        <Tags tags={content.tags} />
        {!app.readOnly && (
          <button type="button" class="link" onClick={() => void begin()}>
            Edit {run === null ? "notes and tags" : "name, notes and tags"}
          </button>
        )}
        <ErrorMessage text={error} again={() => void begin()} />
      </div>
    );
  }
  return (
    <form
      class="notes editing"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      {run !== null && (
        <label>
          Name
          <input
            value={name}
            maxLength={512}
            onInput={(event) => type({ name: event.currentTarget.value })}
          />
        </label>
      )}
      <label>
        Notes (Markdown)
        <textarea
          rows={Math.max(5, Math.min(20, notes.split("\n").length + 1))}
          value={notes}
          maxLength={10240}
          onInput={(event) => type({ notes: event.currentTarget.value })}
        />
      </label>
      <label>
        Tags, separated by commas
        <input value={tags} onInput={(event) => type({ tags: event.currentTarget.value })} />
      </label>
      <ErrorMessage text={error}>Your text is kept. Saving again overwrites the other edit.</ErrorMessage>
      <div class="row">
        <button type="submit" class="primary">
          Save
        </button>
        <button type="button" onClick={cancel}>
          Cancel
        </button>
        {kept && <span class="faint small">Restored your unsaved text. Cancel discards it.</span>}
      </div>
    </form>
  );
}

/** A button that deletes a run or project after asking once, for the thing named; a project can be taken back for a moment. */
export function DeleteButton({
  project,
  run,
  label,
  running = false,
  onDeleted,
}: {
  project: string;
  run: string | null;
  label: string;
  /** Whether the run goes on: that is said with the question, not after it. */
  running?: boolean;
  onDeleted: () => void;
}) {
  const app = useApp();
  const { say, source } = app;
  const [asking, setAsking] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [force, setForce] = useState(false);
  if (app.readOnly) return null;
  const remove = async () => {
    try {
      if (run === null) {
        const { running } = await source.project(project);
        app.deletions.remove(project, running > 0);
      } else {
        await source.remove(project, run, force || running);
        say(`Deleted run ${label}.`);
      }
      setAsking(false);
      onDeleted();
    } catch (e) {
      setError((e as Error).message);
      if (e instanceof SourceError && e.status === 409) setForce(true);
    }
  };
  return (
    <>
      <button
        type="button"
        class="danger"
        onClick={() => {
          setError(null);
          setForce(false);
          setAsking(true);
        }}
      >
        Delete {run === null ? "project" : "run"}
      </button>
      {asking && (
        <Dialog
          title={`Delete ${run === null ? "project" : "run"} “${label}”?`}
          onClose={() => setAsking(false)}
        >
          <p>
            This deletes all of its files from the data directory: metrics, metadata and artifacts.
            {run !== null && running && " The run is still running: anything it logs after this is lost."}
            {run !== null && " This cannot be undone."}
          </p>
          <ErrorMessage text={error} />
          <div class="row">
            <button type="button" class="danger" onClick={() => void remove()}>
              {force ? "Delete the running run" : "Delete"}
            </button>
            <button type="button" autofocus onClick={() => setAsking(false)}>
              Cancel
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
