import { parseJson } from "../core/json";
import type {
  GroupsAnswer,
  Json,
  Metadata,
  MetricNames,
  MetricsAnswer,
  Project,
  Run,
  RunDetail,
  RunsEdit,
  RunsEdited,
} from "../core/types";
import { reconnect } from "./reconnect";
import { answered, getJson } from "./request";
import type { GroupsQuery, Listener, SeriesQuery, Source } from "./source";
import { eventSourceTransport, socketTransport, type Transport, versionTransport } from "./transport";

const PAGE = 1000;
/** Names in one address: longer ones are not let through everywhere. */
const NAMED = 100;
const ADDRESS = 6000;
/** Seconds that the server may take for a coarse answer, at first and later. */
const FIRST = 0.4;
const LATER = 1;

/** The dashboard's API below `base` (which ends in "/"). One stream a page, and none while the page is hidden. */
export class HttpSource implements Source {
  private readonly wires: Transport[];
  /** Which wire is tried, and whether one has worked. */
  private wire = 0;
  private settled = false;

  constructor(
    private readonly base: string,
    readonly readOnly = false,
  ) {
    this.wires =
      typeof WebSocket === "undefined"
        ? [eventSourceTransport(base)]
        : [socketTransport(base), eventSourceTransport(base)];
  }

  /** The address of something of the API: `url("projects", "p", "runs")`. */
  url(...path: string[]): string {
    return `${this.base}api/${path.map(enc).join("/")}`;
  }

  /** The JSON at such an address. */
  json<T>(
    path: readonly string[],
    query: Readonly<Record<string, string>> = {},
    signal?: AbortSignal,
  ): Promise<T> {
    return getJson(this.url(...path), query, signal);
  }

  async projects(signal?: AbortSignal): Promise<Project[]> {
    return this.all<Project>("api/projects", "projects", signal);
  }

  project(project: string, signal?: AbortSignal): Promise<Project> {
    return this.get(`api/projects/${enc(project)}`, signal);
  }

  async runs(project: string, signal?: AbortSignal, some?: readonly string[]): Promise<Run[]> {
    const path = `api/projects/${enc(project)}/runs`;
    if (!some) return this.all<Run>(path, "runs", signal);
    const found: Run[] = [];
    for (let at = 0; at < some.length; at += NAMED) {
      const names = some
        .slice(at, at + NAMED)
        .map(enc)
        .join(",");
      found.push(...(await this.all<Run>(path, "runs", signal, `&runs=${names}`)));
    }
    return found;
  }

  run(project: string, run: string, signal?: AbortSignal): Promise<RunDetail> {
    return this.get(`api/projects/${enc(project)}/runs/${enc(run)}`, signal);
  }

  async names(project: string, runs?: string[], signal?: AbortSignal): Promise<MetricNames> {
    const query = runs ? `?runs=${runs.map(enc).join(",")}` : "";
    const found = await this.get<Omit<MetricNames, "metrics"> & { metrics: { name: string }[] }>(
      `api/projects/${enc(project)}/metrics${query}`,
      signal,
    );
    return { ...found, metrics: found.metrics.map((metric) => metric.name) };
  }

  groups(
    project: string,
    query: GroupsQuery,
    signal?: AbortSignal,
    coarse?: (answer: GroupsAnswer) => void,
  ): Promise<GroupsAnswer> {
    return this.untilWhole(`api/projects/${enc(project)}/runs/groups`, { ...query }, signal, coarse);
  }

