// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { LiveEvent } from "../src/core/types";
import { HttpSource } from "../src/source/http";
import { SharedSource } from "../src/source/shared-http";
import type { Listener } from "../src/source/source";

interface Stream {
  asked: [string, string | undefined];
  listener: Listener;
  signal: AbortSignal;
}

let streams: Stream[] = [];
const open = () => streams.filter((stream) => !stream.signal.aborted);

function watch(source: SharedSource, run: string, cursor: string) {
  const events: LiveEvent[] = [];
  const aborter = new AbortController();
  const listener = { event: (event: LiveEvent) => void events.push(event), liveness: () => undefined };
  source.subscribe("p", { runs: [run], cursor }, listener, aborter.signal);
  return { events, leave: () => aborter.abort() };
}

const row = (run: string): LiveEvent => ({
  kind: "rows",
  rows: [{ run, step: 0, timestamp: 0, metrics: { loss: 1 } }],
});

beforeEach(() => {
  streams = [];
  vi.useFakeTimers();
  vi.spyOn(HttpSource.prototype, "subscribe").mockImplementation((_project, options, listener, signal) => {
    streams.push({ asked: [String(options.runs), options.cursor], listener, signal });
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

it("opens one stream for all the charts of a page, and tells each what is its own", () => {
  const source = new SharedSource("/x/");
  const a = watch(source, "a", "ca");
  const b = watch(source, "b", "cb");
  vi.advanceTimersByTime(100);
  expect(open().map((stream) => stream.asked)).toEqual([["a,b", "ca,cb"]]);
  open()[0]!.listener.event(row("a"));
  open()[0]!.listener.event({ kind: "status", run: "b", status: "completed", exit_code: 0, timestamp: 1 });
  expect(a.events.map((event) => event.kind)).toEqual(["rows"]);
  expect(b.events.map((event) => event.kind)).toEqual(["status"]);
});

it("goes on where it was when a chart joins or leaves", () => {
  const source = new SharedSource("/x/");
  const a = watch(source, "a", "ca");
  vi.advanceTimersByTime(100);
  open()[0]!.listener.cursor?.("c1");
  const b = watch(source, "b", "cb");
  vi.advanceTimersByTime(100);
  expect(open().map((stream) => stream.asked)).toEqual([["a,b", "c1,cb"]]);
  a.leave();
  vi.advanceTimersByTime(100);
  expect(open().map((stream) => stream.asked[0])).toEqual(["b"]);
  b.leave();
  vi.advanceTimersByTime(100);
  expect(open()).toEqual([]);
});

it("keeps no stream for a run that has ended", async () => {
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify({ run: "a", status: "completed" })));
  const source = new SharedSource("/x/");
  await source.run("p", "a");
  watch(source, "a", "ca");
  vi.advanceTimersByTime(100);
  expect(streams).toEqual([]);
});

it("keeps none either for one that a list tells has ended, and asks for very many by parts", async () => {
  const asked: string[][] = [];
  vi.stubGlobal("fetch", async (address: string) => {
    const names = new URL(address, "http://here").searchParams.get("runs")?.split(",") ?? [];
    asked.push(names);
    const runs = names.map((run) => ({ run, status: run === "r0" ? "running" : "completed" }));
    return new Response(JSON.stringify({ runs, total: runs.length }));
  });
  const source = new SharedSource("/x/");
  const some = Array.from({ length: 150 }, (_, i) => `r${i}`);
  expect((await source.runs("p", undefined, some)).map(({ run }) => run)).toEqual(some);
  expect(asked).toEqual([some.slice(0, 100), some.slice(100)]);
  watch(source, "r149", "c149");
  watch(source, "r0", "c0");
  vi.advanceTimersByTime(100);
  expect(streams.map((stream) => stream.asked)).toEqual([["r0", "c0"]]);
});
