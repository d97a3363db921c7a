// What the table shows and in what order. Kept in the address; columns and widths are also remembered by the browser.

import { effect, signal } from "@preact/signals";
import { type Expression, ExpressionError, parse, quoted, type Value } from "../../core/expression";
import { stringify } from "../../core/json";
import type { Json } from "../../core/types";
import { COLUMNS } from "../../core/vocabulary";
import { remember, remembered } from "../../state/chart-settings";
import { beside, readList, written } from "../../state/url-run-list";
import { keep } from "../../state/url-state";
import type { Row, RunColumns } from "./columns";

export interface Kept {
  columns: string[] | null;
  pinned: string[];
  widths: Record<string, number>;
}

export class TableView {
  readonly search = signal("");
  readonly filter = signal("");
  /** Fields in the filter language, `-` in front for descending; the first counts most. */
  readonly sort = signal<string[]>([]);
  readonly group = signal("");
  /** The columns shown, as fields; null for those that tell most. */
  readonly columns = signal<string[] | null>(null);
  readonly pinned = signal<string[]>([]);
  readonly baseline = signal<string | null>(null);
  readonly widths = signal<Record<string, number>>({});

  readonly selected = signal<ReadonlySet<string>>(new Set());
  /** How many runs were selected where the address was made, of which it has no names: they were too many. */
  readonly lost = signal(0);
  private count = 0;

  constructor(private readonly project: string) {}

  /** Takes the state from an address's query; `kept` is what is shown where it says nothing. */
  read(query: URLSearchParams, kept: Partial<Kept> = {}): void {
    this.search.value = query.get("search") ?? "";
    this.filter.value = query.get("filter") ?? "";
    this.sort.value = split(query.get("sort") ?? "")
      .map((field) => (field === "-started" ? "" : field))
      .filter(Boolean);
    this.group.value = query.get("group") ?? "";
    this.columns.value = query.has("cols") ? split(query.get("cols")!) : (kept.columns ?? null);
    this.pinned.value = query.has("pin") ? split(query.get("pin")!) : (kept.pinned ?? []);
    this.baseline.value = query.get("baseline");
    if (kept.widths) this.widths.value = kept.widths;
    const selected = readList(query, "sel");
    this.selected.value = selected.names;
    this.count = selected.names.size;
    this.lost.value = selected.lost;
  }

  /** The address as it is when the page is opened: what it leaves open is as it was left. */
  open(query: URLSearchParams): void {
    this.read(query, this.kept());
  }

  write(): URLSearchParams {
    const query = new URLSearchParams();
    const set = (name: string, value: string | null) => value && query.set(name, value);
    set("search", this.search.value);
    set("filter", this.filter.value);
    set("sort", this.sort.value.join(","));
    set("group", this.group.value);
    if (this.columns.value) query.set("cols", this.columns.value.join(","));
    set("pin", this.pinned.value.join(","));
    set("baseline", this.baseline.value);
    set("sel", written(this.selected.value));
    return query;
  }

  beside(): Record<string, string> {
    return beside({ sel: this.selected.value });
  }

  /** A tick more or less is no act that Back takes back; all, none and a range of ticks are. */
  quiet(names: readonly string[]): boolean {
    const by = Math.abs(this.selected.value.size - this.count);
    this.count = this.selected.value.size;
    return names.join() === "sel" && by === 1;
  }

  /** Keeps address and memory up to date until the signal aborts. */
  bind(aborted: AbortSignal): void {
    keep(this, aborted);
    const stop = effect(() => {
      const kept: Kept = {
        columns: this.columns.value,
        pinned: this.pinned.value,
        widths: this.widths.value,
      };
      remember(this.key, JSON.stringify(kept));
    });
    aborted.addEventListener("abort", stop);
  }

  /** A click on a column's head: ascending, descending, none; with `more` beside the others instead of in their place. */
  toggleSort(field: string, more: boolean): void {
    const before = this.sort.value.find((s) => s.replace(/^-/, "") === field);
    const next = before === undefined ? field : before === field ? `-${field}` : null;
    const others = more ? this.sort.value : [];
    if (next === null) this.sort.value = others.filter((s) => s !== before);
    else if (more && before !== undefined) this.sort.value = others.map((s) => (s === before ? next : s));
    else this.sort.value = [...others, next];
  }

  private get key(): string {
    return `aspara-table-${this.project}`;
  }

  private kept(): Partial<Kept> {
    try {
      return (JSON.parse(remembered(this.key) ?? "{}") as Partial<Kept> | null) ?? {};
    } catch {
      return {};
    }
  }
}

/** Fields separated by commas; those in backticks may hold some. */
export function split(text: string): string[] {
  return (text.match(/(?:`(?:[^`]|``)*`|[^,`])+/g) ?? []).map((part) => part.trim()).filter(Boolean);
}

/** The name that a column's head shows. */
export function label(field: string): string {
  const inner = /^(config|params|summary)\.(.+)$/s.exec(unquoted(field));
  return inner ? inner[2]! : (COLUMNS[field] ?? unquoted(field));
}

