// The extension's widgets: a page of the dashboard in a tab, and the sidebar of runs.
import type { Context } from "../sidebar";
import { load } from "./bundle";
import type { Widget, WidgetClass } from "./jupyter";

/** A tab with a page of the dashboard. */
export interface DashboardTab extends Widget {
  readonly path: string;
  /** Where in the dashboard it is: after a reload of JupyterLab it is there again. */
  readonly at: string;
  /** What of that JupyterLab remembers. */
  saved?: string;
}

/** Makes the tab classes out of the application's widget. */
export function widgets(Base: WidgetClass) {
  class Tab extends Base implements DashboardTab {
    saved?: string;
    private readonly root: string;
    private last: string;
    private readonly frame = document.createElement("iframe");

    constructor(
      base: string,
      readonly path: string,
      label: string,
      at?: string,
    ) {
      super();
      this.root = `${base}aspara/`;
      this.last = at ?? path;
      this.id = path ? `aspara-${path}` : "aspara-dashboard";
      this.title.label = label;
      const name = decodeURIComponent(path.replace(/^projects\//, "").replace("/runs/", "/"));
      this.title.caption = path ? `Aspara: ${name}` : "Aspara: runs and their charts";
      this.title.closable = true;
      this.frame.src = this.root + this.last;
      this.frame.title = path ? `Aspara: ${label}` : "Aspara dashboard";
      this.frame.style.cssText = "border:0;width:100%;height:100%;display:block";
      this.node.append(this.frame);
    }

    get at(): string {
      try {
        const now = this.frame.contentWindow!.location.href;
        if (now.startsWith(this.root)) this.last = now.slice(this.root.length);
      } catch {
        // Not loaded yet, or at the login page of another site.
      }
      return this.last;
    }
  }

  /** The sidebar: loaded when it is first shown, so that it costs nothing before. */
  class Sidebar extends Base {
    private begun = false;
    private end: (() => void) | undefined;

    constructor(private readonly context: Context) {
      super();
      this.id = "aspara-runs";
      this.addClass("aspara-runs");
      this.title.caption = "Aspara: runs";
    }

    /** Restored with the page it is attached in sight; else it is shown later. */
    onAfterAttach(): void {
      if (this.isVisible) void this.begin();
    }

    onAfterShow(): void {
      void this.begin();
    }

    private async begin(): Promise<void> {
      if (this.begun) return;
      this.begun = true;
      try {
        const { app } = await load("lab.js");
        if (!this.isDisposed) this.end = app.sidebar(this.node, this.context);
      } catch (error) {
        this.begun = false;
        this.node.textContent = `Cannot show runs: ${(error as Error).message}.`;
        this.node.style.padding = "12px";
      }
    }

    override dispose(): void {
      if (!this.isDisposed) this.end?.();
      super.dispose();
    }
  }

  return { Tab, Sidebar };
}
