// What a program printed, taken piece by piece: what is new costs what is new, however much stands there already.
import { ansiLines, PLAIN, type Style, spans } from "./ansi";

/** Lines of a portion: one that is full never changes again. */
export const PORTION = 200;

export interface Portion {
  /** The number of its first line, from the beginning of what was taken. */
  first: number;
  lines: readonly string[];
  /** The style in which it begins. */
  style: Style;
}

export class ConsoleBuffer {
  /** In order; a portion that did not change is the same object as before. */
  portions: readonly Portion[] = [];
  /** Whether the beginning is gone. */
  cut = false;
  private size = 0;
  private style: Style = PLAIN;
  private done: { portion: Portion; size: number }[] = [];
  private rest = "";

  /** Keeps about `most` characters, the newest. */
  constructor(private readonly most: number) {}

  add(text: string): void {
    const whole = this.rest + text;
    const end = whole.lastIndexOf("\n") + 1;
    this.rest = whole.slice(end);
    if (end > 0) this.take(whole.slice(0, end - 1));
    while (this.size > this.most && this.done.length > 1) {
      this.size -= this.done.shift()!.size;
      this.cut = true;
    }
    this.portions = this.shown();
  }

  /** Takes finished lines. */
  private take(text: string): void {
    const lines = ansiLines(text);
    for (let i = 0; i < lines.length; ) {
      const last = this.done.at(-1);
      const open = last !== undefined && last.portion.lines.length < PORTION ? last : null;
      const more = lines.slice(i, i + PORTION - (open?.portion.lines.length ?? 0));
      const before = open?.portion ?? {
        first: last ? last.portion.first + last.portion.lines.length : 0,
        lines: [],
        style: this.style,
      };
      for (const line of more) if (line.includes("\u001b")) this.style = spans(line, this.style).style;
      const size = more.reduce((sum, line) => sum + line.length + 1, 0);
      if (open) this.done.pop();
      this.done.push({
        portion: { ...before, lines: [...before.lines, ...more] },
        size: size + (open?.size ?? 0),
      });
      this.size += size;
      i += more.length;
    }
  }

  /** The portions, with the line that is still being written as the last. */
  private shown(): Portion[] {
    const portions = this.done.map(({ portion }) => portion);
    if (this.rest === "") return portions;
    const line = ansiLines(this.rest)[0]!;
    const last = portions.at(-1);
    if (last && last.lines.length < PORTION) {
      portions[portions.length - 1] = { ...last, lines: [...last.lines, line] };
      return portions;
    }
    const first = last ? last.first + last.lines.length : 0;
    return [...portions, { first, lines: [line], style: this.style }];
  }
}
