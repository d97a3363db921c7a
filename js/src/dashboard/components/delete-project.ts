// Deleting a project: after it was asked once, and with a moment in which it can be taken back.
import { signal } from "@preact/signals";
import { say, source } from "../app";

/** How long a deletion waits for a change of mind, ms. */
const GRACE = 8000;
/** How long a list may go on naming what is deleted, ms. */
const FADING = 10_000;

/** Projects that are deleted, or are about to be: so at once on the page. */
export const gone = signal<ReadonlySet<string>>(new Set());

const waiting = new Map<string, () => void>();

// A page that is left in that moment deletes at once.
addEventListener("pagehide", () => {
  for (const go of waiting.values()) go();
});

/** Deletes a project after the moment. `force`: also while one of its runs is running. */
export function removeProject(name: string, force: boolean): void {
  mark(name, true);
  const go = () => {
    clearTimeout(timer);
    if (!waiting.delete(name)) return;
    source.remove(name, null, force).then(
      () => setTimeout(() => mark(name, false), FADING),
      (error: Error) => {
        mark(name, false);
        say(error.message, "error");
      },
    );
  };
  const timer = setTimeout(go, GRACE);
  waiting.set(name, go);
  say(`Deleted project ${name}.`, "info", {
    text: "Undo",
    act: () => {
      clearTimeout(timer);
      waiting.delete(name);
      mark(name, false);
    },
  });
}

function mark(name: string, isGone: boolean): void {
  const next = new Set(gone.value);
  if (isGone) next.add(name);
  else next.delete(name);
  gone.value = next;
}
