// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { IdleQueue } from "../src/chart/idle-queue";
import { LazyMount } from "../src/panel/lazy-mount";

/** A page whose frames are made by hand, with boxes below each other. */
class Page {
  scrolled = 0;
  now = 1000;
  private frames: ((now: number) => void)[] = [];
  told: (entries: { target: Element; isIntersecting: boolean }[]) => void = () => {};

  constructor() {
    const page = this;
    vi.stubGlobal("requestAnimationFrame", (work: (now: number) => void) => this.frames.push(work));
    vi.stubGlobal(
      "IntersectionObserver",
      class {
        constructor(told: Page["told"]) {
          page.told = told;
        }
        observe() {}
        unobserve() {}
      },
    );
  }

  box(top: number): HTMLElement {
    const el = document.createElement("div");
    el.getBoundingClientRect = () => new DOMRect(0, top - this.scrolled, 300, 200);
    return el;
  }

  comes(...boxes: Element[]) {
    this.told(boxes.map((target) => ({ target, isIntersecting: true })));
  }

  /** So many frames in good time, the page moving by so many pixels in each. */
  turn(count: number, by = 0) {
    for (let i = 0; i < count; i++) {
      this.now += 16;
      this.scrolled += by;
      for (const work of this.frames.splice(0)) work(this.now);
    }
  }
}

let page: Page;
beforeEach(() => {
  page = new Page();
});
afterEach(() => vi.unstubAllGlobals());

describe("charts near the screen", () => {
  const watched = (count: number, fastest?: number) => {
    const mounts = new LazyMount(new IdleQueue(), "0px", fastest);
    const found: number[] = [];
    const boxes = Array.from({ length: count }, (_, i) => page.box(i * 220));
    boxes.forEach((box, i) => void mounts.watch(box, (near) => near && found.push(i)));
    page.comes(...boxes);
    return found;
  };

  it("come into being a few a frame", () => {
    const found = watched(10);
    page.turn(2);
    expect(found.length).toBeGreaterThan(0);
    expect(found.length).toBeLessThan(7);
    page.turn(10);
    expect(found).toHaveLength(10);
  });

  it("do not while the page flies past them, and do when it slows down", () => {
    const found = watched(30, 6);
    page.turn(1);
    const before = found.length;
    page.turn(20, 200); // 12.5 pixels a millisecond
    expect(found).toHaveLength(before);
    page.turn(20, 30);
    expect(found).toHaveLength(30);
  });
});
