// What each page showed when it was left, so that a link within the dashboard leads back to it: smoothing, hidden runs, filters.
// Kept for the browser's tab; an address with a query of its own says itself what it shows.

const KEY = "aspara-pages";
/** Pages that are remembered. */
const MOST = 50;

interface Page {
  search: string;
  hash: string;
  /** What the entry of the history holds: lists of runs that are too long for an address. */
  state: unknown;
}

/** Remembers what the present page shows. */
export function rememberPage(): void {
  const pages = read();
  const { pathname, search, hash } = location;
  pages.delete(pathname);
  pages.set(pathname, { search, hash, state: history.state as unknown });
  try {
    sessionStorage.setItem(KEY, JSON.stringify([...pages].slice(-MOST)));
  } catch {
    // Storage may be forbidden or full: then a page begins as if it were new.
  }
}

/** An address with what its page showed when it was left, where the address itself does not say. */
export function recallPage(to: string): { address: string; state: unknown } {
  const page = /[?#]/.test(to) || to === location.pathname ? undefined : read().get(to);
  return page ? { address: to + page.search + page.hash, state: page.state } : { address: to, state: null };
}

function read(): Map<string, Page> {
  try {
    return new Map(JSON.parse(sessionStorage.getItem(KEY) ?? "[]") as [string, Page][]);
  } catch {
    return new Map();
  }
}
