// The thin front of the widget: takes messages from the first moment on, and loads the rest from the Jupyter server, or out
// of what the kernel sent along where no server can be asked.
export default () => {
  const early = [];
  let take = (content, buffers) => early.push([content, buffers]);
  let ready;
  // Kept by the page, so that many widgets load one bundle.
  const loaded = (globalThis[Symbol.for("aspara.loaded")] ??= new Map());
  const once = (key, make) => {
    if (!loaded.has(key)) loaded.set(key, make());
    return loaded.get(key);
  };
  const base = () => {
    const data = document.getElementById("jupyter-config-data");
    try {
      return data && new URL(JSON.parse(data.textContent).baseUrl || "/", location.href).href;
    } catch {
      return null;
    }
  };
  const unpack = async (bytes) => {
    const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const code = await new Response(plain).arrayBuffer();
    return URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  };
  const load = async (model) => {
    const files = model.get("_bundle");
    const packed = model.get("_carried") ?? {};
    const from = base();
    const at = (name) =>
      packed[name]
        ? once(files[name], () => unpack(packed[name]))
        : `${from}static/aspara_jupyter/${files[name]}`;
    const address = await at("widget.js");
    const bundle = await import(address).catch(async () => {
      await new Promise((again) => setTimeout(again, 1500));
      return import(`${address}?again`);
    });
    const app = bundle.attach(model, { base: from, plotly: async () => at("plotly.js") });
    take = app.message;
    for (const [content, buffers] of early.splice(0)) take(content, buffers);
    return app;
  };
  return {
    initialize({ model }) {
      // Before anything that takes time: what comes earlier than its listener is lost.
      model.on("msg:custom", (content, buffers) => take(content, buffers ?? []));
      ready = load(model);
      ready.catch(() => {});
    },
    async render({ model, el, signal }) {
      ready ??= load(model);
      try {
        return (await ready).view(el, signal);
      } catch (error) {
        el.textContent = `Aspara's live chart could not be loaded (${error.message}). The run is recorded all the same: reload the page to try again, or open the dashboard with %aspara.`;
      }
    },
  };
};
