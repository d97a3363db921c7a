/** Waits `ms`, and on while nobody sees the page. True then; false once the signal aborts, which ends the wait. */
export function pollPause(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((done) => {
    if (signal.aborted) {
      done(false);
      return;
    }
    const own = new AbortController();
    const end = (on: boolean) => {
      clearTimeout(timer);
      own.abort();
      done(on);
    };
    let over = false;
    const look = () => {
      if (over && !document.hidden) end(true);
    };
    const timer = setTimeout(() => {
      over = true;
      look();
    }, ms);
    document.addEventListener("visibilitychange", look, { signal: own.signal });
    signal.addEventListener("abort", () => end(false), { signal: own.signal });
  });
}
