import type { IdleQueue } from "../chart/idle-queue";

/** So many may come into being in one frame, fewer where frames come late. */
const A_FRAME = 3;
/** A frame in good time, ms. */
const FRAME = 17;
/** So many that are far again wait for a moment of rest to be taken away; more go at once. */
const LINGER = 90;

interface Watched {
  told: (near: boolean) => void;
  near: boolean;
}

/**
 * Charts exist only near the screen, and come into being a few a frame, nearest first: two thousand of them scroll as well as
 * ten. They go when the page rests, for taking things away costs time too.
 */
export class LazyMount {
  private readonly observer: IntersectionObserver;
  private readonly known = new Map<Element, Watched>();
  private readonly waiting = new Set<Element>();
  private readonly leaving = new Set<Element>();
  private turning = false;
  private before = 0;
  /** One that waited in the frame before, and where it was. */
  private mark: { el: Element; top: number } | null = null;

  constructor(
    private readonly rest: IdleQueue,
    margin: string,
    /** Nothing comes into being while the page moves faster than this, pixels a millisecond. */
    private readonly fastest = Number.POSITIVE_INFINITY,
  ) {
    // The second margin is that of boxes that scroll, a notebook's or an output's; who does not know it does without.
    const near = { rootMargin: margin, scrollMargin: margin };
    this.observer = new IntersectionObserver((entries) => this.seen(entries), near);
  }

  /** Tells `told` when the element comes near (in its turn) and when it is far again, until the answer is called. */
  watch(el: Element, told: (near: boolean) => void): () => void {
    this.known.set(el, { told, near: false });
    this.observer.observe(el);
    return () => {
      this.observer.unobserve(el);
      this.known.delete(el);
      this.waiting.delete(el);
      this.leaving.delete(el);
    };
  }

  private seen(entries: IntersectionObserverEntry[]): void {
    // Whatever scrolls, a page or a box in it, is noticed here at the latest.
    if (entries.some(({ target }) => this.known.get(target)?.near)) this.rest.stir();
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) {
        if (!this.leaving.delete(target) && !this.known.get(target)?.near) this.waiting.add(target);
      }
      // One that was passed by before its turn costs nothing.
      else if (!this.waiting.delete(target) && this.known.get(target)?.near) this.leaving.add(target);
    }
    this.turn();
    if (this.leaving.size) this.rest.take(this.clear);
  }

  private readonly clear = (): void => {
    for (const el of [...this.leaving].slice(0, A_FRAME)) this.tell(el, false);
    if (this.leaving.size) this.rest.take(this.clear);
  };

  private tell(el: Element, near: boolean): void {
    this.waiting.delete(el);
    this.leaving.delete(el);
    const found = this.known.get(el);
    if (!found || found.near === near) return;
    found.near = near;
    found.told(near);
  }

  private turn(): void {
    if (this.turning || this.waiting.size === 0) return;
    this.turning = true;
    requestAnimationFrame((now) => {
      this.turning = false;
      const passed = now - this.before;
      const late = Math.floor(passed / FRAME);
      this.before = now;
      const count = this.flies(passed) ? 0 : Math.max(1, A_FRAME + 1 - Math.max(1, late));
      for (const el of this.nearest(count)) this.tell(el, true);
      for (const el of [...this.leaving].slice(0, Math.max(0, this.leaving.size - LINGER)))
        this.tell(el, false);
      this.turn();
    });
  }

  /** Whether the page moves so fast that nothing on it can be read. */
  private flies(passed: number): boolean {
    const { mark } = this;
    const moved = mark ? Math.abs(mark.el.getBoundingClientRect().top - mark.top) : 0;
    const [el] = this.waiting;
    this.mark = el ? { el, top: el.getBoundingClientRect().top } : null;
    return moved > this.fastest * passed;
  }

  /** Of those that wait, the few nearest to the middle of the screen. */
  private nearest(count: number): Element[] {
    if (this.waiting.size <= count) return [...this.waiting];
    const away = (el: Element) => {
      const box = el.getBoundingClientRect();
      return Math.abs((box.top + box.bottom) / 2 - innerHeight / 2);
    };
    return [...this.waiting]
      .map((el) => ({ el, away: away(el) }))
      .sort((a, b) => a.away - b.away)
      .slice(0, count)
      .map(({ el }) => el);
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
