import { render } from "preact";
import status from "../styles/status.css";
import { Sidebar } from "./sidebar";
import style from "./sidebar.css";
import { SidebarClient } from "./sidebar-client";

/** What the extension tells the sidebar, and what it can do for it. */
export interface Context {
  /** The Jupyter server's address, ending in "/". */
  base: string;
  /** The project of the notebook in front, if it is known, and whether the list is kept up to date. */
  state(): { project: string | null; follow: boolean };
  /** Calls the listener whenever that changes; returns what ends it. */
  watch(listener: () => void): () => void;
  /** Opens a run, or without one the project, beside the notebook. */
  open(project: string, run: string, label: string): void;
}

/** Draws the sidebar into `node`; returns what ends it. */
export function sidebar(node: HTMLElement, context: Context): () => void {
  const root = document.createElement("div");
  root.className = "aspara-sidebar";
  const rules = document.createElement("style");
  rules.textContent = status + style;
  node.replaceChildren(rules, root);
  render(<Sidebar context={context} asked={new SidebarClient(`${context.base}aspara/`)} root={root} />, root);
  return () => render(null, root);
}
