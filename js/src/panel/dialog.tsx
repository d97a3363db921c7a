import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** A modal dialog; the browser keeps the focus inside and closes it with Esc. The focus goes back to where it was. */
export function Dialog({
  title,
  wide = false,
  onClose,
  children,
}: {
  title: string;
  wide?: boolean;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const [before] = useState(() => document.activeElement);
  // A text that is marked with the mouse may end outside.
  const begun = useRef<EventTarget | null>(null);
  useEffect(() => () => (before as HTMLElement | null)?.focus(), []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the browser closes a modal dialog with Esc by itself
    <dialog
      ref={(el) => {
        if (el && !el.open) el.showModal();
      }}
      class={wide ? "wide" : ""}
      aria-label={title}
      onClose={onClose}
      onPointerDown={(event) => {
        begun.current = event.target;
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget && begun.current === event.target) onClose();
      }}
    >
      <div class="dialog-body">
        <h2>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}
