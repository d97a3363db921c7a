import { parseJson } from "../core/json";
import { SourceError } from "./source";

let signedOut = () => {};

/** Calls `listener` whenever a server answers that a login is missing. */
export function onSignedOut(listener: () => void): void {
  signedOut = listener;
}

/** What a server answers. A SourceError says what it says, or that it does not answer. */
export async function answered(address: string, options: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(address, { credentials: "same-origin", ...options });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new SourceError(
      "The server does not respond. Check that it is running. The page retries automatically.",
    );
  }
  if (answer.ok) return answer;
  if (answer.status === 401) signedOut();
  const found = (await answer.json().catch(() => ({}))) as { detail?: string; message?: string };
  throw new SourceError(
    found.detail ?? found.message ?? `The server answered ${answer.status}.`,
    answer.status,
  );
}

/** The JSON at an address. */
export async function getJson<T>(
  address: string,
  query: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<T> {
  const asked = new URLSearchParams(query).toString();
  const answer = await answered(asked ? `${address}?${asked}` : address, {
    headers: { Accept: "application/json" },
    ...(signal ? { signal } : {}),
  });
  return parseJson(await answer.text()) as T;
}
