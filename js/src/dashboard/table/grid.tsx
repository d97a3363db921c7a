import "./grid.css";
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { digitsFor, formatValue } from "../../core/format";
import { stringify } from "../../core/json";
import { PALETTE, runColor } from "../../core/palette";
import type { Json } from "../../core/types";
import { COLUMNS } from "../../core/vocabulary";
import { useApp } from "../app";
import { Popover } from "../components/popover";
import { Cell, cellText, isNumeric } from "./cells";
import type { Row, RunColumns } from "./columns";
import { type Group, label, labels, type TableView, unquoted, valueIn } from "./view";

export const ROW = 34;
const HEAD = 32;
const NAME = 280;
/** Of the names on a phone. */
const SHORT_NAME = 190;
const WIDE = 120;
/** Of numbers with how far they are from a baseline's. */
const WITH_DELTA = 156;
/** Rows whose values a column's digits must tell apart. */
const COMPARED = 2000;
const NARROW: Record<string, number> = { status: 110, step: 84, tags: 150 };

export type Item = { row: Row } | { group: Group; closed: boolean };

interface Props {
  project: string;
  columns: RunColumns;
  view: TableView;
  fields: string[];
  items: Item[];
  /** All rows, in their order; what a range of selected ones is taken from. */
  rows: Row[];
  selected: ReadonlySet<string>;
  select: (runs: ReadonlySet<string>) => void;
  toggleGroup: (value: Json) => void;
  recolor: (row: Row, color: number | null) => void;
  now: number;
}

