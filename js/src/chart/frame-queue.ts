/** So much of a frame may go to drawing before the next piece of work waits for another one, ms. */
const SHARE = 8;

/**
 * Pieces of work in turn, as many a frame as leave it smooth: points for twenty charts come in one answer, and drawing all of them
 * at once would hold up the page.
 */
export class FrameQueue {
  private readonly waiting: (() => void)[] = [];
  private asked = false;

  constructor(private readonly frame: (work: () => void) => void = requestAnimationFrame) {}

  take(work: () => void): void {
    this.waiting.push(work);
    this.next();
  }

  private next(): void {
    if (this.asked || this.waiting.length === 0) return;
    this.asked = true;
    this.frame(() => {
      this.asked = false;
      const began = performance.now();
      do this.waiting.shift()?.();
      while (this.waiting.length && performance.now() - began < SHARE);
      this.next();
    });
  }
}
