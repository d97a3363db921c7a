// The thin front of the widget: takes messages from the first moment on, and loads the rest from the Jupyter server, or out
// of what the kernel sent along where no server can be asked.

type Message = [content: unknown, buffers: DataView[]];

interface Model {
  get(name: "_bundle"): Record<string, string>;
  get(name: "_carried"): Record<string, DataView<ArrayBuffer>> | undefined;
  on(event: "msg:custom", listener: (content: unknown, buffers?: DataView[]) => void): void;
}

interface App {
  message(...message: Message): void;
  view(el: HTMLElement, signal?: AbortSignal): unknown;
}

interface Bundle {
  attach(model: Model, host: { base: string | null; plotly: () => Promise<string> }): App;
}

/** How long after a failed load the bundle is asked for again, ms. */
const AGAIN = 1500;
// Kept by the page, so that many widgets load one bundle.
const LOADED = Symbol.for("aspara.loaded");

function once(key: string, make: () => Promise<string>): Promise<string> {
  const page = globalThis as { [LOADED]?: Map<string, Promise<string>> };
  page[LOADED] ??= new Map();
  const known = page[LOADED].get(key) ?? make();
  page[LOADED].set(key, known);
  return known;
}

/** The address of the Jupyter server, or null where the page is not one of its own. */
function baseUrl(): string | null {
  const data = document.getElementById("jupyter-config-data");
  try {
    const config = data && (JSON.parse(data.textContent ?? "") as { baseUrl?: string });
    return config && new URL(config.baseUrl || "/", location.href).href;
  } catch {
    return null;
  }
}

async function unpack(bytes: DataView<ArrayBuffer>): Promise<string> {
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const code = await new Response(plain).arrayBuffer();
  return URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
}

export default () => {
  const early: Message[] = [];
  let take = (...message: Message): unknown => early.push(message);
  let ready: Promise<App> | undefined;
  const load = async (model: Model): Promise<App> => {
    const files = model.get("_bundle");
    const packed = model.get("_carried") ?? {};
    const base = baseUrl();
    const at = async (name: string) => {
      const bytes = packed[name];
      return bytes ? once(files[name]!, () => unpack(bytes)) : `${base}static/aspara_jupyter/${files[name]}`;
    };
    const address = await at("widget.js");
    const bundle = (await import(address).catch(async () => {
      await new Promise((again) => setTimeout(again, AGAIN));
      return import(`${address}?again`);
    })) as Bundle;
    const app = bundle.attach(model, { base, plotly: () => at("plotly.js") });
    take = app.message;
    for (const message of early.splice(0)) take(...message);
    return app;
  };
  return {
    initialize({ model }: { model: Model }) {
      // Before anything that takes time: what comes earlier than its listener is lost.
      model.on("msg:custom", (content, buffers) => take(content, buffers ?? []));
      ready = load(model);
      ready.catch(() => {});
    },
    async render({ model, el, signal }: { model: Model; el: HTMLElement; signal?: AbortSignal }) {
      ready ??= load(model);
      try {
        return (await ready).view(el, signal);
      } catch (error) {
        el.textContent = `Cannot load Aspara's live chart (${(error as Error).message}). The run is recorded all the same: reload the page to try again, or open the dashboard with %aspara.`;
      }
    },
  };
};
