// Numbers, times and sizes for people.
import { stringify } from "./json";

export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return String(value);
  if (size >= 1e6 || size < 1e-3) {
    const [digits, power] = value.toExponential(2).split("e");
    return `${Number(digits)}e${power!.replace("+", "").replace("-", "−")}`;
  }
  return String(Number(value.toPrecision(4)));
}

/** A number with so many significant digits; integers that a number holds exactly have all of theirs. */
export function formatPrecise(value: number, digits: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  if (digits <= 4 || !Number.isFinite(value)) return formatNumber(value);
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e6) return String(Number(value.toPrecision(digits)));
  const [fraction, power] = value.toExponential(digits - 1).split("e");
  return `${Number(fraction)}e${power!.replace("+", "").replace("-", "−")}`;
}

/** How many significant digits tell these numbers apart: 4 at least, 17 at most. */
export function digitsFor(values: Iterable<unknown>): number {
  const numbers = [...new Set(values)].filter(
    (v): v is number => typeof v === "number" && Number.isFinite(v),
  );
  for (let digits = 4; digits < 17; digits++)
    if (new Set(numbers.map((v) => formatPrecise(v, digits))).size === numbers.length) return digits;
  return 17;
}

/** A value that somebody set, as a config holds it: all of its digits. */
export function formatExact(value: unknown): string {
  return typeof value === "number" && Number.isFinite(value) ? String(value) : formatValue(value);
}

/** A JSON value in a table's cell: integers have all of their digits, other numbers as many as `digits`. */
export function formatValue(value: unknown, digits = 4): string {
  if (typeof value === "number") return formatPrecise(value, digits);
  if (typeof value === "bigint") return String(value);
  if (value === null || value === undefined) return "–";
  if (typeof value === "string") return value;
  return stringify(value);
}

export function formatDuration(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s}s`;
  const m = Math.floor(s / 60);
  if (m < 60) return `${m}m ${s % 60}s`;
  const h = Math.floor(m / 60);
  if (h < 48) return `${h}h ${m % 60}m`;
  return `${Math.floor(h / 24)}d ${h % 24}h`;
}

/** Seconds since a run's beginning. */
export function formatSeconds(seconds: number): string {
  return Math.abs(seconds) < 60 ? `${Number(seconds.toPrecision(4))}s` : formatDuration(seconds * 1000);
}

export function formatAgo(time: number | null, now: number): string {
  if (time === null) return "never";
  const s = Math.round((now - time) / 1000);
  if (s < 10) return "just now";
  if (s < 90) return `${s}s ago`;
  if (s < 5400) return `${Math.round(s / 60)}m ago`;
  if (s < 129600) return `${Math.round(s / 3600)}h ago`;
  return `${Math.round(s / 86400)}d ago`;
}

export function formatTime(time: number | null): string {
  return time === null
    ? "–"
    : new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

export function formatBytes(size: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  let value = size;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit]}`;
}
