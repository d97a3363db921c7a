import "./tabs.css";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface TabItem<T> {
  id: T;
  text: string;
  count?: number;
}

/** Tabs as everywhere: one stop for the Tab key, arrows, Home and End go from one to the next. */
export function Tabs<T extends string>({
  items,
  now,
  choose,
  label,
}: {
  items: readonly TabItem<T>[];
  now: T;
  choose: (id: T) => void;
  label: string;
}) {
  const box = useRef<HTMLDivElement>(null);
  // On a phone not all have room.
  useEffect(() => {
    const strip = box.current;
    const chosen = strip?.querySelector<HTMLElement>(`#tab-${now}`);
    if (!strip || !chosen) return;
    const left = chosen.offsetLeft - strip.offsetLeft;
    if (left < strip.scrollLeft || left + chosen.offsetWidth > strip.scrollLeft + strip.clientWidth)
      strip.scrollLeft = left - (strip.clientWidth - chosen.offsetWidth) / 2;
  }, [now, items.map((item) => item.count).join()]);
  const move = (event: KeyboardEvent) => {
    const at = items.findIndex((item) => item.id === now);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const { id } = items[(next + items.length) % items.length]!;
    choose(id);
    box.current?.querySelector<HTMLElement>(`#tab-${id}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} tabIndex={-1} ref={box} onKeyDown={move}>
      {items.map(({ id, text, count }) => (
        <button
          key={id}
          id={`tab-${id}`}
          type="button"
          role="tab"
          aria-selected={now === id}
          aria-controls={now === id ? `panel-${id}` : undefined}
          tabIndex={now === id ? 0 : -1}
          onClick={() => choose(id)}
        >
          {text}
          {count ? <span class="count">{count}</span> : null}
        </button>
      ))}
    </div>
  );
}

export function TabPanel({ id, children }: { id: string; children: ComponentChildren }) {
  return (
    <div id={`panel-${id}`} role="tabpanel" aria-labelledby={`tab-${id}`} class="tab-panel">
      {children}
    </div>
  );
}
