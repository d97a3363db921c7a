import "./compare.css";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { groupFields } from "../../core/group-fields";
import type { Run } from "../../core/types";
import { ChartGrid } from "../../panel/chart-grid";
import { Controls } from "../../panel/controls";
import { ErrorMessage } from "../../panel/error-message";
import { ProjectStore } from "../../state/project-store";
import { useApp } from "../app";
import { Code } from "../compare/code";
import { DiffFilter } from "../compare/diff-filter";
import { inputsAndResults, type RunFacts } from "../compare/diff-rows";
import { Parameters } from "../compare/parameters";
import { Others, RunChips } from "../compare/run-chips";
import { DiffTable } from "../compare/table";
import { CompareView, TABS, type Tab } from "../compare/view";
import { EmptyState } from "../components/empty-state";
import { useChartSettings, useNow, useSame } from "../components/hooks";
import { MOST_COMPARED } from "../components/limits";
import { PageFrame } from "../components/page-frame";
import { pollPause } from "../components/poll-pause";
import { Skeleton } from "../components/skeleton";
import { TabPanel, Tabs } from "../components/tabs";

const NAMES: Record<Tab, string> = {
  differences: "Differences",
  charts: "Charts",
  code: "Code and machine",
  parameters: "Parameters",
};
const FACTS = "environment,git,command";
/** What may change while a run goes on; of others the list itself has told it. */
const LATER = "summary";
const AGAIN = 3000;

/** Some runs of a project side by side: what differs, their charts, code and machine; and what inputs have to do with results. */
export function ComparePage({ project }: { project: string }) {
  const { address } = useApp();
  const view = useChartSettings(() => new CompareView());
  const wanted = view.runs.value.slice(0, MOST_COMPARED);
  const board = useGrowing(project, wanted);
  const runs = useMemo(() => {
    const found = new Map(board.runs.value.map((run) => [run.run, run]));
    return wanted.flatMap((run) => found.get(run) ?? []);
  }, [board.runs.value, wanted.join()]);
  const loading = board.loading.value;
  const unknown =
    loading || board.error.value ? [] : wanted.filter((run) => !runs.some((r) => r.run === run));
  const facts = useFacts(
    project,
    wanted,
    runs.some((run) => run.status === "running"),
  );
  const tab = view.tab.value;
  // Parameters are looked at in all runs, or in those that a filter left, also where none is compared.
  const overall = wanted.length === 0 && ["all", "filter"].includes(view.scope.value ?? "");
  return (
    <PageFrame
      title={`Compare ${project}`}
      trail={[
        { text: project, href: address("projects", project) },
        { text: "runs", href: address("projects", project, "runs") },
        { text: "compare", href: `${address("projects", project, "compare")}?runs=${wanted.join(",")}` },
      ]}
      {...(runs.length ? { live: board.liveness.value } : {})}
    >
      <div class="page wide compare-page">
        <div class="page-head">
          <h1>
            {wanted.length === 0
              ? overall
                ? "Parameters"
                : "Compare"
              : `${runs.length} ${runs.length === 1 ? "run" : "runs"} compared`}
          </h1>
        </div>
        <ErrorMessage text={board.error.value} />
        {view.runs.value.length > MOST_COMPARED && (
          <p class="hint">
            Comparing the first {MOST_COMPARED} of {view.runs.value.length} runs, which is the limit.
          </p>
        )}
        {unknown.length > 0 && (
          <ErrorMessage
            text={`${unknown.length === 1 ? "Run" : "Runs"} not found in ${project}: ${unknown.slice(0, 5).join(", ")}${
              unknown.length > 5 ? ` and ${unknown.length - 5} more` : ""
            }.`}
          >
            <button
              type="button"
              class="link"
              onClick={() => view.show(wanted.filter((run) => !unknown.includes(run)))}
            >
              Continue without {unknown.length === 1 ? "it" : "them"}
            </button>
          </ErrorMessage>
        )}
        {loading && wanted.length > 0 && (
          <div class="card loading" aria-busy="true" style={{ height: "44px" }} />
        )}
        {!loading && runs.length > 0 && <RunChips project={project} view={view} runs={runs} />}
        {!loading && runs.length === 0 && !overall && (
          <EmptyState title="Choose runs to compare">
            <p>
              Select runs in the <a href={address("projects", project, "runs")}>table of runs</a> and click
              Compare, or add them here:
            </p>
            <Others project={project} view={view} />
            <p>
              Or{" "}
              <button
                type="button"
                class="link"
                onClick={() => {
                  view.scope.value = "all";
                }}
              >
                analyze the parameters of all runs
              </button>
              .
            </p>
          </EmptyState>
        )}
        {overall && <Parameters project={project} view={view} />}
        {runs.length > 0 && (
          <>
            <Tabs
              label="Comparison"
              items={TABS.map((id) => ({ id, text: NAMES[id] }))}
              now={tab}
              choose={(id) => {
                view.tab.value = id;
              }}
            />
            <TabPanel id={tab}>
              {tab === "differences" && (
                <Differences project={project} view={view} runs={runs} facts={facts} />
              )}
              {tab === "charts" && <Drawn board={board} view={view} runs={runs} />}
              {tab === "code" && <Code project={project} view={view} runs={runs} facts={facts} />}
              {tab === "parameters" && <Parameters project={project} view={view} />}
            </TabPanel>
          </>
        )}
      </div>
    </PageFrame>
  );
}

