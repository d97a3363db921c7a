// The table as a file for spreadsheets.
import type { Json } from "../../core/types";
import { download } from "../../panel/export";
import { TIMES } from "./cells";
import type { Row } from "./columns";
import { unquoted, valueIn } from "./view";

/** Rows as CSV: the columns that are shown, numbers with all their digits, moments in ISO 8601 (UTC). */
export function csv(rows: readonly Row[], fields: readonly string[], now: number): string {
  const cell = (value: Json): string => {
    if (value === null) return "";
    const text = typeof value === "string" ? value : Array.isArray(value) ? value.join(" ") : String(value);
    // A spreadsheet takes a text that begins like a formula for one.
    const safe =
      typeof value !== "number" && typeof value !== "bigint" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const head = ["run", "name", ...fields.map(unquoted)].map(cell).join(",");
  const lines = rows.map((row) =>
    [row.run, row.name, ...fields.map((field) => written(field, valueIn(row, field, now)))]
      .map(cell)
      .join(","),
  );
  return `${[head, ...lines].join("\n")}\n`;
}

function written(field: string, value: Json): Json {
  return TIMES.has(field) && typeof value === "number" ? new Date(value).toISOString() : value;
}

/** Has the browser save rows as a CSV file. */
export function saveCsv(project: string, rows: readonly Row[], fields: readonly string[]): void {
  const text = csv(rows, fields, Date.now());
  download(`${project}-runs.csv`, new Blob([text], { type: "text/csv" }));
}
