// What the page of compared runs shows. All of it stands in the address, beside how its charts are drawn.
import { signal } from "@preact/signals";
import { ChartSettings } from "../../state/chart-settings";

export const TABS = ["differences", "charts", "code", "parameters"] as const;
export type Tab = (typeof TABS)[number];
export const SCOPES = ["selected", "filter", "all"] as const;
/** Which runs the parameters are looked at in: those compared, those that the table's filter left, or all. */
export type Scope = (typeof SCOPES)[number];
export const TEXTS = ["diff.patch", "requirements.txt", "config", "command"] as const;
/** What of two runs is compared line by line. */
export type Text = (typeof TEXTS)[number];
export type Interval = readonly [number, number];

export class CompareView extends ChartSettings {
  /** The compared runs in the order of their columns. */
  readonly runs = signal<readonly string[]>([]);
  private readonly chosenBaseline = signal<string | null>(null);
  readonly tab = signal<Tab>("differences");
  /** Also what all runs have in common. */
  readonly everything = signal(false);
  readonly search = signal("");
  /** The two runs whose texts are compared; empty: the baseline and the next. */
  readonly left = signal("");
  readonly right = signal("");
  readonly text = signal<Text>("diff.patch");
  readonly split = signal(false);
  readonly scope = signal<Scope | null>(null);
  readonly runFilter = signal("");
  /** The result that parameters are judged by, a name of the summary; empty: the one that tells most. */
  readonly target = signal("");
  /** Fields of the axes, or null for those that tell most. */
  readonly axes = signal<readonly string[] | null>(null);
  /** Axes whose scale somebody chose: logarithmic or not. */
  readonly logs = signal<ReadonlyMap<string, boolean>>(new Map());
  readonly brushes = signal<ReadonlyMap<string, Interval>>(new Map());
  readonly scatterX = signal("");
  readonly scatterY = signal("");

  override read(query: URLSearchParams): void {
    super.read(query);
    this.show([...new Set(query.getAll("runs").join(",").split(",").filter(Boolean))]);
    this.chosenBaseline.value = query.get("baseline");
    this.tab.value = TABS.find((tab) => tab === query.get("tab")) ?? "differences";
    this.everything.value = query.get("all") === "1";
    this.search.value = query.get("search") ?? "";
    this.left.value = query.get("left") ?? "";
    this.right.value = query.get("right") ?? "";
    this.text.value = TEXTS.find((text) => text === query.get("text")) ?? "diff.patch";
    this.split.value = query.get("split") === "1";
    this.scope.value = SCOPES.find((scope) => scope === query.get("scope")) ?? null;
    this.runFilter.value = query.get("filter") ?? "";
    this.target.value = query.get("target") ?? "";
    this.axes.value = query.has("axis") ? query.getAll("axis").filter(Boolean) : null;
    this.logs.value = new Map([
      ...query.getAll("logaxis").map((field): [string, boolean] => [field, true]),
      ...query.getAll("linaxis").map((field): [string, boolean] => [field, false]),
    ]);
    const brushes = new Map<string, Interval>();
    for (const text of query.getAll("brush")) {
      const cut = text.lastIndexOf(":");
      const found = text
        .slice(cut + 1)
        .split("..")
        .map(Number);
      if (cut > 0 && found.length === 2 && found.every(Number.isFinite))
        brushes.set(text.slice(0, cut), [found[0]!, found[1]!]);
    }
    this.brushes.value = brushes;
    this.scatterX.value = query.get("sx") ?? "";
    this.scatterY.value = query.get("sy") ?? "";
  }

  override write(): URLSearchParams {
    const charts = super.write();
    // Which runs are drawn is what the page is about.
    for (const name of ["runs", "show"]) charts.delete(name);
    const query = new URLSearchParams();
    const set = (name: string, value: string | null) => value && query.set(name, value);
    set("runs", this.runs.value.join(","));
    set("baseline", this.chosenBaseline.value);
    if (this.tab.value !== "differences") set("tab", this.tab.value);
    if (this.everything.value) set("all", "1");
    set("search", this.search.value);
    set("left", this.left.value);
    set("right", this.right.value);
    if (this.text.value !== "diff.patch") set("text", this.text.value);
    if (this.split.value) set("split", "1");
    set("scope", this.scope.value);
    set("filter", this.runFilter.value);
    set("target", this.target.value);
    if (this.axes.value)
      for (const field of this.axes.value.length ? this.axes.value : [""]) query.append("axis", field);
    for (const [field, log] of this.logs.value) query.append(log ? "logaxis" : "linaxis", field);
    for (const [field, range] of this.brushes.value)
      query.append("brush", `${field}:${range.map((n) => Number(n.toPrecision(12))).join("..")}`);
    set("sx", this.scatterX.value);
    set("sy", this.scatterY.value);
    for (const [name, value] of charts) query.append(name, value);
    return query;
  }

  /** Compares these runs and no others. */
  show(runs: readonly string[]): void {
    this.runs.value = runs;
    this.base.value = "none";
    this.chosen.value = new Set(runs);
  }

  remove(run: string): void {
    this.show(this.runs.value.filter((other) => other !== run));
    if (this.chosenBaseline.value === run) this.chosenBaseline.value = null;
  }

  add(run: string): void {
    if (!this.runs.value.includes(run)) this.show([...this.runs.value, run]);
  }

  /** The same runs in another order; the baseline stays what it is. */
  order(runs: readonly string[]): void {
    this.chosenBaseline.value = this.baseline;
    this.show(runs);
  }

  /** What the others are measured against: the first, unless another was chosen. */
  get baseline(): string | null {
    const chosen = this.chosenBaseline.value;
    return chosen !== null && this.runs.value.includes(chosen) ? chosen : (this.runs.value[0] ?? null);
  }

  set baseline(run: string | null) {
    this.chosenBaseline.value = run;
  }

  /** Draws a run in the charts, or no longer. */
  toggle(run: string): void {
    const hidden = new Set(this.hidden.value);
    if (!hidden.delete(run)) hidden.add(run);
    this.hidden.value = hidden;
  }

  brush(field: string, range: Interval | null): void {
    const next = new Map(this.brushes.value);
    if (range) next.set(field, range);
    else next.delete(field);
    this.brushes.value = next;
  }
}
