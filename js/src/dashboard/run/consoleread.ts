import { api, getJson } from "../api";

interface Part {
  text: string;
  /** Bytes of the file. */
  start: number;
  end: number;
  size: number;
}

/** Console output from a byte on, up to a few megabytes at once. */
export async function readConsole(
  project: string,
  run: string,
  after: number,
  signal?: AbortSignal,
): Promise<Part> {
  const texts: string[] = [];
  let at = after;
  for (let round = 0; ; round++) {
    const part = await getJson<Part>(
      api("projects", project, "runs", run, "console"),
      { after: String(at) },
      signal,
    );
    texts.push(part.text);
    at = part.end;
    if (part.end >= part.size || part.text === "" || round >= 8)
      return { text: texts.join(""), start: after, end: at, size: part.size };
  }
}
