import { expect, test } from "vitest";
import type { LiveEvent, Run, SeriesData } from "../src/core/types";
import { asRun, type Info } from "../src/source/comm";
import { MemorySource } from "../src/source/memory";
import { MultiRunCommSource } from "../src/source/multi-run-comm";
import { SelectedRunsSource, wanted } from "../src/source/selected-runs";
import type { SeriesQuery } from "../src/source/source";
import { sorted } from "../src/widget/table";

const info = (project: string, run: string, color = 0): Info => ({
  project,
  run,
  id: `${run}-id`,
  name: run.toUpperCase(),
  color,
  status: "running",
  start_time: 1000,
  step: 0,
  total_steps: null,
  now: 2000,
});

const data = (...values: number[]): SeriesData => ({
  steps: values.map((_, i) => i),
  timestamps: values.map((_, i) => 1000 + i),
  values,
  raw: true,
  count: values.length,
});

/** A server of two projects in memory. */
class Server extends MemorySource {
  readonly inside = new Map<string, MemorySource>();
  asked: [string, SeriesQuery][] = [];

  constructor() {
    super("server");
    for (const [project, runs] of Object.entries({ p: ["a", "b"], q: ["a"] })) {
      const source = new MemorySource(project);
      for (const run of runs) {
        source.addRun(asRun(info(project, run)));
        source.setSeries("loss", run, data(1, 2));
        source.setSeries("val/acc", run, data(3));
      }
      this.inside.set(project, source);
    }
  }
  override runs(...[project, ...how]: Parameters<MemorySource["runs"]>) {
    return this.inside.get(project)!.runs(project, ...how);
  }
  override run(project: string, run: string) {
    return this.inside.get(project)!.run(project, run);
  }
  override async metrics(project: string, query: SeriesQuery) {
    this.asked.push([project, query]);
    // A server knows globs; memory gives everything instead.
    if (query.metrics?.some((name) => name.includes("*"))) delete query.metrics;
    return { ...(await this.inside.get(project)!.metrics(project, query)), cursor: `after-${project}` };
  }
  override async names(project: string, runs?: string[]) {
    return { ...(await this.inside.get(project)!.names(project, runs)), cursor: `after-${project}` };
  }
  override subscribe(...[project, options, listener, signal]: Parameters<MemorySource["subscribe"]>) {
    this.inside.get(project)!.subscribe(project, options, listener, signal);
  }
}

const chosen = (server: Server, metrics: string[] | null = null, whole: string[] = []) =>
  new SelectedRunsSource(
    server,
    [
      { project: "q", run: "a", color: 5 },
      { project: "p", run: "b", color: 1 },
    ],
    whole,
    metrics,
  );

test("runs of several projects stand in the order in which they were chosen, with colours that tell them apart", async () => {
  const runs = await chosen(new Server()).runs("");
  expect(runs.map((run: Run) => [run.run, run.name, run.color])).toEqual([
    ["q/a", "q/A", 5],
    ["p/b", "p/B", 1],
  ]);
});

test("a colour that somebody chooses meanwhile is taken over", async () => {
  const server = new Server();
  const source = chosen(server);
  await source.runs("");
  server.inside.get("q")!.addRun(asRun(info("q", "a", 7)));
  const colors = async () => (await source.runs("")).map((run: Run) => [run.run, run.color]);
  const wanted = [
    ["q/a", 7],
    ["p/b", 1],
  ];
  expect(await colors()).toEqual(wanted);
  expect(await colors()).toEqual(wanted);
});

test("points are asked from each project, and of the metrics that are meant alone", async () => {
  const server = new Server();
  const answer = await chosen(server, ["val/*"]).metrics("", { points: 100 });
  expect(Object.keys(answer.metrics)).toEqual(["val/acc"]);
  expect(Object.keys(answer.metrics["val/acc"]!).sort()).toEqual(["p/b", "q/a"]);
  expect(server.asked.map(([project, query]) => [project, query.runs])).toEqual([
    ["q", ["a"]],
    ["p", ["b"]],
  ]);
});

test("one run is asked for under its own name", async () => {
  const server = new Server();
  const answer = await chosen(server).metrics("", { runs: ["p/b"], metrics: ["loss"], from: 1 });
  expect(server.asked).toEqual([["p", { runs: ["b"], metrics: ["loss"], from: 1 }]]);
  expect(answer.metrics.loss!["p/b"]!.values).toEqual([2]);
});

test("a whole project has its later runs too", async () => {
  const server = new Server();
  const source = chosen(server, null, ["p"]);
  expect((await source.runs("")).map((run) => run.run)).toEqual(["q/a", "p/b", "p/a"]);
  const told: LiveEvent[] = [];
  const listener = { event: (event: LiveEvent) => told.push(event), liveness: () => undefined };
  source.subscribe("", {}, listener, new AbortController().signal);
  server.inside.get("p")!.addRun(asRun(info("p", "later")));
  expect(told.map((event) => event.kind === "run" && event.run.run)).toEqual(["p/later"]);
});

