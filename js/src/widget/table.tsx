import { useMemo, useState } from "preact/hooks";
import { formatDuration, formatNumber } from "../core/format";
import { runColor } from "../core/palette";
import type { Status } from "../core/types";
import { StatusBadge } from "../panel/badges";

type Cell = string | number | boolean | null;
type Kind = "name" | "status" | "number" | "text" | "time" | "seconds";

/** A table as the kernel made it (see aspara/api/table_view.py). */
export interface Listing {
  title: string;
  noun: string;
  columns: { title: string; kind: Kind }[];
  rows: Cell[][];
  /** The project and run (empty: the project itself) that each row is about. */
  keys: [string, string][];
  colors: number[];
  total: number;
}

/** Somebody wants to see a run or a project; whoever prevents the event shows it. */
export const OPEN = "aspara:open";

const FILTERED = 9;

/** The order of the rows when sorted by a column; what has no value stands last either way. */
export function sorted(rows: readonly Cell[][], column: number, down: boolean): number[] {
  const value = (row: number) => {
    const cell = rows[row]![column] ?? null;
    if (cell === null || cell === "" || cell === "NaN") return null;
    if (cell === "Infinity" || cell === "-Infinity") return Number(cell);
    return typeof cell === "string" ? cell.toLowerCase() : Number(cell);
  };
  return rows
    .map((_, i) => i)
    .sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === null || y === null) return x === y ? a - b : x === null ? 1 : -1;
      const order = typeof x === typeof y ? (x < y ? -1 : x > y ? 1 : 0) : typeof x === "number" ? -1 : 1;
      return (down ? -order : order) || a - b;
    });
}

/** Runs or projects as a table, sorted by the column whose title is clicked, and filtered by text. */
export function TableView({ listing, base }: { listing: Listing; base: string | null }) {
  const { columns, rows } = listing;
  const [by, setBy] = useState<{ column: number; down: boolean } | null>(null);
  const [text, setText] = useState("");
  const order = useMemo(() => {
    const found = by ? sorted(rows, by.column, by.down) : rows.map((_, i) => i);
    const wanted = text.trim().toLowerCase();
    if (!wanted) return found;
    return found.filter((i) =>
      rows[i]!.some((cell) =>
        String(cell ?? "")
          .toLowerCase()
          .includes(wanted),
      ),
    );
  }, [rows, by, text]);
  const counted = `${listing.total} ${listing.noun}${listing.total === 1 ? "" : "s"}`;
  return (
    <>
      <header class="w-head">
        {listing.title && <strong class="w-name">{listing.title}</strong>}
        <span class="faint">
          {counted}
          {rows.length < listing.total && `, ${rows.length} of them here`}
          {order.length < rows.length && ` · ${order.length} match`}
        </span>
        <span class="spacer" />
        {rows.length >= FILTERED && (
          <input
            type="search"
            placeholder="Filter"
            aria-label="Filter the rows"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => event.stopPropagation()}
          />
        )}
      </header>
      <div class="w-table">
        <table>
          <thead>
            <tr>
              {columns.map((column, i) => (
                <th
                  key={column.title}
                  class={`w-${column.kind}`}
                  aria-sort={by?.column === i ? (by.down ? "descending" : "ascending") : "none"}
                >
                  <button
                    type="button"
                    title={`Sort by ${column.title}`}
                    onClick={() => setBy({ column: i, down: by?.column === i && !by.down })}
                  >
                    {column.title}
                    <span aria-hidden="true">{by?.column === i ? (by.down ? " ↓" : " ↑") : ""}</span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {order.map((i) => (
              <tr key={listing.keys[i]!.join("/")}>
                {columns.map((column, c) => (
                  <td key={column.title} class={`w-${column.kind}`} title={long(rows[i]![c] ?? null)}>
                    {column.kind === "name" ? (
                      <Name
                        text={String(rows[i]![c] ?? "")}
                        at={listing.keys[i]!}
                        color={listing.colors[i] ?? null}
                        base={base}
                      />
                    ) : (
                      <Value cell={rows[i]![c] ?? null} kind={column.kind} />
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Name({
  text,
  at,
  color,
  base,
}: {
  text: string;
  at: [string, string];
  color: number | null;
  base: string | null;
}) {
  const [project, run] = at;
  const dot = color !== null && <i class="dot" style={{ background: runColor(color) }} aria-hidden="true" />;
  if (!base)
    return (
      <span class="w-row-name">
        {dot}
        {text}
      </span>
    );
  const path = `projects/${encodeURIComponent(project)}${run && `/runs/${encodeURIComponent(run)}`}`;
  return (
    <a
      class="w-row-name"
      href={`${base}aspara/${path}`}
      target="_blank"
      rel="noopener"
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        const detail = { project, run };
        const asked = new CustomEvent(OPEN, { bubbles: true, cancelable: true, composed: true, detail });
        if (!event.currentTarget.dispatchEvent(asked)) event.preventDefault();
      }}
    >
      {dot}
      {text}
    </a>
  );
}

function Value({ cell, kind }: { cell: Cell; kind: Kind }) {
  if (cell === null || cell === "") return <span class="faint">–</span>;
  if (kind === "status") return <StatusBadge status={cell === "finished" ? "completed" : (cell as Status)} />;
  if (kind === "time")
    return <>{new Date(Number(cell)).toLocaleString([], { dateStyle: "short", timeStyle: "short" })}</>;
  if (kind === "seconds") return <>{formatDuration(Number(cell) * 1000)}</>;
  return <>{typeof cell === "number" ? formatNumber(cell) : String(cell)}</>;
}

function long(cell: Cell): string | undefined {
  return typeof cell === "string" && cell.length > 24 ? cell : undefined;
}
