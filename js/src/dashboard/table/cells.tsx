import "./cells.css";
import { formatAgo, formatDuration, formatExact, formatTime, formatValue } from "../../core/format";
import { stringify } from "../../core/json";
import type { Json, Status } from "../../core/types";
import { StatusBadge, Tags } from "../../panel/badges";
import type { Row } from "./columns";
import { unquoted, valueIn } from "./view";

/** Columns of moments, ms since 1970. */
export const TIMES: ReadonlySet<string> = new Set([
  "started",
  "finished",
  "updated",
  "start_time",
  "finish_time",
  "last_update",
  "created_at",
]);
const SPANS = new Set(["duration", "age"]);

/** Whether a column's cells stand to the right, as numbers do. */
export function isNumeric(value: Json): boolean {
  return typeof value === "number" || typeof value === "bigint";
}

/** A value as text; `digits` tell the numbers of a column apart, inputs are written as they are. */
export function cellText(field: string, value: Json, now: number, digits = 4): string {
  if (value === null) return "–";
  if (TIMES.has(field)) return formatAgo(value as number, now);
  if (SPANS.has(field)) return formatDuration((value as number) * 1000);
  if (Array.isArray(value)) return value.map((item) => formatExact(item)).join(", ");
  return field.startsWith("config.") ? formatExact(value) : formatValue(value, digits);
}

function whole(field: string, value: Json): string {
  if (value === null) return "";
  if (TIMES.has(field)) return formatTime(value as number);
  return typeof value === "string" ? value : Array.isArray(value) ? stringify(value) : String(value);
}

/** What stands in a row under a column, and beside it how far that is from the baseline's. */
export function Cell({
  row,
  field,
  now,
  baseline,
  digits,
}: {
  row: Row;
  field: string;
  now: number;
  baseline: Row | null;
  /** How many digits tell the column's numbers apart. */
  digits: number;
}) {
  const value = valueIn(row, field, now);
  if (field === "status" || field === "state") return <StatusBadge status={value as Status} />;
  if (field === "tags") return <Tags tags={row.tags} />;
  const other = baseline && baseline !== row ? valueIn(baseline, field, now) : undefined;
  return (
    <span title={whole(field, value)}>
      {cellText(unquoted(field), value, now, digits)}
      {other !== undefined && !TIMES.has(field) && (
        <Delta value={value} other={other} {...(SPANS.has(field) ? { unit: "seconds" } : {})} />
      )}
    </span>
  );
}

/** How far a value is from the baseline's. */
export function Delta({ value, other, unit }: { value: Json; other: Json; unit?: "seconds" }) {
  const text = (amount: number) => (unit === "seconds" ? formatDuration(amount * 1000) : formatValue(amount));
  if (typeof value === "number" && typeof other === "number") {
    const difference = value - other;
    if (!Number.isFinite(difference) || difference === 0) return null;
    const relative = other === 0 ? null : (difference / Math.abs(other)) * 100;
    const sign = difference > 0 ? "+" : "−";
    const size =
      relative === null || Math.abs(relative) >= 1000
        ? text(Math.abs(difference))
        : `${Number(Math.abs(relative).toPrecision(2))}%`;
    return (
      <span
        class="delta"
        title={`${sign}${text(Math.abs(difference))} compared with the baseline (${text(other)})`}
      >
        {sign}
        {size}
      </span>
    );
  }
  if (stringify(value) === stringify(other)) return null;
  return (
    <span class="delta" title={`Baseline: ${formatValue(other)}`}>
      ≠
    </span>
  );
}
