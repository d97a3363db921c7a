// @vitest-environment happy-dom
import { signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { beside, MOST_NAMED, readList, written } from "../src/state/url-run-list";
import { enter, keep } from "../src/state/url-state";

class Page {
  readonly filter = signal("");
  readonly zoom = signal("");
  readonly log = signal("");
  write(): URLSearchParams {
    const query = new URLSearchParams();
    for (const name of ["filter", "zoom", "log"] as const)
      if (this[name].value) query.set(name, this[name].value);
    return query;
  }
  read(query: URLSearchParams): void {
    for (const name of ["filter", "zoom", "log"] as const) this[name].value = query.get(name) ?? "";
  }
}

/** What the history was told: "+" for an entry of its own, "=" for a change of the present one. */
let told: string[] = [];
let aborter: AbortController;
let page: Page;
let clock = 0;
const settled = () => new Promise<void>((done) => queueMicrotask(done));
const query = () => location.search.slice(1);

beforeEach(async () => {
  told = [];
  history.replaceState(null, "", "/projects/p");
  vi.spyOn(performance, "now").mockImplementation(() => clock);
  const { pushState, replaceState } = history;
  vi.spyOn(history, "pushState").mockImplementation((...given) => {
    pushState.apply(history, given);
    told.push(`+${query()}`);
  });
  vi.spyOn(history, "replaceState").mockImplementation((...given) => {
    replaceState.apply(history, given);
    told.push(`=${query()}`);
  });
  aborter = new AbortController();
  page = new Page();
  keep(page, aborter.signal);
  await settled();
  clock += 60_000;
});
afterEach(() => {
  aborter.abort();
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

async function act(change: () => void, after = 0): Promise<void> {
  clock += after;
  change();
  await settled();
}

describe("the address of a page", () => {
  it("gets an entry of the history for each act, with all that the act changed", async () => {
    await act(() => {
      page.zoom.value = "1..2";
      page.log.value = "1";
    });
    await act(() => {
      page.zoom.value = "";
    });
    expect(["+zoom=1..2&log=1", "+log=1"]).toEqual(told);
  });

  it("has one entry for what belongs together: notches of a wheel, letters of a word, a slider that is dragged", async () => {
    for (const zoom of ["1", "2", "3"])
      await act(() => {
        page.zoom.value = zoom;
      }, 400);
    expect(["+zoom=1", "=zoom=2", "=zoom=3"]).toEqual(told.splice(0));
    const field = document.body.appendChild(document.createElement("input"));
    field.type = "search";
    field.focus();
    for (const text of ["l", "lo", "los"])
      await act(() => {
        page.filter.value = text;
      }, 2000);
    expect(["+filter=l&zoom=3", "=filter=lo&zoom=3", "=filter=los&zoom=3"]).toEqual(told.splice(0));
    field.blur();
    document.dispatchEvent(new Event("pointerdown"));
    for (const log of ["1", "2"])
      await act(() => {
        page.log.value = log;
      }, 10_000);
    document.dispatchEvent(new Event("pointerup"));
    expect(["+", "="]).toEqual(told.map((each) => each[0]));
  });

  it("has two entries for two acts, however soon the second comes", async () => {
    for (const zoom of ["1", "2"]) {
      document.dispatchEvent(new Event("pointerdown"));
      document.dispatchEvent(new Event("pointerup"));
      await act(() => {
        page.zoom.value = zoom;
      });
    }
    expect(["+zoom=1", "+zoom=2"]).toEqual(told);
  });

  it("is read again with Back, and what follows is an act of its own", async () => {
    await act(() => {
      page.zoom.value = "1";
    });
    history.replaceState(null, "", "/projects/p?filter=x&unknown=1");
    told = [];
    await act(() => dispatchEvent(new PopStateEvent("popstate")));
    expect(["x", ""]).toEqual([page.filter.value, page.zoom.value]);
    expect(["=filter=x"]).toEqual(told.splice(0));
    await act(() => {
      page.zoom.value = "2";
    });
    expect(["+filter=x&zoom=2"]).toEqual(told);
  });

  it("is left alone by a page that is gone, or that the address is no longer about", async () => {
    history.replaceState(null, "", "/projects/q?filter=x");
    told = [];
    await act(() => dispatchEvent(new PopStateEvent("popstate")));
    expect("").toBe(page.filter.value);
    page.zoom.value = "1";
    aborter.abort();
    await settled();
    expect([]).toEqual(told);
  });

  it("keeps what is behind the # and beside the entry", async () => {
    history.replaceState({ sel: "a" }, "", "/projects/p#media");
    await act(() => {
      page.zoom.value = "1";
    });
    expect(["#media", { sel: "a" }]).toEqual([location.hash, history.state]);
    enter("/projects/p#console", ["#"]);
    expect({ sel: "a" }).toEqual(history.state);
  });
});

describe("a list of runs in an address", () => {
  const many = new Set(Array.from({ length: MOST_NAMED + 1 }, (_, i) => `run-${i}`));
  const asked = (text: string) => new URLSearchParams({ sel: text });

  it("is there by name while it is short", () => {
    const some = new Set(["a", "b"]);
    expect("a,b").toBe(written(some));
    expect({}).toEqual(beside({ sel: some }));
    expect({ names: some, lost: 0 }).toEqual(readList(asked("a,b"), "sel", () => null));
    expect({ names: new Set(), lost: 0 }).toEqual(readList(asked(""), "sel", () => null));
  });

  it("stands beside it when it is long, and elsewhere says how many are lost", () => {
    const text = written(many);
    expect(text.length).toBeLessThan(20);
    expect({ names: many, lost: 0 }).toEqual(readList(asked(text), "sel", () => beside({ sel: many })));
    for (const other of [null, {}, { sel: "a,b" }, { sel: 5 }])
      expect({ names: new Set(), lost: many.size }).toEqual(readList(asked(text), "sel", () => other));
  });

  it("is kept nowhere when it is endless", () => {
    const endless = new Set(Array.from({ length: 20_000 }, (_, i) => `${"x".repeat(100)}${i}`));
    expect({}).toEqual(beside({ sel: endless }));
  });
});