/** The table itself. Rows exist only near the screen, so that ten thousand scroll as well as ten. */
export function Grid(props: Props) {
  const { address, navigate } = useApp();
  const { project, columns, view, fields, items, rows, selected, select, now } = props;
  const box = useRef<HTMLElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(800);
  const [active, setActive] = useState(-1);
  const anchor = useRef<string | null>(null);
  useEffect(() => {
    const sized = new ResizeObserver(() => box.current && setHeight(box.current.clientHeight));
    sized.observe(box.current!);
    return () => sized.disconnect();
  }, []);
  const first = Math.max(0, Math.floor(top / ROW) - 8);
  const last = Math.min(items.length, Math.ceil((top + height) / ROW) + 8);
  const widths = view.widths.value;
  const nameWidth = widths.name ?? (innerWidth < 600 ? SHORT_NAME : NAME);
  const pinned = new Set(view.pinned.value);
  const ordered = [...fields.filter((f) => pinned.has(f)), ...fields.filter((f) => !pinned.has(f))];
  const named = labels(ordered);
  const baseline = view.baseline.value === null ? null : (columns.get(view.baseline.value) ?? null);
  const numeric = new Set(
    ordered.filter((field) => {
      for (const row of rows.slice(0, 50)) {
        const value = valueIn(row, field, now);
        if (value !== null) return isNumeric(value);
      }
      return false;
    }),
  );
  const digits = useMemo(
    () =>
      new Map(
        ordered.map((field) => [
          field,
          numeric.has(field) ? digitsFor(rows.slice(0, COMPARED).map((row) => valueIn(row, field, now))) : 4,
        ]),
      ),
    [rows, ordered.join("\n")],
  );
  const width = (field: string) =>
    widths[field] ?? NARROW[field] ?? (baseline && numeric.has(field) ? WITH_DELTA : WIDE);
  const lefts = new Map<string, number>();
  let left = nameWidth;
  for (const field of ordered) {
    if (!pinned.has(field)) break;
    lefts.set(field, left);
    left += width(field);
  }

  const pick = (row: Row, range: boolean) => {
    const next = new Set(selected);
    if (range && anchor.current !== null) {
      const from = rows.findIndex((r) => r.run === anchor.current);
      const to = rows.indexOf(row);
      for (const r of rows.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(r.run);
    } else if (!next.delete(row.run)) next.add(row.run);
    anchor.current = row.run;
    select(next);
  };
  const show = (at: number) => {
    const y = at * ROW;
    const el = box.current!;
    if (y < el.scrollTop) el.scrollTop = y;
    else if (y + ROW + HEAD > el.scrollTop + el.clientHeight) el.scrollTop = y + ROW + HEAD - el.clientHeight;
  };
  const keys = (event: KeyboardEvent) => {
    if (event.target !== box.current) return;
    const page = Math.max(1, Math.floor(height / ROW) - 2);
    const next = {
      ArrowDown: active + 1,
      j: active + 1,
      ArrowUp: active - 1,
      k: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: items.length - 1,
    }[event.key];
    if (next !== undefined && items.length) {
      event.preventDefault();
      const at = Math.max(0, Math.min(items.length - 1, next));
      setActive(at);
      show(at);
      return;
    }
    const item = items[active];
    if (!item) return;
    if (event.key === " " || event.key.toLowerCase() === "x") {
      event.preventDefault();
      if ("row" in item) pick(item.row, event.shiftKey);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if ("row" in item) navigate(address("projects", project, "runs", item.row.run));
      else props.toggleGroup(item.group.value ?? null);
    }
  };
  const allSelected = rows.length > 0 && rows.every((r) => selected.has(r.run));
  return (
    <section
      class="table-wrap runs-table"
      ref={box}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label="Table of runs: arrow keys move, Space selects, Enter opens"
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={keys}
    >
      <table aria-rowcount={items.length + 1} aria-colcount={ordered.length + 1}>
        <colgroup>
          <col style={{ width: `${nameWidth}px` }} />
          {ordered.map((field) => (
            <col key={field} style={{ width: `${width(field)}px` }} />
          ))}
          <col />
        </colgroup>
        <thead>
          <tr>
            <Head view={view} field="name" text={COLUMNS.name!} fields={ordered} width={nameWidth} left={0}>
              <input
                type="checkbox"
                aria-label={allSelected ? "Select none" : `Select all ${rows.length} runs`}
                checked={allSelected}
                onChange={() => select(allSelected ? new Set() : new Set(rows.map((r) => r.run)))}
              />
            </Head>
            {ordered.map((field) => (
              <Head
                key={field}
                view={view}
                field={field}
                text={named.get(field)!}
                fields={ordered}
                width={width(field)}
                numeric={numeric.has(field)}
                left={lefts.get(field)}
              />
            ))}
            <td class="filler" />
          </tr>
        </thead>
        <tbody>
          {first > 0 && <tr class="gap" style={{ height: `${first * ROW}px` }} />}
          {items.slice(first, last).map((item, i) => {
            const at = first + i;
            const marks = `${at === active ? "active " : ""}`;
            if ("group" in item)
              return (
                <tr key={`g${stringify(item.group.value)}`} class={`${marks}group`} aria-rowindex={at + 2}>
                  <th scope="row" style={{ left: 0 }}>
                    <button
                      type="button"
                      class="fold"
                      aria-expanded={!item.closed}
                      onClick={() => props.toggleGroup(item.group.value ?? null)}
                    >
                      <span class="arrow" aria-hidden="true">
                        {item.closed ? "▸" : "▾"}
                      </span>
                      {label(view.group.value)} ={" "}
                      {cellText(unquoted(view.group.value), item.group.value ?? null, now)}
                      <span class="count">{item.group.rows.length}</span>
                    </button>
                  </th>
                  {ordered.map((field) => (
                    <td
                      key={field}
                      class={numeric.has(field) ? "number" : ""}
                      style={stick(lefts.get(field))}
                    >
                      {numeric.has(field) && <Mean rows={item.group.rows} field={field} now={now} />}
                    </td>
                  ))}
                  <td class="filler" />
                </tr>
              );
            const { row } = item;
            const chosen = selected.has(row.run);
            return (
              <tr
                key={row.run}
                class={`${marks}${chosen ? "chosen " : ""}${row === baseline ? "baseline" : ""}`}
                aria-rowindex={at + 2}
                onClick={() => setActive(at)}
              >
                <th scope="row" style={{ left: 0 }}>
                  <div class="name-cell">
                    <input
                      type="checkbox"
                      aria-label={`Select ${row.name}`}
                      checked={chosen}
                      onClick={(event) => {
                        pick(row, event.shiftKey);
                        // A range has its end in it, also where the click itself took the tick away.
                        if (event.shiftKey) event.currentTarget.checked = true;
                      }}
                    />
                    <Swatch row={row} recolor={props.recolor} />
                    <a href={address("projects", project, "runs", row.run)} title={row.name}>
                      {row.name}
                    </a>
                    {row === baseline ? (
                      <button
                        type="button"
                        class="chip"
                        title="Clear baseline"
                        onClick={() => {
                          view.baseline.value = null;
                        }}
                      >
                        baseline ×
                      </button>
                    ) : (
                      <button
                        type="button"
                        class="quiet"
                        title="Compare other runs with this run"
                        aria-label={`Make ${row.name} the baseline`}
                        onClick={() => {
                          view.baseline.value = row.run;
                        }}
                      >
                        Δ
                      </button>
                    )}
                  </div>
                </th>
                {ordered.map((field) => (
                  <td key={field} class={numeric.has(field) ? "number" : ""} style={stick(lefts.get(field))}>
                    <Cell row={row} field={field} now={now} baseline={baseline} digits={digits.get(field)!} />
                  </td>
                ))}
                <td class="filler" />
              </tr>
            );
          })}
          {last < items.length && <tr class="gap" style={{ height: `${(items.length - last) * ROW}px` }} />}
        </tbody>
      </table>
    </section>
  );
}

function stick(left: number | undefined): { left: string; position: "sticky" } | undefined {
  return left === undefined ? undefined : { left: `${left}px`, position: "sticky" };
}

function Mean({ rows, field, now }: { rows: Row[]; field: string; now: number }) {
  const values = rows
    .map((row) => valueIn(row, field, now))
    .filter((v): v is number => typeof v === "number" && Number.isFinite(v));
  if (values.length === 0) return null;
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const text = cellText(unquoted(field), mean, now);
  const range = `min ${formatValue(Math.min(...values))}, max ${formatValue(Math.max(...values))}`;
  return (
    <span class="faint" title={`Mean of ${values.length} runs; ${range}`}>
      {values.length > 1 ? `mean ${text}` : text}
    </span>
  );
}

function Swatch({ row, recolor }: { row: Row; recolor: Props["recolor"] }) {
  const app = useApp();
  const color = runColor(row.color);
  const dot = <i class="dot" style={{ background: color }} aria-hidden="true" />;
  if (app.readOnly) return dot;
  return (
    <Popover text={dot} label={`Colour of ${row.name}`} kind="swatch small">
      {(close) => (
        <div class="swatches">
          {PALETTE.map((paint, slot) => (
            <button
              key={paint}
              type="button"
              aria-label={`Colour ${slot + 1}`}
              aria-pressed={color === paint}
              onClick={() => {
                recolor(row, slot);
                close();
              }}
            >
              <i style={{ background: paint }} aria-hidden="true" />
            </button>
          ))}
          <button
            type="button"
            class="link"
            onClick={() => {
              recolor(row, null);
              close();
            }}
          >
            Default
          </button>
        </div>
      )}
    </Popover>
  );
}

function Head({
  view,
  field,
  text,
  fields,
  width,
  numeric = false,
  left,
  children,
}: {
  view: TableView;
  field: string;
  text: string;
  fields: string[];
  width: number;
  numeric?: boolean;
  left?: number | undefined;
  children?: ComponentChildren;
}) {
  const sorts = view.sort.value;
  const at = sorts.findIndex((s) => s.replace(/^-/, "") === field);
  const down = at >= 0 && sorts[at]!.startsWith("-");
  const resize = (to: number) => {
    view.widths.value = { ...view.widths.value, [field]: Math.max(56, Math.round(to)) };
  };
  const drag = (event: PointerEvent) => {
    event.preventDefault();
    event.stopPropagation();
    const from = event.clientX;
    const aborter = new AbortController();
    const options = { signal: aborter.signal };
    document.addEventListener("pointermove", (e) => resize(width + e.clientX - from), options);
    document.addEventListener("pointerup", () => aborter.abort(), options);
  };
  const move = (to: string, after: boolean) => {
    if (to === field) return;
    const others = fields.filter((f) => f !== field);
    others.splice(others.indexOf(to) + (after ? 1 : 0), 0, field);
    view.columns.value = others;
  };
  const own = field === "name";
  return (
    <th
      scope="col"
      class={numeric ? "number" : ""}
      aria-sort={at === 0 ? (down ? "descending" : "ascending") : "none"}
      style={left === undefined ? undefined : { left: `${left}px`, zIndex: 3 }}
      draggable={!own}
      onDragStart={(event) => event.dataTransfer?.setData("application/x-aspara-column", field)}
      onDragOver={(event) => {
        if (!own && event.dataTransfer?.types.includes("application/x-aspara-column")) event.preventDefault();
      }}
      onDrop={(event) => {
        const from = event.dataTransfer?.getData("application/x-aspara-column");
        if (!from || from === field || own) return;
        event.preventDefault();
        const others = fields.filter((f) => f !== from);
        const box = event.currentTarget.getBoundingClientRect();
        others.splice(others.indexOf(field) + (event.clientX > box.left + box.width / 2 ? 1 : 0), 0, from);
        view.columns.value = others;
      }}
    >
      <div class="head-cell">
        {children}
        <button
          type="button"
          class="sort"
          title={`Sort by ${unquoted(field)} (with Shift: add to the sort)`}
          onClick={(event) => view.toggleSort(field, event.shiftKey)}
        >
          <span class="sort-name">{text}</span>
          {at >= 0 && (
            <span class="sort-way" aria-hidden="true">
              {down ? "↓" : "↑"}
              {sorts.length > 1 && at + 1}
            </span>
          )}
        </button>
        {!own && (
          <Popover text="⋮" label={`Column ${text}`} kind="quiet">
            {(close) => {
              const item = (name: string, act: () => void) => (
                <button
                  type="button"
                  onClick={() => {
                    close();
                    act();
                  }}
                >
                  {name}
                </button>
              );
              const place = fields.indexOf(field);
              return (
                <div class="menu-items">
                  <p class="faint">{unquoted(field)}</p>
                  {item("Sort ascending", () => {
                    view.sort.value = [field];
                  })}
                  {item("Sort descending", () => {
                    view.sort.value = [`-${field}`];
                  })}
                  {sorts.length > 0 &&
                    at < 0 &&
                    item("Then sort by this", () => view.toggleSort(field, true))}
                  {item(view.group.value === field ? "Remove grouping" : "Group by this", () => {
                    view.group.value = view.group.value === field ? "" : field;
                  })}
                  {item(view.pinned.value.includes(field) ? "Unpin" : "Pin", () => {
                    view.pinned.value = view.pinned.value.includes(field)
                      ? view.pinned.value.filter((f) => f !== field)
                      : [...view.pinned.value, field];
                  })}
                  {place > 0 && item("Move left", () => move(fields[place - 1]!, false))}
                  {place < fields.length - 1 && item("Move right", () => move(fields[place + 1]!, true))}
                  {item("Hide", () => {
                    view.columns.value = fields.filter((f) => f !== field);
                  })}
                </div>
              );
            }}
          </Popover>
        )}
        {/* biome-ignore lint/a11y/useSemanticElements: a line between columns that is dragged is no <hr> */}
        <span
          class="resize"
          role="separator"
          tabIndex={0}
          aria-orientation="vertical"
          aria-label={`Width of ${text}`}
          aria-valuenow={width}
          aria-valuemin={56}
          aria-valuemax={1000}
          onPointerDown={drag}
          onDblClick={() => {
            const { [field]: _, ...others } = view.widths.value;
            view.widths.value = others;
          }}
          onKeyDown={(event) => {
            const by = { ArrowLeft: -16, ArrowRight: 16 }[event.key];
            if (by === undefined) return;
            event.preventDefault();
            resize(width + by);
          }}
        />
      </div>
    </th>
  );
}
