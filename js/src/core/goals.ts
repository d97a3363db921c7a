import { covering } from "./definitions";
import type { Run } from "./types";

/** Whether a metric is better high or low. */
export type Direction = "min" | "max";

const HIGH =
  /(^|[^a-z])(acc(uracy)?|auc(pr)?|auroc|ndcg|f1|precision|recall|reward|returns?|score|iou|miou|m?ap|bleu|rouge|psnr|ssim|r2|success|win_?rate|throughput|samples_per_sec)([^a-z]|$)/i;
const LOW = /loss|err(or)?($|[^a-z])|perplexity|ppl|r?msle|mse|mae|mape|mphe|wer|cer|fid|nll|divergence/i;

/** As far as its name tells. */
export function direction(metric: string): Direction | null {
  if (LOW.test(metric)) return "min";
  if (HIGH.test(metric)) return "max";
  return null;
}

export type Goals = NonNullable<Run["goals"]>;

/** What the programs of some runs, the latest first, said of their metrics; the latest word counts. */
export function goalsOf(runs: readonly Run[]): Goals {
  const found: Record<string, "minimize" | "maximize"> = {};
  for (const run of runs.toReversed()) Object.assign(found, run.goals);
  return found;
}

/** What a program said of a metric: by its name, else by the longest glob that covers it. */
export function saidOf(metric: string, goals: Goals): Direction | null {
  const name = covering(metric, Object.keys(goals));
  return name === null ? null : goals[name] === "minimize" ? "min" : "max";
}

/** Which value of a metric is the best: as its program said, else as its name tells. */
export function goalOf(metric: string, goals: Goals): Direction | null {
  return saidOf(metric, goals) ?? direction(metric);
}

/** The position of the best finite value, or -1. */
export function best(values: ArrayLike<number>, wanted: Direction): number {
  let found = -1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    if (found < 0 || (wanted === "min" ? value < values[found]! : value > values[found]!)) found = i;
  }
  return found;
}

/** The metric that says most about a project: a loss of validation before one of training, losses before scores. */
export function mainMetric(metrics: Iterable<string>): string | null {
  let found: string | null = null;
  let rank = -1;
  for (const metric of metrics) {
    if (metric.startsWith("system/")) continue;
    const way = direction(metric);
    const held = /(^|[^a-z])(val|valid|validation|eval|test)/i.test(metric);
    const next = (way === "min" ? 4 : way === "max" ? 2 : 0) + (held ? 1 : 0) + 1;
    if (next > rank) {
      rank = next;
      found = metric;
    }
  }
  return found;
}
