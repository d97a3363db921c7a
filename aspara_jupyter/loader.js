// Built from js/src/widget/loader.ts by js/build.mjs: change it there.

// src/widget/loader.ts
var AGAIN = 1500;
var LOADED = /* @__PURE__ */ Symbol.for("aspara.loaded");
function once(key, make) {
  const page = globalThis;
  page[LOADED] ??= /* @__PURE__ */ new Map();
  const known = page[LOADED].get(key) ?? make();
  page[LOADED].set(key, known);
  return known;
}
function baseUrl() {
  const data = document.getElementById("jupyter-config-data");
  try {
    const config = data && JSON.parse(data.textContent ?? "");
    return config && new URL(config.baseUrl || "/", location.href).href;
  } catch {
    return null;
  }
}
async function unpack(bytes) {
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const code = await new Response(plain).arrayBuffer();
  return URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
}
var loader_default = () => {
  const early = [];
  let take = (...message) => early.push(message);
  let ready;
  const load = async (model) => {
    const files = model.get("_bundle");
    const packed = model.get("_carried") ?? {};
    const base = baseUrl();
    const at = async (name) => {
      const bytes = packed[name];
      return bytes ? once(files[name], () => unpack(bytes)) : `${base}static/aspara_jupyter/${files[name]}`;
    };
    const address = await at("widget.js");
    const bundle = await import(address).catch(async () => {
      await new Promise((again) => setTimeout(again, AGAIN));
      return import(`${address}?again`);
    });
    const app = bundle.attach(model, { base, plotly: () => at("plotly.js") });
    take = app.message;
    for (const message of early.splice(0)) take(...message);
    return app;
  };
  return {
    initialize({ model }) {
      model.on("msg:custom", (content, buffers) => take(content, buffers ?? []));
      ready = load(model);
      ready.catch(() => {
      });
    },
    async render({ model, el, signal }) {
      ready ??= load(model);
      try {
        return (await ready).view(el, signal);
      } catch (error) {
        el.textContent = `Cannot load Aspara's live chart (${error.message}). The run is recorded all the same: reload the page to try again, or open the dashboard with %aspara.`;
      }
    }
  };
};
export {
  loader_default as default
};