/** The names that the heads of columns show together: those that would be alike say where they come from. */
export function labels(fields: readonly string[]): Map<string, string> {
  const short = fields.map(label);
  return new Map(
    fields.map((field, i) => [
      field,
      short.indexOf(short[i]!) === short.lastIndexOf(short[i]!) ? short[i]! : unquoted(field),
    ]),
  );
}

export function unquoted(field: string): string {
  return /^`.*`$/s.test(field) ? field.slice(1, -1).replaceAll("``", "`") : field;
}

export function fieldOf(scope: "config" | "summary", name: string): string {
  return quoted(`${scope}.${name}`);
}

const parsed = new Map<string, Expression | null>();
/** The meaning of a column's field, or null where it has none. */
export function meaning(field: string): Expression | null {
  if (!parsed.has(field)) {
    let found: Expression | null = null;
    try {
      found = parse(field);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
    }
    parsed.set(field, found);
  }
  return parsed.get(field)!;
}

export function valueIn(row: Row, field: string, now: number): Json {
  const value = meaning(field)?.value(row, now) ?? null;
  return typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER
    ? exact(row, field, value)
    : value;
}

/** The integer that a field names, with all of its digits. */
function exact(row: Row, field: string, value: number): Json {
  const [, part, path] = /^(config|params|summary)\.(.+)$/s.exec(unquoted(field)) ?? [];
  const found =
    path === undefined
      ? (row.exact("config", unquoted(field)) ?? row.exact("summary", unquoted(field)))
      : row.exact(part === "summary" ? "summary" : "config", path);
  return typeof found === "bigint" ? found : value;
}

/** Numbers before texts; lists as texts. */
export function compare(a: Json, b: Json): number {
  const numeric = (value: Json) => typeof value === "number" || typeof value === "bigint";
  if (numeric(a) && numeric(b)) return a! < b! ? -1 : a! > b! ? 1 : 0;
  if (numeric(a)) return -1;
  if (numeric(b)) return 1;
  return collator.compare(String(a), String(b));
}
const collator = new Intl.Collator("en", { numeric: true });

/** `rows` by several fields; what has no value comes last, whichever the direction. Equals stay as they were. */
export function sorted(rows: readonly Row[], sort: readonly string[], now: number): Row[] {
  const orders = sort.map((field) => ({ down: field.startsWith("-"), field: field.replace(/^-/, "") }));
  if (orders.length === 0) return [...rows];
  const keys = new Map<Row, Json[]>();
  for (const row of rows)
    keys.set(
      row,
      orders.map(({ field }) => {
        const value = valueIn(row, field, now);
        const empty = value === null || value === "" || (Array.isArray(value) && value.length === 0);
        return empty || (typeof value === "number" && Number.isNaN(value)) ? null : value;
      }),
    );
  return [...rows].sort((a, b) => {
    const one = keys.get(a)!;
    const other = keys.get(b)!;
    for (let i = 0; i < orders.length; i++) {
      const x = one[i]!;
      const y = other[i]!;
      if (x === null || y === null) {
        if (x !== y) return x === null ? 1 : -1;
        continue;
      }
      const order = compare(x, y);
      if (order !== 0) return orders[i]!.down ? -order : order;
    }
    return 0;
  });
}

/** Runs whose name, tags, notes or state hold every word. */
export function searched(rows: readonly Row[], text: string): readonly Row[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const all = [row.name, row.run, row.own("status"), row.own("group"), row.own("notes"), ...row.tags]
      .filter(Boolean)
      .join("\n")
      .toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

export interface Group {
  value: Value;
  rows: Row[];
}

/** `rows` in groups of equal values of a field, in the order of their first runs. */
export function grouped(rows: readonly Row[], field: string, now: number): Group[] {
  const groups = new Map<string, Group>();
  for (const row of rows) {
    const value = valueIn(row, field, now);
    const key = stringify(value);
    const found = groups.get(key);
    if (found) found.rows.push(row);
    else groups.set(key, { value, rows: [row] });
  }
  return [...groups.values()];
}

/** The columns that tell most: the foremost results, inputs that differ between runs, then the other results. */
export function telling(columns: RunColumns, most = 8, foremost = 3): string[] {
  const byName = (a: string, b: string) => collator.compare(a, b);
  const differing = [...columns.config.keys()].filter((name) => {
    const seen = new Set<string>();
    for (const row of columns.rows.slice(0, 500)) {
      seen.add(stringify(row.config(name) ?? null));
      if (seen.size > 1) return true;
    }
    return columns.rows.length < 2;
  });
  const rank = (name: string) => (/loss|acc|score|f1|auc|error|reward|best/i.test(name) ? 0 : 1);
  const results = columns.results
    .filter((name) => !/^(system|sys)[/.]|^_/.test(name))
    .sort((a, b) => rank(a) - rank(b) || byName(a, b))
    .slice(0, most)
    .map((name) => fieldOf("summary", name));
  const inputs = differing
    .sort(byName)
    .slice(0, most)
    .map((name) => fieldOf("config", name));
  // Beside many inputs nobody would see a result without moving sideways.
  return [
    "status",
    "started",
    "duration",
    ...results.slice(0, foremost),
    ...inputs,
    ...results.slice(foremost),
  ];
}
