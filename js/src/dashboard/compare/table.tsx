import "./table.css";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { digitsFor, formatDuration, formatExact, formatTime, formatValue } from "../../core/format";
import { stringify } from "../../core/json";
import { runColor } from "../../core/palette";
import type { Json, Run } from "../../core/types";
import { useApp } from "../app";
import { Delta } from "../table/cells";
import { bestOf, type Line, listed, ordered } from "./diff-rows";
import type { CompareView } from "./view";

const ROW = 32;
const KEY = 230;
const NARROW_KEY = 132;
const WIDE = 168;

const MOMENT = {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
} as const;

/**
 * Keys down, runs across. Cells exist only near the screen, so that two hundred runs of two thousand keys scroll as well
 * as two of ten.
 */
export function DiffTable({
  project,
  view,
  runs,
  lines,
  label,
}: {
  project: string;
  view: CompareView;
  runs: readonly Run[];
  lines: readonly Line[];
  label: string;
}) {
  const { address } = useApp();
  const { baseline } = view;
  const everything = view.everything.value;
  const search = view.search.value;
  const box = useRef<HTMLElement>(null);
  const [at, setAt] = useState({ left: 0, top: 0 });
  const [size, setSize] = useState({ width: 1200, height: 700 });
  useEffect(() => {
    const measure = () =>
      box.current && setSize({ width: box.current.clientWidth, height: box.current.clientHeight });
    const sized = new ResizeObserver(measure);
    sized.observe(box.current!);
    return () => sized.disconnect();
  }, []);
  const items = useMemo(() => listed(lines, everything, search), [lines, everything, search]);
  const keyWidth = size.width < 600 ? NARROW_KEY : KEY;
  const width = Math.max(WIDE, Math.min(360, Math.floor((size.width - keyWidth) / Math.max(1, runs.length))));
  const firstRow = Math.max(0, Math.floor(at.top / ROW) - 8);
  const lastRow = Math.min(items.length, Math.ceil((at.top + size.height) / ROW) + 8);
  const firstRun = Math.max(0, Math.floor(at.left / width) - 3);
  const lastRun = Math.min(runs.length, Math.ceil((at.left + size.width) / width) + 3);
  const reference = runs.findIndex((run) => run.run === baseline);
  const near = runs.slice(firstRun, lastRun);
  const after = runs.length - lastRun;
  return (
    <section
      class="table-wrap diff-table"
      ref={box}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label={label}
      onScroll={(event) =>
        setAt({ left: event.currentTarget.scrollLeft, top: event.currentTarget.scrollTop })
      }
    >
      <table
        aria-rowcount={items.length + 1}
        aria-colcount={runs.length + 1}
        style={{ width: `${keyWidth + width * runs.length}px` }}
      >
        <colgroup>
          <col style={{ width: `${keyWidth}px` }} />
          {runs.map((run) => (
            <col key={run.run} style={{ width: `${width}px` }} />
          ))}
        </colgroup>
        <thead>
          <tr>
            <th scope="col" aria-colindex={1}>
              Key
            </th>
            {firstRun > 0 && <td colSpan={firstRun} />}
            {near.map((run, i) => (
              <th key={run.run} scope="col" aria-colindex={firstRun + i + 2}>
                <i class="dot" style={{ background: runColor(run.color) }} aria-hidden="true" />
                <a href={address("projects", project, "runs", run.run)} title={run.name}>
                  {run.name}
                </a>
                {run.run === baseline && <span class="faint"> baseline</span>}
              </th>
            ))}
            {after > 0 && <td colSpan={after} />}
          </tr>
        </thead>
        <tbody>
          {firstRow > 0 && <tr class="gap" style={{ height: `${firstRow * ROW}px` }} />}
          {items.slice(firstRow, lastRow).map((item, i) =>
            "head" in item ? (
              <tr key={`head ${item.head}`} class="part" aria-rowindex={firstRow + i + 2}>
                <th scope="rowgroup" colSpan={runs.length + 1}>
                  <span>
                    {item.head}{" "}
                    <span class="count">
                      {item.count === item.of ? `${item.of}` : `${item.count} of ${item.of}`}
                    </span>
                  </span>
                </th>
              </tr>
            ) : (
              <LineRow
                key={`${item.line.section} ${item.line.key}`}
                line={item.line}
                order={(places) => view.order(places.map((place) => runs[place]!.run))}
                index={firstRow + i + 2}
                from={firstRun}
                to={lastRun}
                after={after}
                reference={reference}
              />
            ),
          )}
          {lastRow < items.length && (
            <tr class="gap" style={{ height: `${(items.length - lastRow) * ROW}px` }} />
          )}
        </tbody>
      </table>
    </section>
  );
}

function LineRow({
  line,
  order,
  index,
  from,
  to,
  after,
  reference,
}: {
  line: Line;
  /** The runs are wanted in another order, given by their places. */
  order: (places: number[]) => void;
  index: number;
  /** Of the runs those from here to before there have cells. */
  from: number;
  to: number;
  after: number;
  reference: number;
}) {
  const cut = line.key.lastIndexOf(".") + 1;
  const best = bestOf(line);
  const digits = useMemo(() => digitsFor(line.values), [line]);
  const numeric =
    line.values.some((v) => typeof v === "number" || typeof v === "bigint") && line.kind !== "time";
  const other = reference < 0 ? undefined : line.values[reference];
  return (
    <tr class={line.differs ? "" : "alike"} aria-rowindex={index}>
      <th scope="row" aria-colindex={1}>
        <button type="button" title={`Sort runs by ${line.key}`} onClick={() => order(ordered(line))}>
          {cut > 0 && <span class="faint">{line.key.slice(0, cut)}</span>}
          {line.key.slice(cut)}
        </button>
      </th>
      {from > 0 && <td colSpan={from} />}
      {line.values.slice(from, to).map((value, i) => {
        const run = from + i;
        const isBest = best.has(run);
        return (
          <td
            key={run}
            class={`${numeric ? "number" : ""} ${isBest ? "best" : ""} ${value === null ? "faint" : ""}`}
            title={whole(line, value)}
            aria-colindex={run + 2}
          >
            {isBest && (
              <>
                <span aria-hidden="true">★ </span>
                <span class="sr">best: </span>
              </>
            )}
            {written(line, value, digits)}
            {other !== undefined && run !== reference && value !== null && line.kind !== "time" && (
              <Delta value={value} other={other} {...(line.kind === "span" ? { unit: "seconds" } : {})} />
            )}
          </td>
        );
      })}
      {after > 0 && <td colSpan={after} />}
    </tr>
  );
}

function written(line: Line, value: Json, digits = 4): string {
  if (value === null) return "–";
  if (line.kind === "time") return new Date(value as number).toLocaleString(undefined, MOMENT);
  if (line.kind === "span") return formatDuration((value as number) * 1000);
  if (Array.isArray(value)) return value.map((item) => formatExact(item)).join(", ");
  return line.section === "summary" ? formatValue(value, digits) : formatExact(value);
}

function whole(line: Line, value: Json): string {
  if (value === null) return "";
  if (line.kind === "time") return formatTime(value as number);
  if (line.kind) return written(line, value);
  return typeof value === "string" ? value : stringify(value);
}
