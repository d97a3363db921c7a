// @vitest-environment happy-dom
import { render } from "preact";
import { useState } from "preact/hooks";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FieldPicker } from "../src/dashboard/components/field-picker";
import { useDebounced, useLoaded } from "../src/dashboard/components/hooks";
import { Tabs } from "../src/dashboard/components/tabs";
import { labels } from "../src/dashboard/table/view";
import { ErrorMessage } from "../src/panel/error-message";
import { SourceError } from "../src/source/source";

let root: HTMLElement;
beforeEach(() => {
  root = document.body.appendChild(document.createElement("div"));
});
afterEach(() => {
  render(null, root);
  root.remove();
});

describe("tabs", () => {
  it.each([
    ["ArrowRight", "b", "c"],
    ["ArrowRight", "c", "a"],
    ["ArrowLeft", "a", "c"],
    ["Home", "c", "a"],
    ["End", "a", "c"],
  ])("go with %s from %s to %s, and take the focus along", (key, now, next) => {
    const choose = vi.fn();
    const items = [..."abc"].map((id) => ({ id, text: id }));
    act(() => render(<Tabs label="Tabs" items={items} now={now} choose={choose} />, root));
    root
      .querySelector(`#tab-${now}`)!
      .dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    expect(choose.mock.calls).toEqual([[next]]);
    expect(document.activeElement?.id).toBe(`tab-${next}`);
  });
});

describe("what went wrong", () => {
  it("is told at once, with what helps", () => {
    const again = vi.fn();
    act(() => render(<ErrorMessage text="No such file." again={again} />, root));
    const told = root.querySelector("[role=alert]")!;
    expect(told.textContent).toBe("No such file. Try again");
    told.querySelector("button")!.click();
    expect(again).toHaveBeenCalledOnce();
  });
  it("is nothing where nothing did", () => {
    act(() => render(<ErrorMessage text={null}>more</ErrorMessage>, root));
    expect(root.textContent).toBe("");
  });
});

describe("a debounced value", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());
  const shown = () => {
    const changes: number[] = [];
    const ways = { set: (_: number) => {}, go: (_: number) => {}, changes };
    function Probe() {
      const [outer, setOuter] = useState(0);
      const change = (to: number) => {
        changes.push(to);
        setOuter(to);
      };
      const [value, set] = useDebounced(outer, change, 250);
      Object.assign(ways, { set, go: setOuter });
      return <p>{`${value} ${outer}`}</p>;
    }
    act(() => render(<Probe />, root));
    return ways;
  };
  const passed = (ms: number) => act(() => void vi.advanceTimersByTime(ms));
  it("is shown at once, and passed on when no other followed", () => {
    const { set, changes } = shown();
    act(() => set(1));
    passed(200);
    act(() => set(2));
    passed(249);
    expect([root.textContent, changes]).toEqual(["2 0", []]);
    passed(1);
    expect([root.textContent, changes]).toEqual(["2 2", [2]]);
  });
  it("stays when the value before it comes back from where it was passed on", () => {
    const { set, changes } = shown();
    act(() => set(7));
    act(() => {
      vi.advanceTimersByTime(250);
      set(6);
    });
    expect(root.textContent).toBe("6 7");
    passed(250);
    expect([root.textContent, changes]).toEqual(["6 6", [7, 6]]);
  });
  it("is replaced by a change that others made, also back to an earlier value", () => {
    const { set, go, changes } = shown();
    act(() => set(7));
    passed(250);
    act(() => set(6));
    act(() => go(0));
    passed(1000);
    expect([root.textContent, changes]).toEqual(["0 0", [7]]);
    act(() => go(7));
    expect(root.textContent).toBe("7 7");
  });
});

describe("something loaded", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());
  const passed = async (ms: number) => {
    await act(async () => void (await vi.advanceTimersByTimeAsync(ms)));
    await act(async () => void (await vi.advanceTimersByTimeAsync(1)));
  };
  function Shown({ load }: { load: () => Promise<string> }) {
    const { value, error, again } = useLoaded(load, []);
    return (
      <>
        {value}
        <ErrorMessage text={error} again={again} />
      </>
    );
  }

  it("is asked for again by itself where the server does not answer", async () => {
    const load = vi
      .fn<() => Promise<string>>()
      .mockRejectedValueOnce(new SourceError("No answer."))
      .mockResolvedValue("here");
    await act(async () => render(<Shown load={load} />, root));
    await passed(10);
    expect(root.textContent).toBe("No answer.");
    await passed(5000);
    expect(root.textContent).toBe("here");
  });
  it("is asked for again by hand where the server refused", async () => {
    const load = vi
      .fn<() => Promise<string>>()
      .mockRejectedValueOnce(new SourceError("Refused.", 403))
      .mockResolvedValue("here");
    await act(async () => render(<Shown load={load} />, root));
    await passed(60_000);
    expect(root.textContent).toBe("Refused. Try again");
    await act(async () => root.querySelector("button")!.click());
    await passed(10);
    expect(root.textContent).toBe("here");
  });
});

describe("the heads of columns", () => {
  it("are short, unless two would be alike", () => {
    const fields = ["config.lr", "summary.lr", "`summary.val/loss`", "status"];
    expect([...labels(fields).values()]).toEqual(["config.lr", "summary.lr", "val/loss", "Status"]);
  });
});

describe("lists of fields", () => {
  const many = Array.from({ length: 1000 }, (_, i) => `summary.loss${i}`);
  const groups = [
    { name: "config", fields: ["config.lr", "config.depth"] },
    { name: "summary", fields: many },
  ];

  function drawn(chosen: string[], choose = vi.fn()) {
    const name = (field: string) => field.replace(/^\w+\./, "");
    act(() =>
      render(
        <FieldPicker
          what="axes"
          groups={groups}
          chosen={chosen}
          name={name}
          choose={choose}
          reset={() => {}}
        />,
        root,
      ),
    );
    return choose;
  }
  const texts = () => [...root.querySelectorAll("label")].map((label) => label.textContent);

  it("show so many of a group as a page can hold, and find the others", () => {
    drawn([]);
    expect(texts().length).toBe(302);
    expect(root.textContent).toContain("700 more: search to find them");
    const search = root.querySelector<HTMLInputElement>("input[type=search]")!;
    act(() => {
      search.value = "LOSS99";
      search.dispatchEvent(new Event("input", { bubbles: true }));
    });
    expect(texts()).toEqual(["loss99", ...Array.from({ length: 10 }, (_, i) => `loss99${i}`)]);
  });

  it("put a field at the end of those that are chosen, and take it away again", () => {
    const choose = drawn(["config.depth"]);
    root.querySelectorAll<HTMLInputElement>("label input")[0]!.click();
    root.querySelectorAll<HTMLInputElement>("label input")[1]!.click();
    expect(choose.mock.calls).toEqual([[["config.depth", "config.lr"]], [[]]]);
  });
});
