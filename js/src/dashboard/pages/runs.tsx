import "./runs.css";
import { useEffect, useMemo, useState } from "preact/hooks";
import { stringify } from "../../core/json";
import type { Json } from "../../core/types";
import { ErrorMessage } from "../../panel/error-message";
import { MOST_NAMED } from "../../state/url-run-list";
import { useApp } from "../app";
import { EmptyState } from "../components/empty-state";
import { useNow } from "../components/hooks";
import { NotFound } from "../components/not-found";
import { PageFrame } from "../components/page-frame";
import { Popover } from "../components/popover";
import { Actions } from "../table/actions";
import type { ColumnsAnswer, Row } from "../table/columns";
import { saveCsv } from "../table/csv";
import { check, FilterBox } from "../table/filter";
import { Grid, type Item } from "../table/grid";
import { ColumnPicker } from "../table/picker";
import { RunTableStore } from "../table/store";
import { grouped, label, meaning, searched, sorted, TableView, telling } from "../table/view";

const STATISTIC = /^(?:count|mean|(?:last|min|max)(?:_step)?)\((.+)\)$/s;

/** The metrics whose least, greatest or mean values a field or filter speaks of. */
function statisticsIn(fields: Iterable<string>): string[] {
  return [...fields].flatMap((text) =>
    (meaning(text)?.fields ?? []).flatMap((field) => {
      const metric = STATISTIC.exec(field)?.[1];
      return metric === undefined
        ? []
        : [metric.replace(/^`(.*)`$/s, (_, m: string) => m.replaceAll("``", "`"))];
    }),
  );
}