test("what is told of a run names it as the chart does, without the metrics that are not meant", () => {
  const server = new Server();
  const told: LiveEvent[] = [];
  const listener = { event: (event: LiveEvent) => told.push(event), liveness: () => undefined };
  chosen(server, ["loss"]).subscribe("", {}, listener, new AbortController().signal);
  server.inside
    .get("q")!
    .addRows([{ run: "a", step: 2, timestamp: 1002, metrics: { loss: 3, "val/acc": 4 } }]);
  server.inside.get("p")!.tell({ kind: "status", run: "b", status: "failed", exit_code: 1, timestamp: 5 });
  expect(told).toEqual([
    { kind: "rows", rows: [{ run: "q/a", step: 2, timestamp: 1002, metrics: { loss: 3 } }] },
    { kind: "status", run: "p/b", status: "failed", exit_code: 1, timestamp: 5 },
  ]);
});

test("a stream goes on in each project where its answer ended", async () => {
  const server = new Server();
  const source = chosen(server);
  const { cursor } = await source.names("");
  const asked: unknown[] = [];
  server.subscribe = (project, options) => void asked.push([project, options]);
  source.subscribe(
    "",
    { cursor },
    { event: () => undefined, liveness: () => undefined },
    new AbortController().signal,
  );
  expect(asked).toEqual([
    ["q", { runs: ["a"], cursor: "after-q" }],
    ["p", { runs: ["b"], cursor: "after-p" }],
  ]);
});

test("globs mean what they mean in Python", () => {
  const takes = wanted(["val/*", "l?ss", "a.b"]);
  expect(["val/acc", "loss", "a.b", "val", "lss", "axb"].map(takes)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
  expect(wanted(null)("anything")).toBe(true);
});

// -- pushed by a kernel ------------------------------------------------------------------------------------------------

function packed(times: number[], steps: number[], values: number[]): ArrayBuffer {
  return Float64Array.from([...times, ...steps, ...values]).buffer;
}

test("points of several runs come by message, and what was missed by the next snapshot", async () => {
  const source = new MultiRunCommSource("two", [info("p", "a"), info("q", "a")]);
  source.message({ type: "rows", seq: 1, run: "p/a", metrics: ["loss"], counts: [2], totals: [2] }, [
    packed([1, 2], [0, 1], [5, 6]),
  ]);
  const of = async (run: string) =>
    (await source.metrics("two", { runs: [run] })).metrics.loss?.[run]?.values;
  expect(await of("p/a")).toEqual([5, 6]);
  expect(await of("q/a")).toBeUndefined();
  source.message({ type: "rows", seq: 3, run: "q/a", metrics: ["loss"], counts: [1], totals: [2] }, [
    packed([3], [1], [8]),
  ]);
  expect(await of("q/a")).toEqual([8]);
  const runs = {
    "p/a": { metrics: ["loss"], counts: [2], totals: [2] },
    "q/a": { metrics: ["loss"], counts: [2], totals: [2] },
  };
  const both = new Uint8Array(96);
  both.set(new Uint8Array(packed([1, 2], [0, 1], [5, 6])), 0);
  both.set(new Uint8Array(packed([2, 3], [0, 1], [7, 8])), 48);
  source.snapshot({ seq: 3, runs, data: both });
  expect(await of("q/a")).toEqual([7, 8]);
  // One that tells less than what is here is passed over.
  source.snapshot({ seq: 2, runs: {}, data: new Uint8Array(0) });
  expect(await of("q/a")).toEqual([7, 8]);
});

test("the kernel tells how the runs stand", async () => {
  const source = new MultiRunCommSource("one", [info("p", "a")]);
  source.message({ type: "infos", seq: 1, infos: [{ ...info("p", "a"), status: "failed" }] }, []);
  expect((await source.runs("one")).map((run) => run.status)).toEqual(["failed"]);
});

// -- tables ------------------------------------------------------------------------------------------------------------

test("rows are sorted as numbers or texts, and what has no value stands last either way", () => {
  const rows = [
    ["b", 10],
    ["A", null],
    ["c", 9],
    ["a", "Infinity"],
    ["d", "NaN"],
  ];
  const by = (column: number, down: boolean) => sorted(rows, column, down).map((i) => rows[i]![0]);
  expect(by(1, false)).toEqual(["c", "b", "a", "A", "d"]);
  expect(by(1, true)).toEqual(["a", "b", "c", "A", "d"]);
  expect(by(0, false)).toEqual(["A", "a", "b", "c", "d"]);
});
