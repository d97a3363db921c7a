// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from "vitest";
import type { LiveEvent, Liveness, MetricsAnswer, Run } from "../src/core/types";
import { CommSource, type Info } from "../src/source/comm";
import { HttpSource } from "../src/source/http";
import { MemorySource } from "../src/source/memory";
import type { Source } from "../src/source/source";
import { ChartSettings } from "../src/state/chart-settings";
import { ProjectStore } from "../src/state/project-store";

const RUN: Run = {
  run: "r",
  id: "1",
  name: "r",
  project: "p",
  status: "running",
  is_finished: false,
  exit_code: null,
  start_time: 0,
  finish_time: null,
  last_update: 0,
  last_step: null,
  color: 0,
  tags: [],
  notes: "",
  group: null,
  job_type: null,
  host: null,
  config: {},
  summary: {},
  problem_count: 0,
};
const INFO: Info = {
  project: "p",
  run: "r",
  id: "1",
  name: "r",
  color: 0,
  status: "running",
  start_time: 0,
  step: 0,
  total_steps: null,
  now: 0,
};

interface Stage {
  source: Source;
  /** Logs one value of `loss`. */
  log(step: number, value: number): void;
  end(): void;
}

class FakeStream extends EventTarget {
  static last: FakeStream | undefined;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;
  constructor(readonly url: string) {
    super();
    FakeStream.last = this;
    queueMicrotask(() => this.onopen?.());
  }
  close() {
    this.closed = true;
  }
  say(kind: string, data: object, id = "") {
    if (this.closed) return;
    this.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify(data), lastEventId: id }));
  }
}

class FakeSocket {
  static last: FakeSocket | undefined;
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  readonly asked: string[] = [];
  closed = false;
  constructor(readonly url: URL) {
    FakeSocket.last = this;
    queueMicrotask(() => this.onopen?.());
  }
  send(text: string) {
    this.asked.push(text);
  }
  close() {
    this.closed = true;
  }
  say(kind: string, data: object, cursor = "") {
    if (!this.closed) this.onmessage?.({ data: JSON.stringify({ cursor, events: [{ kind, data }] }) });
  }
}

function isMetrics(url: string): boolean {
  return url.split("?")[0]!.endsWith("/runs/metrics");
}

/** What a request for series asks: in its body, or in its address where that is short. */
function question(url: string, options: RequestInit): { from?: number; to?: number; wait?: number } {
  if (options.body) return JSON.parse(String(options.body)) as { from?: number; to?: number; wait?: number };
  const query = [...new URLSearchParams(url.split("?")[1])];
  return Object.fromEntries(query.map(([name, value]) => [name, Number(value)]));
}

/** The dashboard's API, with events over a WebSocket or, where a proxy lets none through, server-sent. */
function http(socket = false): Stage {
  const say = (kind: string, data: object, cursor?: string) =>
    (socket ? FakeSocket.last : FakeStream.last)?.say(kind, data, cursor);
  FakeSocket.last = undefined;
  FakeStream.last = undefined;
  vi.stubGlobal("WebSocket", socket ? FakeSocket : undefined);
  const known: [number, number][] = [];
  let run = RUN;
  vi.stubGlobal("EventSource", FakeStream);
  vi.stubGlobal("fetch", async (url: string, options: RequestInit) => {
    const path = url.split("?")[0]!;
    const answer = (content: object, status = 200) =>
      new Response(JSON.stringify(content), { status, headers: { ETag: '"e"' } });
    if (path === "/x/api/projects/p/runs") return answer({ runs: [run], total: 1 });
    if (path === "/x/api/projects/p/runs/r")
      return answer({ ...run, metrics: [...(known.length ? ["loss"] : [])] });
    if (path === "/x/api/projects/p/metrics")
      return answer({
        metrics: known.length ? [{ name: "loss", runs: 1 }] : [],
        latest: "r",
        cursor: `c${known.length}`,
      });
    if (path === "/x/api/projects/p/runs/metrics") {
      const asked = question(url, options);
      const inside = known.filter(([step]) => step >= (asked.from ?? 0) && step <= (asked.to ?? 1e9));
      const series = {
        steps: inside.map(([s]) => s),
        values: inside.map(([, v]) => v),
        timestamps: inside.map(([s]) => s * 1000),
        raw: true,
        count: inside.length,
      };
      const found: MetricsAnswer = {
        project: "p",
        metrics: inside.length ? { loss: { r: series } } : {},
        missing: [],
        complete: true,
        progress: 1,
        cursor: `c${known.length}`,
      };
      return answer(found);
    }
    return answer({ detail: `There is nothing at ${path}.` }, 404);
  });
  return {
    source: new HttpSource("/x/"),
    log(step, value) {
      known.push([step, value]);
      say("metric", { run: "r", step, timestamp: step * 1000, metrics: { loss: value } }, `c${known.length}`);
    },
    end() {
      run = { ...run, status: "completed" };
      say("status", { run: "r", status: "completed", exit_code: 0, timestamp: 1 });
    },
  };
}

