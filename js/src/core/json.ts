// JSON whose integers keep all of their digits: those beyond 2**53, as 64-bit seeds are, become bigints.

/** Integers of so many digits may be beyond 2**53. */
const LONG = /(?:^|[:,[])\s*-?\d{16,}\s*(?:[,\]}]|$)/;
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g;
/** No text that comes as JSON begins with it: a control character is written as an escape there. */
const MARK = "\u0001int:";

/** Whether a JSON text may hold an integer that a number cannot. */
export function hasLongIntegers(text: string): boolean {
  return LONG.test(text);
}

/** The value of a JSON text. */
export function parseJson(text: string): unknown {
  if (!hasLongIntegers(text)) return JSON.parse(text);
  const marked = text.replace(TOKENS, (token, at: number) => {
    // The digits behind a point belong to a fraction.
    if (token.startsWith('"') || text[at - 1] === "." || Number.isSafeInteger(Number(token))) return token;
    return `"\\u0001int:${token}"`;
  });
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === "string" && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value,
  );
}

/** The JSON text of a value; bigints are written as integers. */
export function stringify(value: unknown, indent?: number): string {
  const text = JSON.stringify(
    value,
    (_, inner: unknown) => (typeof inner === "bigint" ? `${MARK}${inner}` : inner),
    indent,
  ) as string | undefined;
  return (text ?? "null").replace(/"\\u0001int:(-?\d+)"/g, "$1");
}