function Differences({
  project,
  view,
  runs,
  facts,
}: {
  project: string;
  view: CompareView;
  runs: Run[];
  facts: ReadonlyMap<string, RunFacts>;
}) {
  const now = useNow();
  const running = runs.some((run) => run.status === "running");
  const lines = useMemo(() => inputsAndResults(runs, facts, now), [runs, facts, running ? now : 0]);
  const differing = lines.filter((line) => line.differs).length;
  return (
    <>
      <DiffFilter
        view={view}
        differing={differing}
        total={lines.length}
        placeholder="Search config and summary"
      />
      {runs.length === 1 && !view.everything.value ? (
        <p class="hint">
          Add another run to see differences, or{" "}
          <button
            type="button"
            class="link"
            onClick={() => {
              view.everything.value = true;
            }}
          >
            show all values of this run
          </button>
          .
        </p>
      ) : (
        <DiffTable
          project={project}
          view={view}
          runs={runs}
          lines={lines}
          label="Config and summary of the compared runs"
        />
      )}
    </>
  );
}

function Drawn({ board, view, runs }: { board: ProjectStore; view: CompareView; runs: Run[] }) {
  const drawn = runs.filter((run) => !view.hidden.value.has(run.run));
  const shown = useSame(
    drawn,
    (run) => `${run.run} ${run.name} ${run.color} ${run.status} ${run.start_time}`,
  );
  const fields = useSame(
    useMemo(() => groupFields(runs), [runs]),
    String,
  );
  return (
    <>
      <Controls view={view} metrics={board.metrics.value} fields={fields} />
      {board.loading.value ? <Skeleton /> : <ChartGrid board={board} view={view} shown={shown} />}
    </>
  );
}

/** A board of these runs. One that goes costs nothing; one that comes needs a board that knows it. */
function useGrowing(project: string, runs: readonly string[]): ProjectStore {
  const { source } = useApp();
  const [known, setKnown] = useState(runs);
  const grown = runs.every((run) => known.includes(run)) ? known : runs;
  if (grown !== known) setKnown(grown);
  const board = useMemo(
    () => new ProjectStore(source, project, undefined, { lazy: true, some: grown }),
    [project, grown.join()],
  );
  useEffect(() => {
    if (grown.length) void board.open();
    else board.loading.value = false;
    return () => board.close();
  }, [board]);
  return board;
}

/** What lists tell only when asked: how the runs came about, and the results of running ones as they are now. */
function useFacts(project: string, runs: readonly string[], running: boolean): ReadonlyMap<string, RunFacts> {
  const { source } = useApp();
  const [facts, setFacts] = useState<ReadonlyMap<string, RunFacts>>(new Map());
  const ran = useRef(false);
  useEffect(() => {
    if (runs.length === 0) return;
    const aborter = new AbortController();
    const { signal } = aborter;
    const load = async () => {
      // A run that has ended meanwhile ended with other results than the list told.
      let fields = ran.current ? `${FACTS},${LATER}` : FACTS;
      ran.current ||= running;
      let failed: boolean;
      do {
        try {
          const query = { runs: runs.join(","), limit: String(MOST_COMPARED), fields };
          const answer = await source.json<{ runs: RunFacts[] }>(
            ["projects", project, "runs"],
            query,
            signal,
          );
          setFacts((before) => {
            const next = new Map(before);
            for (const each of answer.runs)
              next.set(each.run, { ...before.get(each.run), ...each } as RunFacts);
            return next;
          });
          failed = false;
          fields = LATER;
        } catch {
          // The board beside it says what is wrong; this tries again.
          failed = true;
        }
      } while ((running || failed) && (await pollPause(AGAIN, signal)));
    };
    void load();
    return () => aborter.abort();
  }, [project, runs.join(), running]);
  return facts;
}
