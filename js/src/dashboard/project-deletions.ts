// Deleting projects: after somebody confirmed it, and with a moment in which it can be undone.
import { signal } from "@preact/signals";
import type { HttpSource } from "../source/http";

/** How long a deletion can be undone, ms. */
const GRACE = 8000;
/** How long a list may go on naming what is deleted, ms. */
const FADING = 10_000;

/** Shows a message, with what can be done about it. */
type Say = (text: string, kind?: "info" | "error", action?: { text: string; act: () => void }) => void;

export class ProjectDeletions {
  /** Projects that are deleted, or are about to be: at once so on the page. */
  readonly deleted = signal<ReadonlySet<string>>(new Set());
  private readonly waiting = new Map<string, () => void>();

  constructor(
    private readonly source: HttpSource,
    private readonly say: Say,
  ) {
    // A page that is left in that moment deletes at once.
    addEventListener("pagehide", () => {
      for (const go of this.waiting.values()) go();
    });
  }

  /** Deletes a project after the moment. `force`: also while one of its runs is running. */
  remove(name: string, force: boolean): void {
    this.mark(name, true);
    const go = () => {
      clearTimeout(timer);
      if (!this.waiting.delete(name)) return;
      this.source.remove(name, null, force).then(
        () => setTimeout(() => this.mark(name, false), FADING),
        (error: Error) => {
          this.mark(name, false);
          this.say(error.message, "error");
        },
      );
    };
    const timer = setTimeout(go, GRACE);
    this.waiting.set(name, go);
    this.say(`Deleted project ${name}.`, "info", {
      text: "Undo",
      act: () => {
        clearTimeout(timer);
        this.waiting.delete(name);
        this.mark(name, false);
      },
    });
  }

  private mark(name: string, isDeleted: boolean): void {
    const next = new Set(this.deleted.value);
    if (isDeleted) next.add(name);
    else next.delete(name);
    this.deleted.value = next;
  }
}