function memory(): Stage {
  const source = new MemorySource("p");
  source.addRun(RUN);
  return {
    source,
    log: (step, value) =>
      source.addRows([{ run: "r", step, timestamp: step * 1000, metrics: { loss: value } }]),
    end: () => source.tell({ kind: "status", run: "r", status: "completed", exit_code: 0, timestamp: 1 }),
  };
}

function comm(): Stage {
  const source = new CommSource(INFO, null);
  let seq = 0;
  return {
    source,
    log(step, value) {
      const buffer = new DataView(Float64Array.from([step * 1000, step, value]).buffer);
      source.message({ type: "rows", seq: ++seq, metrics: ["loss"], counts: [1], totals: [seq] }, [buffer]);
    },
    end: () =>
      source.message(
        { type: "status", seq: ++seq, status: "completed", info: { ...INFO, status: "completed" } },
        [],
      ),
  };
}

const settle = () => new Promise((done) => setTimeout(done, 20));

describe.each([
  ["http with a socket", () => http(true)],
  ["http with server-sent events", () => http(false)],
  ["memory", memory],
  ["comm", comm],
])("the Source seam: %s", (_name, make) => {
  afterEach(() => vi.unstubAllGlobals());

  it("gives runs and series as they were logged", async () => {
    const { source, log } = make();
    log(0, 1.5);
    log(1, 2.5);
    expect((await source.runs("p")).map((r) => r.run)).toEqual(["r"]);
    const answer = await source.metrics("p", { runs: ["r"] });
    expect(answer.metrics.loss!.r!.steps).toEqual([0, 1]);
    expect(answer.metrics.loss!.r!.values).toEqual([1.5, 2.5]);
    expect((await source.run("p", "r")).metrics).toEqual(["loss"]);
  });

  it("gives a range, ends included", async () => {
    const { source, log } = make();
    for (let i = 0; i < 10; i++) log(i, i);
    const answer = await source.metrics("p", { from: 3, to: 5 });
    expect(answer.metrics.loss!.r!.steps).toEqual([3, 4, 5]);
  });

  it("tells a subscriber of rows and of the end until it leaves", async () => {
    const { source, log, end } = make();
    const heard: LiveEvent[] = [];
    const states: Liveness[] = [];
    const aborter = new AbortController();
    source.subscribe(
      "p",
      {},
      { event: (e) => heard.push(e), liveness: (s) => states.push(s) },
      aborter.signal,
    );
    await settle();
    log(0, 7);
    await settle();
    end();
    await settle();
    aborter.abort();
    log(1, 8);
    await settle();
    const values = heard.flatMap((e) =>
      e.kind === "rows" ? e.rows.map((r) => r.metrics.loss) : e.kind === "columns" ? [...e.values] : [],
    );
    expect(values).toEqual([7]);
    expect(
      heard.some(
        (e) =>
          (e.kind === "status" && e.status === "completed") ||
          (e.kind === "meta" && e.run.status === "completed"),
      ),
    ).toBe(true);
    expect(states.at(-1)?.state).toBe("live");
  });

  it("keeps a board up to date: points, steps and status", async () => {
    const { source, log, end } = make();
    log(0, 1);
    const board = new ProjectStore(source, "p");
    await board.open();
    await settle();
    log(1, 2);
    log(2, 3);
    await settle();
    expect([...board.lines("loss").get("r")!.points().values]).toEqual([1, 2, 3]);
    expect(board.metrics.value).toEqual(["loss"]);
    end();
    await settle();
    expect(board.runs.value[0]!.status).toBe("completed");
    board.close();
  });

  it("refuses what it does not have with words", async () => {
    const { source } = make();
    await expect(source.run("p", "ghost")).rejects.toThrow(/nothing at|no run/);
  });
});

