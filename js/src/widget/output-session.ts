import { signal } from "@preact/signals";
import type { ProjectStore } from "../state/project-store";

/** An output whose widget may still come waits so long for it, ms; after that the server is asked. */
export const PATIENCE = 2500;
/** An output older than this, ms, is not being written now: the page was reloaded or the notebook opened. */
const RECENT = 15_000;
/** How long a board outlives the last view of it, ms: a view that is drawn anew must not lose what it shows. */
const GRACE = 1000;
/** How long a sentence is shown, ms. */
const SAID = 8000;

/** From where points come: pushed by the kernel, asked from the server, or kept in the notebook. */
export type Origin = "comm" | "server" | "still";

export interface Notice {
  text: string;
  kind: "info" | "error";
}

/** Whether an output with this run was written just now, so that its widget may come. */
export function young(run: { status: string; now: number }): boolean {
  return run.status === "running" && Math.abs(Date.now() - run.now) < RECENT;
}

/** What outputs of this page show, however many there are of the same: a board, as long as somebody looks, and a word. */
export class OutputSession {
  readonly board = signal<ProjectStore | null>(null);
  /** From where the board's points come. */
  readonly origin = signal<Origin | null>(null);
  /** What has to be said, for some seconds. */
  readonly notice = signal<Notice | null>(null);
  private users = 0;

  /** Somebody looks at it; the answer is called when they no longer do. */
  use(): () => void {
    this.users++;
    return () => {
      this.users--;
      setTimeout(() => {
        if (this.users > 0 || this.origin.value === "comm") return;
        this.board.value?.close();
        this.board.value = null;
        this.origin.value = null;
      }, GRACE);
    };
  }

  /** Shows a sentence for a while. */
  say(text: string, kind: Notice["kind"]): void {
    const notice = { text, kind };
    this.notice.value = notice;
    setTimeout(() => {
      if (this.notice.value === notice) this.notice.value = null;
    }, SAID);
  }

  /** Shows this board instead of what was shown; resolves when it is loaded. */
  protected show(board: ProjectStore, origin: Origin): Promise<void> {
    this.board.value?.close();
    this.board.value = board;
    this.origin.value = origin;
    return board.open();
  }
}
