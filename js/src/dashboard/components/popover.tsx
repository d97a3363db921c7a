import "./popover.css";
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";

/** A button that opens a panel above everything; Esc or a click elsewhere closes it, and the focus goes back. */
export function Popover({
  text,
  label,
  title,
  kind = "",
  children,
}: {
  text: ComponentChildren;
  /** What screen readers call button and panel. */
  label: string;
  title?: string;
  /** A class for the button. */
  kind?: string;
  children: (close: () => void) => ComponentChildren;
}) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement | null>(null);
  const close = () => panel.current?.hidePopover();
  return (
    <>
      <button
        type="button"
        class={kind}
        ref={button}
        aria-label={label}
        title={title ?? label}
        aria-expanded={open}
        aria-haspopup="dialog"
        onClick={(event) => {
          event.stopPropagation();
          setOpen(!open);
        }}
      >
        {text}
      </button>
      {open && (
        <div
          popover="auto"
          role="dialog"
          aria-label={label}
          class="card popover"
          ref={(el) => {
            if (!el || el === panel.current) return;
            panel.current = el;
            el.addEventListener("toggle", (event) => {
              if ((event as ToggleEvent).newState !== "closed") return;
              panel.current = null;
              setOpen(false);
              if (document.activeElement === document.body || el.contains(document.activeElement))
                button.current?.focus();
            });
            el.showPopover();
            place(el, button.current!);
            el.querySelector<HTMLElement>("input, button, a, select")?.focus();
          }}
        >
          {children(close)}
        </div>
      )}
    </>
  );
}

/** Below the button, or above it where there is more room, and never beyond the edge of the window. */
function place(panel: HTMLElement, button: HTMLElement): void {
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = panel;
  const below = innerHeight - at.bottom;
  panel.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
  if (below < height + 8 && at.top > below) {
    panel.style.top = `${Math.max(8, at.top - Math.min(height, at.top - 8) - 4)}px`;
    panel.style.maxHeight = `${at.top - 12}px`;
  } else {
    panel.style.top = `${at.bottom + 4}px`;
    panel.style.maxHeight = `${below - 12}px`;
  }
}
