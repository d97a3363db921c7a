/** Whether an element is on the screen, and its size in pixels when that was seen. */
export type VisibilityCallback = (visible: boolean, width: number, height: number) => void;

/** What of a page's charts is on the screen: one observer for all of them, and no layout asked for. */
export class Visibility {
  private readonly told = new Map<Element, VisibilityCallback>();
  private readonly observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting, boundingClientRect: box } of entries)
      this.told.get(target)?.(isIntersecting, box.width, box.height);
  });

  /** Tells `told` of the element when it comes into sight and when it goes, until the answer is called. */
  watch(el: Element, told: VisibilityCallback): () => void {
    this.told.set(el, told);
    this.observer.observe(el);
    return () => {
      this.observer.unobserve(el);
      this.told.delete(el);
    };
  }
}
