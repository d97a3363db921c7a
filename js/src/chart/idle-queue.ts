/** Nothing has scrolled for so long, ms: the page stands. */
const PAUSE = 120;
/** A page that never idles gets its work done all the same, one piece after so many ms. */
const LATEST = 50;

/** Clocks, as a page has them. */
export interface Clock {
  now(): number;
  after(work: () => void, ms: number): void;
  idle(work: () => void): void;
}

const PAGE: Clock = {
  now: () => performance.now(),
  after: (work, ms) => void setTimeout(work, ms),
  idle: (work) =>
    "requestIdleCallback" in window
      ? void requestIdleCallback(work, { timeout: LATEST })
      : void setTimeout(work, 16),
};

/** Work that would hold up a page that scrolls: one piece in each idle moment, while nothing moves. */
export class IdleQueue {
  private readonly waiting = new Set<() => unknown>();
  private stirred = Number.NEGATIVE_INFINITY;
  private asked = false;

  constructor(private readonly clock: Clock = PAGE) {}

  /** Follows what scrolls in the page until the signal aborts. */
  watch(root: EventTarget, signal: AbortSignal): void {
    for (const name of ["scroll", "wheel", "touchmove"])
      root.addEventListener(name, () => this.stir(), { signal, capture: true, passive: true });
  }

  /** Something moves. */
  stir(): void {
    this.stirred = this.clock.now();
  }

  /** Nothing has moved for a while. */
  get still(): boolean {
    return this.clock.now() - this.stirred >= PAUSE;
  }

  /** Does `work` in its turn, or (`first`) before all else that waits; the answer takes it back. */
  take(work: () => unknown, first = false): () => void {
    if (first) {
      const others = [...this.waiting].filter((one) => one !== work);
      this.waiting.clear();
      for (const one of [work, ...others]) this.waiting.add(one);
    } else this.waiting.add(work);
    this.next();
    return () => this.waiting.delete(work);
  }

  private next(): void {
    if (this.asked || this.waiting.size === 0) return;
    this.asked = true;
    const wait = this.stirred + PAUSE - this.clock.now();
    if (wait > 0) this.clock.after(() => this.again(), wait);
    else this.clock.idle(() => void this.turn());
  }

  private again(): void {
    this.asked = false;
    this.next();
  }

  private async turn(): Promise<void> {
    const [work] = this.waiting;
    if (work && this.still) {
      this.waiting.delete(work);
      await work();
    }
    this.again();
  }
}
