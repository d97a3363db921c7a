// Aspara in JupyterLab and Notebook 7, as a federated module: no webpack, nothing of JupyterLab copied.
// "./extension": sidebar, launcher card, palette and menu entries, the dashboard and runs in tabs, settings.
// "./mimeExtension": charts and tables in outputs. What they draw comes from our server extension (js/src/widget, js/src/lab),
// so that page and server are always of one version.
import { type SharedScope, share } from "./jupyter";
import { mimeExtension } from "./output";
import { extension } from "./plugin";

interface Container {
  init(scope: SharedScope): void;
  get(name: string): Promise<() => object>;
}

declare global {
  interface Window {
    _JUPYTERLAB?: Record<string, Container>;
  }
}

const modules: Record<string, () => Promise<() => object>> = {
  "./extension": extension,
  "./mimeExtension": mimeExtension,
};

window._JUPYTERLAB ??= {};
window._JUPYTERLAB.aspara = { init: share, get: (name) => modules[name]!() };
