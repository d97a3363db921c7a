// What a program printed, as a terminal would have shown it: colours, and lines that were written anew.

export interface Span {
  text: string;
  /** Class names: "b" bold, "d" dim, "i" italic, "u" underlined, "f1".."f15" a colour of the sixteen, "g1".. behind it. */
  kind: string;
  /** A colour out of more than sixteen, as CSS. */
  color?: string;
}

export interface Style {
  bold: boolean;
  dim: boolean;
  italic: boolean;
  under: boolean;
  front: number | string | null;
  back: number | null;
}

export const PLAIN: Style = { bold: false, dim: false, italic: false, under: false, front: null, back: null };

const [ESC, BELL] = ["\u001b", "\u0007"];
/** Colours and cursor moves, titles and links, and switches of character sets. */
const ESCAPE = new RegExp(
  `${ESC}(?:\\[([0-9;:?]*)([@-~])|\\][^${BELL}${ESC}]*(?:${BELL}|${ESC}\\\\)|[()][A-Z0-9]|[=>78cDEHM])`,
  "g",
);

/** The lines of a text; a progress bar's line is what its last state was. */
export function ansiLines(text: string): string[] {
  const lines = text.replace(/\r\n/g, "\n").split("\n");
  return lines.map((line) => {
    if (!line.includes("\r")) return line;
    const states = line.split("\r").filter((state) => state !== "");
    return states.at(-1) ?? "";
  });
}

/** A line without its colours. */
export function bare(line: string): string {
  return line.includes("\u001b") ? line.replace(ESCAPE, "") : line;
}

/** A line as spans, and the style in which the next line begins. */
export function spans(line: string, style: Style): { spans: Span[]; style: Style } {
  if (!line.includes("\u001b")) return { spans: line ? [span(line, style)] : [], style };
  const found: Span[] = [];
  let at = 0;
  let now = style;
  for (const match of line.matchAll(ESCAPE)) {
    if (match.index > at) found.push(span(line.slice(at, match.index), now));
    at = match.index + match[0].length;
    if (match[2] === "m") now = styled(now, match[1] ?? "");
  }
  if (at < line.length) found.push(span(line.slice(at), now));
  return { spans: found, style: now };
}

/** The style after a "select graphic rendition" with these parameters. */
function styled(before: Style, parameters: string): Style {
  const codes = parameters === "" ? [0] : parameters.split(/[;:]/).map(Number);
  let now = { ...before };
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    if (code === 0) now = { ...PLAIN };
    else if (code === 1) now.bold = true;
    else if (code === 2) now.dim = true;
    else if (code === 3) now.italic = true;
    else if (code === 4) now.under = true;
    else if (code === 22) now.bold = now.dim = false;
    else if (code === 23) now.italic = false;
    else if (code === 24) now.under = false;
    else if (code >= 30 && code <= 37) now.front = code - 30;
    else if (code >= 90 && code <= 97) now.front = code - 82;
    else if (code === 39) now.front = null;
    else if (code >= 40 && code <= 47) now.back = code - 40;
    else if (code >= 100 && code <= 107) now.back = code - 92;
    else if (code === 49) now.back = null;
    else if (code === 38 || code === 48) {
      const [color, used] = wide(codes.slice(i + 1));
      i += used;
      if (code === 38) now.front = color;
      else if (typeof color === "number") now.back = color;
    }
  }
  return now;
}

/** A colour of 256 (`5;n`) or of all (`2;r;g;b`), and how many parameters it took. */
function wide(codes: readonly number[]): [number | string | null, number] {
  const byte = (value: number | undefined) => Math.max(0, Math.min(255, Math.trunc(value ?? 0) || 0));
  if (codes[0] === 2) return [`rgb(${byte(codes[1])} ${byte(codes[2])} ${byte(codes[3])})`, 4];
  if (codes[0] !== 5) return [null, 0];
  const slot = byte(codes[1]);
  if (slot < 16) return [slot, 2];
  if (slot >= 232) {
    const grey = 8 + 10 * (slot - 232);
    return [`rgb(${grey} ${grey} ${grey})`, 2];
  }
  const part = (n: number) => (n === 0 ? 0 : 55 + 40 * n);
  const cube = slot - 16;
  return [`rgb(${part(Math.floor(cube / 36))} ${part(Math.floor(cube / 6) % 6)} ${part(cube % 6)})`, 2];
}

function span(text: string, style: Style): Span {
  const kinds: string[] = [];
  if (style.bold) kinds.push("b");
  if (style.dim) kinds.push("d");
  if (style.italic) kinds.push("i");
  if (style.under) kinds.push("u");
  if (typeof style.front === "number") kinds.push(`f${style.front}`);
  if (style.back !== null) kinds.push(`g${style.back}`);
  return { text, kind: kinds.join(" "), ...(typeof style.front === "string" ? { color: style.front } : {}) };
}
