import "./parameters.css";
import { useMemo } from "preact/hooks";
import { formatValue } from "../../core/format";
import { type Goals, goalOf } from "../../core/goals";
import { runColor } from "../../core/palette";
import { axisOf } from "../../core/plots/axis";
import { type Dimension, goodness, insideOf, SHADES } from "../../core/plots/parallel";
import { ErrorMessage } from "../../panel/error-message";
import { SegmentedControl } from "../../panel/segmented-control";
import { useApp } from "../app";
import { FieldPicker } from "../components/field-picker";
import { MOST_COMPARED } from "../components/limits";
import { Popover } from "../components/popover";
import type { Row } from "../table/columns";
import { type Findings, findings, labelOf, OWN_AXES, tells, valueAt } from "./findings";
import { Importances } from "./importances";
import { Parallel, shadeColor } from "./parallel";
import { useSample } from "./run-sample";
import { AxisPicker, Scatter } from "./scatter";
import type { CompareView, Scope } from "./view";

/** More lines than this tell nothing, and make a page slow. */
const MOST_LINES = 2000;
const AXES = 6;
const BEST = 10;

/** What the inputs of many runs have to do with a result of theirs. */
export function Parameters({ project, view }: { project: string; view: CompareView }) {
  const scope: Scope = view.scope.value ?? (view.runFilter.value ? "filter" : "all");
  const { columns, error } = useSample(project, scope, view.runs.value, view.runFilter.value);
  const found = useMemo(
    () => (columns ? findings(columns, view.target.value) : null),
    [columns, view.target.value],
  );
  return (
    <>
      <div class="controls-row">
        {(view.runs.value.length > 0 || view.runFilter.value !== "") && (
          <SegmentedControl
            label="Runs"
            options={[
              ...(view.runs.value.length
                ? [["selected", `Selected (${view.runs.value.length})`] as const]
                : []),
              ...(view.runFilter.value ? [["filter", "Table filter", view.runFilter.value] as const] : []),
              ["all", "All runs"],
            ]}
            value={scope}
            choose={(next) => {
              view.scope.value = next;
            }}
          />
        )}
        {found && found.target !== null && (
          <AxisPicker
            label="Result"
            value={`summary.${found.target}`}
            options={[{ name: "summary", fields: found.targets.map((name) => `summary.${name}`) }]}
            choose={(field) => {
              view.target.value = labelOf(field);
            }}
          />
        )}
        {columns && (
          <span class="faint" role="status">
            {columns.rows.length} {columns.rows.length === 1 ? "run" : "runs"}
          </span>
        )}
      </div>
      <ErrorMessage text={error} />
      {!columns && !error && <div class="card loading" aria-busy="true" style={{ height: "320px" }} />}
      {columns && found && (
        <Found project={project} view={view} rows={columns.rows} found={found} goals={columns.goals} />
      )}
    </>
  );
}

