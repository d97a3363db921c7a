import { describe, expect, it } from "vitest";
import { inputsAndResults, linesOf } from "../src/dashboard/compare/diff-rows";
import { defaultTarget, findings } from "../src/dashboard/compare/findings";
import { RunColumns } from "../src/dashboard/table/columns";

/** Twenty runs that keep the last value of a metric, and one that keeps its maximum, as `define_metric` can have it. */
function digits(): RunColumns {
  const columns = new RunColumns();
  const last = Array.from({ length: 20 }, (_, i) => 0.9 + i / 1000);
  columns.fill({
    project: "digits",
    total: 21,
    run: Array.from({ length: 21 }, (_, i) => `run-${i}`),
    goals: { "val/accuracy": "maximize" },
    config: { lr: { values: Array.from({ length: 21 }, (_, i) => i % 4) } },
    summary: {
      "val/accuracy": { values: [...last, null] },
      "val/accuracy.max": { at: [20], values: [0.99] },
      epoch: { values: new Array(21).fill(5) },
    },
  });
  return columns;
}

describe("the parameters", () => {
  it("are judged by a result that most runs have", () => {
    const found = findings(digits(), "");
    expect(found.target).toBe("val/accuracy");
    expect(found.count).toBe(21);
    expect(found.targets).toEqual(["epoch", "val/accuracy"]);
    expect(found.parameters[0]!.count).toBe(21);
  });

  it("are not judged by a result of one run, whatever its name or goal", () => {
    const goals = { rare_loss: "minimize" } as const;
    expect(defaultTarget(new Map(Object.entries({ rare_loss: 1, "train/loss": 20, epoch: 21 })), goals)).toBe(
      "train/loss",
    );
    expect(defaultTarget(new Map(Object.entries({ a: 21, "system/gpu.0/power": 21 })), {})).toBe("a");
    expect(defaultTarget(new Map(), {})).toBe(null);
  });

  it("leave a metric whose statistic a run keeps one metric, in the table and where runs are compared", () => {
    const columns = digits();
    expect(columns.get("run-20")!.summary("val/accuracy")).toBe(0.99);
    columns.log({ run: "run-20", step: 7, timestamp: 0, metrics: { "val/accuracy": 0.1 } }, 0);
    expect(columns.get("run-20")!.summary("val/accuracy")).toBe(0.99);
    const lines = linesOf("summary", [{ acc: 0.5 }, { acc: { max: 0.7 } }]);
    expect(lines.map((line) => [line.key, line.values])).toEqual([["acc", [0.5, 0.7]]]);
    expect(linesOf("config", [{ lr: 1 }, { lr: { max: 2 } }])).toHaveLength(2);
    expect(inputsAndResults([], new Map(), 0)).toEqual([]);
  });
});
