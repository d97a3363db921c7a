// The filter language of the dashboard, the API and the command line: `loss < 0.1 and lr in [1e-3, 3e-4] and "baseline" in tags`.
// aspara/catalog/filters/expression.py has the same language and says what it is; both are held to tests/fixtures/expressions.json.
import type { Json, MetricSummary, Run } from "./types";

export type Value = Json | undefined;
type Get = (fields: Fields, now: number) => Value;

export const STATISTICS = [
  "count",
  "last",
  "last_step",
  "max",
  "max_step",
  "mean",
  "min",
  "min_step",
] as const;
export type Statistic = (typeof STATISTICS)[number];

const OWN = [
  ...["name", "run", "id", "status", "tags", "notes", "group", "job_type", "host", "exit_code"],
  ...["duration", "age", "start_time", "finish_time", "last_update", "last_step", "problem_count"],
] as const;

/** A run's own fields by every name they answer to. */
export const OWN_FIELDS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(OWN.map((name) => [name, name])),
  state: "status",
  display_name: "name",
  started: "start_time",
  created_at: "start_time",
  finished: "finish_time",
  updated: "last_update",
  step: "last_step",
  problems: "problem_count",
};

/** What a filter asks a run for. Paths are dotted: `optimizer.lr` is `{optimizer: {lr: …}}`. */
export interface Fields {
  own(name: string): Value;
  config(path: string): Value;
  summary(path: string): Value;
  statistic(metric: string, which: Statistic): Value;
}

export class ExpressionError extends Error {
  constructor(
    readonly reason: string,
    readonly start: number,
    readonly end: number,
  ) {
    super(`Filter, character ${start + 1}: ${reason}`);
  }
}

export interface Expression {
  readonly text: string;
  /** The fields it reads, as they stand in it. */
  readonly fields: readonly string[];
  matches(fields: Fields, now: number): boolean;
  /** What it comes to; for a lone field the run's value of it, null where it has none. */
  value(fields: Fields, now: number): Json;
}

/** The filter that `text` says; throws an ExpressionError. */
export function parse(text: string): Expression {
  return new Parser(text).whole();
}

/** `name` as it stands in a filter: in backticks unless it is a plain word. */
export function quoted(name: string): string {
  return WHOLE_NAME.test(name) && !WORDS.has(name) ? name : `\`${name.replaceAll("`", "``")}\``;
}

const LONGEST = 4000;
const DEEPEST = 60;
const SCOPES = new Set(["config", "params", "summary", "metrics"]);
const TIMES = new Set(["start_time", "finish_time", "last_update"]);
const WORDS = new Set("and or not in like true false null none True False None inf nan".split(" "));
const CONSTANTS = new Map<string, Value>([
  ["true", true],
  ["True", true],
  ["false", false],
  ["False", false],
  ["null", null],
  ["none", null],
  ["None", null],
  ["inf", Number.POSITIVE_INFINITY],
  ["nan", Number.NaN],
]);
const NAMED_NUMBERS = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);
const UNITS = new Map([
  ["", 1],
  ["s", 1],
  ["m", 60],
  ["h", 3600],
  ["d", 86400],
  ["w", 604800],
]);
// Without arithmetic a name may hold what metric names hold: "train/loss", "val-acc", "layer.0:grad".
const NAME = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_./:@%+#\u0080-\uffff-]*/y;
const WHOLE_NAME = /^[A-Za-z_\u0080-\uffff][A-Za-z0-9_./:@%+#\u0080-\uffff-]*$/;
const NUMBER = /-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/y;
const TIME =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,3}))?)?)?(?:Z|([+-])([0-9]{2}):?([0-9]{2}))?$/;
const WRONG_SIGNS: Record<string, string> = { "&": "and", "|": "or", "!": "not" };
const TWO = new Set(["<=", ">=", "==", "!="]);

interface Token {
  kind: "name" | "quoted" | "number" | "text" | "sign" | "end";
  text: string;
  number: number;
  start: number;
  end: number;
}

