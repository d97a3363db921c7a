import "./media.css";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { allSteps, type MediaKey, placeOf } from "../../core/media";
import { matcher } from "../../core/sections";
import { ErrorMessage } from "../../panel/error-message";
import { SegmentedControl } from "../../panel/segmented-control";
import { useApp } from "../app";
import { EmptyState } from "../components/empty-state";
import { useDebounced, usePolled } from "../components/hooks";
import { KeyCard } from "./media/card";
import { MediaClient } from "./media/media-client";
import { StepSlider } from "./media/slider";

const SIZES = ["s", "m", "l"] as const;

/** Everything logged that is no number, by metric, at the step that one slider chooses for all. */
export function Media({
  project,
  run,
  running,
  query,
  set,
}: {
  project: string;
  run: string;
  running: boolean;
  query: URLSearchParams;
  set: (changes: Record<string, string | null>) => void;
}) {
  const { source } = useApp();
  const shelf = useMemo(() => new MediaClient(source, project, run), [source, project, run]);
  // The share of the run that the server has read, while it reads it for the first time.
  const [share, setShare] = useState<number | null>(null);
  const { value, error, again } = usePolled(
    async (signal) => {
      const found = await source.json<{ keys: MediaKey[]; complete: boolean; progress: number }>(
        ["projects", project, "runs", run, "media"],
        { shape: "keys", wait: "1" },
        signal,
      );
      if (!signal.aborted) setShare(found.complete ? null : found.progress);
      return found;
    },
    share !== null ? 1500 : running ? 3000 : 60_000,
    [project, run, running, share !== null],
  );
  // What was told again and is the same draws nothing anew.
  const told = value ? JSON.stringify(value.keys) : null;
  const keys = useMemo(() => (told === null ? null : (JSON.parse(told) as MediaKey[])), [told]);
  const search = query.get("search") ?? "";
  const size = SIZES.find((each) => each === query.get("size")) ?? "m";
  const shown = useMemo(() => {
    const matches = matcher(search);
    return (keys ?? []).filter((key) => matches(key.metric));
  }, [keys, search]);
  const steps = useMemo(() => allSteps(shown), [shown]);
  const [step, setStep] = useStep(query, set);
  const now = placeOf(steps, step);
  // Keys may come faster than the page is drawn: each goes on from the one before.
  const latest = useRef(now);
  latest.current = now;
  const choose = (place: number) => {
    const at = Math.max(0, Math.min(steps.length - 1, place));
    latest.current = at;
    setStep(at === steps.length - 1 ? null : (steps[at] ?? null));
  };
  useArrows((by) => choose(latest.current + by));
  if (error && !keys) return <ErrorMessage text={error} again={again} />;
  if (!keys) return <p class="empty">Loading…</p>;
  if (keys.length === 0 && share !== null)
    return <p class="empty">Indexing the run: {Math.floor(100 * share)} %…</p>;
  if (keys.length === 0) return <NoMedia running={running} />;
  return (
    <div class={`media-tab media-${size}`}>
      <div class="bar media-bar">
        <input
          type="search"
          data-search
          placeholder={`Search ${keys.length} ${keys.length === 1 ? "name" : "names"}`}
          aria-label="Search media by name"
          value={search}
          onInput={(event) => set({ search: event.currentTarget.value })}
        />
        <StepSlider steps={steps} now={now} choose={choose} following={running && step === null} />
        <SegmentedControl
          label="Image size"
          options={SIZES.map((each) => [each, each.toUpperCase()])}
          value={size}
          choose={(each) => set({ size: each === "m" ? null : each })}
        />
      </div>
      <ErrorMessage text={error} again={again} />
      {shown.length === 0 && (
        <p class="empty">
          No media match “{search}”.{" "}
          <button type="button" class="link" onClick={() => set({ search: null })}>
            Show all {keys.length}
          </button>
        </p>
      )}
      <div class="media-grid">
        {shown.map((key) => (
          <KeyCard
            key={key.metric}
            mediaKey={key}
            shelf={shelf}
            step={step}
            setStep={(to) => setStep(to === steps.at(-1) ? null : to)}
            query={query}
            set={set}
          />
        ))}
      </div>
    </div>
  );
}

/** The chosen step, null for the latest; the address follows a little later, for browsers let it change only so often. */
function useStep(
  query: URLSearchParams,
  set: (changes: Record<string, string | null>) => void,
): [number | null, (step: number | null) => void] {
  const text = query.get("step");
  const asked = text === null || !Number.isFinite(Number(text)) ? null : Number(text);
  return useDebounced(asked, (step) => set({ step: step === null ? null : String(step) }), 250);
}

/** Left and right go through the steps, wherever the focus is, unless it is on something with a use of its own for them. */
function useArrows(turn: (by: number) => void): void {
  const now = useRef(turn);
  now.current = turn;
  useEffect(() => {
    const aborter = new AbortController();
    document.addEventListener(
      "keydown",
      (event) => {
        const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        const target = event.target as HTMLElement;
        if (by === undefined || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
        if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
        if (
          target.closest?.(
            "input, textarea, select, audio, video, [role=tablist], [role=menu], [data-arrows]",
          )
        )
          return;
        event.preventDefault();
        now.current(by);
      },
      { signal: aborter.signal },
    );
    return () => aborter.abort();
  }, []);
}

function NoMedia({ running }: { running: boolean }) {
  return (
    <EmptyState
      title={running ? "No media yet" : "No media"}
      code={
        'run.log({\n    "samples": [aspara.Image(pixels, caption="epoch 3")],\n    "predictions": aspara.Table(dataframe=frame),\n    "weights": aspara.Histogram(model.weight),\n    "confusion": plt.gcf(),\n})'
      }
    >
      <p>
        Log images, tables, histograms, audio, video, HTML, text, figures and point clouds the same way as
        numbers.
      </p>
    </EmptyState>
  );
}
