import type { LiveEvent, Run, RunDetail } from "../core/types";
import { HttpSource } from "./http";
import type { Listener } from "./source";

interface Member {
  run: string;
  listener: Listener;
}

/** The one stream that a page keeps open for a project, and for whom. */
interface Stream {
  members: Set<Member>;
  /** Where to go on: the last event's cursor, and those of the members that have come since. */
  cursors: string[];
  open: AbortController;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** The runs that the open stream tells of. */
  told: string;
}

/** How long to wait for more members before the stream is opened anew, ms. */
const GATHER = 30;

/**
 * A notebook's server. Every output of the page shares one stream a project: a browser has six connections to a server, and
 * a notebook with seven live charts would leave none to JupyterLab itself. Runs that have ended need no stream at all.
 */
export class SharedSource extends HttpSource {
  private readonly streams = new Map<string, Stream>();
  private readonly ended = new Set<string>();

  override async run(project: string, run: string, signal?: AbortSignal): Promise<RunDetail> {
    const found = await super.run(project, run, signal);
    this.note(project, found);
    return found;
  }

  override async runs(project: string, signal?: AbortSignal, some?: readonly string[]): Promise<Run[]> {
    const found = await super.runs(project, signal, some);
    for (const run of found) this.note(project, run);
    return found;
  }

  private note(project: string, { run, status }: Run): void {
    const key = `${project}/${run}`;
    if (status === "running") this.ended.delete(key);
    else this.ended.add(key);
  }

  override subscribe(
    project: string,
    options: { runs?: string[]; cursor?: string },
    listener: Listener,
    signal: AbortSignal,
  ): void {
    if (!options.runs) {
      super.subscribe(project, options, listener, signal);
      return;
    }
    const live = options.runs.filter((run) => !this.ended.has(`${project}/${run}`));
    if (live.length === 0) {
      listener.liveness({ state: "live", since: Date.now() });
      return;
    }
    const stream = this.streams.get(project) ?? {
      members: new Set(),
      cursors: [],
      open: new AbortController(),
      timer: undefined,
      told: "",
    };
    this.streams.set(project, stream);
    const members = live.map((run) => ({ run, listener }));
    for (const member of members) stream.members.add(member);
    if (options.cursor) stream.cursors.push(options.cursor);
    this.settle(project, stream);
    signal.addEventListener("abort", () => {
      for (const member of members) stream.members.delete(member);
      this.settle(project, stream);
    });
  }

  /** Opens the stream anew if it must tell of other runs than it does. */
  private settle(project: string, stream: Stream): void {
    stream.timer ??= setTimeout(() => {
      stream.timer = undefined;
      const runs = [...new Set([...stream.members].map((member) => member.run))].sort();
      if (runs.length === 0) {
        stream.open.abort();
        this.streams.delete(project);
        return;
      }
      if (runs.join() === stream.told && stream.cursors.length < 2) return;
      stream.open.abort();
      stream.open = new AbortController();
      stream.told = runs.join();
      const cursor = stream.cursors.join(",");
      super.subscribe(
        project,
        { runs, ...(cursor ? { cursor } : {}) },
        {
          event: (event) => this.tell(stream, event),
          cursor: (text) => {
            stream.cursors = [text];
          },
          liveness: (state) => {
            for (const listener of listeners(stream)) listener.liveness(state);
          },
          reset: () => {
            for (const listener of listeners(stream)) listener.reset?.();
          },
        },
        stream.open.signal,
      );
    }, GATHER);
  }

  private tell(stream: Stream, event: LiveEvent): void {
    for (const run of new Set([...stream.members].map((member) => member.run))) {
      const mine =
        event.kind === "rows" ? { ...event, rows: event.rows.filter((row) => row.run === run) } : event;
      if (mine.kind === "rows" ? mine.rows.length === 0 : about(event) !== run) continue;
      for (const member of [...stream.members]) if (member.run === run) member.listener.event(mine);
    }
  }
}

function listeners(stream: Stream): Set<Listener> {
  return new Set([...stream.members].map((member) => member.listener));
}

function about(event: LiveEvent): string | null {
  if (event.kind === "rows") return null;
  return typeof event.run === "string" ? event.run : event.run.run;
}
