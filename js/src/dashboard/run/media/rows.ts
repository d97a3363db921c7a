import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Json } from "../../../core/types";
import { SourceError } from "../../../source/source";
import type { MediaClient } from "./media-client";

/** Rows that are fetched at once, and how many such pages are kept. */
export const PAGE = 100;
const KEPT = 30;
/** Characters of a cell that are fetched for the table. */
const CELL = 200;

export interface Rows {
  columns: Json[] | null;
  /** How many there are; null as long as nobody knows. */
  total: number | null;
  error: string | null;
  /** Asks anew for what could not be had; undefined where asking for something else is the way out. */
  again: (() => void) | undefined;
  /** The rows that are here, in no order: by them columns are measured. */
  known: Json[][];
  at(n: number): Json[] | undefined;
  /** Fetches what is missing from `first` to before `last`. */
  need(first: number, last: number): void;
}

/** The rows of a table under a search, filter and order; asking for others begins anew, with the old ones shown until then. */
export function useRows(shelf: MediaClient, name: string, query: Record<string, string>): Rows {
  const asked = JSON.stringify([name, query]);
  const [state, setState] = useState<{ asked: string; columns: Json[]; total: number } | null>(null);
  const [failed, setFailed] = useState<Error | null>(null);
  const [attempt, setAttempt] = useState(0);
  const [round, setRound] = useState(0);
  const pages = useRef(new Map<number, Json[][]>());
  const waiting = useRef(new Set<number>());
  const aborter = useRef(new AbortController());
  const load = useCallback(
    (page: number, begin: boolean) => {
      const { signal } = aborter.current;
      if (waiting.current.has(page)) return;
      waiting.current.add(page);
      const wanted = { ...query, offset: String(page * PAGE), limit: String(PAGE), width: String(CELL) };
      shelf.rows(name, wanted, signal).then(
        (found) => {
          if (signal.aborted) return;
          waiting.current.delete(page);
          if (begin) pages.current = new Map();
          pages.current.set(page, found.rows);
          if (pages.current.size > KEPT) pages.current.delete(pages.current.keys().next().value!);
          setState({ asked, columns: found.columns, total: found.total });
          setFailed(null);
          setRound((n) => n + 1);
        },
        (e: Error) => {
          waiting.current.delete(page);
          if (!signal.aborted) setFailed(e);
        },
      );
    },
    [shelf, asked],
  );
  useEffect(() => {
    waiting.current = new Set();
    aborter.current = new AbortController();
    const mine = aborter.current;
    load(0, true);
    return () => mine.abort();
  }, [load, attempt]);
  const need = useCallback(
    (first: number, last: number) => {
      if (state?.asked !== asked) return;
      for (let page = Math.floor(first / PAGE); page * PAGE < last; page++)
        if (!pages.current.has(page)) load(page, false);
    },
    [load, state?.asked, asked],
  );
  // A filter that is none stays none.
  const refused = failed instanceof SourceError && failed.status === 400;
  const known = useMemo(() => [...pages.current.values()].flat(), [round]);
  return {
    columns: state?.columns ?? null,
    total: state?.total ?? null,
    error: failed?.message ?? null,
    again: refused ? undefined : () => setAttempt((n) => n + 1),
    known,
    at: (n) => pages.current.get(Math.floor(n / PAGE))?.[n % PAGE],
    need,
  };
}
