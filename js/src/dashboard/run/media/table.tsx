import "./table.css";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { formatNumber, formatValue } from "../../../core/format";
import { stringify } from "../../../core/json";
import { fileName, type MediaItem, record } from "../../../core/media";
import type { Json } from "../../../core/types";
import { Dialog } from "../../../panel/dialog";
import { ErrorMessage } from "../../../panel/error-message";
import { useDebounced, useLoaded } from "../../components/hooks";
import { Lightbox } from "./lightbox";
import type { MediaClient } from "./media-client";
import { PAGE, useRows } from "./rows";

const LOW = 32;
const HIGH = 64;
/** Rows that are shown in a frame of scrolling; browsers cannot make elements high enough for more. */
const MOST = 200_000;
/** The height of the frame, and rows beyond its edges that are there before they are seen. */
const FRAME = 460;
const BEYOND = 3;
/** Characters of a cell that are fetched for a row that is looked at. */
const WHOLE = 20_000;
const NOTHING: ReadonlySet<string> = new Set();
const NO_COLUMNS: readonly Json[] = [];

/** A logged table: sorted, searched and filtered by the server, a page at a time; rows exist only on screen. */
export function TableView({
  item,
  shelf,
  query,
  set,
}: {
  item: MediaItem;
  shelf: MediaClient;
  query: URLSearchParams;
  set: (changes: Record<string, string | null>) => void;
}) {
  const place = item.index ? `${item.metric}:${item.index}` : item.metric;
  const sort = query.get(`sort:${place}`) ?? "";
  const search = query.get(`find:${place}`) ?? "";
  const filter = query.get(`where:${place}`) ?? "";
  const [top, setTop] = useState(0);
  const [closer, setCloser] = useState<number | null>(null);
  const [picture, setPicture] = useState<MediaItem | null>(null);
  const box = useRef<HTMLElement>(null);
  const asked = {
    ...(sort ? { sort } : {}),
    ...(search ? { search } : {}),
    ...(filter ? { filter } : {}),
  };
  const rows = useRows(shelf, item.name!, asked);
  const told = item.value.columns;
  const columns = rows.columns ?? (Array.isArray(told) ? told : NO_COLUMNS);
  const { high, widths, numbers } = useMemo(() => measured(columns, rows.known), [columns, rows.known]);
  const height = high ? HIGH : LOW;
  const total = Math.min(rows.total ?? 0, MOST);
  const seen = Math.ceil(FRAME / height) + 2 * BEYOND;
  const first = Math.max(0, Math.min(total - seen, Math.floor(top / height) - BEYOND));
  const last = Math.min(total, first + seen);
  useEffect(() => {
    rows.need(first, last);
  }, [first, last, rows.need]);
  useEffect(() => {
    if (box.current) box.current.scrollTop = 0;
    setTop(0);
  }, [sort, search, filter, item.name]);
  const turn = (name: string) =>
    set({ [`sort:${place}`]: sort === name ? `-${name}` : sort === `-${name}` ? null : name });
  return (
    <div class="media-table">
      <div class="bar">
        <Field
          label={`Search ${item.metric}`}
          placeholder="Search"
          value={search}
          change={(text) => set({ [`find:${place}`]: text })}
        />
        <Field
          label={`Filter ${item.metric}`}
          placeholder={example(columns)}
          value={filter}
          change={(text) => set({ [`where:${place}`]: text })}
          wrong={rows.error !== null && filter !== ""}
        />
        <span class="spacer" />
        <span class="faint small" role="status">
          {rows.total === null
            ? "…"
            : search || filter
              ? `${rows.total} of ${item.value.rows ?? "?"} rows`
              : `${rows.total} rows`}
        </span>
        <a class="small" href={shelf.file(item.name!, true)} download={fileName(item)}>
          Download
        </a>
      </div>
      <ErrorMessage text={rows.error} again={rows.again} />
      <section
        class="table-wrap rows"
        ref={box}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label={item.caption ?? item.metric}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      >
        <table aria-rowcount={rows.total ?? -1} style={{ width: `${widths.reduce((a, b) => a + b, 56)}px` }}>
          <colgroup>
            <col style={{ width: "56px" }} />
            {widths.map((each, i) => (
              <col key={i} style={{ width: `${each}px` }} />
            ))}
          </colgroup>
          <thead>
            <tr>
              <th scope="col">
                <span class="sr">row</span>
              </th>
              {columns.map((column, i) => {
                const name = String(column);
                const way = sort === name ? "ascending" : sort === `-${name}` ? "descending" : "none";
                return (
                  <th key={i} scope="col" aria-sort={way} class={numbers[i] ? "number" : ""}>
                    <button type="button" title={`Sort by ${name}`} onClick={() => turn(name)}>
                      {name}
                      {way === "none" ? "" : way === "ascending" ? " ↑" : " ↓"}
                    </button>
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {first > 0 && <tr class="gap" style={{ height: `${first * height}px` }} />}
            {Array.from({ length: Math.max(0, last - first) }, (_, i) => {
              const n = first + i;
              const row = rows.at(n);
              return (
                <tr key={n} aria-rowindex={n + 1} style={{ height: `${height}px` }}>
                  <td class="row-number">
                    <button type="button" aria-label={`Show row ${n + 1}`} onClick={() => setCloser(n)}>
                      {n + 1}
                    </button>
                  </td>
                  {columns.map((_, j) => (
                    <Cell key={j} value={row?.[j]} shelf={shelf} item={item} open={setPicture} />
                  ))}
                </tr>
              );
            })}
            {last < total && <tr class="gap" style={{ height: `${(total - last) * height}px` }} />}
          </tbody>
        </table>
        {rows.total === 0 && !rows.error && (
          <p class="empty">{search || filter ? "No row is like that." : "The table has no rows."}</p>
        )}
      </section>
      {(rows.total ?? 0) > MOST && (
        <p class="hint small">
          The first {MOST} of {rows.total} rows are shown. Sort, search or filter to see others.
        </p>
      )}
      {closer !== null && (
        <RowDialog
          n={closer}
          columns={columns}
          load={(signal) =>
            shelf.rows(
              item.name!,
              { ...asked, offset: String(closer), limit: "1", width: String(WHOLE) },
              signal,
            )
          }
          close={() => setCloser(null)}
        />
      )}
      {picture && (
        <Lightbox items={[picture]} at={0} go={() => setPicture(null)} shelf={shelf} hidden={NOTHING} />
      )}
    </div>
  );
}

/** A field whose text counts a moment after the last key. */
function Field({
  label,
  placeholder,
  value,
  change,
  wrong = false,
}: {
  label: string;
  placeholder: string;
  value: string;
  change: (text: string | null) => void;
  wrong?: boolean;
}) {
  const [text, setText] = useDebounced(value, (typed) => change(typed || null), 300);
  return (
    <input
      type="search"
      aria-label={label}
      aria-invalid={wrong}
      placeholder={placeholder}
      value={text}
      onInput={(event) => setText(event.currentTarget.value)}
    />
  );
}

function Cell({
  value,
  shelf,
  item,
  open,
}: {
  value: Json | undefined;
  shelf: MediaClient;
  item: MediaItem;
  open: (picture: MediaItem) => void;
}) {
  if (value === undefined) return <td class="faint">…</td>;
  const media = record(value);
  if (typeof media._type === "string" && typeof media.path === "string") {
    const name = media.path.slice(media.path.lastIndexOf("/") + 1);
    const inner: MediaItem = {
      ...item,
      type: media._type,
      name,
      path: media.path,
      caption: typeof media.caption === "string" ? media.caption : null,
      value: media,
    };
    if (media._type !== "image")
      return (
        <td>
          <a href={shelf.file(name, true)} download={fileName(inner)}>
            {media._type}
          </a>
        </td>
      );
    return (
      <td class="thumb">
        <button type="button" aria-label={inner.caption ?? "Look closer"} onClick={() => open(inner)}>
          <img src={shelf.file(name)} alt={inner.caption ?? ""} loading="lazy" class="pixel" />
        </button>
      </td>
    );
  }
  if (typeof value === "number")
    return (
      <td class="number" title={String(value)}>
        {formatNumber(value)}
      </td>
    );
  const text = formatValue(value);
  return (
    <td title={text.length > 20 ? text : undefined} class={value === null ? "faint" : ""}>
      {text}
    </td>
  );
}

/** One row with all that its cells hold. */
function RowDialog({
  n,
  columns,
  load,
  close,
}: {
  n: number;
  columns: readonly Json[];
  load: (signal: AbortSignal) => Promise<{ rows: Json[][] }>;
  close: () => void;
}) {
  const { value, error, again } = useLoaded(load, []);
  const row = value && (value.rows[0] ?? []);
  return (
    <Dialog title={`Row ${n + 1}`} onClose={close}>
      <ErrorMessage text={error} again={again} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="whole-row" tabIndex={0} aria-label="Cells">
        <dl class="facts">
          {row &&
            columns.map((column, i) => (
              <div key={i}>
                <dt>{String(column)}</dt>
                <dd>
                  {typeof row[i] === "string" ? (row[i] as string) : <code>{stringify(row[i] ?? null)}</code>}
                </dd>
              </div>
            ))}
        </dl>
      </section>
      <div class="row">
        <button type="button" autofocus onClick={close}>
          Close
        </button>
      </div>
    </Dialog>
  );
}

/** How wide each column is and whether it holds numbers, and whether the rows hold pictures. */
function measured(columns: readonly Json[], rows: readonly Json[][]) {
  return {
    high: rows.some((row) => row.some((cell) => record(cell)._type === "image")),
    widths: columns.map((name, i) => width(String(name), rows, i)),
    numbers: columns.map((_, i) => numeric(rows, i)),
  };
}

function numeric(rows: readonly Json[][], column: number): boolean {
  const cell = rows.find((row) => row[column] !== null)?.[column];
  return typeof cell === "number";
}

/** As wide as the texts of the first page want, within reason. */
function width(name: string, rows: readonly Json[][], column: number): number {
  let longest = name.length + 2;
  for (const row of rows.slice(0, PAGE)) {
    const cell = row[column];
    if (record(cell)._type === "image") return Math.max(88, name.length * 8 + 32);
    longest = Math.max(
      longest,
      typeof cell === "number" ? formatNumber(cell).length : formatValue(cell).length,
    );
  }
  return Math.max(64, Math.min(320, longest * 7.6 + 26));
}

function example(columns: readonly Json[]): string {
  const name = String(columns.find((column) => /^[A-Za-z_]\w*$/.test(String(column))) ?? "column");
  return `Filter: ${name} == 3`;
}
