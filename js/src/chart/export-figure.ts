import { titleOf } from "./axes";
import type { ChartModel, Figure } from "./model";

/** Of more lines the names would leave no room for the lines. */
const NAMED = 24;
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
const GROUND = { light: "#ffffff", dark: "#151a22" };
const INK = { light: "#1b2230", dark: "#e4e8ef" };

/** A picture that leaves the page: it says what it shows, names its lines, and has a ground and a typeface of its own. */
export function exportFigure(
  { data, layout }: Figure,
  model: ChartModel,
): { data: object[]; layout: object } {
  const scheme = model.dark ? "dark" : "light";
  const lines = data.filter(({ uid }) => uid.startsWith("line"));
  const named = lines.length <= NAMED;
  return {
    data: data.map((trace) => {
      const { name } = trace as { name?: string };
      return named && trace.uid.startsWith("line") && name
        ? { ...trace, name: plain(name), showlegend: true }
        : trace;
    }),
    layout: {
      ...layout,
      title: { text: plain(model.metric), x: 0.02, xanchor: "left", font: { size: 16 } },
      font: { family: FONT, size: 12, color: INK[scheme] },
      paper_bgcolor: GROUND[scheme],
      plot_bgcolor: GROUND[scheme],
      margin: { l: 64, r: 24, t: 48, b: 56 },
      showlegend: named,
      legend: { font: { size: 11 } },
      xaxis: { ...layout.xaxis, title: { text: plain(titleOf(model.xAxis)), font: { size: 12 } } },
    },
  };
}

/** Plotly takes texts for markup. */
function plain(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
