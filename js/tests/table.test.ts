import { describe, expect, it } from "vitest";
import { RunColumns } from "../src/dashboard/table/columns";
import { telling } from "../src/dashboard/table/view";

describe("the columns that a table begins with", () => {
  it("are the foremost results, the inputs that differ, and then the other results", () => {
    const columns = new RunColumns();
    const pair = (one: number, other: number) => ({ values: [one, other] });
    columns.fill({
      project: "p",
      total: 2,
      run: ["a", "b"],
      config: { lr: pair(1, 2), width: pair(8, 8), depth: pair(2, 3) },
      summary: {
        epoch: pair(1, 1),
        loss: pair(1, 2),
        acc: pair(1, 2),
        "val/loss": pair(1, 2),
        "system/cpu": pair(1, 2),
      },
    });
    const results = ["summary.acc", "summary.loss", "summary.val/loss", "summary.epoch"];
    const inputs = ["config.depth", "config.lr"];
    expect(["status", "started", "duration", ...results.slice(0, 3), ...inputs, ...results.slice(3)]).toEqual(
      telling(columns),
    );
    expect(["status", "started", "duration", results[0], ...inputs, ...results.slice(1)]).toEqual(
      telling(columns, 8, 1),
    );
  });
});
