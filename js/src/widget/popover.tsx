import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** A button with a box below it, closed by Escape and by a click elsewhere. `why` says why it cannot be used, if so. */
export function Popover({
  label,
  title,
  why,
  kind,
  children,
}: {
  label: ComponentChildren;
  title: string;
  why: string | null;
  kind: string;
  /** Called while the box is open; `close` closes it. */
  children: (close: () => void) => ComponentChildren;
}) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const aborter = new AbortController();
    const { signal } = aborter;
    // The path, since the target is retold when a click leaves a shadow root.
    document.addEventListener(
      "pointerdown",
      (event) => box.current && !event.composedPath().includes(box.current) && setOpen(false),
      { signal },
    );
    box.current?.addEventListener("keydown", (event) => event.key === "Escape" && setOpen(false), { signal });
    return () => aborter.abort();
  }, [open]);
  return (
    <div class={`w-pop ${kind}`} ref={box}>
      <button
        type="button"
        aria-expanded={open}
        disabled={why !== null}
        title={why ?? title}
        onClick={() => setOpen(!open)}
      >
        {label}
      </button>
      {open && <div class="w-menu card">{children(() => setOpen(false))}</div>}
    </div>
  );
}
