// Charts and tables in the outputs of notebooks.
import { type LiveOutput, load } from "./bundle";
import { hub } from "./hub";
import { baseUrl, type MimeModel, shared, type WidgetClass } from "./jupyter";

const RUN = "application/vnd.aspara.run+json";
const CHART = "application/vnd.aspara.chart+json";
const MIMES = [RUN, CHART, "application/vnd.aspara.table+json"];

interface ShownRun {
  project: string;
  status: string;
}

/** The module that JupyterLab asks for renderers. */
export async function mimeExtension(): Promise<() => object> {
  const { Widget } = await shared<{ Widget: WidgetClass }>("@lumino/widgets");

  /** Draws an output and follows its updates; what it draws from is the bundle's business (see js/src/widget). */
  class RunOutput extends (Widget!) {
    private live: LiveOutput | null = null;
    private data: MimeModel["data"] = {};

    constructor() {
      super();
      this.addClass("aspara-output");
      this.node.addEventListener("aspara:open", (event) => {
        const { project, run } = (event as CustomEvent<{ project: string; run: string }>).detail;
        if (hub.open(project, run)) event.preventDefault();
      });
    }

    async renderModel(model: MimeModel): Promise<void> {
      this.data = model.data;
      const run = shownRun(model.data);
      if (run) {
        this.node.dataset.project = run.project;
        if (run.status === "running") hub.set({ project: run.project });
      }
      try {
        const { app, at, files } = await load("widget.js");
        if (this.isDisposed) return;
        const host = {
          base: baseUrl(),
          plotly: async () => at + files["plotly.js"],
          height: hub.settings.outputHeight || null,
        };
        if (this.live) this.live.update(this.data);
        else this.live = app.output(this.node, this.data, host);
      } catch (error) {
        if (!this.isDisposed) this.node.replaceChildren(stillPicture(this.data, error as Error));
      }
    }

    override dispose(): void {
      if (!this.isDisposed) this.live?.end();
      super.dispose();
    }
  }

  const extension = {
    id: "aspara:run",
    description: "Draws runs, live and from the server, in notebooks with and without a kernel.",
    dataType: "json",
    // Before the widget's own view: this one needs no kernel, and takes live data from the widget where there is one.
    rank: -100,
    rendererFactory: { safe: true, mimeTypes: MIMES, createRenderer: () => new RunOutput() },
  };
  return () => ({ __esModule: true, default: extension });
}

function shownRun(data: MimeModel["data"]): ShownRun | undefined {
  const chart = data[CHART] as { runs?: ShownRun[] } | undefined;
  return (data[RUN] as ShownRun | undefined) ?? chart?.runs?.[0];
}

/** Without our server extension: the picture that the notebook holds, as an image, so that no markup in it runs. */
function stillPicture(data: MimeModel["data"], error: Error): HTMLElement {
  const picture = data["image/svg+xml"];
  if (picture) {
    const image = document.createElement("img");
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(joined(picture))}`;
    image.style.maxWidth = "100%";
    return image;
  }
  const text = document.createElement("pre");
  text.textContent = `${joined(data["text/plain"] ?? "")}\n(The live chart is not available: ${error.message}.)`;
  return text;
}

/** Text in a notebook is one string or a list of lines. */
function joined(text: unknown): string {
  return Array.isArray(text) ? text.join("") : String(text);
}
