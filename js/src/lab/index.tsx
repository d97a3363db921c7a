import { render } from "preact";
import status from "../styles/status.css";
import { type Context, Sidebar } from "./sidebar";
import style from "./sidebar.css";
import { SidebarClient } from "./sidebar-client";

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
