import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { formatDuration, formatNumber } from "../core/format";
import { runColor } from "../core/palette";
import type { Run } from "../core/types";
import { StatusBadge, Tags } from "../panel/badges";
import { ChartGrid } from "../panel/chart-grid";
import { StopButton } from "../panel/stop-button";
import type { Info } from "../source/comm";
import { ChartSettings } from "../state/chart-settings";
import type { ProjectStore } from "../state/project-store";
import { Compare } from "./compare";
import { Frame } from "./frame";
import { epochMetric, RateEstimate, timeLeft } from "./rate-estimate";
import { RunNotes } from "./run-notes";
import { NO_SERVER, type RunSession } from "./run-session";

/** Up to so many metrics stand in one group, with their whole names. */
const FEW = 6;
const NO_STOP = `The request goes by way of the Jupyter server: ${NO_SERVER} Interrupt the kernel instead.`;

/** The charts of one run, live under the cell that trains it, or from what was kept of it. */
export function RunView({ session, info, root }: { session: RunSession; info: Info; root: HTMLElement }) {
  const board = session.board.value;
  if (board) return <Drawn session={session} info={info} board={board} root={root} />;
  root.dataset.points = "0";
  return (
    <>
      <Head run={null} info={info} epoch={null} />
      <p class="empty">
        {session.origin.value === "still"
          ? "The points of this run are not here: neither its kernel nor its files can be reached from this page."
          : "Looking for the run…"}
      </p>
    </>
  );
}

function Drawn(props: { session: RunSession; info: Info; board: ProjectStore; root: HTMLElement }) {
  const { session, info, board, root } = props;
  const view = useMemo(() => {
    const made = new ChartSettings();
    made.size.value = "s";
    return made;
  }, []);
  const run = board.runs.value.find((r) => r.run === info.run) ?? null;
  const metrics = board.metrics.value;
  const others = session.others.value;
  const tags = session.about.value?.tags ?? run?.tags ?? [];
  const points = metrics.reduce((sum, metric) => {
    board.revision(metric).value;
    return sum + (board.lines(metric).get(info.run)?.count ?? 0);
  }, 0);
  // The page's tests, and whoever wonders whether the chart is whole, read it here.
  root.dataset.points = String(points);
  root.dataset.status = run?.status ?? "";
  root.dataset.origin = session.origin.value ?? "";
  useEffect(() => {
    const timer = setInterval(() => void session.check(), 2000);
    return () => clearInterval(timer);
  }, [session]);
  const shown = useMemo(() => (run ? [...others, run] : []), [run, others]);
  const counter = epochMetric(metrics);
  const epoch = counter ? (board.lines(counter).get(info.run)?.last()?.value ?? null) : null;
  const still = session.origin.value === "still";
  return (
    <>
      <Head run={run} info={info} epoch={epoch}>
        {tags.length > 0 && <Tags tags={tags} />}
        {others.map((other) => (
          <button
            key={other.run}
            type="button"
            class="w-other"
            title={`${other.name}: no longer draw it`}
            onClick={() => void session.toggle(other)}
          >
            <i class="dot" style={{ background: runColor(other.color) }} aria-hidden="true" />
            <span class="w-name">{other.name}</span>×
          </button>
        ))}
        <span class="w-tools">
          {board.error.value && (
            <span class="w-trouble" title={board.error.value}>
              offline
            </span>
          )}
          {board.liveness.value.state === "reconnecting" &&
            run?.status === "running" &&
            !board.loading.value && <span class="w-trouble">reconnecting…</span>}
          {run && (
            <StopButton
              kind="w-stop"
              run={run}
              asked={session.stopping.value}
              ask={() => session.stop()}
              why={session.server ? null : NO_STOP}
            />
          )}
          <RunNotes session={session} />
          <Compare session={session} project={info.project} self={info.run} />
          {session.base && (
            <a
              class="w-open"
              href={`${session.base}aspara/projects/${encodeURIComponent(info.project)}/runs/${encodeURIComponent(info.run)}`}
              target="_blank"
              rel="noopener"
              title="Open this run in the dashboard"
              aria-label="Open this run in the dashboard"
            >
              ↗
            </a>
          )}
        </span>
      </Head>
      {session.notice.value && (
        <p class={`w-notice ${session.notice.value.kind}`} role="status">
          {session.notice.value.text}
        </p>
      )}
      {metrics.length === 0 ? (
        <p class="empty">
          {board.loading.value ? (
            "Loading…"
          ) : run?.status === "running" ? (
            <>
              Waiting for the first <code>log()</code>…
            </>
          ) : (
            "Nothing was logged."
          )}
        </p>
      ) : (
        <Frame view={view} count={metrics.length} height={info.height ?? null} onlyStep={still}>
          <ChartGrid board={board} view={view} shown={shown} flat={metrics.length <= FEW} />
        </Frame>
      )}
    </>
  );
}

/** Name, status, time, pace and time to go. */
function Head({
  run,
  info,
  epoch,
  children,
}: {
  run: Run | null;
  info: Info;
  epoch: number | null;
  children?: preact.ComponentChildren;
}) {
  const pace = useRef(new RateEstimate());
  const [, tick] = useState(0);
  const status = run?.status ?? info.status;
  const running = status === "running";
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, [running]);
  const start = run?.start_time ?? info.start_time;
  const step = run?.last_step ?? null;
  if (step !== null && run?.last_update) pace.current.add(run.last_update, step);
  const total = info.total_steps;
  const elapsed = (running ? Date.now() : (run?.finish_time ?? run?.last_update ?? info.now)) - start;
  const rate = running
    ? pace.current.rate(Date.now())
    : step !== null && elapsed > 0
      ? ((step + 1) * 1000) / elapsed
      : null;
  const left = running
    ? timeLeft({ step, rate, totalSteps: total, elapsed, epoch, totalEpochs: info.epochs ?? null })
    : null;
  const done =
    total && step !== null ? (step + 1) / total : info.epochs && epoch !== null ? epoch / info.epochs : null;
  const facts = [
    // More steps than were announced: rows of their own for validation count too.
    step !== null &&
      `step ${step.toLocaleString("en")}${total && step < total ? ` of ${total.toLocaleString("en")}` : ""}`,
    !total && info.epochs && epoch !== null && `epoch ${formatNumber(epoch)} of ${info.epochs}`,
    formatDuration(elapsed),
    rate !== null && `${perSecond(rate)} steps/s`,
    left !== null && `${formatDuration(left)} left`,
  ].filter(Boolean);
  return (
    <header class="w-head">
      <i class="dot" style={{ background: runColor(run?.color ?? info.color) }} aria-hidden="true" />
      <strong class="w-name" title={`${info.project}/${info.run}`}>
        {run?.name ?? info.name}
      </strong>
      <StatusBadge status={status} />
      {run && <span class="faint w-facts">{facts.join(" · ")}</span>}
      {children}
      {done !== null && running && (
        <i class="w-progress" style={{ width: `${Math.min(100, 100 * done)}%` }} aria-hidden="true" />
      )}
    </header>
  );
}

function perSecond(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(2)));
}
