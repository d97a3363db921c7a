import { useEffect, useState } from "preact/hooks";
import { formatAgo, formatDuration } from "../core/format";
import { runColor } from "../core/palette";
import { runEnd } from "../core/run-end";
import type { Project } from "../core/types";
import { StatusBadge } from "../panel/badges";
import type { Item, SidebarClient } from "./sidebar-client";

/** What the extension tells the sidebar, and what it can do for it. */
export interface Context {
  /** The Jupyter server's address, ending in "/". */
  base: string;
  /** The project of the notebook in front, if it is known, and whether the list is kept up to date. */
  state(): { project: string | null; follow: boolean };
  /** Calls the listener whenever that changes; returns what ends it. */
  watch(listener: () => void): () => void;
  /** Opens a run, or without one the project, beside the notebook. */
  open(project: string, run: string, label: string): void;
}

/** How often the runs in sight are looked at, ms. */
const LOOK = 2000;
const FILTERED = 8;

/** The newest runs of one project with their states: the notebook's, or another one that somebody chose. */
export function Sidebar({
  context,
  asked,
  root,
}: {
  context: Context;
  asked: SidebarClient;
  root: HTMLElement;
}) {
  const [state, setState] = useState(context.state());
  const [chosen, setChosen] = useState<string | null>(null);
  const [projects, setProjects] = useState<Project[] | null>(null);
  const [list, setList] = useState<{ project: string; runs: Item[]; total: number } | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [text, setText] = useState("");
  const [looks, setLooks] = useState(0);
  useEffect(
    () =>
      context.watch(() => {
        const next = context.state();
        // Another notebook, or a run that begins: what was chosen before is about the past.
        setState((before) => {
          if (next.project !== before.project) setChosen(null);
          return next;
        });
      }),
    [context],
  );
  const inFront = (names: string[]) =>
    [chosen, state.project].find((name) => name !== null && names.includes(name)) ?? names[0];
  const known = projects?.map((project) => project.name) ?? [];
  const project = inFront(known);
  useEffect(() => {
    const aborter = new AbortController();
    const { signal } = aborter;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      // A sidebar that nobody sees asks for nothing.
      if (!document.hidden && root.offsetParent !== null) {
        try {
          const found = await asked.projects(signal);
          const name = inFront(found.map((each) => each.name));
          const runs = name === undefined ? null : await asked.runs(name, signal);
          setProjects(found);
          setList(runs && name !== undefined ? { project: name, ...runs } : null);
          setTrouble(null);
        } catch (error) {
          if (!signal.aborted) setTrouble((error as Error).message);
        }
      }
      if (!signal.aborted && state.follow) timer = setTimeout(look, LOOK);
    };
    void look();
    return () => {
      clearTimeout(timer);
      aborter.abort();
    };
  }, [asked, chosen, state.project, state.follow, looks]);
  const wanted = text.trim().toLowerCase();
  const runs = (list?.runs ?? []).filter(
    (run) => run.name.toLowerCase().includes(wanted) || run.status.includes(wanted),
  );
  return (
    <>
      <header>
        <select
          aria-label="Project"
          value={project ?? ""}
          disabled={known.length === 0}
          onChange={(event) => setChosen(event.currentTarget.value)}
        >
          {known.length === 0 && <option value="">No project</option>}
          {(projects ?? []).map(({ name, running }) => (
            <option key={name} value={name}>
              {running > 0 ? `${name} (${running} running)` : name}
            </option>
          ))}
        </select>
        {!state.follow && (
          <button type="button" title="Refresh" aria-label="Refresh" onClick={() => setLooks(looks + 1)}>
            ⟳
          </button>
        )}
        {project !== undefined && (
          <button
            type="button"
            title={`Open ${project} in the dashboard`}
            aria-label={`Open ${project} in the dashboard`}
            onClick={() => context.open(project, "", project)}
          >
            ↗
          </button>
        )}
      </header>
      {(list?.runs.length ?? 0) >= FILTERED && (
        <input
          type="search"
          placeholder="Filter runs"
          aria-label="Filter runs by name or status"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      )}
      {trouble && <p class="trouble">{trouble}</p>}
      {projects !== null && known.length === 0 && (
        <p>
          No runs yet. Call <code>aspara.init()</code> in a notebook or script to record the first one.
        </p>
      )}
      <ul>
        {runs.map((run) => (
          <Row key={run.run} run={run} open={() => context.open(list!.project, run.run, run.name)} />
        ))}
      </ul>
      {list && list.total > list.runs.length && (
        <p>{list.total - list.runs.length} older runs are in the dashboard.</p>
      )}
    </>
  );
}

function Row({ run, open }: { run: Item; open: () => void }) {
  const now = Date.now();
  const end = runEnd(run, now);
  const facts = [
    run.last_step !== null && `step ${run.last_step.toLocaleString("en")}`,
    run.start_time !== null && end !== null && formatDuration(end - run.start_time),
    run.status !== "running" && run.start_time !== null && formatAgo(run.start_time, now),
  ].filter(Boolean);
  return (
    <li>
      <button
        type="button"
        data-run={run.run}
        data-status={run.status}
        title={`${run.name}: open its charts`}
        onClick={open}
      >
        <i style={{ background: runColor(run.color) }} aria-hidden="true" />
        <span class="name">{run.name}</span>
        <StatusBadge status={run.status} />
        <span class="facts">{facts.join(" · ")}</span>
      </button>
    </li>
  );
}