interface Operand {
  get: Get;
  token: Token;
  /** The run's own field that it reads, if it does. */
  own?: string | undefined;
  constant?: boolean;
}

function match(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  const add = (kind: Token["kind"], end: number, value: string, number = 0) => {
    found.push({ kind, text: value, number, start: at, end });
    at = end;
  };
  while (at < text.length) {
    const sign = text[at]!;
    if (" \t\r\n".includes(sign)) {
      at++;
      continue;
    }
    if ("\"'`".includes(sign)) {
      const { value, end } = enclosed(text, at);
      add(sign === "`" ? "quoted" : "text", end, value);
      continue;
    }
    const number = match(NUMBER, text, at);
    if (number !== null) {
      const unit = match(NAME, text, at + number.length) ?? "";
      const end = at + number.length + unit.length;
      const factor = UNITS.get(unit);
      if (factor === undefined)
        throw new ExpressionError(`“${number}${unit}” is no number. Units are s, m, h, d and w.`, at, end);
      add("number", end, number, Number(number) * factor);
      continue;
    }
    const name = match(NAME, text, at);
    const pair = text.slice(at, at + 2);
    if (name !== null) add("name", at + name.length, name);
    else if (text.slice(at, at + 4) === "-inf" && match(NAME, text, at + 4) === null)
      add("number", at + 4, "-inf", Number.NEGATIVE_INFINITY);
    else if (TWO.has(pair)) add("sign", at + 2, pair);
    else if ("<>=()[],".includes(sign)) add("sign", at + 1, sign === "=" ? "==" : sign);
    else if (sign in WRONG_SIGNS)
      throw new ExpressionError(`“${sign}” means nothing here: write ${WRONG_SIGNS[sign]}.`, at, at + 1);
    else if ("+-*/^%".includes(sign))
      throw new ExpressionError("There is no arithmetic in filters.", at, at + 1);
    else throw new ExpressionError(`“${sign}” means nothing here.`, at, at + 1);
  }
  found.push({ kind: "end", text: "", number: 0, start: text.length, end: text.length });
  return found;
}

function enclosed(text: string, start: number): { value: string; end: number } {
  const mark = text[start]!;
  let value = "";
  for (let at = start + 1; at < text.length; at++) {
    const sign = text[at]!;
    if (sign === "`" && mark === "`" && text[at + 1] === "`") {
      value += "`";
      at++;
    } else if (sign === mark) return { value, end: at + 1 };
    else if (sign === "\\" && mark !== "`" && at + 1 < text.length) {
      at++;
      value += text[at] === "n" ? "\n" : text[at] === "t" ? "\t" : text[at];
    } else value += sign;
  }
  throw new ExpressionError(`This has no end: a ${mark} is missing.`, start, text.length);
}

class Parser {
  private readonly tokens: Token[];
  private readonly fields: string[] = [];
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {
    if (text.length > LONGEST)
      throw new ExpressionError(`A filter has at most ${LONGEST} characters.`, LONGEST, text.length);
    this.tokens = tokens(text);
  }

  whole(): Expression {
    if (this.peek().kind === "end") throw new ExpressionError("Write a condition, like loss < 0.1.", 0, 0);
    const { get } = this.either();
    if (this.peek().kind !== "end") throw this.wrong("was not expected here. Join conditions with and, or.");
    return {
      text: this.text,
      fields: this.fields,
      matches: (fields, now) => truth(get(fields, now)),
      value: (fields, now) => get(fields, now) ?? null,
    };
  }

  // -- tokens --------------------------------------------------------------------------------------------------------

  private peek(): Token {
    return this.tokens[this.at]!;
  }

  private take(): Token {
    const token = this.peek();
    if (token.kind !== "end") this.at++;
    return token;
  }

  private sign(...signs: string[]): boolean {
    return this.peek().kind === "sign" && signs.includes(this.peek().text);
  }

