// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FieldLists } from "../src/dashboard/parts/fieldlists";
import { Tabs } from "../src/dashboard/parts/tabs";

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
        <FieldLists
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
    expect(root.textContent).toContain("and 700 more: search for them");
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
