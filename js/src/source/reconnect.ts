import type { Liveness } from "../core/types";

/** Longer than the server's heartbeat, after which a silent connection is taken for dead. */
const SILENCE = 40_000;

/** What a connection says of itself. */
export interface Connection {
  open(): void;
  /** Something came, if only a sign of life. */
  alive(): void;
  /** It is over, for whatever reason. */
  lost(): void;
}

/**
 * A connection that comes back when it is lost, less and less eagerly, until the signal aborts. A hidden page gives it back, and
 * takes it up when it is seen again. `connect` opens it; its answer closes it.
 */
export function reconnect(
  connect: (line: Connection) => () => void,
  liveness: (state: Liveness) => void,
  signal: AbortSignal,
): void {
  let close: (() => void) | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pause = 500;
  let since = Date.now();

  const hangUp = () => {
    clearTimeout(timer);
    close?.();
    close = null;
  };
  const retry = () => {
    hangUp();
    liveness({ state: "reconnecting", since });
    timer = setTimeout(open, pause);
    pause = Math.min(pause * 2, 15_000);
  };
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(retry, SILENCE);
    since = Date.now();
  };
  const open = () => {
    hangUp();
    if (document.hidden || signal.aborted) return;
    close = connect({
      open: () => {
        pause = 500;
        alive();
        liveness({ state: "live", since: Date.now() });
      },
      alive,
      lost: retry,
    });
  };
  const visibility = () => {
    if (document.hidden) {
      hangUp();
      liveness({ state: "paused", since: Date.now() });
    } else if (!close) open();
  };
  document.addEventListener("visibilitychange", visibility, { signal });
  window.addEventListener("online", open, { signal });
  window.addEventListener("offline", retry, { signal });
  signal.addEventListener("abort", hangUp);
  open();
}
