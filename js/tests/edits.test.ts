import { describe, expect, it } from "vitest";
import type { RunsEdit } from "../src/core/types";
import { RunColumns } from "../src/dashboard/table/columns";
import { inTurn, named, PORTION, portions, reflect, retagged } from "../src/dashboard/table/edits";

const many = Array.from({ length: 2 * PORTION + 1 }, (_, i) => `r${i}`);

describe("edits of many runs", () => {
  it("go in requests of a bounded size, of one change or one for each run", () => {
    const shared = portions({ runs: many, change: { add_tags: ["x"] } });
    expect([PORTION, PORTION, 1]).toEqual(shared.map((part) => named(part).length));
    expect({ runs: ["r1000"], change: { add_tags: ["x"] } }).toEqual(shared[2]);
    const each = portions({ runs: Object.fromEntries(many.map((run) => [run, { tags: [run] }])) });
    expect({ runs: { r1000: { tags: ["r1000"] } } }).toEqual(each[2]);
    expect([]).toEqual(portions({ runs: [], delete: true }));
  });

  it("tell how far they are, what failed, and what takes them back", async () => {
    const far: number[] = [];
    const outcome = await inTurn(
      portions({ runs: many, delete: true }),
      async (edit) => {
        const [first, ...done] = named(edit);
        return { done, failed: [{ run: first!, reason: "no", status: 404 }], undo: edit };
      },
      (_, __, at) => far.push(at),
    );
    expect([500, 1000, 1001]).toEqual(far);
    expect([998, ["r0", "r500", "r1000"], 3]).toEqual([
      outcome.done,
      outcome.failed.map((each) => each.run),
      outcome.undo.length,
    ]);
  });

  it("end with a request that nobody answers: its runs and those after it are as they were", async () => {
    let sent = 0;
    const outcome = await inTurn(
      portions({ runs: many, delete: true }),
      async (edit) => {
        if (sent++) throw new Error("The server does not answer.");
        return { done: named(edit), failed: [], undo: null };
      },
      () => undefined,
    );
    expect([2, PORTION, PORTION + 1]).toEqual([sent, outcome.done, outcome.failed.length]);
    expect("The server does not answer.").toBe(outcome.failed[0]!.reason);
  });

  it("are seen in the table before the stream tells of them", () => {
    const columns = new RunColumns();
    columns.fill({ project: "p", total: 3, run: ["a", "b", "c"], own: { tags: [["x"], [], ["y"]] } });
    const tags = () => columns.rows.map((row) => row.tags);
    const edit: RunsEdit = { runs: ["a", "b", "c"], change: { add_tags: ["y"], remove_tags: ["x"] } };
    reflect(columns, edit, ["a", "c"]);
    expect([["y"], [], ["y"]]).toEqual(tags());
    reflect(columns, { runs: { a: { tags: ["x"] }, b: { tags: ["z"] } } }, ["a"]);
    expect([["x"], [], ["y"]]).toEqual(tags());
    reflect(columns, { runs: ["a", "c"], delete: true }, ["a", "c"]);
    expect(["b"]).toEqual(columns.rows.map((row) => row.run));
  });

  it("add tags once, and keep the order of those that stay", () => {
    expect(["b", "c", "d"]).toEqual(retagged(["a", "b", "c"], { add_tags: ["c", "d"], remove_tags: ["a"] }));
  });
});
