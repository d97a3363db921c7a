import "./run.css";
import { useEffect, useState } from "preact/hooks";
import { formatAgo, formatDuration, formatTime } from "../../core/format";
import { runColor } from "../../core/palette";
import { runEnd } from "../../core/run-end";
import { isSystem } from "../../core/sections";
import type { Run, RunDetail } from "../../core/types";
import { StatusBadge, Tags } from "../../panel/badges";
import { ChartGrid } from "../../panel/chart-grid";
import { Controls } from "../../panel/controls";
import { ErrorMessage } from "../../panel/error-message";
import { StopButton } from "../../panel/stop-button";
import { ChartSettings } from "../../state/chart-settings";
import type { ProjectStore } from "../../state/project-store";
import { useApp } from "../app";
import { EmptyState } from "../components/empty-state";
import { useNow, usePolled, useProjectStore } from "../components/hooks";
import { NotFound } from "../components/not-found";
import { PageFrame } from "../components/page-frame";
import { Skeleton } from "../components/skeleton";
import { TabPanel, Tabs } from "../components/tabs";
import { Artifacts } from "../run/artifacts";
import { Config } from "../run/config";
import { Console } from "../run/console";
import { Media } from "../run/media";
import { Overview } from "../run/overview";
import { Summary } from "../run/summary";
import { readTabState, useTabState } from "../run/tab-state";

const TABS = ["charts", "overview", "summary", "config", "system", "media", "artifacts", "console"] as const;

/** What the charts of a tab show; the query of the address is that of the tab which its # names. */
class TabView extends ChartSettings {
  constructor(private readonly system: boolean) {
    super(system ? "relative" : "step");
  }

  override read(query: URLSearchParams): void {
    if ((readTabState(location.hash, TABS).tab === "system") === this.system) super.read(query);
  }
}

/** Tabs whose content is fetched when it is looked at: of a run that is deleted meanwhile there is none. */
const FETCHED: ReadonlySet<string> = new Set(["media", "artifacts", "console"]);

/** One run, a tab for each side of it. */
export function RunPage({ project, run }: { project: string; run: string }) {
  const app = useApp();
  const { address, say, source } = app;
  const board = useProjectStore(project, run);
  const { place, go, set } = useTabState(TABS);
  // What the machine did is seen over time, and filtered, zoomed and smoothed apart from what the program logged.
  const [views] = useState(() => {
    const made = { charts: new TabView(false), system: new TabView(true) };
    for (const view of Object.values(made)) view.read(new URLSearchParams(location.search));
    return made;
  });
  const live = board.runs.value[0];
  const running = live?.status === "running";
  const {
    value: detail,
    error,
    again,
  } = usePolled((signal) => source.run(project, run, signal), running ? 5000 : 30_000, [
    project,
    run,
    running,
  ]);
  const head = live ?? detail;
  // The stream does not tell of a request to stop; the run itself does.
  const stopped = [detail, live].find((run) => run?.stop_requested);
  const deleted = board.deleted.value;
  // A file that was kept, or an edit elsewhere, is told at once by its event.
  useEffect(() => {
    if (live?.status) again();
  }, [live?.status, live?.notes, live?.name]);
  const [asked, setAsked] = useState(false);
  const stop = async () => {
    await source.stop(project, run);
    setAsked(true);
    say("Stop requested. The run ends when its training loop checks run.should_stop.");
    again();
  };
  const kept = detail
    ? detail.artifacts.length + (detail.logged_artifacts?.length ?? 0) + (detail.used_artifacts?.length ?? 0)
    : 0;
  const trail = [
    { text: project, href: address("projects", project) },
    { text: "runs", href: address("projects", project, "runs") },
    { text: head?.name ?? run, href: address("projects", project, "runs", run) },
  ];
  if (error && !head)
    return (
      <PageFrame title={run} trail={trail}>
        <NotFound
          name={run}
          text={error}
          back={`Back to runs of ${project}`}
          to={address("projects", project, "runs")}
        />
      </PageFrame>
    );
  return (
    <PageFrame
      title={head?.name ?? run}
      trail={trail}
      {...(deleted ? {} : { live: board.liveness.value })}
      reading={board.reading.value}
    >
      <div class="page wide run-page">
        {head && (
          <div class="page-head">
            <i class="dot big" style={{ background: runColor(head.color) }} aria-hidden="true" />
            <h1>{head.name}</h1>
            <StatusBadge status={head.status} />
            <Tags tags={head.tags} />
            <Progress run={head} />
            {stopped && (
              <span class="chip" title="Somebody stopped this run from the dashboard or a notebook">
                {head.status === "running" ? "stop requested" : "stopped"}
                {stopped.stop_requested_at ? ` ${formatTime(stopped.stop_requested_at)}` : ""}
              </span>
            )}
            {detail && detail.problem_count > 0 && (
              <button type="button" class="link problem-link" onClick={() => go("overview")}>
                {detail.problem_count} {detail.problem_count === 1 ? "problem" : "problems"}
              </button>
            )}
            <span class="spacer" />
            {!app.readOnly && !deleted && <StopButton run={head} asked={asked} ask={stop} />}
          </div>
        )}
        {deleted && (
          <ErrorMessage text="This run was deleted.">
            <a href={address("projects", project)}>Back to {project}</a>
          </ErrorMessage>
        )}
        {!deleted && <ErrorMessage text={error ?? board.error.value} />}
        <Tabs
          label="Run"
          items={TABS.map((id) => ({ id, text: id, count: id === "artifacts" ? kept : 0 }))}
          now={place.tab}
          choose={go}
        />
        <TabPanel id={place.tab}>
          {place.tab === "charts" && <Drawn key="charts" board={board} view={views.charts} />}
          {place.tab === "system" && <Drawn key="system" board={board} view={views.system} system />}
          {deleted && FETCHED.has(place.tab) && <p class="empty">This was deleted with the run.</p>}
          {place.tab === "console" && head && !deleted && (
            <Console project={project} run={run} running={running} query={place.query} set={set} />
          )}
          {place.tab === "media" && head && !deleted && (
            <Media project={project} run={run} running={running} query={place.query} set={set} />
          )}
          {detail && place.tab === "overview" && (
            <Overview
              detail={detail}
              deleted={deleted}
              onEdit={(content) => {
                again();
                board.replaceRun(edited(detail, content));
              }}
            />
          )}
          {detail && place.tab === "summary" && <Summary detail={detail} query={place.query} set={set} />}
          {detail && place.tab === "config" && <Config detail={detail} query={place.query} set={set} />}
          {detail && place.tab === "artifacts" && !deleted && (
            <Artifacts detail={detail} query={place.query} set={set} />
          )}
        </TabPanel>
      </div>
    </PageFrame>
  );
}

