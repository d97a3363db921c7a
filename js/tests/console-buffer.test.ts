import { describe, expect, it } from "vitest";
import { ConsoleBuffer, PORTION } from "../src/core/text/console-buffer";

const lines = (transcript: ConsoleBuffer) => transcript.portions.flatMap((portion) => portion.lines);

describe("what a program prints, piece by piece", () => {
  it("is the same however it was cut", () => {
    const text = `a\r\nb 1%\rb 100%\r\n\u001b[31mred\nstill red\u001b[0m\n\n${"x\n".repeat(2 * PORTION)}tail`;
    const whole = new ConsoleBuffer(1e6);
    whole.add(text);
    for (const step of [1, 2, 3, 7, 1000]) {
      const pieces = new ConsoleBuffer(1e6);
      for (let at = 0; at < text.length; at += step) pieces.add(text.slice(at, at + step));
      expect(pieces.portions).toEqual(whole.portions);
    }
    expect(lines(whole).slice(0, 5)).toEqual(["a", "b 100%", "\u001b[31mred", "still red\u001b[0m", ""]);
    expect(lines(whole).at(-1)).toBe("tail");
  });

  it("keeps its colour from one portion to the next", () => {
    const transcript = new ConsoleBuffer(1e6);
    transcript.add(`\u001b[31m${"red\n".repeat(PORTION)}`);
    transcript.add("red too\n");
    expect(transcript.portions[1]!.style.front).toBe(1);
  });

  it("makes only the last portion anew", () => {
    const transcript = new ConsoleBuffer(1e6);
    transcript.add("x\n".repeat(3 * PORTION + 1));
    const before = transcript.portions;
    transcript.add("y\n");
    expect(transcript.portions.slice(0, 3).every((portion, i) => portion === before[i])).toBe(true);
    expect(transcript.portions[3]!.lines).toEqual(["x", "y"]);
  });

  it("loses its beginning when there is too much, and keeps the numbers of its lines", () => {
    const transcript = new ConsoleBuffer(4 * PORTION);
    for (let i = 0; i < 5; i++) transcript.add("x\n".repeat(PORTION));
    expect(transcript.cut).toBe(true);
    expect(transcript.portions.map((portion) => portion.first)).toEqual([3 * PORTION, 4 * PORTION]);
  });

  it("shows the line that is being written, and nothing where there is nothing", () => {
    const transcript = new ConsoleBuffer(100);
    transcript.add("");
    expect(lines(transcript)).toEqual([]);
    transcript.add("loading 1%");
    transcript.add("\rloading 2%");
    expect(lines(transcript)).toEqual(["loading 2%"]);
    transcript.add("\n");
    expect(lines(transcript)).toEqual(["loading 2%"]);
  });
});