  async metrics(
    project: string,
    query: SeriesQuery,
    signal?: AbortSignal,
    coarse?: (answer: MetricsAnswer) => void,
  ): Promise<MetricsAnswer> {
    const body: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(query)) if (value !== undefined) body[key] = value;
    return this.untilWhole(`api/projects/${enc(project)}/runs/metrics`, body, signal, coarse);
  }

  /** A first answer soon, then one a second or so until it is whole. */
  private async untilWhole<T extends { complete: boolean }>(
    path: string,
    body: Record<string, unknown>,
    signal?: AbortSignal,
    coarse?: (answer: T) => void,
  ): Promise<T> {
    for (let wait = FIRST; ; wait = LATER) {
      if (coarse) body.wait = wait;
      const found = (await (await this.ask(path, body, signal)).json()) as T;
      if (found.complete || !coarse) return found;
      coarse(found);
    }
  }

  /** A question of any length. Browsers keep answers to short ones, and fetch them again only if they have changed. */
  private ask(path: string, body: Record<string, unknown>, signal?: AbortSignal): Promise<Response> {
    const query = queryOf(body);
    return query !== null && query.length <= ADDRESS
      ? this.send("GET", `${path}?${query}`, undefined, {}, signal)
      : this.send("POST", path, body, {}, signal);
  }

  subscribe(
    project: string,
    options: { runs?: string[]; cursor?: string },
    listener: Listener,
    signal: AbortSignal,
  ): void {
    const question = { cursor: options.cursor ?? "", runs: options.runs };
    reconnect(
      (line) =>
        this.wires[this.wire % this.wires.length]!(project, question, {
          open: () => {
            this.settled = true;
            line.open();
          },
          told(events, cursor) {
            line.alive();
            if (cursor) question.cursor = cursor;
            for (const event of events) listener.event(event);
            if (cursor) listener.cursor?.(cursor);
          },
          lost: () => {
            // Until one way has worked, the next attempt takes the other.
            if (!this.settled) this.wire++;
            line.lost();
          },
        }),
      (state) => listener.liveness(state),
      signal,
    );
  }

  /** Says when the list of projects may have changed, and whether it is in a position to say so. */
  projectsChange(changed: () => void, open: (is: boolean) => void, signal: AbortSignal): void {
    if (typeof WebSocket === "undefined") return;
    reconnect(
      (line) => versionTransport(this.base, line, changed),
      (state) => open(state.state === "live"),
      signal,
    );
  }

  async metadata(project: string, run: string | null): Promise<{ content: Metadata; etag: string }> {
    return tagged(await this.send("GET", this.metadataPath(project, run)));
  }

  async edit(project: string, run: string | null, changes: Partial<Metadata>, etag: string | null) {
    const headers: Record<string, string> = etag ? { "If-Match": etag } : {};
    return tagged(await this.send("PUT", this.metadataPath(project, run), changes, headers));
  }

  /** Edits or deletes many runs by one request. */
  async editRuns(project: string, edit: RunsEdit): Promise<RunsEdited> {
    return (await (await this.send("POST", `api/projects/${enc(project)}/edits`, edit)).json()) as RunsEdited;
  }

  async stop(project: string, run: string): Promise<void> {
    await this.send("POST", `api/projects/${enc(project)}/runs/${enc(run)}/stop`);
  }

  async remove(project: string, run: string | null, force: boolean): Promise<void> {
    const path =
      run === null ? `api/projects/${enc(project)}` : `api/projects/${enc(project)}/runs/${enc(run)}`;
    await this.send("DELETE", force ? `${path}?force=1` : path);
  }

  private metadataPath(project: string, run: string | null): string {
    return run === null
      ? `api/projects/${enc(project)}/metadata`
      : `api/projects/${enc(project)}/runs/${enc(run)}/metadata`;
  }

  private async all<T>(path: string, key: string, signal?: AbortSignal, query = ""): Promise<T[]> {
    const found: T[] = [];
    for (;;) {
      const page = await this.get<Record<string, Json> & { total: number }>(
        `${path}?limit=${PAGE}&offset=${found.length}${query}`,
        signal,
      );
      const items = page[key] as unknown as T[];
      found.push(...items);
      if (items.length < PAGE || found.length >= page.total) return found;
    }
  }

  private async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return parseJson(await (await this.send("GET", path, undefined, {}, signal)).text()) as T;
  }

  private async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ): Promise<Response> {
    const all: Record<string, string> = { Accept: "application/json", ...headers };
    if (method !== "GET") {
      all["X-Requested-With"] = "aspara";
      const xsrf = /(?:^|; )_xsrf=([^;]*)/.exec(document.cookie);
      if (xsrf) all["X-XSRFToken"] = xsrf[1]!;
    }
    if (body !== undefined) all["Content-Type"] = "application/json";
    return answered(this.base + path, {
      method,
      headers: all,
      // A deletion goes through even if the page is left meanwhile.
      keepalive: method === "DELETE",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  }
}

async function tagged(answer: Response): Promise<{ content: Metadata; etag: string }> {
  return { content: (await answer.json()) as Metadata, etag: answer.headers.get("ETag") ?? "" };
}

function enc(part: string): string {
  return encodeURIComponent(part);
}

/** A JSON body as a query; null where a text of a list has a comma, which separates there. */
function queryOf(body: Record<string, unknown>): string | null {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(body)) {
    if (value === undefined || value === null) continue;
    if (Array.isArray(value) && value.some((item) => String(item).includes(",") || String(item) === ""))
      return null;
    query.set(name, typeof value === "boolean" ? String(Number(value)) : String(value));
  }
  return query.toString();
}
