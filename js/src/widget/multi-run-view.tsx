import { useMemo, useState } from "preact/hooks";
import { runColor } from "../core/palette";
import { runNames } from "../core/run-names";
import type { Run } from "../core/types";
import { StatusBadge } from "../panel/badges";
import { ChartGrid } from "../panel/chart-grid";
import { wanted } from "../source/selected-runs";
import { ChartSettings } from "../state/chart-settings";
import type { ProjectStore } from "../state/project-store";
import type { ComparisonSession } from "./comparison-session";
import { Frame } from "./frame";

/** Charts that compare runs: one line a run in each, and the runs above them, each of which can be left out. */
export function MultiRunView({
  comparison,
  usual,
  root,
}: {
  comparison: ComparisonSession;
  /** The most pixels that the charts take where the chart itself does not say. */
  usual: number | null;
  root: HTMLElement;
}) {
  const board = comparison.board.value;
  if (board) return <Drawn comparison={comparison} board={board} usual={usual} root={root} />;
  root.dataset.points = "0";
  return (
    <>
      <header class="w-head">
        <strong class="w-name">{comparison.reference.value.title}</strong>
      </header>
      <p class="empty">
        {comparison.origin.value === "still"
          ? "The points of these runs are not here: neither their kernel nor their files can be reached from this page."
          : "Looking for the runs…"}
      </p>
    </>
  );
}

function Drawn({
  comparison,
  board,
  usual,
  root,
}: {
  comparison: ComparisonSession;
  board: ProjectStore;
  usual: number | null;
  root: HTMLElement;
}) {
  const view = useMemo(() => {
    const made = new ChartSettings();
    made.size.value = "s";
    return made;
  }, []);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const { title, metrics: named, height } = comparison.reference.value;
  const runs = board.runs.value;
  const shown = useMemo(() => runs.filter((run) => !hidden.has(run.run)), [runs, hidden]);
  const apart = useMemo(() => runNames(runs), [runs]);
  const takes = useMemo(() => wanted(named), [named]);
  // A metric that the chart is not about may come with a row that has others.
  const metrics = board.metrics.value.filter(takes);
  const points = metrics.reduce((sum, metric) => {
    board.revision(metric).value;
    for (const series of board.lines(metric).values()) sum += series.count;
    return sum;
  }, 0);
  root.dataset.points = String(points);
  root.dataset.origin = comparison.origin.value ?? "";
  root.dataset.running = String(runs.filter((run) => run.status === "running").length);
  const toggle = (run: Run) => {
    const next = new Set(hidden);
    if (!next.delete(run.run)) next.add(run.run);
    setHidden(next);
  };
  return (
    <>
      <header class="w-head">
        <strong class="w-name" title={title}>
          {title}
        </strong>
        <span class="spacer" />
        {board.error.value && (
          <span class="w-trouble" title={board.error.value}>
            offline
          </span>
        )}
        <Open comparison={comparison} runs={runs} />
      </header>
      <ul class="w-runs" aria-label="Runs">
        {runs.map((run) => (
          <li key={run.run}>
            <button
              type="button"
              aria-pressed={!hidden.has(run.run)}
              title={`${run.run} (${run.status}): ${hidden.has(run.run) ? "draw it" : "leave it out"}`}
              onClick={() => toggle(run)}
            >
              <i class="dot" style={{ background: runColor(run.color) }} aria-hidden="true" />
              <span class="w-name">{run.name}</span>
              {apart.has(run.run) && <span class="faint">{apart.get(run.run)}</span>}
              <StatusBadge status={run.status} dot />
            </button>
          </li>
        ))}
      </ul>
      {comparison.notice.value && (
        <p class={`w-notice ${comparison.notice.value.kind}`} role="status">
          {comparison.notice.value.text}
        </p>
      )}
      {metrics.length === 0 ? (
        <p class="empty">{board.loading.value ? "Loading…" : "Nothing was logged so far."}</p>
      ) : (
        <Frame
          view={view}
          count={metrics.length}
          height={height ?? usual}
          onlyStep={comparison.origin.value === "still"}
        >
          <ChartGrid board={board} view={view} shown={shown} flat={metrics.length <= 6} />
        </Frame>
      )}
    </>
  );
}

/** The same runs in the dashboard, which shows those of one project. */
function Open({ comparison, runs }: { comparison: ComparisonSession; runs: Run[] }) {
  const projects = [...new Set(runs.map((run) => run.project))];
  if (!comparison.base || comparison.origin.value !== "server" || projects.length !== 1) return null;
  const names = runs.map((run) => run.run.slice(projects[0]!.length + 1));
  const query = new URLSearchParams({ runs: "none", show: names.join(",") });
  return (
    <a
      class="w-open"
      href={`${comparison.base}aspara/projects/${encodeURIComponent(projects[0]!)}?${query}`}
      target="_blank"
      rel="noopener"
      title="Open these runs in the dashboard"
      aria-label="Open these runs in the dashboard"
    >
      ↗
    </a>
  );
}
