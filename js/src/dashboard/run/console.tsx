import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { bare, PLAIN, type Style, spans, terminalLines } from "../../core/terminal";
import { download, fileName } from "../../panel/export";
import { remember, remembered } from "../../state/view";
import { say } from "../app";
import { pause } from "../parts/pause";
import { Teach } from "../parts/teach";
import { ConsoleLines, PORTION } from "./consolelines";
import { readConsole } from "./consoleread";

/** Characters kept on the page; a download has everything. */
const MOST = 2_000_000;

/** Captured output of a run; while it goes on the newest lines follow, unless somebody scrolled away from the end. */
export function Console({ project, run, running }: { project: string; run: string; running: boolean }) {
  const [text, setText] = useState<string | null>(null);
  const [cut, setCut] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [follow, setFollow] = useState(true);
  const [wrap, setWrap] = useState(remembered("aspara-console-wrap") === "1");
  const [search, setSearch] = useState("");
  const [at, setAt] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const aborter = new AbortController();
    const { signal } = aborter;
    let byte = 0;
    let whole = "";
    const read = async () => {
      do {
        try {
          const part = await readConsole(project, run, byte, signal);
          byte = part.end;
          if (part.text !== "" || whole === "") {
            whole += part.text;
            if (whole.length > MOST) {
              whole = whole.slice(whole.indexOf("\n", whole.length - MOST) + 1);
              setCut(true);
            }
            setText(whole);
          }
          setError(null);
        } catch (e) {
          if (signal.aborted) return;
          setError((e as Error).message);
        }
      } while (running && (await pause(1000, signal)));
    };
    setText(null);
    void read();
    return () => aborter.abort();
  }, [project, run, running]);
  const portions = useMemo(() => inPortions(text ?? ""), [text]);
  const wanted = search.trim().toLowerCase();
  const hits = useMemo(() => {
    if (!wanted) return [];
    return portions.flatMap((portion, i) =>
      portion.lines.flatMap((line, j) =>
        bare(line).toLowerCase().includes(wanted) ? [i * PORTION + j] : [],
      ),
    );
  }, [portions, wanted]);
  const hit = useMemo(() => new Set(hits.map((line) => Math.floor(line / PORTION))), [hits]);
  const now = hits[Math.min(at, hits.length - 1)];
  useEffect(() => {
    if (!follow || wanted) return;
    const toEnd = () => box.current?.scrollTo(0, box.current.scrollHeight);
    toEnd();
    // Lines that come into sight may turn out higher than they were taken for.
    const again = requestAnimationFrame(toEnd);
    return () => cancelAnimationFrame(again);
  }, [text, follow, wanted, wrap]);
  useEffect(() => {
    if (now !== undefined)
      box.current
        ?.querySelector(`[data-line="${now}"]`)
        ?.scrollIntoView({ block: "center", inline: "nearest" });
  }, [now, wanted]);
  const turn = (by: number) => {
    if (!hits.length) return;
    setFollow(false);
    setAt((Math.min(at, hits.length - 1) + by + hits.length) % hits.length);
  };
  const keep = async () => {
    try {
      const parts: string[] = [];
      for (let byte = 0; ; ) {
        const part = await readConsole(project, run, byte);
        parts.push(part.text);
        if (part.end <= byte || part.end >= part.size) break;
        byte = part.end;
      }
      download(`${fileName(run)}-console.log`, new Blob(parts, { type: "text/plain" }));
    } catch (e) {
      say((e as Error).message, "error");
    }
  };
  if (text === "" && !error)
    return (
      <Teach
        title="No output"
        code={'import aspara\n\naspara.init(project="digits")\nprint("this line appears here")'}
      >
        <p>
          {running
            ? "What the program prints appears here as it comes."
            : "The program printed nothing, or capturing is off (ASPARA_CAPTURE)."}
        </p>
      </Teach>
    );
  return (
    <div class={`card console ${wrap ? "wrap" : ""}`}>
      <div class="bar">
        <input
          type="search"
          data-search
          placeholder="Search the output"
          aria-label="Search the output"
          value={search}
          onInput={(event) => {
            setSearch(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            turn(event.shiftKey ? -1 : 1);
          }}
        />
        {wanted && (
          <span class="row small" role="status">
            {hits.length === 0 ? "not found" : `${Math.min(at, hits.length - 1) + 1} of ${hits.length}`}
            <button type="button" aria-label="Hit before" disabled={!hits.length} onClick={() => turn(-1)}>
              ↑
            </button>
            <button type="button" aria-label="Next hit" disabled={!hits.length} onClick={() => turn(1)}>
              ↓
            </button>
          </span>
        )}
        <span class="spacer" />
        {running && (
          <label class="check">
            <input type="checkbox" checked={follow} onChange={() => setFollow(!follow)} />
            Follow
          </label>
        )}
        <label class="check">
          <input
            type="checkbox"
            checked={wrap}
            onChange={() => {
              remember("aspara-console-wrap", wrap ? "" : "1");
              setWrap(!wrap);
            }}
          />
          Wrap lines
        </label>
        <button type="button" onClick={() => void keep()}>
          Download
        </button>
      </div>
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      {cut && <p class="hint small">Only the newest part is shown; the download has everything.</p>}
      {text && (
        <div
          ref={box}
          class="console-box"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          tabIndex={0}
          role="log"
          aria-label="Console output"
          onScroll={(event) => {
            const el = event.currentTarget;
            const end = el.scrollTop + el.clientHeight >= el.scrollHeight - 24;
            if (end !== follow && !wanted) setFollow(end);
          }}
        >
          {portions.map((portion, i) => {
            const first = i * PORTION;
            return (
              <ConsoleLines
                key={i}
                text={portion.lines.join("\n")}
                style={portion.style}
                first={first}
                wanted={hit.has(i) ? wanted : ""}
                now={now !== undefined && now >= first && now < first + PORTION ? now : -1}
              />
            );
          })}
        </div>
      )}
    </div>
  );
}

/** Lines in portions, each with the style in which it begins. */
function inPortions(text: string): { lines: string[]; style: Style }[] {
  const lines = terminalLines(text);
  if (lines.at(-1) === "") lines.pop();
  const found: { lines: string[]; style: Style }[] = [];
  let style = PLAIN;
  for (let i = 0; i < lines.length; i += PORTION) {
    const portion = lines.slice(i, i + PORTION);
    found.push({ lines: portion, style });
    for (const line of portion) if (line.includes("\u001b")) style = spans(line, style).style;
  }
  return found;
}
