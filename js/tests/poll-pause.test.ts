import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { pollPause } from "../src/dashboard/components/poll-pause";

let page: EventTarget & { hidden: boolean };

function show(hidden: boolean): void {
  page.hidden = hidden;
  page.dispatchEvent(new Event("visibilitychange"));
}

/** What the wait has come to: nothing yet, or its answer. */
function told(wait: Promise<boolean>): () => boolean | undefined {
  let found: boolean | undefined;
  void wait.then((on) => {
    found = on;
  });
  return () => found;
}

beforeEach(() => {
  vi.useFakeTimers();
  page = Object.assign(new EventTarget(), { hidden: false });
  vi.stubGlobal("document", page);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a pause takes its time where somebody looks", async () => {
  const found = told(pollPause(1000, new AbortController().signal));
  await vi.advanceTimersByTimeAsync(999);
  expect(found()).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1);
  expect(found()).toBe(true);
});

test("a page that nobody sees waits until somebody does", async () => {
  const found = told(pollPause(1000, new AbortController().signal));
  show(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(found()).toBeUndefined();
  show(false);
  await vi.advanceTimersByTimeAsync(0);
  expect(found()).toBe(true);
});

test("a page that is seen again too soon waits for the rest", async () => {
  const found = told(pollPause(1000, new AbortController().signal));
  show(true);
  show(false);
  await vi.advanceTimersByTimeAsync(500);
  expect(found()).toBeUndefined();
  await vi.advanceTimersByTimeAsync(500);
  expect(found()).toBe(true);
});

test("a page that is left waits for nothing, whether before or meanwhile", async () => {
  const aborter = new AbortController();
  const found = told(pollPause(1000, aborter.signal));
  aborter.abort();
  await vi.advanceTimersByTimeAsync(0);
  expect(found()).toBe(false);
  expect(await pollPause(1000, aborter.signal)).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});