describe("the http source", () => {
  afterEach(() => vi.unstubAllGlobals());
  const listen = (source: Source) => {
    const states: Liveness[] = [];
    const aborter = new AbortController();
    source.subscribe(
      "p",
      { cursor: "c0" },
      { event: () => {}, liveness: (s) => states.push(s) },
      aborter.signal,
    );
    return { states, aborter };
  };

  it("asks a socket with its cursor, and comes back with the one it was told last", async () => {
    const { source } = http(true);
    const { states, aborter } = listen(source);
    await settle();
    const first = FakeSocket.last!;
    expect([String(first.url), first.asked]).toEqual([
      "ws://localhost:3000/x/api/projects/p/live",
      ['{"cursor":"c0","runs":null}'],
    ]);
    first.say("meta", RUN, "c7");
    first.onclose?.();
    expect(states.at(-1)!.state).toBe("reconnecting");
    await vi.waitFor(() => expect(FakeSocket.last).not.toBe(first), 5000);
    await settle();
    expect(FakeSocket.last!.asked).toEqual(['{"cursor":"c7","runs":null}']);
    expect(states.at(-1)!.state).toBe("live");
    aborter.abort();
    expect(FakeSocket.last!.closed).toBe(true);
  });

  it("is told when the list of projects changes, and looks again after each reconnection", async () => {
    const { source } = http(true);
    const aborter = new AbortController();
    const seen: (string | boolean)[] = [];
    const hear = (source as HttpSource).projectsChange.bind(source);
    hear(
      () => seen.push("changed"),
      (is) => seen.push(is),
      aborter.signal,
    );
    await settle();
    const first = FakeSocket.last!;
    const version = (text: string) =>
      FakeSocket.last!.onmessage!({ data: JSON.stringify({ version: text }) });
    expect("ws://localhost:3000/x/api/live").toBe(String(first.url));
    for (const text of ["a", "a", "b"]) version(text);
    expect([true, "changed", "changed"]).toEqual(seen);
    first.onclose?.();
    await vi.waitFor(() => expect(FakeSocket.last).not.toBe(first), 5000);
    await settle();
    version("b");
    expect([true, "changed", "changed", false, true, "changed"]).toEqual(seen);
    aborter.abort();
    expect(FakeSocket.last!.closed).toBe(true);
  });

  it("takes server-sent events where no socket comes through", async () => {
    const { source } = http(true);
    vi.stubGlobal(
      "WebSocket",
      class extends FakeSocket {
        constructor(url: URL) {
          super(url);
          queueMicrotask(() => this.onclose?.());
          this.onopen = null;
          Object.defineProperty(this, "onopen", { set() {}, get: () => null });
        }
      },
    );
    const { states, aborter } = listen(source);
    await vi.waitFor(() => expect(states.at(-1)?.state).toBe("live"), 5000);
    expect(FakeStream.last!.url).toBe("/x/api/projects/p/runs/stream?cursor=c0");
    aborter.abort();
  });
});

