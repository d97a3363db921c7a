import { type Signal, signal } from "@preact/signals";

/** Whether the page around `el` is dark, kept up to date until the signal aborts. */
export function pageIsDark(el: HTMLElement, ended: AbortSignal): Signal<boolean> {
  const dark = signal(look(el));
  const settle = () => {
    dark.value = look(el);
  };
  // Themes are changed by attributes of the page's first two elements, and their styles come a moment later.
  const watched = new MutationObserver(() => {
    settle();
    setTimeout(settle, 400);
  });
  for (const part of [document.documentElement, document.body])
    watched.observe(part, {
      attributes: true,
      attributeFilter: [
        "class",
        "style",
        "theme",
        "data-theme",
        "data-jp-theme-light",
        "data-vscode-theme-kind",
      ],
    });
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", settle, { signal: ended });
  ended.addEventListener("abort", () => watched.disconnect());
  return dark;
}

function look(el: HTMLElement): boolean {
  const lab = document.body.dataset.jpThemeLight;
  if (lab !== undefined) return lab === "false";
  // Elsewhere the colour that lies behind us tells; a page without one follows the system.
  for (let at: HTMLElement | null = el.parentElement; at; at = at.parentElement) {
    const parts = /^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)/.exec(
      getComputedStyle(at).backgroundColor,
    );
    if (!parts || Number(parts[4] ?? 1) < 0.5) continue;
    return 0.299 * Number(parts[1]) + 0.587 * Number(parts[2]) + 0.114 * Number(parts[3]) < 128;
  }
  return matchMedia("(prefers-color-scheme: dark)").matches;
}
