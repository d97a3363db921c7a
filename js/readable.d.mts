export const READABLE: readonly { entry: string; target: string; format: "iife" | "esm" }[];
export function readable(entry: string, format: "iife" | "esm"): Promise<string>;
