/** Charts exist only near the screen, and come into being one a frame: two thousand of them scroll as well as ten. */
export class Mounts {
  private readonly observer: IntersectionObserver;
  private readonly known = new Map<Element, (near: boolean) => void>();
  private readonly waiting = new Set<Element>();
  private turning = false;

  constructor(margin = "400px 0px") {
    this.observer = new IntersectionObserver((entries) => this.seen(entries), { rootMargin: margin });
  }

  /** Tells `told` when the element comes near (in its turn) and when it is far again, until the answer is called. */
  watch(el: Element, told: (near: boolean) => void): () => void {
    this.known.set(el, told);
    this.observer.observe(el);
    return () => {
      this.observer.unobserve(el);
      this.known.delete(el);
      this.waiting.delete(el);
    };
  }

  private seen(entries: IntersectionObserverEntry[]): void {
    for (const entry of entries) {
      if (entry.isIntersecting) this.waiting.add(entry.target);
      // One that was passed by before its turn costs nothing.
      else if (!this.waiting.delete(entry.target)) this.known.get(entry.target)?.(false);
    }
    this.turn();
  }

  private turn(): void {
    if (this.turning || this.waiting.size === 0) return;
    this.turning = true;
    requestAnimationFrame(() => {
      this.turning = false;
      const next = this.nearest();
      if (next) {
        this.waiting.delete(next);
        this.known.get(next)?.(true);
      }
      this.turn();
    });
  }

  /** Of those that wait, the one nearest to the middle of the screen. */
  private nearest(): Element | null {
    let found: Element | null = null;
    let distance = Number.POSITIVE_INFINITY;
    for (const el of this.waiting) {
      const box = el.getBoundingClientRect();
      const away = Math.abs((box.top + box.bottom) / 2 - innerHeight / 2);
      if (away < distance) {
        found = el;
        distance = away;
      }
    }
    return found;
  }
}

/** At most so many pieces of work at once; the one that was asked for last comes first. */
export class Limiter {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly most = 4) {}

  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.running >= this.most) await new Promise<void>((go) => this.waiting.push(go));
    if (signal.aborted) {
      this.waiting.pop()?.();
      throw signal.reason;
    }
    this.running++;
    try {
      return await work();
    } finally {
      this.running--;
      this.waiting.pop()?.();
    }
  }
}
