import "./run-list.css";
import { useMemo, useState } from "preact/hooks";
import { formatAgo } from "../../core/format";
import { runColor } from "../../core/palette";
import { runNames } from "../../core/run-names";
import { regexProblem } from "../../core/sections";
import type { Run } from "../../core/types";
import { StatusBadge } from "../../panel/badges";
import { type ChartSettings, LATEST, SPARE } from "../../state/chart-settings";
import { useApp } from "../app";
import { useNow } from "./hooks";

const ROW = 44;

/** The runs beside the charts: a box in the run's colour that shows or hides it, name, status. Rows exist only on screen. */
export function RunList({
  project,
  runs,
  total,
  drawn,
  view,
  search,
  onSearch,
  onPoint,
  colors,
}: {
  project: string;
  /** The runs that the search leaves. */
  runs: Run[];
  /** How many there are without it. */
  total: number;
  drawn: readonly Run[];
  view: ChartSettings;
  search: string;
  onSearch: (text: string) => void;
  /** Is told which run the pointer or the focus is on; null: none. */
  onPoint: (run: string | null) => void;
  /** Of runs that are drawn in a colour that is not their own: that of their group. */
  colors: ReadonlyMap<string, string>;
}) {
  const { address } = useApp();
  const now = useNow();
  const [top, setTop] = useState(0);
  // On a phone the charts come first: the list unfolds when somebody asks for it.
  const [open, setOpen] = useState(false);
  const wanted = search.trim() !== "";
  const problem = regexProblem(search);
  const shown = new Set(drawn.map((run) => run.run));
  const hints = useMemo(() => runNames(runs), [runs]);
  const first = Math.max(0, Math.floor(top / ROW) - 10);
  const last = Math.min(runs.length, first + 60);
  const only = (some: readonly Run[]) => {
    view.all("none");
    view.chosen.value = new Set(some.map((run) => run.run));
  };
  const set = (run: Run, on: boolean) => {
    let place = 0;
    for (const other of runs) {
      if (other.run === run.run) break;
      if (!view.hidden.value.has(other.run)) place++;
    }
    view.set(run.run, on, place, runs.length);
  };
  return (
    <aside class={`runlist ${open ? "open" : ""}`} aria-label="Runs">
      <button type="button" class="runlist-toggle fold" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span class="arrow" aria-hidden="true">
          {open ? "▾" : "▸"}
        </span>
        Runs
        <span class="count">
          {drawn.length} of {total} shown
        </span>
      </button>
      <div class="runlist-head">
        <input
          type="search"
          placeholder={`Search ${total} ${total === 1 ? "run" : "runs"} (text or regex)`}
          aria-label="Search runs by name or tag, as text or regular expression"
          value={search}
          onInput={(e) => onSearch(e.currentTarget.value)}
        />
        <div class="row small">
          {wanted ? (
            <button type="button" class="link" onClick={() => only(runs)}>
              Show only these {runs.length}
            </button>
          ) : (
            <>
              {runs.length > LATEST + SPARE && (
                <button type="button" class="link" onClick={() => view.all("latest")}>
                  Latest {LATEST}
                </button>
              )}
              <button type="button" class="link" onClick={() => view.all("all")}>
                All
              </button>
              <button type="button" class="link" onClick={() => view.all("none")}>
                None
              </button>
            </>
          )}
          <span class="spacer" />
          <span class="faint">
            {drawn.length} of {total} shown
          </span>
        </div>
      </div>
      {problem && (
        <p class="hint small" role="status">
          {problem}
        </p>
      )}
      <section
        class="runlist-rows"
        tabIndex={runs.length > 8 ? 0 : -1}
        aria-label="List of runs"
        onScroll={(e) => setTop(e.currentTarget.scrollTop)}
      >
        {runs.length === 0 && total > 0 && <p class="empty">No runs match “{search}”.</p>}
        <ul style={{ height: `${runs.length * ROW}px` }}>
          {runs.slice(first, last).map((run, i) => {
            const on = shown.has(run.run);
            const color = colors.get(run.run) ?? runColor(run.color);
            return (
              <li
                key={run.run}
                class={on ? "" : "off"}
                style={{ top: `${(first + i) * ROW}px` }}
                onPointerEnter={() => onPoint(run.run)}
                onPointerLeave={() => onPoint(null)}
                onFocusIn={() => onPoint(run.run)}
                onFocusOut={() => onPoint(null)}
              >
                <button
                  type="button"
                  class="swatch"
                  aria-pressed={on}
                  aria-label={`${on ? "Hide" : "Show"} ${run.name}`}
                  onClick={() => set(run, !on)}
                  onDblClick={() => only([run])}
                  title={`${on ? "Hide" : "Show"} (double-click: show only this run)`}
                >
                  <i
                    style={{
                      background: on ? color : "transparent",
                      borderColor: color,
                    }}
                  >
                    {on && <Tick />}
                  </i>
                </button>
                <a href={address("projects", project, "runs", run.run)} title={`${run.name} (${run.run})`}>
                  {run.name}
                  {hints.has(run.run) && <span class="twin"> {hints.get(run.run)}</span>}
                </a>
                <StatusBadge status={run.status} dot />
                <span class="meta">
                  {run.last_step === null ? "no steps yet" : `step ${run.last_step}`} ·{" "}
                  {run.status === "running" ? "running" : formatAgo(run.finish_time ?? run.last_update, now)}
                </span>
              </li>
            );
          })}
        </ul>
      </section>
    </aside>
  );
}

function Tick() {
  return (
    <svg viewBox="0 0 12 12" width="10" height="10" aria-hidden="true">
      <path d="M2 6.5 5 9.5 10 3" fill="none" stroke="#fff" stroke-width="2" />
    </svg>
  );
}
