import { useEffect, useRef, useState } from "preact/hooks";
import { api, getJson } from "../api";

interface Part {
  text: string;
  start: number;
  end: number;
  size: number;
}

const MOST = 2_000_000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours and cursor moves of terminals begin with one
const ESCAPES = /\u001b\[[0-9;?]*[A-Za-z]/g;

/** Captured output of a run; while it goes on the newest lines follow, unless somebody scrolled away from the end. */
export function Console({ project, run, running }: { project: string; run: string; running: boolean }) {
  const [text, setText] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [follow, setFollow] = useState(true);
  const box = useRef<HTMLPreElement>(null);
  const at = useRef(0);
  useEffect(() => {
    const aborter = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    at.current = 0;
    const read = async () => {
      try {
        for (;;) {
          const part = await getJson<Part>(
            api("projects", project, "runs", run, "console"),
            { after: String(at.current) },
            aborter.signal,
          );
          at.current = part.end;
          setText((before) => ((before ?? "") + part.text).slice(-MOST));
          if (part.end >= part.size || part.text === "") break;
        }
        setError(null);
      } catch (e) {
        if (aborter.signal.aborted) return;
        setError((e as Error).message);
      }
      if (running) timer = setTimeout(() => void read(), document.hidden ? 5000 : 1000);
    };
    setText(null);
    void read();
    return () => {
      aborter.abort();
      clearTimeout(timer);
    };
  }, [project, run, running]);
  useEffect(() => {
    if (follow && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text, follow]);
  // A progress bar writes its line anew after each carriage return: the last state is what a terminal shows.
  const shown = (text ?? "")
    .replace(ESCAPES, "")
    .replace(/\r\n/g, "\n")
    .replace(/[^\n]*\r(?=[^\n])/g, "");
  return (
    <div class="card console">
      <div class="row small">
        <label class="check">
          <input type="checkbox" checked={follow} onChange={() => setFollow(!follow)} />
          Follow the end
        </label>
      </div>
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      {text === "" && (
        <p class="empty">Nothing was captured: the run printed nothing, or capturing is off.</p>
      )}
      {text && (
        <pre
          ref={box}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          tabIndex={0}
          role="log"
          aria-label="Console output"
          onScroll={(event) => {
            const el = event.currentTarget;
            const end = el.scrollTop + el.clientHeight >= el.scrollHeight - 24;
            if (end !== follow) setFollow(end);
          }}
        >
          {shown}
        </pre>
      )}
    </div>
  );
}
