import { useMemo, useRef, useState } from "preact/hooks";
import type { Json, Run } from "../../core/types";
import { Charts } from "../../panel/charts";
import { Controls } from "../../panel/controls";
import { MOST, View } from "../../state/view";
import { address, app, navigate } from "../app";
import { DeleteButton, Notes } from "../parts/edit";
import { Frame } from "../parts/frame";
import { useBoard, useView } from "../parts/hooks";
import { RunList } from "../parts/runlist";

/** A project: a chart per metric with the drawn runs in it, beside the list of runs. */
export function ProjectPage({ project }: { project: string }) {
  const board = useBoard(project);
  const view = useView(() => new View());
  const [about, setAbout] = useState(false);
  const runs = board.runs.value;
  const drawn = view.drawn(runs);
  const shown = useSame(
    drawn,
    (run) => `${run.run} ${run.name} ${run.color} ${run.status} ${run.start_time}`,
  );
  const fields = useSame(
    useMemo(() => groupable(runs), [runs]),
    String,
  );
  return (
    <Frame
      title={project}
      trail={[{ text: project, href: address("projects", project) }]}
      live={board.liveness.value}
      reading={board.reading.value}
    >
      <div class="split">
        <RunList project={project} runs={runs} drawn={drawn} view={view} />
        <div class="page wide">
          <div class="page-head">
            <h1>{project}</h1>
            <a class="button" href={address("projects", project, "runs")}>
              Table of runs
            </a>
            <button type="button" aria-expanded={about} onClick={() => setAbout(!about)}>
              About
            </button>
          </div>
          {about && (
            <div class="card about">
              <Notes project={project} run={null} />
              <DeleteButton
                project={project}
                run={null}
                label={project}
                onDeleted={() => navigate(app.base)}
              />
            </div>
          )}
          {board.error.value && (
            <p class="error" role="alert">
              {board.error.value}
            </p>
          )}
          <Controls view={view} metrics={board.metrics.value} fields={fields} />
          {drawn.length >= MOST && (
            <p class="hint">
              {MOST} of {runs.length} runs are drawn, which is the most. Choose some beside the charts, or
              group them.
            </p>
          )}
          {!board.loading.value && runs.length > 0 && drawn.length === 0 && !view.group.value && (
            <p class="hint">
              No run is drawn. A click on a dot in the list draws one;{" "}
              <button type="button" class="link" onClick={() => view.all("latest")}>
                draw the latest
              </button>
              .
            </p>
          )}
          {board.loading.value ? <Loading /> : <Charts board={board} view={view} shown={shown} />}
        </div>
      </div>
    </Frame>
  );
}

/** The same list as before while its items look the same: charts are not drawn anew for a step counted. */
export function useSame<T>(items: T[], look: (item: T) => string): T[] {
  const kept = useRef<{ items: T[]; text: string }>({ items: [], text: "" });
  const text = items.map(look).join("\n");
  if (text !== kept.current.text) kept.current = { items, text };
  return kept.current.items;
}

/** Fields by which the runs fall into groups: of several values, not each with its own. */
export function groupable(runs: Run[]): string[] {
  const values = new Map<string, Set<string>>();
  const add = (field: string, value: Json) => {
    const found = values.get(field) ?? new Set<string>();
    values.set(field, found.add(JSON.stringify(value)));
  };
  const walk = (prefix: string, config: Record<string, Json>) => {
    for (const [key, value] of Object.entries(config)) {
      if (value !== null && typeof value === "object" && !Array.isArray(value))
        walk(`${prefix}${key}.`, value);
      else add(`${prefix}${key}`, value);
    }
  };
  for (const run of runs) {
    walk("config.", run.config);
    for (const field of ["group", "job_type", "host", "status"] as const) add(field, run[field]);
  }
  return [...values]
    .filter(([, found]) => found.size > 1 && (found.size < runs.length || found.size <= 12))
    .map(([field]) => field)
    .sort((a, b) => Number(b.startsWith("config.")) - Number(a.startsWith("config.")) || a.localeCompare(b));
}

export function Loading() {
  return (
    <div class="grid loading" aria-busy="true">
      {Array.from({ length: 6 }, (_, i) => (
        <div key={i} class="card chart" />
      ))}
    </div>
  );
}
