import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

export interface TabItem {
  id: string;
  text: string;
  count?: number;
}

/** Tabs as everywhere: one stop for the Tab key, arrows, Home and End go from one to the next. */
export function Tabs({
  items,
  now,
  choose,
  label,
}: {
  items: readonly TabItem[];
  now: string;
  choose: (id: string) => void;
  label: string;
}) {
  const box = useRef<HTMLDivElement>(null);
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

/** What a tab says where it has nothing to show: why, and the line of code that fills it. */
export function Teach({
  title,
  code,
  children,
}: {
  title: string;
  code?: string;
  children?: ComponentChildren;
}) {
  return (
    <div class="empty teach">
      <h2>{title}</h2>
      {children}
      {code && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <pre tabIndex={0}>
          <code>{code}</code>
        </pre>
      )}
    </div>
  );
}
