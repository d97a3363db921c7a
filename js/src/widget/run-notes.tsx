import { useEffect, useState } from "preact/hooks";
import { ErrorMessage } from "../panel/error-message";
import { SourceError } from "../source/source";
import { Popover } from "./popover";
import { NO_SERVER, type RunSession } from "./run-session";

/** Tags and notes of the run, changed while it goes on: the server writes them beside whatever the kernel writes. */
export function RunNotes({ session }: { session: RunSession }) {
  const given = session.about.value;
  return (
    <Popover
      kind="w-about"
      label={given?.notes ? "Notes •" : "Notes"}
      title={given?.notes ? given.notes.slice(0, 400) : "Add tags and notes to this run"}
      why={session.server ? null : `Tags and notes are written by the Jupyter server: ${NO_SERVER}`}
    >
      {(close) => <Form session={session} close={close} />}
    </Popover>
  );
}

function Form({ session, close }: { session: RunSession; close: () => void }) {
  const [tags, setTags] = useState("");
  const [notes, setNotes] = useState("");
  const [etag, setEtag] = useState<string | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  useEffect(() => {
    session.describe().then(
      (found) => {
        setTags((found.content.tags ?? []).join(", "));
        setNotes(found.content.notes ?? "");
        setEtag(found.etag);
      },
      (error: Error) => setTrouble(error.message),
    );
  }, []);
  const save = async () => {
    try {
      const list = tags
        .split(",")
        .map((tag) => tag.trim())
        .filter(Boolean);
      await session.annotate({ notes, tags: [...new Set(list)] }, etag);
      close();
    } catch (error) {
      setTrouble((error as Error).message);
      // Somebody else was quicker: what they wrote is taken note of, and a second click writes over it.
      if (error instanceof SourceError && error.status === 412) setEtag((await session.describe()).etag);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
      // The notebook's own keys (a, b, d d, Enter) are not meant.
      onKeyDown={(event) => event.key !== "Escape" && event.stopPropagation()}
    >
      <label>
        <span>Tags, separated by commas</span>
        <input
          type="text"
          value={tags}
          disabled={etag === null}
          onInput={(event) => setTags(event.currentTarget.value)}
        />
      </label>
      <label>
        <span>Notes</span>
        <textarea
          rows={4}
          value={notes}
          disabled={etag === null}
          onInput={(event) => setNotes(event.currentTarget.value)}
        />
      </label>
      <ErrorMessage text={trouble} />
      <p class="w-actions">
        <button type="submit" class="primary" disabled={etag === null}>
          Save
        </button>
        <button type="button" onClick={close}>
          Cancel
        </button>
      </p>
    </form>
  );
}
