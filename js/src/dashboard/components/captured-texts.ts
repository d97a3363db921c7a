// Texts captured beside runs: the diff of the work tree, the installed packages.
import type { HttpSource } from "../../source/http";
import { SourceError } from "../../source/source";
import { asText, readStart } from "./partial-fetch";

export type Captured = "diff.patch" | "requirements.txt";

/** Bytes of such a text that are fetched. */
const MOST = 8 << 20;

/** What was captured, or null where nothing was. */
export async function captured(
  source: HttpSource,
  project: string,
  run: string,
  name: Captured,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    return asText(
      await readStart(source.url("projects", project, "runs", run, "captured", name), MOST, signal),
    );
  } catch (error) {
    if (error instanceof SourceError && error.status === 404) return null;
    throw error;
  }
}
