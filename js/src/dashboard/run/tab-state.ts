import { useCallback, useEffect, useState } from "preact/hooks";
import { enter } from "../../state/url-state";

/** Where on a run's page one is: the tab, and what is shown in it. It stands behind the # of the address. */
export interface TabState {
  tab: string;
  query: URLSearchParams;
}

/** What a tab knows of its place: what is shown in it, and how that is changed; null takes a parameter away. */
export interface Within {
  query: URLSearchParams;
  set: (changes: Record<string, string | null>) => void;
}

/** `#media?step=10` as a place; a tab that is none of `tabs` is the first. */
export function readTabState(hash: string, tabs: readonly string[]): TabState {
  const [tab = "", query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  return tabs.includes(tab)
    ? { tab, query: new URLSearchParams(query) }
    : { tab: tabs[0]!, query: new URLSearchParams() };
}

export function writeTabState({ tab, query }: TabState): string {
  return query.size ? `#${tab}?${query}` : `#${tab}`;
}

/**
 * The place, and how to go to another. The back button goes from tab to tab, and undoes what was chosen in one.
 */
export function useTabState(tabs: readonly string[]): {
  place: TabState;
  go: (tab: string) => void;
  set: Within["set"];
} {
  const [place, setPlace] = useState(() => readTabState(location.hash, tabs));
  useEffect(() => {
    const aborter = new AbortController();
    const read = () => setPlace(readTabState(location.hash, tabs));
    addEventListener("popstate", read, { signal: aborter.signal });
    addEventListener("hashchange", read, { signal: aborter.signal });
    return () => aborter.abort();
  }, [tabs]);
  const go = useCallback((tab: string) => {
    const next = { tab, query: new URLSearchParams() };
    change(next, [`#${tab}`]);
    setPlace(next);
  }, []);
  const set = useCallback((changes: Record<string, string | null>) => {
    setPlace((before) => {
      const query = new URLSearchParams(before.query);
      for (const [name, value] of Object.entries(changes)) {
        if (value === null || value === "") query.delete(name);
        else query.set(name, value);
      }
      const next = { ...before, query };
      change(
        next,
        Object.keys(changes).map((name) => `#${name}`),
      );
      return next;
    });
  }, []);
  return { place, go, set };
}

function change(to: TabState, names: readonly string[]): void {
  enter(location.pathname + location.search + writeTabState(to), names);
}
