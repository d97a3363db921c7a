// What every page of the dashboard shares. It is made once, in index.tsx, and handed down as a context.
import { signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { loadFigures, loadPlotly, type Plotly } from "../chart/plotly";
import type { PanelEnvironment } from "../panel/panel-context";
import { HttpSource } from "../source/http";
import { onSignedOut } from "../source/request";
import { themes } from "../state/chart-settings";
import { recallPage, rememberPage } from "./page-memory";
import { ProjectDeletions } from "./project-deletions";

/** What the server says in the page. */
export interface PageOptions {
  /** The address below which the dashboard lives, ending in "/". */
  base: string;
  readOnly: boolean;
  searchMode: "realtime" | "manual";
  host: "standalone" | "jupyter";
  version: string;
  /** Names of static files. */
  plotly: string;
  figures: string;
}

export interface Toast {
  text: string;
  kind: "info" | "error";
  /** What can be done about it while it stands. */
  action?: { text: string; act: () => void };
}

/** How long a message stands, ms. */
const SHOWN = 8000;

/** The options in a page's head. */
export function pageOptions(page: Document): PageOptions {
  const content = page.querySelector<HTMLMetaElement>('meta[name="aspara"]')?.content ?? "{}";
  const options = JSON.parse(content) as Partial<PageOptions>;
  return {
    readOnly: false,
    searchMode: "realtime",
    host: "standalone",
    version: "",
    plotly: "",
    figures: "",
    ...options,
    // Relative to this page, so that it holds behind a proxy at any path; later pages have other paths.
    base: new URL(options.base ?? "/", location.href).pathname,
  };
}

/** The functions are bound, so that a component takes those it needs: `const { say, source } = useApp()`. */
export class App {
  readonly base: string;
  readonly readOnly: boolean;
  readonly searchMode: PageOptions["searchMode"];
  readonly version: string;
  readonly source: HttpSource;
  readonly theme;
  readonly dark;
  /** Path and query of the page that is shown. */
  readonly location = signal(location.pathname + location.search);
  /** A message at the bottom of the page, for a few seconds. */
  readonly toast = signal<Toast | null>(null);
  readonly deletions: ProjectDeletions;
  /** What the shared panels need of the page. */
  readonly environment: PanelEnvironment;
  private toastTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: PageOptions) {
    this.base = options.base;
    this.readOnly = options.readOnly;
    this.searchMode = options.searchMode;
    this.version = options.version;
    this.source = new HttpSource(options.base, options.readOnly);
    const { theme, dark } = themes();
    this.theme = theme;
    this.dark = dark;
    this.deletions = new ProjectDeletions(this.source, this.say);
    this.environment = { plotly: () => loadPlotly(this.file(options.plotly)), dark, say: this.say };
    addEventListener("popstate", this.look);
    // Links in the head are relative to the page that was loaded; they keep their meaning when the address changes.
    for (const link of document.querySelectorAll<HTMLLinkElement>("link[href]"))
      link.setAttribute("href", link.href);
    // A login that has run out: the page that signs in comes back here.
    onSignedOut(() =>
      this.say("You are signed out.", "error", { text: "Sign in", act: () => location.reload() }),
    );
  }

  /** Shows a message. */
  readonly say = (text: string, kind: Toast["kind"] = "info", action?: Toast["action"]): void => {
    this.toast.value = { text, kind, ...(action ? { action } : {}) };
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(this.hush, SHOWN);
  };

  /** Takes the message away. */
  readonly hush = (): void => {
    clearTimeout(this.toastTimer);
    this.toast.value = null;
  };

  /** The Plotly that draws logged figures of more kinds than the charts have. */
  readonly figuresPlotly = (): Promise<Plotly> =>
    loadFigures(this.file(this.options.plotly), this.file(this.options.figures));

  /** The address of a page of the dashboard. */
  readonly address = (...parts: string[]): string => this.base + parts.map(encodeURIComponent).join("/");

  /** Goes to a page of the dashboard, as it was left if the address does not say what it shows. */
  readonly navigate = (to: string): void => {
    rememberPage();
    const { address, state } = recallPage(to);
    history.pushState(state, "", address);
    // Whoever shows what the address says looks at it, as for Back: the page may be the same one.
    dispatchEvent(new PopStateEvent("popstate"));
    this.look();
    scrollTo(0, 0);
    // Whoever reads by ear, or goes on with Tab, begins on the new page, not where the link was.
    requestAnimationFrame(() => document.querySelector<HTMLElement>("main")?.focus({ preventScroll: true }));
  };

  /** Parts of a path below the base, decoded. */
  readonly route = (path: string): string[] =>
    path
      .split("?")[0]!
      .slice(this.base.length)
      .split("/")
      .filter(Boolean)
      .map((part) => {
        try {
          return decodeURIComponent(part);
        } catch {
          return part;
        }
      });

  private readonly look = (): void => {
    this.location.value = location.pathname + location.search;
  };

  private file(name: string): string {
    return `${this.base}static/${name}`;
  }
}

export const AppContext = createContext<App | null>(null);

/** The app that the page is part of. */
export function useApp(): App {
  return useContext(AppContext)!;
}
