import { useState } from "preact/hooks";
import { formatAgo, formatBytes, formatDuration, formatTime, formatValue } from "../../core/format";
import { runColor } from "../../core/palette";
import type { Json, RunDetail } from "../../core/types";
import { StatusBadge, Tags } from "../../panel/badges";
import { Charts } from "../../panel/charts";
import { Controls } from "../../panel/controls";
import { address, app, navigate, source } from "../app";
import { Console } from "../parts/console";
import { DeleteButton, Notes } from "../parts/edit";
import { Frame } from "../parts/frame";
import { useBoard, useNow, usePolled, useView } from "../parts/hooks";
import { Loading } from "./project";

const TABS = ["charts", "summary", "config", "console", "artifacts", "overview"] as const;
type Tab = (typeof TABS)[number];

/** One run: charts, results, inputs, files, and how it came about. */
export function RunPage({ project, run }: { project: string; run: string }) {
  const board = useBoard(project, run);
  const view = useView();
  const now = useNow(1000);
  const asked = location.hash.slice(1) as Tab;
  const [tab, setTab] = useState<Tab>(TABS.includes(asked) ? asked : "charts");
  const {
    value: detail,
    error,
    again,
  } = usePolled((signal) => source.run(project, run, signal), 5000, [project, run]);
  const shown = board.runs.value;
  const head = shown[0] ?? detail;
  const choose = (next: Tab) => {
    setTab(next);
    history.replaceState(null, "", `${location.pathname}${location.search}#${next}`);
  };
  const end = head
    ? (head.finish_time ?? (head.status === "running" ? now : (head.last_update ?? now)))
    : now;
  return (
    <Frame
      title={head?.name ?? run}
      trail={[
        { text: project, href: address("projects", project) },
        { text: "runs", href: address("projects", project, "runs") },
        { text: head?.name ?? run, href: address("projects", project, "runs", run) },
      ]}
      live={board.liveness.value}
      reading={board.reading.value}
    >
      <div class="page wide">
        {head && (
          <div class="page-head">
            <i class="dot big" style={{ background: runColor(head.color) }} aria-hidden="true" />
            <h1>{head.name}</h1>
            <StatusBadge status={head.status} />
            <Tags tags={head.tags} />
            <span class="faint">
              {head.last_step !== null && `step ${head.last_step} · `}
              {head.start_time !== null && `${formatDuration(end - head.start_time)} · `}
              {formatAgo(head.last_update, now)}
            </span>
          </div>
        )}
        {board.deleted.value && (
          <p class="error" role="alert">
            This run was deleted. <a href={address("projects", project)}>Back to {project}</a>
          </p>
        )}
        {(error ?? board.error.value) && !board.deleted.value && (
          <p class="error" role="alert">
            {error ?? board.error.value}
          </p>
        )}
        <div class="tabs" role="tablist">
          {TABS.map((name) => (
            <button
              key={name}
              type="button"
              role="tab"
              aria-selected={tab === name}
              onClick={() => choose(name)}
            >
              {name}
              {name === "artifacts" && detail && detail.artifacts.length > 0 && (
                <span class="count">{detail.artifacts.length}</span>
              )}
            </button>
          ))}
        </div>
        {tab === "charts" && (
          <>
            <Controls view={view} />
            {board.loading.value ? <Loading /> : <Charts board={board} view={view} shown={shown} />}
          </>
        )}
        {tab === "summary" && detail && <Summary detail={detail} />}
        {tab === "config" && detail && (
          <Tree title="config" value={Object.keys(detail.config).length ? detail.config : detail.params} />
        )}
        {tab === "console" && head && (
          <Console project={project} run={run} running={head.status === "running"} />
        )}
        {tab === "artifacts" && detail && <Artifacts project={project} detail={detail} />}
        {tab === "overview" && detail && (
          <div class="columns">
            <Overview detail={detail} end={end} />
            <div class="card about">
              <h2>Notes and tags</h2>
              <Notes
                project={project}
                run={run}
                onChange={(content) => {
                  again();
                  board.replaceRun({
                    ...detail,
                    notes: content.notes,
                    tags: content.tags,
                    name: content.display_name ?? detail.name,
                  });
                }}
              />
              <DeleteButton
                project={project}
                run={run}
                label={detail.name}
                onDeleted={() => navigate(address("projects", project))}
              />
            </div>
          </div>
        )}
      </div>
    </Frame>
  );
}

