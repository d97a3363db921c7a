import "./tree.css";
import { useMemo, useState } from "preact/hooks";
import { stringify } from "../../core/json";
import type { Json } from "../../core/types";
import { Copy } from "./copy";

type Branches = Record<string, Json> | Json[];

/** Rows of one branch that are shown before somebody asks for all. */
const FIRST = 100;
/** Lists of so many plain values stand in one line. */
const SHORT = 12;
const LONG_TEXT = 300;

/** Nested values, folded and unfolded, found by key or value; each value and each path can be copied. */
export function Tree({
  value,
  root,
  label,
  search: given,
  find,
}: {
  value: Branches;
  root: string;
  label: string;
  /** What is looked for, where somebody else keeps it. */
  search?: string;
  find?: (search: string) => void;
}) {
  const [own, setOwn] = useState("");
  const search = given ?? own;
  const setSearch = find ?? setOwn;
  const [all, setAll] = useState<{ open: boolean; round: number }>({ open: true, round: 0 });
  const wanted = search.trim().toLowerCase();
  const found = useMemo(() => (wanted ? filtered(value, wanted) : value), [value, wanted]);
  const total = useMemo(() => leaves(value), [value]);
  return (
    <div class="card tree-card">
      <div class="bar">
        <input
          type="search"
          data-search
          placeholder="Search keys and values"
          aria-label={`Search ${label}`}
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        <button type="button" onClick={() => setAll({ open: true, round: all.round + 1 })}>
          Expand all
        </button>
        <button type="button" onClick={() => setAll({ open: false, round: all.round + 1 })}>
          Collapse all
        </button>
        <span class="spacer" />
        <span class="faint small">
          {wanted ? `${leaves(found)} of ` : ""}
          {total} {total === 1 ? "value" : "values"}
        </span>
        <Copy text={stringify(value, 2)} what={`${label} as JSON`} />
      </div>
      {entries(found).length === 0 ? (
        <p class="empty">
          No keys or values match “{search}”.{" "}
          <button type="button" class="link" onClick={() => setSearch("")}>
            Show all
          </button>
        </p>
      ) : (
        <Branch
          key={`${all.round} ${wanted}`}
          value={found}
          path={root}
          open={wanted !== "" || all.open}
          depth={0}
        />
      )}
    </div>
  );
}

function Branch({
  value,
  path,
  open,
  depth,
}: {
  value: Branches;
  path: string;
  open: boolean;
  depth: number;
}) {
  const [most, setMost] = useState(FIRST);
  const rows = entries(value);
  return (
    <ul class="tree">
      {rows.slice(0, most).map(([key, inner]) => (
        <Row
          key={key}
          name={key}
          value={inner}
          path={step(path, key, Array.isArray(value))}
          open={open}
          depth={depth}
        />
      ))}
      {rows.length > most && (
        <li>
          <button type="button" class="link" onClick={() => setMost(most + 1000)}>
            Show {Math.min(1000, rows.length - most)} more of {rows.length}
          </button>
        </li>
      )}
    </ul>
  );
}

function Row({
  name,
  value,
  path,
  open,
  depth,
}: {
  name: string;
  value: Json;
  path: string;
  open: boolean;
  depth: number;
}) {
  const [unfolded, setUnfolded] = useState(open && depth < 6);
  if (isBranch(value)) {
    const count = entries(value).length;
    return (
      <li>
        <span class="tree-row">
          <button type="button" class="fold" aria-expanded={unfolded} onClick={() => setUnfolded(!unfolded)}>
            <span class="arrow" aria-hidden="true">
              {unfolded ? "▾" : "▸"}
            </span>
            <span class="tree-key">{name}</span>
            <span class="count">{Array.isArray(value) ? `[${count}]` : count}</span>
          </button>
          <span class="tree-copy">
            <Copy text={path} what={`the path ${path}`} />
          </span>
        </span>
        {unfolded && <Branch value={value} path={path} open={open} depth={depth + 1} />}
      </li>
    );
  }
  const text = typeof value === "string" ? value : stringify(value);
  return (
    <li>
      <span class="tree-row leaf">
        <span class="tree-key" title={path}>
          {name}
        </span>
        <Value text={text} kind={value === null ? "null" : Array.isArray(value) ? "list" : typeof value} />
        <span class="tree-copy">
          <Copy text={text} what={`the value of ${name}`} />
          <Copy text={path} what={`the path ${path}`} />
        </span>
      </span>
    </li>
  );
}

function Value({ text, kind }: { text: string; kind: string }) {
  const [whole, setWhole] = useState(false);
  const cut = text.length > LONG_TEXT && !whole;
  return (
    <code class={`tree-value ${kind}`}>
      {kind === "string" && text === "" ? (
        <i class="faint">empty text</i>
      ) : cut ? (
        `${text.slice(0, LONG_TEXT)}…`
      ) : (
        text
      )}
      {cut && (
        <button type="button" class="link" onClick={() => setWhole(true)}>
          show all {text.length} characters
        </button>
      )}
    </code>
  );
}

function isBranch(value: Json): value is Branches {
  if (value === null || typeof value !== "object") return false;
  if (!Array.isArray(value)) return Object.keys(value).length > 0;
  return value.length > SHORT || value.some((item) => item !== null && typeof item === "object");
}

function entries(value: Branches): [string, Json][] {
  return Array.isArray(value) ? value.map((item, i) => [String(i), item]) : Object.entries(value);
}

/** How one reaches a value in a program. */
function step(path: string, key: string, list: boolean): string {
  if (list) return `${path}[${key}]`;
  return /^[A-Za-z_]\w*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

function leaves(value: Branches): number {
  return entries(value).reduce((sum, [, inner]) => sum + (isBranch(inner) ? leaves(inner) : 1), 0);
}

/** What is left of a branch where key or value hold the text; lists keep their numbers by becoming objects. */
function filtered(value: Branches, wanted: string): Record<string, Json> {
  const left: [string, Json][] = [];
  for (const [key, inner] of entries(value)) {
    if (key.toLowerCase().includes(wanted)) left.push([key, inner]);
    else if (isBranch(inner)) {
      const deeper = filtered(inner, wanted);
      if (Object.keys(deeper).length) left.push([key, deeper]);
    } else if (
      String(typeof inner === "string" ? inner : stringify(inner))
        .toLowerCase()
        .includes(wanted)
    )
      left.push([key, inner]);
  }
  return Object.fromEntries(left);
}
