import "./project.css";
import { signal } from "@preact/signals";
import { useMemo, useState } from "preact/hooks";
import { groupFields } from "../../core/group-fields";
import { matcher } from "../../core/sections";
import { ChartGrid } from "../../panel/chart-grid";
import { Controls } from "../../panel/controls";
import { ErrorMessage } from "../../panel/error-message";
import type { NamedGroup } from "../../panel/legend";
import { ChartSettings, MOST } from "../../state/chart-settings";
import { MOST_NAMED } from "../../state/url-run-list";
import { useApp } from "../app";
import { useChartSettings, useProjectStore, useSame } from "../components/hooks";
import { NotFound } from "../components/not-found";
import { DeleteButton, NotesEditor } from "../components/notes-editor";
import { PageFrame } from "../components/page-frame";
import { RunList } from "../components/run-list";
import { Skeleton } from "../components/skeleton";

/** How a project's charts are shown, and whether its notes are. */
class ProjectView extends ChartSettings {
  readonly about = signal(false);
  /** Narrows the runs of the list and of the charts. */
  readonly search = signal("");
  /** The run of the list that the pointer is on. Not kept in the address. */
  readonly pointed = signal<string | null>(null);

  override read(query: URLSearchParams): void {
    super.read(query);
    this.about.value = query.get("about") === "1";
    this.search.value = query.get("search") ?? "";
  }

  override write(): URLSearchParams {
    const query = super.write();
    if (this.about.value) query.set("about", "1");
    if (this.search.value) query.set("search", this.search.value);
    return query;
  }
}

/** A project: a chart per metric with the drawn runs in it, beside the list of runs. */
export function ProjectPage({ project }: { project: string }) {
  const app = useApp();
  const { address, navigate } = app;
  const board = useProjectStore(project);
  const view = useChartSettings(() => new ProjectView());
  const about = view.about.value;
  const [groups, setGroups] = useState<readonly NamedGroup[]>([]);
  const all = board.runs.value;
  const search = view.search.value;
  const runs = useMemo(() => {
    const matches = matcher(search);
    return search.trim() === ""
      ? all
      : all.filter((run) => [run.name, run.run, ...run.tags].some((text) => matches(text)));
  }, [all, search]);
  const drawn = view.drawn(runs);
  const counted = view.grouped ? view.members(runs) : drawn;
  const shown = useSame(
    drawn,
    (run) => `${run.run} ${run.name} ${run.color} ${run.status} ${run.start_time}`,
  );
  const fields = useSame(
    useMemo(() => groupFields(all), [all]),
    String,
  );
  const colors = useMemo(
    () =>
      new Map(
        view.grouped ? groups.flatMap(({ color, runs }) => runs.map((run) => [run, color] as const)) : [],
      ),
    [groups, view.grouped],
  );
  const trail = [{ text: project, href: address("projects", project) }];
  if (board.error.value && all.length === 0)
    return (
      <PageFrame title={project} trail={trail}>
        <NotFound name={project} text={board.error.value} back="All projects" to={app.base} />
      </PageFrame>
    );
  return (
    <PageFrame title={project} trail={trail} live={board.liveness.value} reading={board.reading.value}>
      <div class="split">
        <RunList
          project={project}
          runs={runs}
          total={all.length}
          drawn={counted}
          view={view}
          search={search}
          onSearch={(text) => {
            view.search.value = text;
          }}
          onPoint={(run) => {
            view.pointed.value = run;
          }}
          colors={colors}
        />
        <div class="page wide">
          <div class="page-head">
            <h1>{project}</h1>
            <a class="button" href={address("projects", project, "runs")}>
              Table of runs
            </a>
            <button
              type="button"
              aria-expanded={about}
              onClick={() => {
                view.about.value = !about;
              }}
            >
              About
            </button>
          </div>
          {about && (
            <div class="card about">
              <NotesEditor project={project} run={null} />
              <DeleteButton
                project={project}
                run={null}
                label={project}
                onDeleted={() => navigate(app.base)}
              />
            </div>
          )}
          <ErrorMessage text={board.error.value} />
          <Controls view={view} metrics={board.metrics.value} fields={fields} />
          {view.lost.value > 0 && (
            <p class="hint">
              The link chose {view.lost.value} runs, but a link can hold at most {MOST_NAMED} run names.
              Choose the runs again.
            </p>
          )}
          {drawn.length >= MOST && !view.grouped && (
            <p class="hint">
              {MOST} of {runs.length} runs are shown, which is the limit. Select fewer in the list, or group
              them.
            </p>
          )}
          {!board.loading.value && runs.length > 0 && counted.length === 0 && (
            <p class="hint">
              No runs are shown. Select runs in the list, or{" "}
              <button type="button" class="link" onClick={() => view.all("latest")}>
                show the latest runs
              </button>
              .
            </p>
          )}
          {board.loading.value ? (
            <Skeleton />
          ) : (
            <ChartGrid board={board} view={view} shown={shown} onGroups={setGroups} pointed={view.pointed} />
          )}
        </div>
      </div>
    </PageFrame>
  );
}
