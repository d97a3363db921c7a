import "./filter.css";
import { useRef, useState } from "preact/hooks";
import {
  type Expression,
  ExpressionError,
  OWN_FIELDS,
  parse,
  quoted,
  STATISTICS,
} from "../../core/expression";
import { Popover } from "../components/popover";
import type { RunColumns } from "./columns";

const EXAMPLES: [string, string][] = [
  ["loss < 0.1 and lr in [1e-3, 3e-4]", "results and config"],
  ['"baseline" in tags', "with a tag"],
  ['status == "failed" and age < 7d', "what failed this week"],
  ["min(val/loss) < 0.3", "the best value of a metric"],
  ['name like "sweep-*" and not config.debug', "a pattern, a switch"],
  ["loss == nan", "what blew up"],
];

export interface Checked {
  expression: Expression | null;
  error: ExpressionError | null;
  /** Fields that no run has. */
  unknown: string[];
}

/** What a filter means, or what is wrong with it. */
export function check(text: string, columns: RunColumns): Checked {
  if (!text.trim()) return { expression: null, error: null, unknown: [] };
  try {
    const expression = parse(text);
    const unknown = columns.rows.length ? expression.fields.filter((field) => !exists(field, columns)) : [];
    return { expression, error: null, unknown };
  } catch (error) {
    if (error instanceof ExpressionError) return { expression: null, error, unknown: [] };
    throw error;
  }
}

const CALL = /^(\w+)\((.+)\)$/s;

function exists(field: string, columns: RunColumns): boolean {
  const name = (CALL.exec(field)?.[2] ?? field).replace(/^`(.*)`$/s, (_, inner: string) =>
    inner.replaceAll("``", "`"),
  );
  if (CALL.test(field)) return columns.metrics.has(name);
  if (Object.hasOwn(OWN_FIELDS, name)) return true;
  const [, scope, rest] = /^(config|params|summary|metrics)\.(.+)$/s.exec(name) ?? [];
  if (scope === "summary") return columns.summary.has(rest!);
  if (scope === "metrics") return columns.metrics.has(rest!) || columns.summary.has(rest!);
  return columns.config.has(rest ?? name) || columns.summary.has(name);
}

/** Every name that a filter may use, what people filter by first. */
export function fieldNames(columns: RunColumns): string[] {
  const bare = new Set([...columns.config.keys(), ...columns.summary.keys()].map(quoted));
  return [
    ...bare,
    ...["name", "status", "tags", "duration", "age", "step", "started", "host", "group", "notes"],
    ...[...columns.metrics].flatMap((m) => [`min(${quoted(m)})`, `max(${quoted(m)})`, `mean(${quoted(m)})`]),
  ];
}

/** The name that is nearest to one that does not exist. */
export function nearest(wanted: string, names: Iterable<string>): string | null {
  let best: string | null = null;
  let least = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const name of names) {
    const far = distance(wanted.toLowerCase(), name.toLowerCase(), least);
    if (far < least) [best, least] = [name, far];
  }
  return best;
}

function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const now = [i];
    for (let j = 1; j <= b.length; j++)
      now[j] = Math.min(before[j]! + 1, now[j - 1]! + 1, before[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    before = now;
  }
  return before[b.length]!;
}

