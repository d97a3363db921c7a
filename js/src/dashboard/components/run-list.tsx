import { useMemo, useState } from "preact/hooks";
import { formatAgo } from "../../core/format";
import { runColor } from "../../core/palette";
import { runNames } from "../../core/run-names";
import type { Run } from "../../core/types";
import { StatusBadge } from "../../panel/badges";
import { type ChartSettings, LATEST } from "../../state/chart-settings";
import { address } from "../app";
import { useNow } from "./hooks";

const ROW = 44;

/** The runs beside the charts: colour, name, state; a click on the dot shows or hides one. Rows exist only on screen. */
export function RunList({
  project,
  runs,
  drawn,
  view,
  colors,
}: {
  project: string;
  runs: Run[];
  drawn: readonly Run[];
  view: ChartSettings;
  /** Of runs that are drawn in a colour that is not their own: that of their group. */
  colors: ReadonlyMap<string, string>;
}) {
  const now = useNow();
  const [search, setSearch] = useState("");
  const [top, setTop] = useState(0);
  // On a phone the charts come first: the list unfolds when somebody asks for it.
  const [open, setOpen] = useState(false);
  const wanted = search.trim().toLowerCase();
  const found = wanted
    ? runs.filter((r) => [r.name, r.run, ...r.tags].some((t) => t.toLowerCase().includes(wanted)))
    : runs;
  const shown = new Set(drawn.map((run) => run.run));
  const hints = useMemo(() => runNames(runs), [runs]);
  const first = Math.max(0, Math.floor(top / ROW) - 10);
  const last = Math.min(found.length, first + 60);
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
    view.set(run.run, on, place);
  };
  return (
    <aside class={`runlist ${open ? "open" : ""}`} aria-label="Runs">
      <button type="button" class="runlist-toggle fold" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span class="arrow" aria-hidden="true">
          {open ? "▾" : "▸"}
        </span>
        Runs
        <span class="count">
          {drawn.length} of {runs.length} shown
        </span>
      </button>
      <div class="runlist-head">
        <input
          type="search"
          placeholder={`Search ${runs.length} ${runs.length === 1 ? "run" : "runs"}`}
          aria-label="Search runs by name or tag"
          value={search}
          onInput={(e) => setSearch(e.currentTarget.value)}
        />
        <div class="row small">
          {wanted ? (
            <button type="button" class="link" onClick={() => only(found)}>
              Show only these {found.length}
            </button>
          ) : (
            <>
              {runs.length > LATEST && (
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
            {drawn.length} of {runs.length} shown
          </span>
        </div>
      </div>
      <section
        class="runlist-rows"
        tabIndex={found.length > 8 ? 0 : -1}
        aria-label="List of runs"
        onScroll={(e) => setTop(e.currentTarget.scrollTop)}
      >
        {found.length === 0 && runs.length > 0 && <p class="empty">No runs match “{search}”.</p>}
        <ul style={{ height: `${found.length * ROW}px` }}>
          {found.slice(first, last).map((run, i) => {
            const on = shown.has(run.run);
            const color = colors.get(run.run) ?? runColor(run.color);
            return (
              <li key={run.run} class={on ? "" : "off"} style={{ top: `${(first + i) * ROW}px` }}>
                <button
                  type="button"
                  class="swatch"
                  aria-pressed={on}
                  aria-label={`${on ? "Hide" : "Show"} ${run.name}`}
                  onClick={() => set(run, !on)}
                  onDblClick={() => only([run])}
                  title={`${on ? "Hide" : "Show"} (double click: only this one)`}
                >
                  <i
                    style={{
                      background: on ? color : "transparent",
                      borderColor: color,
                    }}
                  />
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
