import { signal } from "@preact/signals";
import { loadFigures, loadPlotly, type Plotly } from "../chart/plotly";
import type { PanelEnvironment } from "../panel/panel-context";
import { HttpSource } from "../source/http";
import { onSignedOut } from "../source/request";
import { themes } from "../state/chart-settings";
import { recallPage, rememberPage } from "./page-memory";

interface Context {
  base: string;
  readOnly: boolean;
  searchMode: "realtime" | "manual";
  host: "standalone" | "jupyter";
  version: string;
  plotly: string;
  figures: string;
}

function context(): Context {
  const content = document.querySelector<HTMLMetaElement>('meta[name="aspara"]')?.content ?? "{}";
  const settings = JSON.parse(content) as Partial<Context>;
  return {
    readOnly: false,
    searchMode: "realtime",
    host: "standalone",
    version: "",
    plotly: "",
    figures: "",
    ...settings,
    // Relative to this page, so that it holds behind a proxy at any path; later pages have other paths.
    base: new URL(settings.base ?? "/", location.href).pathname,
  };
}

/** What every page shares: where the dashboard lives, its source, theme and the present address. */
export const app = context();
export const source = new HttpSource(app.base, app.readOnly);
export const { theme, dark } = themes();
export const location_ = signal(location.pathname + location.search);

export interface Toast {
  text: string;
  kind: "info" | "error";
  /** What can be done about it while it stands. */
  action?: { text: string; act: () => void };
}

/** A message at the bottom of the page, for a few seconds. */
export const toast = signal<Toast | null>(null);
let toastTimer: ReturnType<typeof setTimeout> | undefined;
export function say(text: string, kind: Toast["kind"] = "info", action?: Toast["action"]): void {
  toast.value = { text, kind, ...(action ? { action } : {}) };
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => hush(), 8000);
}

/** Takes the message away. */
export function hush(): void {
  clearTimeout(toastTimer);
  toast.value = null;
}

// A login that has run out: the page that signs in comes back here.
onSignedOut(() => say("You are signed out.", "error", { text: "Sign in", act: () => location.reload() }));

/** What the shared panels need of this page. */
export const environment: PanelEnvironment = {
  plotly: () => loadPlotly(`${app.base}static/${app.plotly}`),
  dark,
  say,
};

/** The Plotly that draws logged figures of more kinds than the charts have. */
export function figuresPlotly(): Promise<Plotly> {
  return loadFigures(`${app.base}static/${app.plotly}`, `${app.base}static/${app.figures}`);
}

/** The address of a page of the dashboard. */
export function address(...parts: string[]): string {
  return app.base + parts.map(encodeURIComponent).join("/");
}

/** Goes to a page of the dashboard, as it was left if the address does not say what it shows. */
export function navigate(to: string): void {
  rememberPage();
  const { address, state } = recallPage(to);
  history.pushState(state, "", address);
  // Whoever shows what the address says looks at it, as for Back: the page may be the same one.
  dispatchEvent(new PopStateEvent("popstate"));
  location_.value = location.pathname + location.search;
  scrollTo(0, 0);
  // Whoever reads by ear, or goes on with Tab, begins on the new page, not where the link was.
  requestAnimationFrame(() => document.querySelector<HTMLElement>("main")?.focus({ preventScroll: true }));
}

addEventListener("popstate", () => {
  location_.value = location.pathname + location.search;
});

/** Parts of the path below the base, decoded. */
export function route(path: string): string[] {
  const below = path.split("?")[0]!.slice(app.base.length);
  return below
    .split("/")
    .filter(Boolean)
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
}
