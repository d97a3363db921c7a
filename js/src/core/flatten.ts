import type { Json } from "./types";

/** What lies in nested objects, by dotted names. */
export function flatten(content: Record<string, Json>, prefix = ""): [string, Json][] {
  return Object.entries(content).flatMap(([key, value]): [string, Json][] =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? flatten(value, `${prefix}${key}.`)
      : [[`${prefix}${key}`, value]],
  );
}
