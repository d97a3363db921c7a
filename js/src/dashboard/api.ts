import { SourceError } from "../source/source";
import { app } from "./app";

/** The address of something of the API: `api("projects", "p", "runs")`. */
export function api(...parts: string[]): string {
  return `${app.base}api/${parts.map(encodeURIComponent).join("/")}`;
}

/** The JSON at an address; an error says what the server says. */
export async function getJson<T>(
  address: string,
  query: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<T> {
  const asked = new URLSearchParams(query).toString();
  let answer: Response;
  try {
    answer = await fetch(asked ? `${address}?${asked}` : address, {
      headers: { Accept: "application/json" },
      credentials: "same-origin",
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new SourceError("The server does not answer. Is it still running? The page tries again by itself.");
  }
  if (answer.ok) return (await answer.json()) as T;
  const found = (await answer.json().catch(() => ({}))) as { detail?: string; message?: string };
  throw new SourceError(
    found.detail ?? found.message ?? `The server answered ${answer.status}.`,
    answer.status,
  );
}
