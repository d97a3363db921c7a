import { decodeValues } from "../core/series";
import type { MetricsAnswer, Run } from "../core/types";

/** All points of a metric as CSV: a line for each; the file's own numbers, non-finite ones by name. */
export function csv(metric: string, answer: MetricsAnswer, runs: readonly Run[]): string {
  const rows = ["run,name,step,timestamp,value"];
  for (const run of runs) {
    const data = answer.metrics[metric]?.[run.run];
    if (!data) continue;
    const values = decodeValues(data);
    const head = `${cell(run.run)},${cell(run.name)}`;
    for (let i = 0; i < values.length; i++)
      rows.push(
        `${head},${data.steps[i]},${new Date(data.timestamps[i]!).toISOString()},${number(values[i]!)}`,
      );
  }
  return `${rows.join("\n")}\n`;
}

/** Gives the browser a file to keep. */
export function download(name: string, content: Blob | string): void {
  const link = document.createElement("a");
  const made = typeof content === "string" ? null : URL.createObjectURL(content);
  link.href = made ?? (content as string);
  link.download = name;
  link.click();
  if (made) setTimeout(() => URL.revokeObjectURL(made), 10_000);
}

/** A metric's name as part of a file's. */
export function fileName(metric: string): string {
  // Letters and digits of any language; what no file system takes, and dots that would hide it, become dashes.
  return metric.replace(/[^\p{L}\p{M}\p{N}_.-]+/gu, "-").replace(/^\.+/, "-") || "metric";
}

function cell(text: string): string {
  // A spreadsheet takes a text that begins like a formula for one.
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "inf" : "-inf";
}