  private word(word: string, ahead = 0): boolean {
    const token = this.tokens[Math.min(this.at + ahead, this.tokens.length - 1)]!;
    return token.kind === "name" && token.text === word;
  }

  private wrong(what: string): ExpressionError {
    const { start, end } = this.peek();
    return new ExpressionError(`“${this.text.slice(start, end)}” ${what}`, start, end);
  }

  private deeper(): void {
    if (++this.depth > DEEPEST)
      throw new ExpressionError("This is nested too deeply.", this.peek().start, this.peek().end);
  }

  // -- conditions ----------------------------------------------------------------------------------------------------

  private either(): Operand {
    this.deeper();
    let found = this.both();
    while (this.word("or")) {
      this.take();
      const one = found.get;
      const other = this.both().get;
      found = { get: (f, n) => truth(one(f, n)) || truth(other(f, n)), token: found.token };
    }
    this.depth--;
    return found;
  }

  private both(): Operand {
    let found = this.negation();
    while (this.word("and")) {
      this.take();
      found = both(found, this.negation());
    }
    return found;
  }

  private negation(): Operand {
    let negations = 0;
    while (this.word("not")) {
      this.take();
      negations++;
    }
    const found = this.comparison();
    return negations % 2 ? { get: (f, n) => !truth(found.get(f, n)), token: found.token } : found;
  }

  private comparison(): Operand {
    let left = this.operand();
    let found: Operand | null = null;
    for (let operator = this.operator(); operator !== null; operator = this.operator()) {
      const right = this.operand();
      const part = compared(left, operator, right);
      found = found === null ? part : both(found, part);
      left = right;
    }
    return found ?? left;
  }

  private operator(): string | null {
    if (this.sign("<", "<=", ">", ">=", "==", "!=")) return this.take().text;
    for (const word of ["in", "like"]) {
      if (this.word(word)) return this.take().text;
      if (this.word("not") && this.word(word, 1)) {
        this.take();
        this.take();
        return `not ${word}`;
      }
    }
    return null;
  }

  // -- values --------------------------------------------------------------------------------------------------------

  private operand(): Operand {
    const token = this.peek();
    if (token.kind === "end")
      throw new ExpressionError("A value is missing at the end.", token.start, token.end);
    if (token.kind === "number" || token.kind === "text") {
      this.take();
      const value = token.kind === "number" ? token.number : token.text;
      return { get: () => value, token, constant: true };
    }
    if (this.sign("[")) {
      this.take();
      return this.list("]", [], token);
    }
    if (this.sign("(")) {
      this.take();
      const first = this.either();
      if (this.sign(",")) return this.list(")", [first], token);
      this.close(")");
      return first;
    }
    if (token.kind === "quoted") {
      this.take();
      return this.field(token.text, token);
    }
    if (token.kind === "name") {
      if (CONSTANTS.has(token.text)) {
        this.take();
        const value = CONSTANTS.get(token.text);
        return { get: () => value, token, constant: true };
      }
      if (!WORDS.has(token.text)) {
        this.take();
        return this.sign("(") ? this.called(token) : this.field(token.text, token);
      }
    }
    throw this.wrong("was not expected here: a value is missing before it.");
  }

  private list(end: string, items: Operand[], start: Token): Operand {
    this.deeper();
    if (items.length) this.take();
    while (!this.sign(end)) {
      items.push(this.operand());
      if (!this.sign(",")) break;
      this.take();
    }
    this.close(end);
    this.depth--;
    for (const item of items)
      if (!item.constant)
        throw new ExpressionError(
          "A list holds values only: numbers, texts, true, false.",
          item.token.start,
          item.token.end,
        );
    const values = items.map((item) => item.get(NOTHING, 0) as Json);
    return { get: () => values, token: start, constant: true };
  }

  private close(end: string): void {
    if (!this.sign(end))
      throw new ExpressionError(`A ${end} is missing here.`, this.peek().start, this.peek().end);
    this.take();
  }

