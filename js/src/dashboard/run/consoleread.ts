import { api, getJson } from "../api";

interface Part {
  text: string;
  /** Bytes of output from before the file began, kept in a file of their own. */
  older: number;
  /** Bytes of the file. */
  start: number;
  end: number;
  size: number;
}

/** Console output: from a byte on, or the last so many bytes; a megabyte of it at most. */
export function readConsole(
  project: string,
  run: string,
  which: { after: number } | { last: number },
  signal?: AbortSignal,
): Promise<Part> {
  const query = Object.fromEntries(Object.entries(which).map(([name, bytes]) => [name, String(bytes)]));
  return getJson<Part>(api("projects", project, "runs", run, "console"), query, signal);
}
