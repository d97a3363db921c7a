import type { Signal } from "@preact/signals";
import { createContext } from "preact";
import type { Plotly } from "../chart/plotly";

/** What a panel of charts needs of the page around it, the dashboard's or a notebook's. */
export interface PanelEnvironment {
  plotly(): Promise<Plotly>;
  dark: Signal<boolean>;
  say(text: string, kind: "info" | "error"): void;
}

export const PanelContext = createContext<PanelEnvironment | null>(null);