  private called(name: Token): Operand {
    const which = name.text as Statistic;
    if (!STATISTICS.includes(which))
      throw new ExpressionError(
        `There is no ${which}(). There are ${STATISTICS.join(", ")}.`,
        name.start,
        name.end,
      );
    this.take();
    const token = this.peek();
    if (token.kind !== "name" && token.kind !== "quoted" && token.kind !== "text")
      throw new ExpressionError(
        `${which}() takes the name of a metric.`,
        token.start,
        Math.max(token.end, token.start + 1),
      );
    this.take();
    this.close(")");
    const metric = token.text;
    this.fields.push(`${which}(${quoted(metric)})`);
    return { get: (fields) => statistic(fields, which, metric), token: name };
  }

  private field(name: string, token: Token): Operand {
    this.fields.push(quoted(name));
    if (token.kind === "name" && Object.hasOwn(OWN_FIELDS, name)) {
      const own = OWN_FIELDS[name]!;
      return { get: (fields, now) => ownValue(fields, own, now), token, own };
    }
    const dot = name.indexOf(".");
    const scope = name.slice(0, Math.max(dot, 0));
    const rest = name.slice(dot + 1);
    if (rest && SCOPES.has(scope)) {
      if (scope === "metrics") return { get: (fields) => statistic(fields, "last", rest), token };
      if (scope === "summary") return { get: (fields) => known(fields.summary(rest)), token };
      return { get: (fields) => known(fields.config(rest)), token };
    }
    return {
      get: (fields) => {
        const found = fields.config(name);
        return known(found === undefined ? fields.summary(name) : found);
      },
      token,
    };
  }
}

// -- what a run says -------------------------------------------------------------------------------------------------

const NOTHING: Fields = {
  own: () => undefined,
  config: () => undefined,
  summary: () => undefined,
  statistic: () => undefined,
};

/** A run of the API as filters see it. */
export function fieldsOf(run: Partial<Run> & { metric_summary?: Record<string, MetricSummary> }): Fields {
  return {
    own: (name) => (run as unknown as Record<string, Value>)[name],
    config: (path) => inside(run.config, path),
    summary: (path) => inside(run.summary, path),
    statistic: (metric, which) => run.metric_summary?.[metric]?.[which],
  };
}

