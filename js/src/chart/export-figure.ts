import { shortLabels } from "../core/run-names";
import { titleOf } from "./axes";
import type { ChartModel, Figure } from "./model";

/** Characters of a name in the legend, and the pixels of its entry and of a row. */
const LABEL = 48;
const ENTRY = { gap: 44, character: 6.2, row: 20 };

/** Of more lines the names would leave no room for the lines. */
const NAMED = 24;
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
/** Pixels of the picture; its legend comes on top. */
export const WIDTH = 900;
const HEIGHT = 480;
const GROUND = { light: "#ffffff", dark: "#151a22" };
const INK = { light: "#1b2230", dark: "#e4e8ef" };

/** A picture that leaves the page: it says what it shows, names its lines, and has a ground and a typeface of its own. */
export function exportFigure(
  { data, layout }: Figure,
  model: ChartModel,
): { data: object[]; layout: object; height: number } {
  const scheme = model.dark ? "dark" : "light";
  const lines = data.filter(({ uid }) => uid.startsWith("line"));
  const named = lines.length <= NAMED;
  const names = shortLabels(
    lines.map((trace) => (trace as { name?: string }).name ?? ""),
    LABEL,
  );
  const label = new Map(lines.map((trace, i) => [trace.uid, names[i]!]));
  const longest = Math.max(0, ...names.map((name) => name.length));
  const columns = Math.max(1, Math.floor(WIDTH / (ENTRY.gap + ENTRY.character * longest)));
  const legend = named ? Math.ceil(names.length / columns) * ENTRY.row + 12 : 0;
  const bottom = 56 + (model.xAxis === "wall" ? 14 : 0);
  const height = HEIGHT + legend;
  return {
    height,
    data: data.map((trace) => {
      const name = label.get(trace.uid);
      return named && name ? { ...trace, name: plain(name), showlegend: true } : trace;
    }),
    layout: {
      ...layout,
      title: { text: plain(model.metric), x: 0.02, xanchor: "left", font: { size: 16 } },
      font: { family: FONT, size: 12, color: INK[scheme] },
      paper_bgcolor: GROUND[scheme],
      plot_bgcolor: GROUND[scheme],
      margin: { l: Math.max(64, layout.margin.l + 8), r: 24, t: 48, b: bottom + legend },
      showlegend: named,
      // Below the chart, so that long names take nothing of it.
      legend: {
        font: { size: 11 },
        orientation: "h",
        x: 0,
        xanchor: "left",
        y: -bottom / (height - 48 - bottom - legend),
        yanchor: "top",
      },
      xaxis: { ...layout.xaxis, title: { text: plain(titleOf(model.xAxis)), font: { size: 12 } } },
    },
  };
}

/** Plotly takes texts for markup. */
function plain(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
