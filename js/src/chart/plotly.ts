// The little of Plotly that we use, typed, and its lazy loading from the page's own origin.

export interface PlotlyElement extends HTMLElement {
  on?(event: string, handler: (data: unknown) => void): void;
  removeAllListeners?(event: string): void;
}

export interface Plotly {
  react(el: HTMLElement, data: object[], layout: object, config: object): Promise<unknown>;
  purge(el: HTMLElement): void;
  relayout(el: HTMLElement, changes: object): Promise<unknown>;
  toImage(picture: { data: object[]; layout: object }, options: object): Promise<string>;
  Plots: { resize(el: HTMLElement): void };
}

declare global {
  interface Window {
    Plotly?: Plotly;
  }
}

let loading: Promise<Plotly> | undefined;

/** Seconds between attempts: a server that restarts is back within them. */
const PAUSES = [0.5, 1, 2, 4, 8, 15];

/** Plotly, loaded once from `url` by a script tag, tried again for half a minute. A failure is not kept: the next call tries again. */
export function loadPlotly(url: string, pauses: readonly number[] = PAUSES): Promise<Plotly> {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  loading ??= attempt(url, pauses).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

let loadingFigures: Promise<Plotly> | undefined;

/** A second Plotly from `url`, with more kinds of traces; the charts keep the one from `first`, which is loaded before it. */
export function loadFigures(first: string, url: string): Promise<Plotly> {
  loadingFigures ??= loadPlotly(first)
    .then(async (charts) => {
      // Both make themselves known under the same name.
      for (const pause of PAUSES) {
        if (await script(url)) {
          const found = window.Plotly!;
          window.Plotly = charts;
          return found;
        }
        await new Promise((resolve) => setTimeout(resolve, pause * 1000));
      }
      throw new Error("The library for figures could not be loaded. Reload the page to try again.");
    })
    .catch((error: unknown) => {
      loadingFigures = undefined;
      throw error;
    });
  return loadingFigures;
}

async function attempt(url: string, pauses: readonly number[]): Promise<Plotly> {
  for (const pause of pauses) {
    if (await script(url)) return window.Plotly!;
    await new Promise((resolve) => setTimeout(resolve, pause * 1000));
  }
  if (await script(url)) return window.Plotly!;
  throw new Error("The chart library could not be loaded. Reload the page to try again.");
}

function script(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const element = document.createElement("script");
    element.src = url;
    element.onload = () => resolve(window.Plotly !== undefined);
    element.onerror = () => {
      element.remove();
      resolve(false);
    };
    document.head.append(element);
  });
}
