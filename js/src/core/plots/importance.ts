// How much each parameter has to do with a result, as far as runs can tell.
import { stringify } from "../json";
import type { Json } from "../types";

export interface Importance {
  /** The share of the result's order that the parameter accounts for, 0 to 1. */
  share: number;
  /** Spearman's rank correlation, −1 to 1; null for a parameter that has no order. */
  correlation: number | null;
  /** Runs that have both. */
  count: number;
}

/**
 * The importance of a parameter for a result.
 *
 * The share is ε² of a Kruskal–Wallis analysis: the result's ranks are explained by groups of equal (or, of a number with many
 * values, neighbouring) parameter values, and what groups so many would explain by chance is taken off (T. Kelley, "An unbiased
 * correlation ratio measure", 1935). So numbers and words, rising, falling and U-shaped effects are measured alike, and outliers
 * do not rule. The correlation is Spearman's (1904). Neither sees effects that only two parameters have together.
 */
export function importance(
  parameter: readonly Json[],
  result: readonly (number | null)[],
): Importance | null {
  const rows: { value: Json; result: number }[] = [];
  parameter.forEach((value, i) => {
    const found = result[i];
    if (value === null || value === undefined) return;
    if (typeof value === "number" && Number.isNaN(value)) return;
    if (typeof found === "number" && Number.isFinite(found)) rows.push({ value, result: found });
  });
  const values = rows.map((row) => row.value);
  if (new Set(values.map((v) => stringify(v))).size < 2) return null;
  const order = ranks(rows.map((row) => row.result));
  const ordered = values.every((v) => typeof v === "number");
  const share = explained(ordered ? bins(values as number[]) : values.map((v) => stringify(v)), order);
  if (share === null) return null;
  const correlation = ordered ? pearson(ranks(values as number[]), order) : null;
  return { share, correlation, count: rows.length };
}

/** Places from 1 in ascending order; equals share the mean of theirs. */
export function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const found = new Array<number>(values.length);
  for (let i = 0; i < order.length; ) {
    let j = i;
    while (j + 1 < order.length && values[order[j + 1]!] === values[order[i]!]) j++;
    for (let n = i; n <= j; n++) found[order[n]!] = (i + j) / 2 + 1;
    i = j + 1;
  }
  return found;
}

export function pearson(x: readonly number[], y: readonly number[]): number | null {
  const mx = mean(x);
  const my = mean(y);
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let i = 0; i < x.length; i++) {
    xy += (x[i]! - mx) * (y[i]! - my);
    xx += (x[i]! - mx) ** 2;
    yy += (y[i]! - my) ** 2;
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : null;
}

/** Groups of neighbouring numbers: each value its own where there are few, else about √n of equal size. */
function bins(values: readonly number[]): string[] {
  const distinct = new Set(values).size;
  const most = Math.max(2, Math.min(10, Math.round(Math.sqrt(values.length / 2))));
  if (distinct <= most) return values.map(String);
  return ranks(values).map((rank) =>
    String(Math.min(most - 1, Math.floor(((rank - 0.5) / values.length) * most))),
  );
}

/** ε²: (between − (k − 1)·within) / total, with the mean square within; 0 where chance would do as well. */
function explained(groups: readonly string[], ranked: readonly number[]): number | null {
  const n = ranked.length;
  const by = new Map<string, { count: number; sum: number }>();
  groups.forEach((group, i) => {
    const found = by.get(group) ?? { count: 0, sum: 0 };
    by.set(group, { count: found.count + 1, sum: found.sum + ranked[i]! });
  });
  const k = by.size;
  if (n - k < 1) return null;
  const middle = mean(ranked);
  const total = ranked.reduce((sum, r) => sum + (r - middle) ** 2, 0);
  if (total === 0) return null;
  let between = 0;
  for (const { count, sum } of by.values()) between += count * (sum / count - middle) ** 2;
  const within = (total - between) / (n - k);
  return Math.max(0, Math.min(1, (between - (k - 1) * within) / total));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}
