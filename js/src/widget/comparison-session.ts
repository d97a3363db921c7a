import { type Signal, signal } from "@preact/signals";
import { asRun, type Info, type Model } from "../source/comm";
import { MultiRunCommSource } from "../source/multi-run-comm";
import { keyOf, SelectedRunsSource } from "../source/selected-runs";
import type { Source } from "../source/source";
import { ProjectStore } from "../state/project-store";
import { type Origin, OutputSession, PATIENCE, young } from "./output-session";
import { serverAt } from "./run-session";
import { staticSource } from "./static-source";

/** What an output says of the runs that it compares. */
export interface Reference {
  id: string;
  title: string;
  runs: Info[];
  /** Projects that were given whole: runs that begin later are shown too. */
  projects: string[];
  metrics: string[] | null;
  height: number | null;
}

/**
 * Runs that are compared, and where their points come from: the server where it has them, else the kernel that pushes them,
 * else the picture that the notebook keeps.
 */
export class ComparisonSession extends OutputSession {
  readonly reference: Signal<Reference>;
  private pushed: MultiRunCommSource | null = null;
  private figure: unknown;
  private asking = false;

  constructor(
    reference: Reference,
    readonly base: string | null,
  ) {
    super();
    this.reference = signal(reference);
  }

  /** A widget of the chart has come. */
  connect(model: Model): MultiRunCommSource {
    const source = new MultiRunCommSource(this.reference.value.title, this.reference.value.runs);
    source.snapshot(model.get("snapshot"));
    const take = () => {
      source.snapshot(model.get("snapshot"));
      if (MultiRunCommSource.holds(model.get("snapshot"))) this.push(source);
    };
    model.on("change:snapshot", take);
    take();
    void this.ask();
    return source;
  }

  /** An output is shown, or was replaced; `figure` is the Plotly figure that the notebook keeps, if any. */
  start(reference: Reference, figure: unknown): void {
    this.figure = figure ?? this.figure;
    this.reference.value = reference;
    void this.ask();
  }

  private push(source: MultiRunCommSource): void {
    this.pushed = source;
    if (this.origin.value === null || this.origin.value === "still") this.draw(source, "comm");
  }

  private async ask(): Promise<void> {
    if (this.asking || this.board.value) return;
    this.asking = true;
    const here = await this.serverHasThem();
    this.asking = false;
    if (this.origin.value === "server") return;
    if (here) {
      const { runs, projects, metrics } = this.reference.value;
      this.draw(new SelectedRunsSource(serverAt(`${this.base}aspara/`), runs, projects, metrics), "server");
      return;
    }
    if (this.board.value || this.pushed) return;
    // An output that was written just now may have a widget that has not come yet.
    setTimeout(() => this.fallBack(), this.reference.value.runs.some(young) ? PATIENCE : 0);
  }

  private fallBack(): void {
    if (this.board.value) return;
    const { title, runs } = this.reference.value;
    const still = staticSource(
      title,
      runs.map((info) => ({ ...asRun(info), run: keyOf(info.project, info.run) })),
      this.figure,
    );
    if (still) this.draw(still, "still");
    else this.origin.value = "still";
  }

  /** Whether the page's server has these runs: by the id of one of each project. */
  private async serverHasThem(): Promise<boolean> {
    if (!this.base) return false;
    const server = serverAt(`${this.base}aspara/`);
    const samples = new Map(this.reference.value.runs.map((info) => [info.project, info]));
    const found = await Promise.all(
      [...samples.values()].map((info) =>
        server.run(info.project, info.run).then(
          (run) => run.id === info.id,
          () => false,
        ),
      ),
    );
    return found.every(Boolean);
  }

  private draw(source: Source, origin: Origin): void {
    const options = { lazy: origin === "server" };
    void this.show(new ProjectStore(source, this.reference.value.title, undefined, options), origin);
  }
}