function isObject(value: Value): value is { [key: string]: Json } {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** The value at a dotted path; names that hold dots themselves are found too, the longest first. */
function inside(value: Value, path: string): Value {
  if (!isObject(value)) return undefined;
  if (Object.hasOwn(value, path) && !isObject(value[path])) return value[path];
  for (let cut = path.length - 1; cut > 0; cut--) {
    const name = path.slice(0, cut);
    if (path[cut] !== "." || !Object.hasOwn(value, name)) continue;
    const found = inside(value[name], path.slice(cut + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A value as the language sees it: non-finite numbers as numbers, what is missing as null. */
function known(value: Value): Value {
  return typeof value === "string" ? (NAMED_NUMBERS.get(value) ?? value) : (value ?? null);
}

function statistic(fields: Fields, which: Statistic, metric: string): Value {
  const found = known(fields.statistic(metric, which));
  return found === null && which === "last" ? known(fields.summary(metric)) : found;
}

function ownValue(fields: Fields, name: string, now: number): Value {
  if (name !== "duration" && name !== "age") return fields.own(name) ?? null;
  const start = fields.own("start_time");
  if (typeof start !== "number") return null;
  if (name === "age") return (now - start) / 1000;
  const end =
    fields.own("finish_time") ?? (fields.own("status") === "running" ? now : fields.own("last_update"));
  return typeof end === "number" ? (end - start) / 1000 : null;
}

// -- comparing -------------------------------------------------------------------------------------------------------

function both(one: Operand, other: Operand): Operand {
  return { get: (f, n) => truth(one.get(f, n)) && truth(other.get(f, n)), token: one.token };
}

function compared(left: Operand, operator: string, right: Operand): Operand {
  const one = meant(left, right);
  const other = meant(right, left);
  const test = TESTS[operator.replace("not ", "")]!;
  const wanted = !operator.startsWith("not ");
  return { get: (f, n) => test(one(f, n), other(f, n)) === wanted, token: left.token };
}

/** A constant as the field beside it would say it: times in ms, the states' words. */
function meant(operand: Operand, beside: Operand): Get {
  const { own } = beside;
  if (!operand.constant || own === undefined || !(TIMES.has(own) || own === "status")) return operand.get;
  const change = (value: Json): Json =>
    own === "status" ? (value === "finished" ? "completed" : value) : when(value, operand.token);
  const value = operand.get(NOTHING, 0) as Json;
  const changed = Array.isArray(value) ? value.map(change) : change(value);
  return () => changed;
}

function when(value: Json, token: Token): Json {
  if (typeof value !== "string") return value;
  const found = TIME.exec(value);
  const [year, month, day, hour, minute, second] = (found ?? []).slice(1, 7).map((part) => Number(part ?? 0));
  const time = found ? Date.UTC(year!, month! - 1, day!, hour, minute, second) : Number.NaN;
  const hours = Number(found?.[9] ?? 0);
  const minutes = Number(found?.[10] ?? 0);
  const back = new Date(time);
  const real =
    found &&
    year! >= 1000 &&
    back.getUTCMonth() === month! - 1 &&
    back.getUTCDate() === day &&
    hour! < 24 &&
    minute! < 60 &&
    second! < 60 &&
    hours < 24 &&
    minutes < 60;
  if (!real)
    throw new ExpressionError(
      `“${value}” is no time. Write one like "2026-11-24" or "2026-11-24 18:30" (UTC), or use age < 7d.`,
      token.start,
      token.end,
    );
  const offset = (hours * 60 + minutes) * 60_000 * (found[8] === "-" ? -1 : 1);
  return time + Number((found[7] ?? "0").padEnd(3, "0")) - offset;
}

function truth(value: Value): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

function same(one: Value, other: Value): boolean {
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item, i) => same(item, other[i]));
  if (Array.isArray(one)) return one.some((item) => same(known(item), other));
  if (Array.isArray(other)) return other.some((item) => same(known(item), one));
  return Object.is(one, other) || one === other;
}

function holds(one: Value, other: Value): boolean {
  if (Array.isArray(other)) return other.some((item) => same(one, known(item)));
  return typeof one === "string" && typeof other === "string" && other.includes(one);
}

function like(one: Value, other: Value): boolean {
  if (Array.isArray(one)) return one.some((item) => like(item, other));
  return typeof one === "string" && typeof other === "string" && glob(one.toLowerCase(), other.toLowerCase());
}

/** True if `pattern` covers `text`. Greedy with one way back, so its time is bounded by their lengths' product. */
export function glob(text: string, pattern: string): boolean {
  let at = 0;
  let star = 0;
  let here = 0;
  let back = -1;
  while (at < text.length) {
    if (pattern[here] === "*") {
      back = here++;
      star = at;
    } else if (pattern[here] === "?" || pattern[here] === text[at]) {
      here++;
      at++;
    } else if (back >= 0) {
      here = back + 1;
      at = ++star;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(here));
}

function ordered(test: (one: number | string, other: number | string) => boolean) {
  return (one: Value, other: Value) =>
    (typeof one === "number" && typeof other === "number") ||
    (typeof one === "string" && typeof other === "string")
      ? test(one, other)
      : false;
}

const TESTS: Record<string, (one: Value, other: Value) => boolean> = {
  "<": ordered((one, other) => one < other),
  "<=": ordered((one, other) => one <= other),
  ">": ordered((one, other) => one > other),
  ">=": ordered((one, other) => one >= other),
  "==": same,
  "!=": (one, other) => !same(one, other),
  in: holds,
  like,
};
