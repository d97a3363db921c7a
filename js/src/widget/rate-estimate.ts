/** How far back the pace looks, ms: long enough to be calm, short enough to follow a change. */
const WINDOW = 10_000;

/** The metric that counts epochs, if one does. */
export function epochMetric(metrics: string[]): string | undefined {
  return metrics.find((name) => /(^|[/._])epochs?$/i.test(name));
}

/**
 * How long a running run still takes, ms: by its steps where their number is known, else by its epochs (`epoch` is the last
 * one logged); null where neither tells.
 */
export function timeLeft(run: {
  step: number | null;
  rate: number | null;
  totalSteps: number | null;
  elapsed: number;
  epoch: number | null;
  totalEpochs: number | null;
}): number | null {
  const { step, rate, totalSteps, elapsed, epoch, totalEpochs } = run;
  if (totalSteps && step !== null)
    return rate && totalSteps > step + 1 ? ((totalSteps - step - 1) / rate) * 1000 : null;
  if (totalEpochs && epoch !== null && epoch > 0 && totalEpochs > epoch)
    return (elapsed * (totalEpochs - epoch)) / epoch;
  return null;
}

/** Steps a second, over the last ten seconds. */
export class RateEstimate {
  private readonly seen: { at: number; step: number }[] = [];

  /** At the time `at`, ms, the run had come to `step`. */
  add(at: number, step: number): void {
    const last = this.seen[this.seen.length - 1];
    if (last && at - last.at < 200) return;
    this.seen.push({ at, step });
    while (this.seen.length > 2 && at - this.seen[0]!.at > WINDOW) this.seen.shift();
  }

  /** Null until there is something to tell, and for a run that has fallen silent. */
  rate(now: number): number | null {
    const first = this.seen[0];
    const last = this.seen[this.seen.length - 1];
    if (!first || !last || last.at - first.at < 500 || now - last.at > 2 * WINDOW) return null;
    return ((last.step - first.step) * 1000) / (last.at - first.at);
  }
}