function edited(
  detail: RunDetail,
  content: { notes: string; tags: string[]; display_name?: string },
): RunDetail {
  return { ...detail, notes: content.notes, tags: content.tags, name: content.display_name ?? detail.name };
}

const isOwn = (metric: string) => !isSystem(metric);

/** How far a run came, and how long it took or takes. Only this is drawn anew with each second. */
function Progress({ run }: { run: Run }) {
  const now = useNow(1000);
  return (
    <span class="faint">
      {run.last_step !== null && `step ${run.last_step} · `}
      {run.start_time !== null && `${formatDuration((runEnd(run, now) ?? now) - run.start_time)} · `}
      {formatAgo(run.last_update, now)}
    </span>
  );
}

/** The charts of what the program logged, or (`system`) of what the machine did meanwhile. */
function Drawn({
  board,
  view,
  system = false,
}: {
  board: ProjectStore;
  view: ChartSettings;
  system?: boolean;
}) {
  // The address tells of the view that is seen.
  useEffect(() => {
    const aborter = new AbortController();
    view.bind(aborter.signal);
    return () => aborter.abort();
  }, [view]);
  if (board.loading.value) return <Skeleton />;
  const among = system ? isSystem : isOwn;
  return (
    <>
      {board.metrics.value.some(among) && <Controls view={view} />}
      <ChartGrid
        board={board}
        view={view}
        shown={board.runs.value}
        among={among}
        under={system ? "system/" : ""}
        empty={system ? <NoSystem /> : <NoMetrics running={board.runs.value[0]?.status === "running"} />}
      />
    </>
  );
}

function NoSystem() {
  return (
    <EmptyState
      title="No system metrics"
      code={'export ASPARA_CAPTURE=all\n\naspara.init(project="digits", capture=True)'}
    >
      <p>
        Aspara records CPU, memory and GPU load every few seconds while a run is active. This run was too
        short, or system metrics were turned off.
      </p>
    </EmptyState>
  );
}

function NoMetrics({ running }: { running: boolean }) {
  return (
    <EmptyState
      title={running ? "No metrics yet" : "No metrics"}
      code={'for step in range(100):\n    aspara.log({"train/loss": loss, "val/accuracy": accuracy})'}
    >
      <p>Each metric gets its own live chart. The part before “/” names its section.</p>
    </EmptyState>
  );
}
