import type { HttpSource } from "../../source/http";

export interface Part {
  text: string;
  /** Bytes of the file, of which the output may begin a new one. */
  start: number;
  end: number;
  size: number;
  /** By which the place where it ends is known again. */
  mark: number;
}

/** Where somebody goes on: behind a part, or at the last so many bytes. */
export type Place = Pick<Part, "end" | "mark"> | { last: number };

/** Console output from a place on; a megabyte of it at most. */
export function readConsole(
  source: HttpSource,
  project: string,
  run: string,
  place: Place,
  signal?: AbortSignal,
): Promise<Part> {
  const query: Record<string, string> =
    "last" in place ? { last: String(place.last) } : { after: String(place.end), mark: String(place.mark) };
  return source.json<Part>(["projects", project, "runs", run, "console"], query, signal);
}

/** All output that is kept, in parts. */
export async function wholeConsole(source: HttpSource, project: string, run: string): Promise<string[]> {
  const parts: string[] = [];
  let place: Place = { last: Number.MAX_SAFE_INTEGER };
  for (;;) {
    const part: Part = await readConsole(source, project, run, place);
    parts.push(part.text);
    if (part.text === "" || part.end >= part.size) return parts;
    place = part;
  }
}