describe("the comm source", () => {
  it("takes a snapshot that knows more, and not one that knows less", async () => {
    const source = new CommSource(INFO, null);
    const pack = (...values: number[]) =>
      new DataView(
        Float64Array.from([...values.map((_, i) => i), ...values.map((_, i) => i), ...values]).buffer,
      );
    source.message({ type: "rows", seq: 1, metrics: ["a"], counts: [1], totals: [1] }, [pack(1)]);
    source.snapshot({ seq: 5, metrics: ["a"], counts: [3], totals: [3], data: pack(1, 2, 3) });
    expect((await source.metrics("p", {})).metrics.a!.r!.values).toEqual([1, 2, 3]);
    source.snapshot({ seq: 2, metrics: ["a"], counts: [1], totals: [1], data: pack(9) });
    source.message({ type: "rows", seq: 3, metrics: ["a"], counts: [1], totals: [9] }, [pack(9)]);
    expect((await source.metrics("p", {})).metrics.a!.r!.values).toEqual([1, 2, 3]);
  });
});

describe("the view", () => {
  it("is what the address says, and says it again", () => {
    const view = new ChartSettings();
    view.read(new URLSearchParams("x=relative&log=1&smooth=0.6&size=l&metrics=loss&hide=a,b&range=1..5"));
    expect(view.write().toString()).toBe(
      "x=relative&log=1&smooth=0.6&size=l&metrics=loss&hide=a%2Cb&range=1..5",
    );
    const all =
      "x=metric%3Aepoch&logx=1&smooth=0.5&smoother=gaussian&clip=1&best=1&runs=none&show=r&group=config.lr&spread=sem&y=a%3Ab%3A0..1&chart=a%3Ab";
    view.read(new URLSearchParams(all));
    expect(view.write().toString()).toBe(all);
    view.read(new URLSearchParams("x=nonsense&smooth=7&size=xxl&range=a..b"));
    expect(view.write().toString()).toBe("smooth=0.99");
  });

  it("may begin over time; then steps are what the address has to say", () => {
    const view = new ChartSettings("relative");
    view.read(new URLSearchParams(""));
    expect([view.xAxis.value, view.write().toString()]).toEqual(["relative", ""]);
    view.read(new URLSearchParams("x=step"));
    expect([view.xAxis.value, view.write().toString()]).toEqual(["step", "x=step"]);
  });
});

describe("which runs are drawn", () => {
  const runs = Array.from({ length: 30 }, (_, i) => ({ run: `r${i}` }));

  it("are the latest where there are many; one that is hidden gives its place to the next", () => {
    const view = new ChartSettings();
    expect(view.drawn(runs).map((r) => r.run)).toEqual(runs.slice(0, 20).map((r) => r.run));
    view.set("r3", false, 3);
    expect(view.drawn(runs).map((r) => r.run)).toEqual(
      [0, 1, 2, ...Array.from({ length: 17 }, (_, i) => i + 4)].map((i) => `r${i}`),
    );
    view.set("r29", true, 28);
    expect(view.drawn(runs).at(-1)!.run).toBe("r29");
    view.set("r3", true, 3);
    expect(view.hidden.value.size).toBe(0);
  });

  it("are none or all when that is said", () => {
    const view = new ChartSettings();
    view.all("none");
    view.set("r7", true, 7);
    expect(view.drawn(runs).map((r) => r.run)).toEqual(["r7"]);
    view.all("all");
    expect(view.drawn(runs)).toHaveLength(30);
  });

  it("are, in groups, all but those left out, also of the older ones", () => {
    const view = new ChartSettings();
    view.group.value = "config.lr";
    expect(view.members(runs)).toHaveLength(30);
    view.set("r25", false, 25);
    expect(view.members(runs).map((r) => r.run)).not.toContain("r25");
    view.set("r25", true, 24);
    expect(view.members(runs)).toHaveLength(30);
    view.all("none");
    view.set("r7", true, 7);
    expect(view.members(runs).map((r) => r.run)).toEqual(["r7"]);
  });
});

