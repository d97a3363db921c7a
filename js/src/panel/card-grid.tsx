import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Size } from "../state/chart-settings";
import { ChartCard } from "./chart-card";
import type { ChartViewProps } from "./chart-view";

/** The least width and the usual height of a card. */
const CARD: Readonly<Record<Size, { width: number; height: number }>> = {
  s: { width: 240, height: 184 },
  m: { width: 340, height: 234 },
  l: { width: 620, height: 374 },
};
const GAP = 12;
/** Cards that come and go together: whole rows, whether of one, two, three, four, five or six. */
const BLOCK = 60;
/** So many cards need not come and go: a page finds their names, and keys go from one to the next. */
const FEW = 150;

/** How many cards stand side by side. */
export function columnsIn(width: number, size: Size): number {
  return Math.max(1, Math.floor((width + GAP) / (CARD[size].width + GAP)));
}

/**
 * How many of the columns each section takes, given how many charts it has: small ones stand side by side, in their order, and
 * what is left of a row goes to the last of them.
 */
export function spread(counts: readonly number[], columns: number): number[] {
  const spans = counts.map((count) => Math.min(Math.max(1, count), columns));
  let used = 0;
  spans.forEach((span, i) => {
    used += span;
    const next = spans[i + 1];
    if (next !== undefined && used + next <= columns) return;
    spans[i] = span + columns - used;
    used = 0;
  });
  return spans;
}

/** For an element's `ref`, and the element's width in pixels, known before it is seen. */
export function useWidth() {
  const [box, setBox] = useState<HTMLElement | null>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    if (!box) return;
    setWidth(box.clientWidth);
    const sized = new ResizeObserver(([entry]) => setWidth(Math.round(entry!.contentRect.width)));
    sized.observe(box);
    return () => sized.disconnect();
  }, [box]);
  return [setBox, width] as const;
}

interface GridProps extends Omit<ChartViewProps, "metric" | "label" | "full" | "whole" | "keys"> {
  metrics: readonly string[];
  label: (metric: string) => string;
  columns: number;
  /** How many cards the panel has. */
  total: number;
}

/** The charts of a section. */
export function CardGrid({ metrics, ...common }: GridProps) {
  const blocks = useMemo(
    () =>
      Array.from({ length: Math.ceil(metrics.length / BLOCK) }, (_, i) =>
        metrics.slice(i * BLOCK, (i + 1) * BLOCK),
      ),
    [metrics],
  );
  return (
    <>
      {blocks.map((block) => (
        <Block key={block[0]} {...common} metrics={block} few={metrics.length < common.columns} />
      ))}
    </>
  );
}

/** Some rows of cards: a box as high as they are while they are far from the screen. */
function Block({ metrics, label, columns, total, few, ...common }: GridProps & { few: boolean }) {
  const { easel, view } = common;
  const box = useRef<HTMLDivElement>(null);
  const [seen, setNear] = useState(false);
  const near = seen || total <= FEW;
  const height = useRef(0);
  useEffect(
    () =>
      easel.rows.watch(box.current!, (comes) => {
        // Who uses the keyboard must find the place again where they are.
        const root = box.current!.getRootNode() as Document;
        if (!comes && box.current!.contains(root.activeElement)) return;
        if (!comes) height.current = box.current!.offsetHeight;
        setNear(comes);
      }),
    [easel],
  );
  const full = view.full.value;
  const rows = Math.ceil(metrics.length / columns);
  const guess = height.current || rows * (CARD[view.size.value].height + GAP) - GAP;
  const shown = near ? metrics : metrics.filter((metric) => metric === full);
  return (
    <div
      class="grid"
      ref={box}
      style={{
        ...(near ? {} : { minHeight: `${guess}px` }),
        // A few fill their row.
        ...(few ? { gridTemplateColumns: `repeat(${metrics.length}, minmax(0, 1fr))` } : {}),
      }}
    >
      {shown.map((metric) => (
        <ChartCard key={metric} {...common} metric={metric} label={label(metric)} />
      ))}
    </div>
  );
}
