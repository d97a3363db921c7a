import "./copy.css";
import { type App, useApp } from "../app";

/** Puts a text where the next paste takes it from, also on pages that browsers hold for unsafe. */
export async function copyText(text: string, what: string, say: App["say"]): Promise<void> {
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else byHand(text);
    say(`Copied ${what}.`);
  } catch {
    say(`The browser blocked copying. Copy it by hand: ${text.slice(0, 200)}`, "error");
  }
}

function byHand(text: string): void {
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("no clipboard");
}

/** A small button that copies. */
export function Copy({ text, what }: { text: string; what: string }) {
  const { say } = useApp();
  return (
    <button
      type="button"
      class="copy"
      aria-label={`Copy ${what}`}
      title={`Copy ${what}`}
      onClick={() => void copyText(text, what, say)}
    >
      <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
        <path d="M5.5 5.5v-3h8v8h-3m-8-5h8v8h-8z" fill="none" stroke="currentColor" stroke-width="1.4" />
      </svg>
    </button>
  );
}
