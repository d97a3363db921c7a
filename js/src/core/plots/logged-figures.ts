// Figures that a program logged, made fit to be drawn in a page of ours.

/** Kinds of traces that the Plotly of the charts draws, and those that the one for figures does. */
const CHARTS = new Set(["scatter", "bar", "pie"]);
const FIGURES = new Set([
  ...CHARTS,
  "box",
  "contour",
  "heatmap",
  "histogram",
  "histogram2d",
  "histogram2dcontour",
  "image",
  "scatterternary",
  "violin",
]);

/** Kinds whose map comes from another host, wherever they are drawn. */
const MAPS = /^(scattergeo|choropleth|.*map(box)?)$/;
const NO_MAPS = new Set(["heatmap", "treemap"]);

/** Why traces of some kinds are not drawn. */
export function whyNot(foreign: readonly string[]): string {
  const maps = foreign.filter((type) => MAPS.test(type) && !NO_MAPS.has(type));
  if (maps.length > 0)
    return `Maps (${maps.join(", ")}) are fetched from another host while they are drawn, and this page asks no other host for anything.`;
  return `Traces of the kind ${foreign.join(", ")} take a part of Plotly that this page does not bring.`;
}

export interface Colors {
  text: string;
  line: string;
}

export interface Drawable {
  data: object[];
  /** Whether it takes the Plotly for figures. */
  more: boolean;
  /** Kinds of traces that neither knows. */
  foreign: string[];
  layout(colors: Colors): object;
}

type Loose = Record<string, unknown>;

/** A figure's JSON as what Plotly is given; raises for what is none. Pictures that lie elsewhere are left out. */
export function drawable(figure: unknown): Drawable {
  const { data, layout } = (figure ?? {}) as { data?: unknown; layout?: unknown };
  if (!Array.isArray(data)) throw new Error("This is no figure: it has no list of traces called data.");
  const traces = data
    .filter((trace): trace is Loose => trace !== null && typeof trace === "object")
    .map((trace) => ({
      ...trace,
      type: trace.type === undefined || trace.type === "scattergl" ? "scatter" : trace.type,
    }));
  const given = loose(layout);
  const types = [...new Set(traces.map((trace) => String(trace.type)))];
  return {
    data: traces,
    more: types.some((type) => !CHARTS.has(type)),
    foreign: types.filter((type) => !FIGURES.has(type)),
    layout: ({ text, line }) => {
      const made: Loose = {
        margin: { l: 56, r: 16, t: given.title ? 48 : 16, b: 48 },
        ...given,
        width: undefined,
        autosize: true,
        height: typeof given.height === "number" ? Math.max(160, Math.min(640, given.height)) : 340,
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        font: { size: 12, ...loose(given.font), color: text },
        images: (Array.isArray(given.images) ? given.images : []).filter((image) =>
          String(loose(image).source ?? "").startsWith("data:image/"),
        ),
      };
      for (const name of new Set(["xaxis", "yaxis", ...Object.keys(given)])) {
        if (!/^[xy]axis\d*$/.test(name)) continue;
        made[name] = {
          automargin: true,
          ...loose(given[name]),
          gridcolor: line,
          zerolinecolor: line,
          linecolor: line,
        };
      }
      return made;
    },
  };
}

function loose(value: unknown): Loose {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Loose) : {};
}
