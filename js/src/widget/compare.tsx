import { useContext, useEffect, useState } from "preact/hooks";
import { formatAgo } from "../core/format";
import { runColor } from "../core/palette";
import { runNames } from "../core/run-names";
import type { Run } from "../core/types";
import { StatusBadge } from "../panel/badges";
import { ErrorMessage } from "../panel/error-message";
import { PanelContext } from "../panel/panel-context";
import { Popover } from "./popover";
import { NO_SERVER, type RunSession } from "./run-session";

const MOST = 200;
/** From so many runs on there is a filter. */
const FILTERED = 9;

/** Chooses other runs of the project to be drawn beside this one; the server is asked, so a busy kernel is no matter. */
export function Compare({ session, project, self }: { session: RunSession; project: string; self: string }) {
  const chosen = session.others.value.length;
  return (
    <Popover
      kind="w-compare"
      label={<>Compare{chosen > 0 && <span class="count">{chosen}</span>}</>}
      title="Draw other runs of this project too"
      why={session.server ? null : `Other runs are asked from the Jupyter server: ${NO_SERVER}`}
    >
      {() => <Choices session={session} project={project} self={self} />}
    </Popover>
  );
}

function Choices({ session, project, self }: { session: RunSession; project: string; self: string }) {
  const { say } = useContext(PanelContext)!;
  const [runs, setRuns] = useState<Run[] | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const [text, setText] = useState("");
  useEffect(() => {
    const aborter = new AbortController();
    const { signal } = aborter;
    session.server?.runs(project, signal).then(
      (found) => setRuns(found.filter((run) => run.run !== self)),
      (error: Error) => !signal.aborted && setFailed(error.message),
    );
    return () => aborter.abort();
  }, []);
  const chosen = new Set(session.others.value.map((run) => run.run));
  if (failed) return <ErrorMessage text={failed} />;
  if (!runs) return <p class="faint">Asking for the runs…</p>;
  if (runs.length === 0) return <p class="faint">This is the project's only run.</p>;
  const apart = runNames(runs);
  const wanted = text.trim().toLowerCase();
  const found = runs.filter((run) => `${run.name} ${run.tags.join(" ")}`.toLowerCase().includes(wanted));
  return (
    <>
      {runs.length >= FILTERED && (
        <input
          type="search"
          placeholder={`Filter ${runs.length} runs by name or tag`}
          aria-label="Filter runs by name or tag"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          // The notebook's own keys (a, b, d d, Enter) are not meant.
          onKeyDown={(event) => event.key !== "Escape" && event.stopPropagation()}
        />
      )}
      {found.length === 0 && <p class="faint">None matches.</p>}
      <ul>
        {found.slice(0, MOST).map((run) => (
          <li key={run.run}>
            <label>
              <input
                type="checkbox"
                checked={chosen.has(run.run)}
                onChange={() => {
                  session.toggle(run).catch((error: Error) => say(error.message, "error"));
                }}
              />
              <i class="dot" style={{ background: runColor(run.color) }} aria-hidden="true" />
              <span class="w-name" title={run.name}>
                {run.name}
                {apart.has(run.run) && <span class="faint"> {apart.get(run.run)}</span>}
              </span>
              <span class="faint">{formatAgo(run.start_time, Date.now())}</span>
              <StatusBadge status={run.status} dot />
            </label>
          </li>
        ))}
      </ul>
      {found.length > MOST && <p class="faint">{found.length - MOST} older ones are not listed.</p>}
    </>
  );
}
