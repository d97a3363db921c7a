import { glob } from "./expression";
import { isSystem } from "./sections";
import type { Run } from "./types";

/** What the programs of some runs said of their metrics with define_metric(): of several the latest word counts. */
export class Definitions {
  private readonly stepMetrics: Readonly<Record<string, string>>;
  private readonly hiddenMetrics: readonly string[];

  /** `runs`, the latest first. */
  constructor(runs: readonly Pick<Run, "step_metrics" | "hidden_metrics">[]) {
    this.stepMetrics = Object.assign({}, ...runs.toReversed().map((run) => run.step_metrics ?? {}));
    this.hiddenMetrics = [...new Set(runs.flatMap((run) => run.hidden_metrics ?? []))];
  }

  /** The metric that `metric` is drawn over instead of the step, or null. */
  stepMetric(metric: string): string | null {
    const name = covering(metric, Object.keys(this.stepMetrics));
    const over = name === null || isSystem(metric) ? null : this.stepMetrics[name]!;
    return over === metric ? null : over;
  }

  /** Whether a metric is shown only when somebody asks for it. */
  hides(metric: string): boolean {
    return covering(metric, this.hiddenMetrics) !== null;
  }
}

/** Of names and globs the one that holds for a metric: its own name, else the longest glob. */
export function covering(metric: string, names: readonly string[]): string | null {
  if (names.includes(metric)) return metric;
  const globs = names.filter((name) => glob(metric, name));
  return globs.sort((a, b) => b.length - a.length)[0] ?? null;
}
