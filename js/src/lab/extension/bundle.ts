// The front end that the Jupyter server's extension serves, so that page and server are always of one version.
import type { sidebar } from "../index";
import { baseUrl } from "./jupyter";

/** What widget.js offers to outputs. */
interface OutputBundle {
  output(node: HTMLElement, data: Record<string, unknown>, host: OutputHost): LiveOutput;
}

export interface OutputHost {
  base: string;
  plotly: () => Promise<string>;
  height: number | null;
}

export interface LiveOutput {
  update(data: Record<string, unknown>): void;
  end(): void;
}

interface Bundles {
  "widget.js": OutputBundle;
  "lab.js": { sidebar: typeof sidebar };
}

export interface Loaded<T> {
  app: T;
  /** Where the files lie, and what they are called. */
  at: string;
  files: Record<string, string>;
}

const loading = new Map<string, Promise<Loaded<unknown>>>();
let manifest: Promise<Record<string, string>> | undefined;

/** A part of the front end, loaded once; a failure is not kept, so that the next one who needs it tries again. */
export function load<N extends keyof Bundles>(name: N): Promise<Loaded<Bundles[N]>> {
  const known = loading.get(name);
  if (known) return known as Promise<Loaded<Bundles[N]>>;
  const loaded = fetchBundle(name).catch((error: unknown) => {
    manifest = undefined;
    loading.delete(name);
    throw error;
  });
  loading.set(name, loaded);
  return loaded as Promise<Loaded<Bundles[N]>>;
}

async function fetchBundle(name: string): Promise<Loaded<unknown>> {
  const at = `${baseUrl()}static/aspara_jupyter/`;
  manifest ??= fetch(`${at}manifest.json`, { cache: "no-cache" }).then((answer) => {
    if (!answer.ok) throw new Error(`this Jupyter server has no Aspara extension (${answer.status})`);
    return answer.json() as Promise<Record<string, string>>;
  });
  const files = await manifest;
  return { app: (await import(at + files[name])) as unknown, at, files };
}
