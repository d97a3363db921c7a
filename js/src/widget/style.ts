import base from "../styles/base.css";
import dialog from "../styles/dialog.css";
import panel from "../styles/panel.css";
import status from "../styles/status.css";
import own from "../styles/widget.css";

/** All rules, held inside our own element: the notebook's page and its other outputs are not ours to colour. */
export function scopedStyle(): string {
  const all = base + status + dialog + panel + own;
  // Names of animations know no scope, and may not stand in one.
  const frames = /@keyframes[^{]+\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}/g;
  // Inside the scope its root answers to `:scope` alone.
  const rules = all.replace(frames, "").replaceAll(".aspara-widget", ":scope");
  return `${(all.match(frames) ?? []).join("\n")}\n@scope (.aspara-widget) {\n${rules}\n}`;
}