function Summary({ detail }: { detail: RunDetail }) {
  const own = Object.entries(detail.summary).filter(([key]) => !(key in detail.metric_summary));
  return (
    <div class="card table-wrap">
      <table>
        <thead>
          <tr>
            <th>metric</th>
            <th class="number">last</th>
            <th class="number">min</th>
            <th class="number">at step</th>
            <th class="number">max</th>
            <th class="number">at step</th>
            <th class="number">mean</th>
            <th class="number">points</th>
          </tr>
        </thead>
        <tbody>
          {own.map(([key, value]) => (
            <tr key={key}>
              <th scope="row">{key}</th>
              <td class="number">{formatValue(value)}</td>
              <td colSpan={6} class="faint">
                set by the program
              </td>
            </tr>
          ))}
          {Object.entries(detail.metric_summary).map(([metric, s]) => (
            <tr key={metric}>
              <th scope="row">{metric}</th>
              <td class="number">{formatValue(detail.summary[metric] ?? s.last)}</td>
              <td class="number">{formatValue(s.min)}</td>
              <td class="number faint">{formatValue(s.min_step)}</td>
              <td class="number">{formatValue(s.max)}</td>
              <td class="number faint">{formatValue(s.max_step)}</td>
              <td class="number">{formatValue(s.mean)}</td>
              <td class="number faint">{s.count}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {Object.keys(detail.metric_summary).length + own.length === 0 && (
        <p class="empty">Nothing logged yet.</p>
      )}
    </div>
  );
}

function Tree({ title, value }: { title: string; value: Record<string, Json> }) {
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  if (Object.keys(value).length === 0) {
    return (
      <p class="empty">
        No {title}. Give one to{" "}
        <code>
          aspara.init(config={"{"}"lr": 1e-3{"}"})
        </code>
        .
      </p>
    );
  }
  return (
    <div class="card">
      <input
        type="search"
        data-search
        placeholder="Search keys and values"
        aria-label="Search keys and values"
        value={search}
        onInput={(e) => setSearch(e.currentTarget.value)}
      />
      <Branch value={value} wanted={wanted} />
    </div>
  );
}

function Branch({ value, wanted }: { value: Record<string, Json>; wanted: string }) {
  const entries = Object.entries(value).filter(
    ([key, inner]) =>
      !wanted || key.toLowerCase().includes(wanted) || JSON.stringify(inner).toLowerCase().includes(wanted),
  );
  return (
    <dl class="tree">
      {entries.map(([key, inner]) => (
        <div key={key}>
          <dt>{key}</dt>
          <dd>
            {inner !== null && typeof inner === "object" && !Array.isArray(inner) ? (
              <Branch value={inner} wanted={key.toLowerCase().includes(wanted) ? "" : wanted} />
            ) : (
              <code>{typeof inner === "string" ? inner : JSON.stringify(inner)}</code>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Artifacts({ project, detail }: { project: string; detail: RunDetail }) {
  const base = `${app.base}api/projects/${encodeURIComponent(project)}/runs/${encodeURIComponent(detail.run)}/artifacts`;
  if (detail.artifacts.length === 0)
    return (
      <p class="empty">
        No artifacts. <code>run.log_artifact("model.pt")</code> keeps a file with the run.
      </p>
    );
  return (
    <div class="card table-wrap">
      <table>
        <thead>
          <tr>
            <th>name</th>
            <th>category</th>
            <th class="number">size</th>
            <th>kept</th>
            <th>description</th>
          </tr>
        </thead>
        <tbody>
          {detail.artifacts.map((a) => (
            <tr key={a.name}>
              <th scope="row">
                <a href={`${base}/${encodeURIComponent(a.name)}`} download={a.name}>
                  {a.name}
                </a>
              </th>
              <td>{a.category ?? "–"}</td>
              <td class="number">{formatBytes(a.file_size)}</td>
              <td>{formatTime(a.timestamp)}</td>
              <td>{a.description ?? ""}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        <a class="button" href={`${base}/download`} download={`${detail.run}-artifacts.zip`}>
          Download all as ZIP
        </a>
      </p>
    </div>
  );
}

function Overview({ detail, end }: { detail: RunDetail; end: number }) {
  const rows: [string, string | null][] = [
    ["id", detail.id],
    ["on disk", `${detail.project}/${detail.run}`],
    ["started", formatTime(detail.start_time)],
    ["finished", detail.finish_time === null ? null : formatTime(detail.finish_time)],
    ["duration", detail.start_time === null ? null : formatDuration(end - detail.start_time)],
    ["exit code", detail.exit_code === null ? null : String(detail.exit_code)],
    ["group", detail.group],
    ["job type", detail.job_type],
    ["host", detail.host],
    ["process", detail.pid === null ? null : String(detail.pid)],
    ["command", detail.command?.join(" ") ?? null],
    ["backend", detail.backend],
    ...Object.entries(detail.git).map(([key, value]): [string, string] => [`git ${key}`, formatValue(value)]),
    ...Object.entries(detail.environment).map(([key, value]): [string, string] => [
      key.replaceAll("_", " "),
      formatValue(value),
    ]),
  ];
  return (
    <div class="card">
      <h2>Overview</h2>
      <dl class="facts">
        {rows
          .filter(([, value]) => value !== null && value !== "")
          .map(([key, value]) => (
            <div key={key}>
              <dt>{key}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      {detail.problems.length > 0 && (
        <>
          <h2>Problems</h2>
          <ul class="problems">
            {detail.problems.map((p) => (
              <li key={`${p.file}${p.reason}`}>
                <code>
                  {p.file}
                  {p.line === null ? "" : `:${p.line}`}
                </code>{" "}
                {p.reason}
                {p.count > 1 ? ` (${p.count} times)` : ""}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