function Found({
  project,
  view,
  rows,
  found,
  goals,
}: {
  project: string;
  view: CompareView;
  rows: readonly Row[];
  found: Findings;
  goals: Goals;
}) {
  const { target, parameters } = found;
  const goal = target === null ? null : goalOf(target, goals);
  const targetField = target === null ? null : `summary.${target}`;
  const axes = view.axes.value;
  const fields = useMemo(() => {
    const telling = parameters.filter(tells).slice(0, AXES);
    return [...(axes ?? [...telling.map((p) => p.field), ...(targetField ? [targetField] : [])])];
  }, [parameters, axes, targetField]);
  const shown = useMemo(() => rows.slice(0, MOST_LINES), [rows]);
  const logs = view.logs.value;
  const dimensions = useMemo<Dimension[]>(
    () =>
      fields.map((field) => {
        const values = shown.map((row) => valueAt(row, field));
        return { field, values, axis: axisOf(values, logs.get(field) ?? null) };
      }),
    [fields, shown, logs],
  );
  const results = useMemo(() => {
    if (targetField === null) return shown.map(() => null);
    const values = shown.map((row) => valueAt(row, targetField));
    return goodness(axisOf(values, logs.get(targetField) ?? null), values, goal === "min");
  }, [shown, targetField, goal, logs]);
  const inside = useMemo(
    () => insideOf(dimensions, view.brushes.value, shown.length),
    [dimensions, view.brushes.value, shown],
  );
  if (parameters.length === 0)
    return (
      <p class="empty">
        {rows.length < 2
          ? "Parameters need at least two runs: choose “All runs”, or add runs."
          : "All runs have the same config. Parameters appear here when config values differ."}
      </p>
    );
  const change = (next: string[]) => {
    view.axes.value = next;
  };
  const options = [
    { name: "config", fields: parameters.map((p) => p.field) },
    { name: "summary", fields: found.targets.map((name) => `summary.${name}`) },
    { name: "run", fields: OWN_AXES },
  ];
  const x = view.scatterX.value || parameters[0]!.field;
  const y = view.scatterY.value || targetField || OWN_AXES[0]!;
  return (
    <>
      <section class="card panel" aria-labelledby="parallel-head">
        <div class="panel-head">
          <h2 id="parallel-head">Parallel coordinates</h2>
          {target !== null && (
            <span
              class="scale"
              title={
                goal === null ? "No goal set: define_metric(goal=…) says which values are better" : undefined
              }
            >
              {goal === null ? "low" : "worse"}
              <i
                aria-hidden="true"
                style={{
                  background: `linear-gradient(90deg in oklab, ${shadeColor(0)}, ${shadeColor(SHADES - 1)})`,
                }}
              />
              {goal === null ? "high" : "better"} {target}
            </span>
          )}
          <span class="spacer" />
          <Popover text="Axes" label="Choose axes">
            {() => (
              <FieldPicker
                what="axes"
                groups={options}
                chosen={fields}
                name={labelOf}
                choose={change}
                reset={() => {
                  view.axes.value = null;
                }}
              />
            )}
          </Popover>
        </div>
        {dimensions.length === 0 ? (
          <p class="empty">No axes selected.</p>
        ) : (
          <Parallel
            project={project}
            view={view}
            rows={shown}
            dimensions={dimensions}
            results={results}
            change={change}
          />
        )}
        <p class="hint">
          {rows.length > shown.length && `Showing the latest ${MOST_LINES} of ${rows.length} runs. `}
          Drag along an axis to filter runs by a range.
          {view.runs.value.length > 0 && " Thick lines are the compared runs."}
        </p>
        <Kept
          project={project}
          view={view}
          rows={shown}
          inside={inside}
          dimensions={dimensions}
          found={found}
          goal={goal}
        />
      </section>
      <div class="two-panels">
        <section class="card panel" aria-labelledby="importance-head">
          <h2 id="importance-head">Parameter importance{target === null ? "" : ` for ${target}`}</h2>
          <Importances found={found} fields={fields} change={change} />
        </section>
        <section class="card panel" aria-labelledby="scatter-head">
          <h2 id="scatter-head">Scatter plot</h2>
          <Scatter
            project={project}
            view={view}
            rows={shown}
            results={results}
            x={x}
            y={y}
            options={options}
          />
        </section>
      </div>
    </>
  );
}

/** The runs within the ranges, the best first. */
function Kept({
  project,
  view,
  rows,
  inside,
  dimensions,
  found,
  goal,
}: {
  project: string;
  view: CompareView;
  rows: readonly Row[];
  inside: readonly boolean[];
  dimensions: readonly Dimension[];
  found: Findings;
  goal: "min" | "max" | null;
}) {
  const { address } = useApp();
  const sign = goal === "max" ? -1 : 1;
  const kept = rows.flatMap((row, i) => (inside[i] ? [{ row, i, result: found.result[i] ?? null }] : []));
  kept.sort(
    (a, b) => Number(a.result === null) - Number(b.result === null) || sign * (a.result! - b.result!),
  );
  const brushed = view.brushes.value.size > 0;
  const some = kept.slice(0, MOST_COMPARED).map((each) => each.row.run);
  return (
    <details class="kept" open={brushed}>
      <summary>
        {kept.length} {kept.length === 1 ? "run" : "runs"}
        {brushed ? " in range" : ""}
        {goal ? ", best first" : ""}
      </summary>
      <div class="row">
        <button type="button" disabled={kept.length === 0} onClick={() => view.show(some)}>
          Compare {kept.length > MOST_COMPARED ? `the first ${MOST_COMPARED}` : `these ${kept.length}`}
        </button>
        {brushed && (
          <button
            type="button"
            class="link"
            onClick={() => {
              view.brushes.value = new Map();
            }}
          >
            Clear ranges
          </button>
        )}
      </div>
      {kept.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section class="table-scroll" tabIndex={0} aria-label="Runs in range">
          <table>
            <thead>
              <tr>
                <th scope="col">Run</th>
                {dimensions.map((d) => (
                  <th key={d.field} scope="col" class="number">
                    {labelOf(d.field)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {kept.slice(0, BEST).map(({ row, i }) => (
                <tr key={row.run}>
                  <th scope="row">
                    <i class="dot" style={{ background: runColor(row.color) }} aria-hidden="true" />
                    <a href={address("projects", project, "runs", row.run)}>{row.name}</a>
                  </th>
                  {dimensions.map((d) => (
                    <td key={d.field} class="number">
                      {formatValue(d.values[i] ?? null)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </details>
  );
}
