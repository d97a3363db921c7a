// The address of the page as what it shows. A change is an entry of the browser's history: Back undoes it, Forward does it again.
import { batch, effect } from "@preact/signals";

/** A change that comes so soon after one of the same parameters belongs to the same act, ms: notches of a wheel, a held key. */
const SOON = 1000;
/** In a field that is typed into, where one stops to think. */
const TYPING = 3000;

/** What somebody did last, and what the address was after it. */
interface Act {
  names: string;
  at: number;
  field: Element | null;
  press: number;
  href: string;
}

let last: Act | null = null;
/** Counts the presses of a button or finger, and whether the last one still holds: a slider that is dragged is one act. */
let press = 0;
let held = false;
if (typeof document !== "undefined") {
  // As long as the page: what is dragged belongs to no view alone.
  document.addEventListener(
    "pointerdown",
    () => {
      press++;
      held = true;
    },
    { capture: true },
  );
  for (const name of ["pointerup", "pointercancel"])
    document.addEventListener(
      name,
      () => {
        held = false;
      },
      { capture: true },
    );
}

/**
 * Changes the address within the page. What `names` (of parameters) the change is about decides whether it belongs to the act
 * that made the present entry of the history. A `quiet` change is no act: it goes into the present entry. `beside` is kept with
 * the entry: what is too long for an address.
 */
export function enter(
  address: string,
  names: readonly string[],
  { quiet = false, beside = history.state as unknown }: { quiet?: boolean; beside?: unknown } = {},
): void {
  const before = location.href;
  const at = performance.now();
  const now = { names: names.join(), at, field: typedInto(), press, href: "" };
  if (quiet || belongs(now)) history.replaceState(beside, "", address);
  else history.pushState(beside, "", address);
  if (!quiet) last = { ...now, href: location.href };
  // An act that goes on after a quiet change is still the same.
  else if (last?.href === before) last = { ...last, href: location.href };
}

function belongs(now: Act): boolean {
  if (last === null || last.href !== location.href || last.names !== now.names || last.press !== press)
    return false;
  if (held) return true;
  return now.at - last.at < (now.field !== null && now.field === last.field ? TYPING : SOON);
}

function typedInto(): Element | null {
  const found = document.activeElement;
  const types = ["text", "search"];
  return (found instanceof HTMLInputElement && types.includes(found.type)) ||
    found instanceof HTMLTextAreaElement
    ? found
    : null;
}

export interface InAddress {
  /** The query that says what is shown; it reads signals, and is asked again when they change. */
  write(): URLSearchParams;
  /** Shows what a query says. */
  read(query: URLSearchParams): void;
  /** Whether a change of these parameters is no act of its own. */
  quiet?(names: readonly string[]): boolean;
  /** What is kept with the entry of the history; by default what is there. */
  beside?(): unknown;
}

/** Keeps the query up to date with what is shown, and what is shown with the query where Back or Forward change it, until the signal aborts. */
export function keep(shown: InAddress, aborted: AbortSignal): void {
  const { pathname } = location;
  let waiting = false;
  // What the address already says is put into its plainest form: nobody did anything.
  let calm = true;
  const settle = () => {
    waiting = false;
    if (aborted.aborted || location.pathname !== pathname) return;
    const query = shown.write();
    const names = differing(query, new URLSearchParams(location.search));
    const quiet = calm;
    calm = false;
    if (names.length === 0) return;
    const text = query.toString();
    const address = pathname + (text ? `?${text}` : "") + location.hash;
    const options = shown.beside ? { beside: shown.beside() } : {};
    enter(address, names, { quiet: quiet || (shown.quiet?.(names) ?? false), ...options });
  };
  // One act may change several signals: they are seen together.
  const later = () => {
    if (!waiting) queueMicrotask(settle);
    waiting = true;
  };
  const stop = effect(() => {
    shown.write();
    later();
  });
  aborted.addEventListener("abort", stop);
  addEventListener(
    "popstate",
    () => {
      // What follows is an act of its own.
      last = null;
      if (location.pathname !== pathname) return;
      calm = true;
      batch(() => shown.read(new URLSearchParams(location.search)));
      later();
    },
    { signal: aborted },
  );
}

/** The names of the parameters in which two queries differ. */
function differing(one: URLSearchParams, other: URLSearchParams): string[] {
  const names = new Set([...one.keys(), ...other.keys()]);
  return [...names].filter((name) => one.getAll(name).join("\n") !== other.getAll(name).join("\n")).sort();
}