const WORD = /[A-Za-z_\u0080-\uffff][\w./:@%+#\u0080-\uffff-]*$/;

/** The filter's line: completes names, shows in place what is wrong, and explains the language. */
export function FilterBox({
  value,
  columns,
  checked,
  onChange,
}: {
  value: string;
  columns: RunColumns;
  checked: Checked;
  onChange: (text: string) => void;
}) {
  const input = useRef<HTMLInputElement>(null);
  const [at, setAt] = useState<number | null>(null);
  const [moved, setPicked] = useState<number | null>(null);
  const before = at === null ? "" : value.slice(0, at);
  const word = WORD.exec(before)?.[0] ?? "";
  const inText = (before.match(/"/g)?.length ?? 0) % 2 === 1;
  const offers =
    word.length > 0 && !inText
      ? fieldNames(columns)
          .filter((name) => name.toLowerCase().includes(word.toLowerCase()) && name !== word)
          .sort((a, b) => Number(b.startsWith(word)) - Number(a.startsWith(word)))
          .slice(0, 8)
      : [];
  // A name that is whole already is not meant to become another one by Enter or Tab.
  const picked = moved ?? (offers.length > 0 && fieldNames(columns).includes(word) ? -1 : 0);
  const put = (name: string) => {
    const start = before.length - word.length;
    const next = value.slice(0, start) + name + value.slice(at!);
    onChange(next);
    setAt(null);
    requestAnimationFrame(() => {
      input.current?.focus();
      input.current?.setSelectionRange(start + name.length, start + name.length);
    });
  };
  const { error, unknown } = checked;
  return (
    <div class="filter">
      <div class="filter-line">
        <input
          ref={input}
          type="text"
          role="combobox"
          aria-autocomplete="list"
          aria-expanded={offers.length > 0}
          aria-controls="filter-offers"
          aria-activedescendant={offers[picked] ? `offer-${picked}` : undefined}
          aria-invalid={error !== null}
          aria-describedby="filter-said"
          aria-label="Filter runs by an expression"
          placeholder='Filter: loss < 0.1 and "baseline" in tags'
          spellcheck={false}
          autocomplete="off"
          value={value}
          onInput={(event) => {
            setAt(event.currentTarget.selectionStart);
            setPicked(null);
            onChange(event.currentTarget.value);
          }}
          onBlur={() => setTimeout(() => setAt(null), 150)}
          onKeyDown={(event) => {
            if (event.key === "Escape") {
              if (offers.length) setAt(null);
              else event.currentTarget.blur();
            }
            if (!offers.length) return;
            if (event.key === "ArrowDown") setPicked((picked + 1) % offers.length);
            else if (event.key === "ArrowUp")
              setPicked((Math.max(0, picked) + offers.length - 1) % offers.length);
            else if (offers[picked] && (event.key === "Tab" || event.key === "Enter")) put(offers[picked]);
            else return;
            event.preventDefault();
          }}
        />
        <Popover text="?" label="Filter syntax" kind="icon-button">
          {(close) => (
            <Help
              columns={columns}
              use={(text) => {
                onChange(text);
                close();
                input.current?.focus();
              }}
            />
          )}
        </Popover>
      </div>
      <div id="filter-said" class="filter-said" aria-live="polite">
        {error && (
          <p class="error">
            <code>
              {value.slice(0, error.start)}
              <mark>{value.slice(error.start, error.end) || " "}</mark>
              {value.slice(error.end)}
            </code>{" "}
            {error.reason}
          </p>
        )}
        {unknown.map((field) => {
          const guess = nearest(field, fieldNames(columns));
          return (
            <p key={field} class="warn">
              No run has <code>{field}</code>.
              {guess && (
                <>
                  {" "}
                  Did you mean{" "}
                  <button type="button" class="link" onClick={() => onChange(value.replace(field, guess))}>
                    {guess}
                  </button>
                  ?
                </>
              )}
            </p>
          );
        })}
      </div>
      {offers.length > 0 && (
        <div id="filter-offers" class="card offers" role="listbox" aria-label="Fields">
          {offers.map((name, i) => (
            <button
              key={name}
              id={`offer-${i}`}
              type="button"
              role="option"
              tabIndex={-1}
              aria-selected={i === picked}
              onMouseDown={(event) => {
                event.preventDefault();
                put(name);
              }}
            >
              {name}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

function Help({ columns, use }: { columns: RunColumns; use: (text: string) => void }) {
  const some = fieldNames(columns).slice(0, 24);
  return (
    <div class="filter-help">
      <h2>Filters</h2>
      <ul>
        {EXAMPLES.map(([text, meaning]) => (
          <li key={text}>
            <button type="button" class="link" onClick={() => use(text)}>
              <code>{text}</code>
            </button>{" "}
            <span class="faint">{meaning}</span>
          </li>
        ))}
      </ul>
      <p>
        <code>&lt; &lt;= &gt; &gt;= == !=</code> · <code>in [..]</code>, <code>not in</code> ·{" "}
        <code>like "a*"</code> · <code>and or not ( )</code>
      </p>
      <p>
        <code>lr</code> is looked up in the config, then in the summary; <code>config.lr</code> and{" "}
        <code>summary.lr</code> choose one. Of a metric: {STATISTICS.map((s) => `${s}(m)`).join(", ")}. Units:{" "}
        <code>90s 5m 2h 7d 1w</code>. Put names with other characters in backticks.
      </p>
      {some.length > 0 && (
        <p class="faint">
          Fields here: <code>{some.join("  ")}</code>
        </p>
      )}
    </div>
  );
}
