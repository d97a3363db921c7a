import { signal } from "@preact/signals";
import type { LiveEvent, Metadata, Run } from "../core/types";
import { asRun, CommSource, type Info, type Model } from "../source/comm";
import { SharedSource } from "../source/shared-http";
import type { Source } from "../source/source";
import { ProjectStore } from "../state/project-store";
import { type Origin, OutputSession, PATIENCE, young } from "./output-session";
import { staticSource } from "./static-source";

/** A running run that says nothing for so long, ms, is looked up: its process may be gone. Each time twice as long … */
const SILENCE = 4000;
/** … and at most so long, ms: a slow training is silent, too. */
const LONGEST_SILENCE = 60_000;
const POINTS = 1500;
export const NO_SERVER = "this page comes from none that has Aspara.";

/** The page's connections to its servers. */
const servers = new Map<string, SharedSource>();

export function serverAt(base: string): SharedSource {
  const found = servers.get(base) ?? new SharedSource(base);
  servers.set(base, found);
  return found;
}

/**
 * One run on this page, however many outputs show it, and where its points come from: pushed by the kernel, or asked from
 * the server (no kernel is needed, so it serves reloaded pages and saved notebooks), or kept in the notebook.
 */
export class RunSession extends OutputSession {
  /** Other runs of the project that are drawn beside this one. */
  readonly others = signal<Run[]>([]);
  /** Tags and notes, once the server has told them. */
  readonly about = signal<Partial<Metadata> | null>(null);
  /** Somebody on this page has asked the run to stop. */
  readonly stopping = signal(false);
  /** The Jupyter server's Aspara, where the page knows of one that has this run. */
  readonly server: SharedSource | null;
  private comm: CommSource | null = null;
  private figure: unknown;
  /** Ends the streams of other runs that are drawn beside and still going on. */
  private readonly following = new Map<string, AbortController>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asking = false;
  /** When the kernel was last heard, when the run was last looked up since, and how long until the next time, ms. */
  private heardAt = 0;
  private lookedUp = 0;
  private patience = SILENCE;

  constructor(
    private info: Info,
    readonly base: string | null,
  ) {
    super();
    this.server = base ? serverAt(`${base}aspara/`) : null;
  }

  /** A widget of this run has come: what its kernel pushes is the quickest there is. */
  connect(model: Model): CommSource {
    const comm = new CommSource(model.get("info") as Info, this.server);
    comm.snapshot(model.get("snapshot"));
    model.on("change:snapshot", () => comm.snapshot(model.get("snapshot")));
    model.on("change:info", () => comm.setInfo(model.get("info") as Info));
    this.comm = comm;
    clearTimeout(this.timer);
    // The server's points are whole too, and live: they stay if they are there already and the run is not young.
    if (this.origin.value !== "server" || comm.young) this.draw(comm, "comm");
    return comm;
  }

  /** An output of the run is shown; `figure` is the Plotly figure that the notebook keeps, if any. */
  start(info: Info, figure: unknown): void {
    this.figure = figure ?? this.figure;
    this.info = info;
    if (this.origin.value === "comm" && this.comm && info.status !== "running") this.comm.setInfo(info);
    if (this.board.value || this.asking) return;
    this.asking = true;
    this.timer = setTimeout(() => void this.ask(), this.server && young(info) ? PATIENCE : 0);
  }

  /** Draws another run of the project too, or no longer. */
  async toggle(run: Run): Promise<void> {
    const board = this.board.value;
    if (this.others.value.some((r) => r.run === run.run)) {
      this.others.value = this.others.value.filter((r) => r.run !== run.run);
      board?.drop(run.run);
      this.following.get(run.run)?.abort();
      this.following.delete(run.run);
      return;
    }
    if (!this.server || !board) return;
    const answer = await this.server.metrics(this.info.project, { runs: [run.run], points: POINTS });
    board.adopt(run.run, answer);
    this.others.value = [...this.others.value, run];
    if (run.status !== "running") return;
    const ended = new AbortController();
    this.following.set(run.run, ended);
    const listener = { event: (event: LiveEvent) => board.take(event), liveness: () => undefined };
    this.server.subscribe(
      this.info.project,
      { runs: [run.run], cursor: answer.cursor },
      listener,
      ended.signal,
    );
  }

  /** Tags and notes as the server has them. */
  async describe(): Promise<{ content: Metadata; etag: string }> {
    const found = await this.server!.metadata(this.info.project, this.info.run);
    this.about.value = found.content;
    return found;
  }

  /** Changes tags and notes; a SourceError of status 412 where somebody else has changed them since `etag`. */
  async annotate(changes: Partial<Metadata>, etag: string | null): Promise<void> {
    this.about.value = (await this.server!.edit(this.info.project, this.info.run, changes, etag)).content;
  }

  /** Asks the run to stop. */
  async stop(): Promise<void> {
    await this.server!.stop(this.info.project, this.info.run);
    this.stopping.value = true;
  }

  /** Looks up a run that has fallen silent: a killed kernel says no farewell. */
  async check(): Promise<void> {
    const { comm, server } = this;
    if (this.origin.value !== "comm" || !comm || !server || comm.info.status !== "running") return;
    if (comm.heardAt !== this.heardAt) {
      this.heardAt = comm.heardAt;
      this.patience = SILENCE;
    }
    if (Date.now() - this.lookedUp < this.patience || Date.now() - comm.heardAt < this.patience) return;
    this.lookedUp = Date.now();
    this.patience = Math.min(2 * this.patience, LONGEST_SILENCE);
    const found = await server.run(comm.info.project, comm.info.run).catch(() => null);
    if (found && found.status !== "running") comm.setInfo({ ...comm.info, status: found.status });
  }

  private async ask(): Promise<void> {
    const { server, info } = this;
    const found = await server?.run(info.project, info.run).catch(() => null);
    this.asking = false;
    if (this.board.value) return;
    if (found && found.id === info.id) this.draw(server!, "server");
    else if (this.comm) this.draw(this.comm, "comm");
    else {
      const still = staticSource(info.project, [asRun(info)], this.figure);
      if (still) this.draw(still, "still");
      else this.origin.value = "still";
    }
  }

  private draw(source: Source, origin: Origin): void {
    const others = this.others.value;
    this.others.value = [];
    void this.show(new ProjectStore(source, this.info.project, this.info.run), origin).then(() => {
      for (const run of others) void this.toggle(run);
    });
  }
}
