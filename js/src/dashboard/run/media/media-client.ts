import type { MediaItem } from "../../../core/media";
import type { Json } from "../../../core/types";
import type { HttpSource } from "../../../source/http";
import { useLoaded } from "../../components/hooks";

export interface TablePage {
  columns: Json[];
  rows: Json[][];
  offset: number;
  total: number;
}

/** Steps kept on the page; what is looked at again need not be fetched again. */
const KEPT = 300;
const MOST_ITEMS = 500;

/** Where the media of one run are had from. */
export class MediaClient {
  private readonly kept = new Map<string, MediaItem[]>();

  constructor(
    private readonly source: HttpSource,
    readonly project: string,
    readonly run: string,
  ) {}

  /** The address of a media file; `download` makes it one to keep. */
  file(name: string, download = false): string {
    return this.source.url(...this.path(name)) + (download ? "?download=1" : "");
  }

  /** What a metric has at a step, in the order of its list. To a step that is not `settled` more may come: it is not kept. */
  async at(metric: string, step: number, settled: boolean, signal: AbortSignal): Promise<MediaItem[]> {
    const place = `${step} ${metric}`;
    const known = this.kept.get(place);
    if (known) return known;
    const query = { key: metric, from: String(step), to: String(step), limit: String(MOST_ITEMS) };
    const { media } = await this.source.json<{ media: MediaItem[] }>(this.path(), query, signal);
    if (settled) this.kept.set(place, media);
    if (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value!);
    return media;
  }

  /** Histograms of a metric at so many steps, evenly spread. */
  async histograms(metric: string, steps: number, signal: AbortSignal): Promise<MediaItem[]> {
    const query = { key: metric, type: "histogram", steps: String(steps), limit: "10000" };
    return (await this.source.json<{ media: MediaItem[] }>(this.path(), query, signal)).media;
  }

  rows(name: string, query: Record<string, string>, signal?: AbortSignal): Promise<TablePage> {
    return this.source.json<TablePage>(this.path(name, "rows"), query, signal);
  }

  private path(...parts: string[]): string[] {
    return ["projects", this.project, "runs", this.run, "media", ...parts];
  }
}

/** What a metric has at a step; what was shown before stays until it is here. `count` changes when more was logged. */
export function useItems(
  shelf: MediaClient,
  metric: string,
  step: number | null,
  settled: boolean,
  count: number,
): { items: MediaItem[] | null; error: string | null; again: (() => void) | undefined } {
  const { value, error, again } = useLoaded(
    async (signal) => (step === null ? null : shelf.at(metric, step, settled, signal)),
    [shelf, metric, step, settled ? 0 : count],
  );
  return { items: value ?? null, error, again };
}
