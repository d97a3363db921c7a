import "./console.css";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { bare } from "../../core/text/ansi";
import { ConsoleBuffer, PORTION, type Portion } from "../../core/text/console-buffer";
import { ErrorMessage } from "../../panel/error-message";
import { download, fileName } from "../../panel/export";
import { SourceError } from "../../source/source";
import { remember, remembered } from "../../state/chart-settings";
import { useApp } from "../app";
import { EmptyState } from "../components/empty-state";
import { pollPause } from "../components/poll-pause";
import { type Part, readConsole, wholeConsole } from "./console-client";
import { ConsoleLines } from "./consolelines";
import type { Within } from "./tab-state";

/** Characters kept on the page, the newest; a download has everything. */
const MOST = 2_000_000;

/** Captured output of a run; while it goes on the newest lines follow, unless somebody scrolled away from the end. */
export function Console({
  project,
  run,
  running,
  query,
  set,
}: { project: string; run: string; running: boolean } & Within) {
  const { say, source } = useApp();
  // What was taken stays when the run ends: only what came since is asked for.
  const transcript = useMemo(() => new ConsoleBuffer(MOST), [project, run]);
  const taken = useMemo(() => ({ upTo: null as Part | null, cut: false }), [project, run]);
  const [portions, setPortions] = useState<readonly Portion[] | null>(null);
  const [cut, setCut] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [follow, setFollow] = useState(true);
  const [wrap, setWrap] = useState(remembered("aspara-console-wrap") === "1");
  const search = query.get("search") ?? "";
  const [at, setAt] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const top = useRef(0);
  // Whether the run goes on may be learnt, or change, while a part is on its way: that part is waited for, not asked for again.
  const page = useMemo(() => new AbortController(), [taken]);
  const reading = useRef<Promise<void>>(Promise.resolve());
  useEffect(() => () => page.abort(), [page]);
  useEffect(() => {
    const aborter = new AbortController();
    const { signal } = aborter;
    /** Everything that came since, then the newest end. */
    const catchUp = async () => {
      for (;;) {
        const part = await readConsole(source, project, run, taken.upTo ?? { last: MOST }, page.signal);
        taken.cut ||= taken.upTo === null && part.start > 0;
        taken.upTo = part;
        if (part.text !== "") transcript.add(part.text);
        if (part.text === "" || part.end >= part.size) return;
      }
    };
    const read = async () => {
      let again: boolean;
      if (signal.aborted) return;
      do {
        again = running;
        try {
          await catchUp();
          setPortions(transcript.portions);
          setCut(transcript.cut || taken.cut);
          setError(null);
        } catch (e) {
          if (page.signal.aborted) return;
          setError((e as Error).message);
          again ||= e instanceof SourceError && e.status === 0;
        }
      } while (again && (await pollPause(1000, signal)));
    };
    reading.current = reading.current.then(read);
    return () => aborter.abort();
  }, [taken, running]);
  const wanted = search.trim().toLowerCase();
  const hits = useMemo(() => {
    if (!wanted) return [];
    return (portions ?? []).flatMap((portion) =>
      portion.lines.flatMap((line, j) =>
        bare(line).toLowerCase().includes(wanted) ? [portion.first + j] : [],
      ),
    );
  }, [portions, wanted]);
  const hit = useMemo(() => new Set(hits.map((line) => line - (line % PORTION))), [hits]);
  const now = hits[Math.min(at, hits.length - 1)];
  // Before the new lines are painted, so that the end does not jump.
  useLayoutEffect(() => {
    if (!follow || wanted) return;
    const toEnd = () => box.current?.scrollTo(0, box.current.scrollHeight);
    toEnd();
    // Lines that come into sight may turn out higher than they were taken for.
    const again = requestAnimationFrame(toEnd);
    return () => cancelAnimationFrame(again);
  }, [portions, follow, wanted, wrap]);
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
      const parts = await wholeConsole(source, project, run);
      download(`${fileName(run)}-console.log`, new Blob(parts, { type: "text/plain" }));
    } catch (e) {
      say((e as Error).message, "error");
    }
  };
  if (portions?.length === 0 && !error)
    return (
      <EmptyState
        title="No output"
        code={'import aspara\n\naspara.init(project="digits")\nprint("this line appears here")'}
      >
        <p>
          {running
            ? "Console output appears here as the program prints it."
            : "The program printed nothing, or capture was off (ASPARA_CAPTURE)."}
        </p>
      </EmptyState>
    );
  return (
    <div class={`card console ${wrap ? "wrap" : ""}`}>
      <div class="bar">
        <input
          type="search"
          data-search
          placeholder="Search output"
          aria-label="Search output"
          value={search}
          onInput={(event) => {
            set({ search: event.currentTarget.value });
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
            <button
              type="button"
              aria-label="Previous match"
              disabled={!hits.length}
              onClick={() => turn(-1)}
            >
              ↑
            </button>
            <button type="button" aria-label="Next match" disabled={!hits.length} onClick={() => turn(1)}>
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
      <ErrorMessage text={error} />
      {cut && <p class="hint small">Only the newest part is shown; the download has everything.</p>}
      {portions && portions.length > 0 && (
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
            // Lines that have just come move the end away; only who goes up turns from it.
            const up = el.scrollTop < top.current;
            top.current = el.scrollTop;
            if (end !== follow && !wanted && (end || up)) setFollow(end);
          }}
        >
          {portions.map((portion) => (
            <ConsoleLines
              key={portion.first}
              portion={portion}
              wanted={hit.has(portion.first) ? wanted : ""}
              now={now !== undefined && now - (now % PORTION) === portion.first ? now : -1}
            />
          ))}
        </div>
      )}
    </div>
  );
}
