import "./overview.css";
import type { ComponentChildren } from "preact";
import { formatBytes, formatDuration, formatTime, formatValue } from "../../core/format";
import { runEnd } from "../../core/run-end";
import type { Json, Metadata, RunDetail } from "../../core/types";
import { COLUMNS } from "../../core/vocabulary";
import { useApp } from "../app";
import { useNow } from "../components/hooks";
import { Markdown } from "../components/markdown";
import { DeleteButton, NotesEditor } from "../components/notes-editor";
import { DiffTab, PackagesTab } from "./captured-tab";
import { Copy } from "./copy";

type Fact = [string, string | null, { copy?: boolean; mono?: boolean; shown?: number }?];

/** How a run came about: its life, its code, its surroundings, and what could not be read of it. */
export function Overview({
  detail,
  deleted,
  onEdit,
}: {
  detail: RunDetail;
  /** Whether the run is gone: then nothing more can be done to it. */
  deleted: boolean;
  onEdit: (content: Metadata) => void;
}) {
  const { address, navigate } = useApp();
  const { project, run, git, environment } = detail;
  const code: Fact[] = [
    ["Commit", text(git.commit), { copy: true, mono: true, shown: 12 }],
    ["Branch", text(git.branch)],
    ["Remote", text(git.remote), { copy: true, mono: true }],
    ["Work tree", git.dirty === undefined ? null : workTree(git)],
  ];
  const known = new Set([
    "python",
    "implementation",
    "os",
    "platform",
    "cpu",
    "cpu_count",
    "memory_bytes",
    "gpus",
    "variables",
    "host",
    "executable",
    "cwd",
  ]);
  const machine: Fact[] = [
    ["Python", join(environment.python, environment.implementation)],
    ["System", text(environment.os) ?? text(environment.platform)],
    ["Processor", join(environment.cpu, environment.cpu_count && `${environment.cpu_count} cores`)],
    ["Memory", typeof environment.memory_bytes === "number" ? formatBytes(environment.memory_bytes) : null],
    ["GPUs", Array.isArray(environment.gpus) ? environment.gpus.join(", ") : null],
    ["Executable", text(environment.executable), { copy: true, mono: true }],
    ["Folder", text(environment.cwd), { copy: true, mono: true }],
    ...Object.entries(environment)
      .filter(([key]) => !known.has(key))
      .map(([key, value]): Fact => [key.replaceAll("_", " "), formatValue(value)]),
  ];
  const variables = environment.variables;
  return (
    <>
      {detail.exception && (
        <section class="card exception">
          <h2>
            {detail.exception.type}
            {detail.exception.message && `: ${detail.exception.message}`}
          </h2>
          <details>
            <summary>Traceback</summary>
            <pre>{detail.exception.traceback}</pre>
          </details>
        </section>
      )}
      <div class="columns">
        <Card title="Run">
          <Life detail={detail} />
        </Card>
        <div class="stack">
          <div class="card about">
            <h2>Notes and tags</h2>
            {deleted ? (
              <Markdown text={detail.notes} />
            ) : (
              <>
                <NotesEditor project={project} run={run} onChange={onEdit} />
                <DeleteButton
                  project={project}
                  run={run}
                  label={detail.name}
                  running={detail.status === "running"}
                  onDeleted={() => navigate(address("projects", project))}
                />
              </>
            )}
          </div>
          <Card title="Code">
            <Facts facts={code} none="Not run in a git repository, or git was not captured." />
          </Card>
        </div>
        <Card title="Environment">
          <Facts facts={machine} none="Nothing was captured (ASPARA_CAPTURE was off)." />
          {variables !== null && typeof variables === "object" && !Array.isArray(variables) && (
            <details>
              <summary>{Object.keys(variables).length} environment variables</summary>
              <Facts
                facts={Object.entries(variables).map(
                  ([key, value]): Fact => [key, formatValue(value), { mono: true }],
                )}
              />
            </details>
          )}
          <PackagesTab project={project} run={run} ended={detail.is_finished} />
        </Card>
      </div>
      {git.dirty === true && <DiffTab project={project} run={run} ended={detail.is_finished} />}
      {detail.problems.length > 0 && <Problems detail={detail} />}
    </>
  );
}

