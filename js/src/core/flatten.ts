import type { Json } from "./types";

/** What lies in nested objects, by dotted names. */
export function leaves(content: Record<string, Json>, prefix = ""): [string, Json][] {
  return Object.entries(content).flatMap(([key, value]): [string, Json][] =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? leaves(value, `${prefix}${key}.`)
      : [[`${prefix}${key}`, value]],
  );
}
