import { describe, expect, it } from "vitest";
import { epochMetric, RateEstimate, timeLeft } from "../src/widget/rate-estimate";

const RUN = { step: null, rate: null, totalSteps: null, elapsed: 60_000, epoch: null, totalEpochs: null };

describe("how long a run still takes", () => {
  it("is told by its steps where their number is known", () => {
    expect(timeLeft({ ...RUN, step: 49, rate: 10, totalSteps: 100 })).toBe(5000);
    expect(timeLeft({ ...RUN, step: 99, rate: 10, totalSteps: 100 })).toBeNull();
    expect(timeLeft({ ...RUN, step: 49, totalSteps: 100 })).toBeNull();
  });

  it("is told by its epochs else, and by nothing where neither is known", () => {
    expect(timeLeft({ ...RUN, step: 5, rate: 1, epoch: 1.5, totalEpochs: 6 })).toBe(180_000);
    expect(timeLeft({ ...RUN, epoch: 0, totalEpochs: 6 })).toBeNull();
    expect(timeLeft({ ...RUN, step: 5, rate: 1 })).toBeNull();
  });

  it("knows the metric that counts epochs", () => {
    expect(epochMetric(["loss", "train/epoch"])).toBe("train/epoch");
    expect(epochMetric(["loss", "epochal"])).toBeUndefined();
  });
});

describe("the pace", () => {
  it("is that of the last ten seconds, and null after a silence", () => {
    const pace = new RateEstimate();
    for (let t = 0; t <= 30_000; t += 1000) pace.add(t, t < 20_000 ? t / 1000 : 20 + (t - 20_000) / 100);
    expect(pace.rate(30_000)).toBeCloseTo(10, 0);
    expect(pace.rate(60_000)).toBeNull();
  });
});
