// Lists of runs in an address: short ones by name, long ones by a mark, with the names in the entry of the browser's history.

/** So many names, of so many letters together, stand in an address: servers and proxies take no address of any length. */
export const MOST_NAMED = 100;
const LETTERS = 2000;
/** More letters than this are kept nowhere. */
const KEPT = 1 << 20;

export interface UrlRunList {
  names: ReadonlySet<string>;
  /** How many runs there were of which the names are not to be had: the address was made elsewhere. */
  lost: number;
}

/** A list as a parameter of an address has it. */
export function written(names: ReadonlySet<string>): string {
  const text = [...names].join(",");
  return isShort(names, text) ? text : `~${names.size}.${mark(text)}`;
}

/** What is to be kept beside the address, by parameter: the lists that are too long for it. */
export function beside(lists: Readonly<Record<string, ReadonlySet<string>>>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, names] of Object.entries(lists)) {
    const text = [...names].join(",");
    if (!isShort(names, text) && text.length <= KEPT) found[name] = text;
  }
  return found;
}

/** The list that stands in a parameter, or beside the address. */
export function readList(
  query: URLSearchParams,
  name: string,
  kept: () => unknown = () => history.state,
): UrlRunList {
  const text = query.get(name) ?? "";
  const [, count, sum] = /^~(\d+)\.(\w+)$/.exec(text) ?? [];
  if (count === undefined) return { names: split(text), lost: 0 };
  const known = (kept() as Record<string, unknown> | null)?.[name];
  if (typeof known === "string" && mark(known) === sum) return { names: split(known), lost: 0 };
  return { names: new Set(), lost: Number(count) };
}

function split(text: string): ReadonlySet<string> {
  return new Set(text.split(",").filter(Boolean));
}

function isShort(names: ReadonlySet<string>, text: string): boolean {
  return names.size <= MOST_NAMED && text.length <= LETTERS;
}

/** Tells one list from another (FNV-1a, 32 bits). */
function mark(text: string): string {
  let sum = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return (sum >>> 0).toString(36);
}
