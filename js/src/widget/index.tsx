import { render } from "preact";
import { loadPlotly } from "../chart/plotly";
import { type Environment, PanelContext } from "../panel/environment";
import type { Info, Model } from "../source/comm";
import { RunView } from "./run";
import { Session } from "./session";
import { scopedStyle } from "./style";
import { pageIsDark } from "./theme";

/** Where things are, from the notebook page. */
export interface Place {
  /** The Jupyter server's address, ending in "/"; null where the page comes from none (VS Code, Colab, marimo). */
  base: string | null;
  /** The address of Plotly's file. */
  plotly(): Promise<string>;
}

type Bytes = DataView | ArrayBuffer | Uint8Array;

/** The page side of one widget: takes its messages, and makes views. */
export interface App {
  message(content: unknown, buffers: readonly Bytes[]): void;
  view(el: HTMLElement, ended?: AbortSignal): () => void;
}

/** An output drawn by the JupyterLab extension. */
export interface Output {
  /** The output was replaced; `data` is its MIME bundle. */
  update(data: Record<string, unknown>): void;
  end(): void;
}

const MIME = "application/vnd.aspara.run+json";
const PLOTLY = "application/vnd.plotly.v1+json";

const sessions = new Map<string, Session>();

function session(info: Info, place: Place): Session {
  const key = `${info.project}/${info.run}/${info.id}`;
  let found = sessions.get(key);
  if (!found) {
    found = new Session(info, place.base);
    sessions.set(key, found);
  }
  return found;
}

/** Called by the widget's loader, once for each model. */
export function attach(model: Model, place: Place): App {
  const info = model.get("info") as Info;
  const found = session(info, place);
  const comm = found.connect(model);
  return {
    message: (content, buffers) => comm.message(content, buffers),
    view: (el, ended) => mount(el, found, info, place, ended),
  };
}

/** Called by the JupyterLab extension, once for each output. */
export function output(el: HTMLElement, data: Record<string, unknown>, place: Place): Output {
  const info = data[MIME] as Info;
  const found = session(info, place);
  found.start(info, data[PLOTLY]);
  const end = mount(el, found, info, place);
  return {
    update: (next) => found.start(next[MIME] as Info, next[PLOTLY]),
    end,
  };
}

function mount(el: HTMLElement, found: Session, info: Info, place: Place, ended?: AbortSignal): () => void {
  const aborter = new AbortController();
  const root = document.createElement("div");
  root.className = "aspara-widget";
  const style = document.createElement("style");
  style.textContent = scopedStyle();
  el.replaceChildren(style, root);
  const dark = pageIsDark(el, aborter.signal);
  const unfollow = dark.subscribe((value) => {
    root.dataset.theme = value ? "dark" : "light";
  });
  const leave = found.use();
  const environment: Environment = {
    plotly: async () => loadPlotly(await place.plotly()),
    dark,
    say: (text, kind) => found.say(text, kind),
  };
  render(
    <PanelContext.Provider value={environment}>
      <RunView session={found} info={info} root={root} />
    </PanelContext.Provider>,
    root,
  );
  aborter.signal.addEventListener("abort", () => {
    unfollow();
    leave();
    render(null, root);
  });
  ended?.addEventListener("abort", () => aborter.abort());
  return () => aborter.abort();
}
