import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { ChartView, type ChartViewProps, type Keys } from "./chart-view";

/**
 * One metric: a heading and an empty box while it is far from the screen, so that any number of cards costs next to nothing;
 * near it, all of its face. Keys and focus are the card's own, whichever it shows.
 */
export function ChartCard(props: Omit<ChartViewProps, "full" | "whole" | "keys">) {
  const { view, metric, label, easel } = props;
  const figure = useRef<HTMLElement>(null);
  const keys = useRef<Keys>({});
  const [near, setNear] = useState(false);
  const since = useSignal(0);
  const [sought, setSought] = useState(false);
  const full = useComputed(() => view.full.value === metric).value;

  // Nobody uses what flies past: buttons and the like come when the page rests, or the focus does.
  const rested = useComputed(() => easel.rests.value > since.value).value;
  const whole = full || sought || rested;

  useEffect(
    () =>
      easel.faces.watch(figure.current!, (comes) => {
        since.value = easel.rests.peek();
        if (comes) easel.rest.take(easel.count);
        setNear(comes);
      }),
    [easel],
  );

  useEffect(() => {
    if (!full) return;
    const aborter = new AbortController();
    const before = document.activeElement;
    figure.current?.focus({ preventScroll: true });
    const root = figure.current!.getRootNode() as Document;
    const close = (event: Event) => {
      if ((event as KeyboardEvent).key === "Escape") view.full.value = null;
    };
    root.addEventListener("keydown", close, { signal: aborter.signal });
    return () => {
      aborter.abort();
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, [full]);

  return (
    <figure
      ref={figure}
      class={`card chart ${full ? "full" : ""} ${near ? "" : "far"}`}
      data-metric={metric}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: zoom and more by keyboard
      tabIndex={0}
      aria-label={`Chart of ${metric}`}
      onFocus={() => setSought(true)}
      onKeyDown={(event) => {
        if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
        const action = keys.current[event.key];
        if (!action) return;
        event.preventDefault();
        action();
      }}
    >
      {near || full ? (
        <ChartView {...props} full={full} whole={whole} keys={keys} />
      ) : (
        <>
          <figcaption>
            <span class="metric" title={metric}>
              {label}
            </span>
          </figcaption>
          <div class="plot" role="img" aria-label={`${metric}: nothing drawn`} />
        </>
      )}
    </figure>
  );
}