/** All runs of a project as a table: state, times, config, results; filtered, sorted, grouped, compared, edited. */
export function RunsPage({ project }: { project: string }) {
  const app = useApp();
  const { address, say, source } = app;
  const store = useMemo(
    () =>
      new RunTableStore(source, project, (query, signal) =>
        source.json<ColumnsAnswer>(["projects", project, "runs"], query, signal),
      ),
    [project],
  );
  const view = useMemo(() => {
    const made = new TableView(project);
    made.open(new URLSearchParams(location.search));
    return made;
  }, [project]);
  useEffect(() => {
    const aborter = new AbortController();
    store.open();
    view.bind(aborter.signal);
    return () => {
      aborter.abort();
      store.close();
    };
  }, [store, view]);
  const now = useNow();
  const selected = view.selected.value;
  const setSelected = (runs: ReadonlySet<string>) => {
    view.selected.value = runs;
    view.lost.value = 0;
  };
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const { columns } = store;
  const revision = store.revision.value;
  const checked = useMemo(() => check(view.filter.value, columns), [revision, view.filter.value]);
  const [lastGood, setLastGood] = useState(checked.expression);
  useEffect(() => {
    if (!checked.error) setLastGood(checked.expression);
  }, [checked]);
  const expression = checked.error ? lastGood : checked.expression;
  const telling_ = useMemo(() => {
    const found = telling(columns);
    return columns.rows.slice(0, 500).some((row) => row.tags.length) ? ["tags", ...found] : found;
  }, [revision]);
  const fields = useMemo(
    () => (view.columns.value ?? telling_).filter((field) => meaning(field) !== null),
    [view.columns.value, telling_],
  );
  useEffect(() => {
    const sorts = view.sort.value.map((s) => s.replace(/^-/, ""));
    store.need(statisticsIn([...fields, ...sorts, view.group.value || "name", expression?.text ?? "name"]));
  }, [fields, view.sort.value, view.group.value, expression, store.whole.value]);

  const rows = useMemo(() => {
    const moment = Date.now();
    let found: readonly Row[] = searched(columns.rows, view.search.value);
    if (expression) found = found.filter((row) => expression.matches(row, moment));
    return sorted(found, view.sort.value, moment);
  }, [revision, view.search.value, expression, view.sort.value]);
  const items = useMemo<Item[]>(() => {
    if (!view.group.value || !meaning(view.group.value)) return rows.map((row) => ({ row }));
    return grouped(rows, view.group.value, Date.now()).flatMap((group): Item[] => {
      const shut = closed.has(stringify(group.value));
      return [{ group, closed: shut }, ...(shut ? [] : group.rows.map((row) => ({ row })))];
    });
  }, [rows, view.group.value, closed]);
  const chosen = useMemo(() => columns.rows.filter((row) => selected.has(row.run)), [selected, revision]);
  const recolor = async (row: Row, color: number | null) => {
    const before = row.color;
    try {
      if (color !== null) store.change((c) => c.set(row.run, { color }));
      const { etag } = await source.metadata(project, row.run);
      await source.edit(project, row.run, { color }, etag);
      if (color === null) {
        const { color: own } = await source.run(project, row.run);
        store.change((c) => c.set(row.run, { color: own }));
      }
    } catch (error) {
      store.change((c) => c.set(row.run, { color: before }));
      say((error as Error).message, "error");
    }
  };
  const total = columns.rows.length;
  const counted = !store.whole.value
    ? `${total} of ${store.total.value} runs …`
    : rows.length === total
      ? `${total} ${total === 1 ? "run" : "runs"}`
      : `${rows.length} of ${total} runs`;
  const trail = [
    { text: project, href: address("projects", project) },
    { text: "runs", href: address("projects", project, "runs") },
  ];
  if (store.error.value && total === 0)
    return (
      <PageFrame title={`${project} runs`} trail={trail}>
        <NotFound name={project} text={store.error.value} back="All projects" to={app.base} />
      </PageFrame>
    );
  return (
    <PageFrame title={`${project} runs`} trail={trail} live={store.liveness.value}>
      <div class="page wide runs-page">
        <div class="page-head">
          <h1>Runs</h1>
          <span class="faint" role="status">
            {!store.loading.value && counted}
          </span>
          <span class="spacer" />
          {view.group.value && (
            <span class="chip">
              Grouped by {label(view.group.value)}{" "}
              <button
                type="button"
                class="link"
                aria-label="Remove grouping"
                onClick={() => {
                  view.group.value = "";
                }}
              >
                ×
              </button>
            </span>
          )}
          <GroupPicker view={view} keys={[...columns.config.keys()]} />
          <Popover text="Columns" label="Columns of the table">
            {() => (
              <ColumnPicker
                columns={columns}
                fields={fields}
                choose={(next) => {
                  view.columns.value = next;
                }}
                reset={() => {
                  view.columns.value = null;
                }}
              />
            )}
          </Popover>
          {total > 1 && (
            <a
              class="button"
              title="Parallel coordinates, scatter plot and parameter importance for the filtered runs"
              href={`${address("projects", project, "compare")}?tab=parameters&${
                expression ? `scope=filter&filter=${encodeURIComponent(expression.text)}` : "scope=all"
              }`}
            >
              Parameters
            </a>
          )}
          <button
            type="button"
            title="Download the visible runs and columns as CSV"
            onClick={() => saveCsv(project, rows, fields)}
          >
            Export
          </button>
        </div>
        <div class="finders">
          <input
            type="search"
            data-search
            placeholder="Search names, tags, notes"
            aria-label="Search runs by name, tag, note or status"
            value={view.search.value}
            onInput={(event) => {
              view.search.value = event.currentTarget.value;
            }}
          />
          <FilterBox
            value={view.filter.value}
            columns={columns}
            checked={checked}
            onChange={(text) => {
              view.filter.value = text;
            }}
          />
        </div>
        <ErrorMessage text={store.error.value} />
        {view.lost.value > 0 && (
          <p class="hint">
            The link selected {view.lost.value} runs, but a link can hold at most {MOST_NAMED} run names.
            Select the runs again.
          </p>
        )}
        <Actions
          store={store}
          rows={chosen}
          fields={fields}
          filter={expression?.text ?? ""}
          clear={() => setSelected(new Set())}
        />
        {store.loading.value && total === 0 && (
          <div class="card table-wrap loading" aria-busy="true" style={{ height: "320px" }} />
        )}
        {!store.loading.value && total === 0 && (
          <EmptyState
            title="This project has no runs yet"
            code={`import aspara\n\naspara.init(project="${project}", config={"lr": 1e-3})\naspara.log({"loss": 0.5})\naspara.finish()`}
          >
            <p>The first run appears here as soon as a program logs to this project.</p>
          </EmptyState>
        )}
        {total > 0 && rows.length === 0 && (
          <p class="empty">
            No runs match this filter.{" "}
            <button
              type="button"
              class="link"
              onClick={() => {
                view.search.value = "";
                view.filter.value = "";
              }}
            >
              Clear search and filter
            </button>
          </p>
        )}
        {rows.length > 0 && (
          <Grid
            project={project}
            columns={columns}
            view={view}
            fields={fields}
            items={items}
            rows={rows}
            selected={selected}
            select={setSelected}
            toggleGroup={(value: Json) => {
              const next = new Set(closed);
              const key = stringify(value);
              if (!next.delete(key)) next.add(key);
              setClosed(next);
            }}
            recolor={(row, color) => void recolor(row, color)}
            now={now}
          />
        )}
      </div>
    </PageFrame>
  );
}

function GroupPicker({ view, keys }: { view: TableView; keys: string[] }) {
  const options = [
    "status",
    "group",
    "job_type",
    "host",
    "tags",
    ...keys.sort().map((key) => `config.${key}`),
  ];
  return (
    <label class="group-by">
      <span class="faint">Group by</span>
      <select
        aria-label="Group runs by"
        value={view.group.value}
        onChange={(event) => {
          view.group.value = event.currentTarget.value;
        }}
      >
        <option value="">none</option>
        {view.group.value && !options.includes(view.group.value) && (
          <option value={view.group.value}>{label(view.group.value)}</option>
        )}
        {options.map((field) => (
          <option key={field} value={field}>
            {label(field)}
          </option>
        ))}
      </select>
    </label>
  );
}