describe("a lazy board", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("loads only what is looked at, and loses and doubles nothing of what is logged meanwhile", async () => {
    const { source, log } = http();
    log(0, 1);
    const board = new ProjectStore(source, "p", undefined, { lazy: true });
    await board.open();
    await settle();
    expect(board.metrics.value).toEqual(["loss"]);
    expect(board.lines("loss").size).toBe(0);
    log(1, 2);
    await settle();
    board.draw(["r"]);
    board.need("loss");
    log(2, 3);
    await settle();
    // The stream tells again of what the answer had.
    FakeStream.last!.say("metric", { run: "r", step: 2, timestamp: 2000, metrics: { loss: 3 } }, "c3");
    log(3, 4);
    await settle();
    expect([...board.lines("loss").get("r")!.points().values]).toEqual([1, 2, 3, 4]);
    expect(board.ready("loss")).toBe(true);
    board.close();
  });

  it("no longer waits for what was scrolled past, and asks again when it comes back", async () => {
    const stage = http();
    stage.log(0, 1);
    const answer = globalThis.fetch;
    let held = true;
    const dropped = vi.fn();
    vi.stubGlobal("fetch", (url: string, options: RequestInit) => {
      if (!isMetrics(url) || !held) return answer(url, options);
      return new Promise((_, reject) => {
        options.signal!.addEventListener("abort", () => {
          dropped();
          reject(options.signal!.reason);
        });
      });
    });
    const board = new ProjectStore(stage.source, "p", undefined, { lazy: true });
    await board.open();
    board.draw(["r"]);
    const leave = board.need("loss");
    await settle();
    expect(dropped).not.toHaveBeenCalled();
    leave();
    expect(dropped).toHaveBeenCalledTimes(1);
    held = false;
    board.need("loss");
    await vi.waitFor(() => expect(board.ready("loss")).toBe(true));
    expect([...board.lines("loss").get("r")!.points().values]).toEqual([1]);
    board.close();
  });

  it("draws what the server can tell while it still reads, and everything when it has read", async () => {
    const stage = http();
    const answers: Partial<MetricsAnswer>[] = [
      { complete: false, progress: 0.25, metrics: { loss: { r: series([0, 90], [1, 4]) } } },
      { complete: true, progress: 1, metrics: { loss: { r: series([0, 50, 90], [1, 9, 4]) } } },
    ];
    const waits: unknown[] = [];
    const before = globalThis.fetch;
    vi.stubGlobal("fetch", async (url: string, options: RequestInit) => {
      if (!isMetrics(url)) return before(url, options);
      waits.push(question(url, options).wait);
      return new Response(JSON.stringify({ project: "p", missing: [], cursor: "", ...answers.shift() }));
    });
    const drawn: (readonly [number | null, number[]])[] = [];
    const board = new ProjectStore(stage.source, "p", "r", { lazy: true });
    const stop = board.revision("loss").subscribe(() => {
      const line = board.lines("loss").get("r");
      if (line) drawn.push([board.reading.value, [...line.points().values]]);
    });
    await board.open();
    board.need("loss");
    await vi.waitFor(() => expect(drawn).toHaveLength(2));
    stop();
    board.close();
    expect(drawn).toEqual([
      [0.25, [1, 4]],
      [null, [1, 9, 4]],
    ]);
    expect(waits.every((wait) => typeof wait === "number" && wait > 0)).toBe(true);
  });

  it("says how far the server is with the slowest of several questions, until none is left", async () => {
    const board = new ProjectStore(http().source, "p", undefined, { lazy: true });
    const ends: (() => void)[] = [];
    const ask = (progress: number) =>
      board.told<{ progress: number }>(
        () => undefined,
        (tell) => {
          tell({ progress });
          return new Promise((end) => ends.push(() => end({ progress: 1 })));
        },
      );
    const both = [ask(0.5), ask(0.25)];
    expect(board.reading.value).toBe(0.25);
    ends[1]!();
    await both[1];
    expect(board.reading.value).toBe(0.5);
    ends[0]!();
    await both[0];
    expect(board.reading.value).toBe(null);
  });
});

function series(steps: number[], values: number[]) {
  return { steps, values, timestamps: steps, raw: false, count: 1000 };
}