/** What happened to it, and how long it takes so far. */
function Life({ detail }: { detail: RunDetail }) {
  const now = useNow(1000);
  const life: Fact[] = [
    [COLUMNS.started!, detail.start_time === null ? null : formatTime(detail.start_time)],
    [COLUMNS.finished!, detail.finish_time === null ? null : formatTime(detail.finish_time)],
    [
      COLUMNS.duration!,
      detail.start_time === null ? null : formatDuration((runEnd(detail, now) ?? now) - detail.start_time),
    ],
    [COLUMNS.step!, detail.last_step === null ? null : String(detail.last_step)],
    ["Last sign of life", detail.status === "crashed" ? formatTime(detail.last_update) : null],
    [
      "Stop requested",
      detail.stop_requested_at
        ? formatTime(detail.stop_requested_at) +
          (detail.stop_requested_by ? `, ${detail.stop_requested_by}` : "")
        : null,
    ],
    [COLUMNS.exit_code!, detail.exit_code === null ? null : String(detail.exit_code)],
    ["Command", detail.command?.join(" ") ?? null, { copy: true, mono: true }],
    [COLUMNS.host!, detail.host],
    ["Process", detail.pid === null ? null : String(detail.pid)],
    [COLUMNS.group!, detail.group],
    [COLUMNS.job_type!, detail.job_type],
    [COLUMNS.id!, detail.id, { copy: true, mono: true }],
    ["Path", `${detail.project}/${detail.run}`, { copy: true, mono: true }],
    ["Backend", detail.backend],
  ];
  return <Facts facts={life} />;
}

function Card({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="card">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Facts({ facts, none }: { facts: Fact[]; none?: string }) {
  const shown = facts.filter(([, value]) => value !== null && value !== "");
  if (shown.length === 0) return none ? <p class="faint">{none}</p> : null;
  return (
    <dl class="facts">
      {shown.map(([key, value, how]) => (
        <div key={key}>
          <dt>{key}</dt>
          <dd class={[how?.mono && "mono", how?.copy && "copied"].filter(Boolean).join(" ")}>
            <span title={how?.shown ? value! : undefined}>{value!.slice(0, how?.shown)}</span>
            {how?.copy && <Copy text={value!} what={key} />}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** What could not be read of the run's files, and why: never silently gone. */
function Problems({ detail }: { detail: RunDetail }) {
  return (
    <section class="card problems-card" id="problems">
      <h2>Problems</h2>
      <p class="faint small">
        These parts of the run's files could not be read; everything else was. For details, run{" "}
        <code>aspara doctor</code>.
      </p>
      <div class="table-scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">File</th>
              <th scope="col" class="number">
                Line
              </th>
              <th scope="col">Reason</th>
              <th scope="col" class="number">
                Count
              </th>
            </tr>
          </thead>
          <tbody>
            {detail.problems.map((problem) => (
              <tr key={`${problem.file} ${problem.line} ${problem.reason}`}>
                <th scope="row">
                  <code>{problem.file}</code>
                </th>
                <td class="number">{problem.line ?? "–"}</td>
                <td class="why">{problem.reason}</td>
                <td class="number">{problem.count}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function workTree(git: Record<string, Json>): string {
  const untracked = typeof git.untracked === "number" ? git.untracked : 0;
  const files = untracked === 1 ? "1 untracked file" : `${untracked} untracked files`;
  const state = git.dirty ? "uncommitted changes" : "clean";
  return untracked ? `${state}, ${files}` : state;
}

function text(value: Json | undefined): string | null {
  return value === undefined || value === null ? null : formatValue(value);
}

function join(...parts: (Json | undefined)[]): string | null {
  return parts.filter((part) => part !== undefined && part !== null && part !== 0).join(" · ") || null;
}
