// @vitest-environment happy-dom
import { signal } from "@preact/signals";
import { render } from "preact";
import { act } from "preact/test-utils";
import { expect, it, vi } from "vitest";
import type { Run } from "../src/core/types";
import { PanelContext } from "../src/panel/panel-context";
import { asRun, type Info } from "../src/source/comm";
import { Compare } from "../src/widget/compare";
import type { RunSession } from "../src/widget/run-session";

const info = (i: number): Info => ({
  project: "p",
  run: `run-${i}`,
  id: `${i}`,
  name: `run ${i}`,
  color: i,
  status: "completed",
  start_time: 0,
  step: 1,
  total_steps: null,
  tags: i % 5 ? [] : ["baseline"],
  now: 1,
});

it("lists the other runs, and finds some of many by name or tag", async () => {
  const runs: Run[] = Array.from({ length: 20 }, (_, i) => asRun(info(i)));
  const toggle = vi.fn(async () => undefined);
  const session = { others: signal([]), server: { runs: async () => runs }, toggle } as unknown as RunSession;
  const root = document.body.appendChild(document.createElement("div"));
  const environment = { plotly: vi.fn(), dark: signal(false), say: vi.fn() };
  await act(() =>
    render(
      <PanelContext.Provider value={environment}>
        <Compare session={session} project="p" self="run-3" />
      </PanelContext.Provider>,
      root,
    ),
  );
  await act(async () => root.querySelector("button")!.click());
  await vi.waitFor(() => expect(root.querySelectorAll("li").length).toBeGreaterThan(0));
  const names = () => [...root.querySelectorAll("li .w-name")].map((name) => name.textContent);
  expect(names()).toHaveLength(19);
  expect(names()).not.toContain("run 3");
  const type = async (text: string) => {
    const field = root.querySelector<HTMLInputElement>("input[type=search]")!;
    field.value = text;
    await act(async () => void field.dispatchEvent(new Event("input", { bubbles: true })));
  };
  await type("BASE");
  expect(names()).toEqual(["run 0", "run 5", "run 10", "run 15"]);
  await type("un 17");
  expect(names()).toEqual(["run 17"]);
  await act(async () => root.querySelector<HTMLInputElement>("li input")!.click());
  expect(toggle).toHaveBeenCalledWith(runs[17]);
  await type("no such");
  expect(root.textContent).toContain("None matches.");
});
