import { type Signal, signal } from "@preact/signals";
import { type ComponentChild, render } from "preact";
import { loadPlotly } from "../chart/plotly";
import { PanelContext, type PanelEnvironment } from "../panel/panel-context";
import type { Info, Model } from "../source/comm";
import { ComparisonSession, type Reference } from "./comparison-session";
import { MultiRunView } from "./multi-run-view";
import { RunView } from "./run";
import { RunSession } from "./run-session";
import { scopedStyle } from "./style";
import { type Listing, TableView } from "./table";
import { pageIsDark } from "./theme";

/** Where things are, from the notebook page. */
export interface Place {
  /** The Jupyter server's address, ending in "/"; null where the page comes from none (VS Code, Colab, marimo). */
  base: string | null;
  /** The address of Plotly's file. */
  plotly(): Promise<string>;
  /** The most pixels that the charts of an output take, where nothing else is said. */
  height?: number | null;
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

const RUN = "application/vnd.aspara.run+json";
const CHART = "application/vnd.aspara.chart+json";
const TABLE = "application/vnd.aspara.table+json";
const PLOTLY = "application/vnd.plotly.v1+json";

const sessions = new Map<string, RunSession>();
const comparisons = new Map<string, ComparisonSession>();

function session(info: Info, place: Place): RunSession {
  return once(sessions, `${info.project}/${info.run}/${info.id}`, () => new RunSession(info, place.base));
}

function comparison(reference: Reference, place: Place): ComparisonSession {
  return once(comparisons, reference.id, () => new ComparisonSession(reference, place.base));
}

function once<T>(known: Map<string, T>, key: string, make: () => T): T {
  const found = known.get(key) ?? make();
  known.set(key, found);
  return found;
}

/** Called by the widget's loader, once for each model. */
export function attach(model: Model, place: Place): App {
  const info = model.get("info") as Info | Reference;
  if ("runs" in info) {
    const found = comparison(info, place);
    const source = found.connect(model);
    return {
      message: (content, buffers) => source.message(content, buffers),
      view: (el, ended) => mountSeveral(el, found, place, ended),
    };
  }
  const found = session(info, place);
  const comm = found.connect(model);
  return {
    message: (content, buffers) => comm.message(content, buffers),
    view: (el, ended) => mountRun(el, found, info, place, ended),
  };
}

/** Called by the JupyterLab extension, once for each output. */
export function output(el: HTMLElement, data: Record<string, unknown>, place: Place): Output {
  if (data[CHART]) {
    const found = comparison(data[CHART] as Reference, place);
    found.start(data[CHART] as Reference, data[PLOTLY]);
    return {
      update: (next) => next[CHART] && found.start(next[CHART] as Reference, next[PLOTLY]),
      end: mountSeveral(el, found, place),
    };
  }
  if (data[TABLE]) {
    const listing = signal(data[TABLE] as Listing);
    return {
      update: (next) => {
        listing.value = next[TABLE] as Listing;
      },
      end: mount(
        el,
        place,
        () => undefined,
        () => <Table listing={listing} base={place.base} />,
      ),
    };
  }
  const info = { ...(data[RUN] as Info) };
  info.height ??= place.height ?? null;
  const found = session(info, place);
  found.start(info, data[PLOTLY]);
  return {
    update: (next) => found.start(next[RUN] as Info, next[PLOTLY]),
    end: mountRun(el, found, info, place),
  };
}

function Table({ listing, base }: { listing: Signal<Listing>; base: string | null }) {
  return <TableView listing={listing.value} base={base} />;
}

function mountRun(el: HTMLElement, found: RunSession, info: Info, place: Place, ended?: AbortSignal) {
  const leave = found.use();
  const say = found.say.bind(found);
  return mount(el, place, say, (root) => <RunView session={found} info={info} root={root} />, leave, ended);
}

function mountSeveral(el: HTMLElement, found: ComparisonSession, place: Place, ended?: AbortSignal) {
  const leave = found.use();
  const say = found.say.bind(found);
  const view = (root: HTMLElement) => (
    <MultiRunView comparison={found} usual={place.height ?? null} root={root} />
  );
  return mount(el, place, say, view, leave, ended);
}

/** Draws into `el` until the answer is called or the signal aborts; `leave` is called then. */
function mount(
  el: HTMLElement,
  place: Place,
  say: PanelEnvironment["say"],
  view: (root: HTMLElement) => ComponentChild,
  leave: () => void = () => undefined,
  ended?: AbortSignal,
): () => void {
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
  const environment: PanelEnvironment = { plotly: async () => loadPlotly(await place.plotly()), dark, say };
  render(<PanelContext.Provider value={environment}>{view(root)}</PanelContext.Provider>, root);
  aborter.signal.addEventListener("abort", () => {
    unfollow();
    leave();
    render(null, root);
  });
  ended?.addEventListener("abort", () => aborter.abort());
  return () => aborter.abort();
}
