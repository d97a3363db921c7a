import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Liveness } from "../../core/types";
import { SourceError } from "../../source/source";
import type { ChartSettings } from "../../state/chart-settings";
import { ProjectStore } from "../../state/project-store";
import { useApp } from "../app";
import { pollPause } from "./poll-pause";

/** A board that lives as long as the page that shows it. */
export function useProjectStore(project: string, run?: string): ProjectStore {
  const { source, environment } = useApp();
  const board = useMemo(() => new ProjectStore(source, project, run, { lazy: true }), [project, run]);
  useEffect(() => {
    void board.open();
    // What draws the charts comes while the server is asked what there is to draw.
    environment.plotly().catch(() => undefined);
    return () => board.close();
  }, [board]);
  return board;
}

/** The view state of a page, kept in its address. */
export function useChartSettings<V extends ChartSettings>(make: () => V): V {
  const view = useMemo(() => {
    const made = make();
    made.read(new URLSearchParams(location.search));
    return made;
  }, []);
  useEffect(() => {
    const aborter = new AbortController();
    view.bind(aborter.signal);
    return () => aborter.abort();
  }, [view]);
  return view;
}

/** The present moment, again every `ms` milliseconds. */
export function useNow(ms = 5000): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), ms);
    return () => clearInterval(timer);
  }, [ms]);
  return now;
}

/**
 * A value that changes here at once, and elsewhere (`change`) when no other followed it for `ms` milliseconds. A change of `outer`
 * replaces it, unless it is the one that this hook caused: by then the value here may be newer.
 */
export function useDebounced<T>(
  outer: T,
  change: (value: T) => void,
  ms: number,
): [value: T, set: (value: T) => void] {
  const [value, setValue] = useState(outer);
  const sent = useRef(outer);
  const latest = useRef(change);
  latest.current = change;
  useEffect(() => {
    if (outer === sent.current) return;
    sent.current = outer;
    setValue(outer);
  }, [outer]);
  useEffect(() => {
    if (value === outer) return;
    const timer = setTimeout(() => {
      sent.current = value;
      latest.current(value);
    }, ms);
    return () => clearTimeout(timer);
  }, [value, outer, ms]);
  return [value, setValue];
}

/** How wide an element is, in pixels; `first` until it is measured. */
export function useWidth(box: { current: HTMLElement | null }, first: number): number {
  const [width, setWidth] = useState(first);
  useEffect(() => {
    const sized = new ResizeObserver(() => box.current && setWidth(box.current.clientWidth));
    sized.observe(box.current!);
    return () => sized.disconnect();
  }, []);
  return width;
}

/** Whether an element is near the screen; once it was, it stays so: what was fetched is kept. */
export function useNear(host: { current: Element | null }): boolean {
  const [near, setNear] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.at(-1)!.isIntersecting) return;
        setNear(true);
        observer.disconnect();
      },
      { rootMargin: "300px" },
    );
    observer.observe(host.current!);
    return () => observer.disconnect();
  }, []);
  return near;
}

/**
 * The result of `load`, loaded again every `ms` milliseconds while the page is visible; or, for as long as `push` is open, when
 * it says that there is something new.
 */
export function usePolled<T>(
  load: (signal: AbortSignal) => Promise<T>,
  ms: number,
  keys: unknown[],
  push?: (changed: () => void, open: (is: boolean) => void, signal: AbortSignal) => void,
): { value: T | null; error: string | null; again: () => void; live: Liveness } {
  const [value, setValue] = useState<T | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  // When it was last known to be true.
  const [since, setSince] = useState(Date.now);
  useEffect(() => {
    const aborter = new AbortController();
    let pushed = false;
    let failed = false;
    const run = () => {
      if (document.hidden) return;
      load(aborter.signal).then(
        (found) => {
          setValue(found);
          setError(null);
          setSince(Date.now());
          failed = false;
        },
        (e: Error) => {
          if (aborter.signal.aborted) return;
          setError(e.message);
          failed = true;
        },
      );
    };
    run();
    const timer = setInterval(() => {
      if (!pushed || failed) run();
    }, ms);
    push?.(
      run,
      (is) => {
        pushed = is;
      },
      aborter.signal,
    );
    document.addEventListener("visibilitychange", run, { signal: aborter.signal });
    return () => {
      clearInterval(timer);
      aborter.abort();
    };
  }, [...keys, round]);
  const live: Liveness = { state: error === null && value !== null ? "live" : "reconnecting", since };
  return { value, error, again: () => setRound((n) => n + 1), live };
}

/** A server that does not answer is asked again after this time, ms. */
const RETRY = 3000;

/**
 * The result of `load`, loaded once for its keys; undefined until it is here. A server that does not answer is asked again
 * until it does; what it refuses is asked for again by `again` alone, which is null where that is of no use.
 */
export function useLoaded<T>(
  load: (signal: AbortSignal) => Promise<T>,
  keys: unknown[],
): { value: T | undefined; error: string | null; again: (() => void) | undefined } {
  const [value, setValue] = useState<T | undefined>(undefined);
  const [failed, setFailed] = useState<Error | null>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    const aborter = new AbortController();
    const { signal } = aborter;
    load(signal).then(
      (found) => {
        if (signal.aborted) return;
        setValue(() => found);
        setFailed(null);
      },
      async (error: Error) => {
        if (signal.aborted) return;
        setFailed(error);
        if (noAnswer(error) && (await pollPause(RETRY, signal))) setRound((n) => n + 1);
      },
    );
    return () => aborter.abort();
  }, [...keys, round]);
  const again = failed && !noAnswer(failed) ? () => setRound((n) => n + 1) : undefined;
  return { value, error: failed?.message ?? null, again };
}

function noAnswer(error: Error): boolean {
  return error instanceof SourceError && error.status === 0;
}

/** The same list as before while its items look the same: charts are not drawn anew for a step counted. */
export function useSame<T>(items: T[], look: (item: T) => string): T[] {
  const kept = useRef<{ items: T[]; text: string }>({ items: [], text: "" });
  const text = items.map(look).join("\n");
  if (text !== kept.current.text) kept.current = { items, text };
  return kept.current.items;
}
