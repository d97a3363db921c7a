// Numbers, times and sizes for people.

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

/** A JSON value in a table's cell. */
export function formatValue(value: unknown): string {
  if (typeof value === "number") return formatNumber(value);
  if (value === null || value === undefined) return "–";
  if (typeof value === "string") return value;
  return JSON.stringify(value);
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
