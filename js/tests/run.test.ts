import { describe, expect, it } from "vitest";
import { parseCsv } from "../src/core/csv";
import { heatmap, paint } from "../src/core/plots/heatmap";
import { frame, moleculeCloud, objCloud, project, sceneCloud, stlCloud } from "../src/core/plots/point-cloud";
import { ansiLines, bare, PLAIN, spans } from "../src/core/text/ansi";
import { parsePatch } from "../src/core/text/patch";

describe("a recorded diff", () => {
  const text = [
    "diff --git a/src/a b.py b/src/a b.py",
    "index 1..2 100644",
    "--- a/src/a b.py",
    "+++ b/src/a b.py",
    "@@ -1,3 +1,3 @@ def f():",
    " same",
    "-old",
    "--- dashes",
    "+new <b>",
    "\\ No newline at end of file",
    "diff --git a/gone.py b/gone.py",
    "deleted file mode 100644",
    "--- a/gone.py",
    "+++ /dev/null",
    "@@ -1 +0,0 @@",
    "-x",
    "diff --git a/one b/two",
    "similarity index 90%",
    "rename from one",
    "rename to two",
    'diff --git "a/\\303\\244.bin" "b/\\303\\244.bin"',
    'Binary files "a/\\303\\244.bin" and "b/\\303\\244.bin" differ',
    "",
  ].join("\n");
  const files = parsePatch(text);

  it("is a list of files with what was put in and taken out", () => {
    expect(files.map((f) => [f.path, f.state, f.added, f.removed])).toEqual([
      ["src/a b.py", "", 1, 2],
      ["gone.py", "deleted", 0, 1],
      ["two", "renamed", 0, 0],
      ["ä.bin", "binary", 0, 0],
    ]);
    expect(files[2]!.before).toBe("one");
  });
  it("numbers the lines on both sides, also lines that look like a heading", () => {
    expect(files[0]!.hunks[0]!.place).toBe("def f():");
    expect(files[0]!.hunks[0]!.lines.map((l) => [l.kind, l.text, l.left, l.right])).toEqual([
      ["same", "same", 1, 1],
      ["gone", "old", 2, null],
      ["gone", "-- dashes", 3, null],
      ["new", "new <b>", null, 2],
      ["note", "No newline at end of file", null, null],
    ]);
  });
  it("of nothing is nothing", () => expect(parsePatch("")).toEqual([]));
});

describe("captured output", () => {
  it("shows a progress bar as it was left", () =>
    expect(ansiLines("a\r\nb 1%\rb 50%\rb 100%\r\nc\r")).toEqual(["a", "b 100%", "c"]));
  it("is coloured as in a terminal, from line to line", () => {
    const first = spans(
      "\u001b[1;31mbad\u001b[0m ok \u001b[38;5;208mwide \u001b[38;2;1;2;300mtrue\u001b[92m",
      PLAIN,
    );
    expect(first.spans).toEqual([
      { text: "bad", kind: "b f1" },
      { text: " ok ", kind: "" },
      { text: "wide ", kind: "", color: "rgb(255 135 0)" },
      { text: "true", kind: "", color: "rgb(1 2 255)" },
    ]);
    expect(spans("next", first.style).spans).toEqual([{ text: "next", kind: "f10" }]);
  });
  it("has no remains of cursor moves, titles and links", () =>
    expect(bare("\u001b]0;title\u0007a\u001b[2K\u001b[1Ab\u001b(B\u001b[?25l")).toBe("ab"));
});

describe("histograms of many steps", () => {
  it("share rows; each step's shares add up to one", () => {
    const found = heatmap(
      [
        { step: 0, counts: [1, 3], edges: [0, 1, 2] },
        { step: 5, counts: [4], edges: [2, 4] },
      ],
      4,
    )!;
    expect([found.steps, found.low, found.high]).toEqual([[0, 5], 0, 4]);
    expect([...found.cells]).toEqual([0.25, 0.75, 0, 0, 0, 0, 0.5, 0.5]);
    expect(found.most).toBe(0.75);
  });
  it("keep every value, whatever the bins' widths", () => {
    const edges = Array.from({ length: 12 }, (_, i) => i ** 2 / 7 - 3);
    const counts = edges.slice(1).map((_, i) => i + 1);
    const found = heatmap([{ step: 1, counts, edges }], 10)!;
    expect(found.cells.reduce((a, b) => a + b)).toBeCloseTo(1, 9);
  });
  it("of one single value have a place, of none are no picture", () => {
    expect(heatmap([{ step: 0, counts: [5], edges: [2, 2] }], 4)!.cells.reduce((a, b) => a + b)).toBe(1);
    expect(heatmap([])).toBeNull();
    expect(heatmap([{ step: 0, counts: [1], edges: [0, Number.NaN] }])).toBeNull();
  });
  it("are painted with the highest values on top", () => {
    const found = heatmap([{ step: 0, counts: [0, 1], edges: [0, 1, 2] }], 2)!;
    expect([...paint(found, [255, 255, 255], [0, 0, 0])]).toEqual([0, 0, 0, 255, 255, 255, 255, 255]);
  });
});

describe("a file with separators", () => {
  it("has quotes, empty cells and line ends within cells", () =>
    expect(parseCsv('a,"b ""x"", y",\r\n1,"two\nlines",3\n,\n')).toEqual([
      ["a", 'b "x", y', ""],
      ["1", "two\nlines", "3"],
      ["", ""],
    ]));
  it("is read as far as it is asked for, and ends where it was cut", () => {
    expect(parseCsv("a\tb\n1\t2\n3\t4", "\t", 2)).toEqual([
      ["a", "b"],
      ["1", "2"],
    ]);
    expect(parseCsv('a,"open')).toEqual([["a", "open"]]);
  });
});

describe("things in space", () => {
  it("are read from scenes, models and molecules", () => {
    const scene = sceneCloud({
      points: [
        [0, 0, 0, 1],
        [1, 2, 3, 2],
        ["x", 1, 2],
        [1, 2],
      ],
    })!;
    expect([scene.total, scene.colors?.length]).toEqual([2, 2]);
    expect(objCloud("v 1 2 3\nvn 0 0 1\nv 4 5 6 1.0\nf 1 2 3\n")!.points).toHaveLength(6);
    const stl = new TextEncoder().encode("solid x\n facet\n  vertex 1 2 3\n vertex 2 3 4\n")
      .buffer as ArrayBuffer;
    expect(stlCloud(stl)!.total).toBe(2);
    const pdb = "ATOM      1  N   MET A   1      27.340  24.430   2.614  1.00  9.67           N  \nEND";
    expect([...moleculeCloud(pdb, "pdb")!.points]).toEqual([27.34, 24.43, 2.614]);
    expect(moleculeCloud("2\nwater\nO 0 0 0\nH 0 0 1\n", "xyz")!.colors).toEqual(["#d2504a", "#9aa4b5"]);
    for (const odd of [null, 3, {}, { points: "x" }]) expect(sceneCloud(odd)).toBeNull();
  });
  it("have boxes of twelve edges, whatever the order of their corners", () => {
    const corners = [0, 1].flatMap((x) => [0, 1].flatMap((y) => [0, 9].map((z) => [x, y, z]))).reverse();
    const { edges } = sceneCloud({ points: [], boxes: [{ corners }] })!;
    expect(edges).toHaveLength(72);
    for (let i = 0; i < 72; i += 6) {
      const moved = [0, 1, 2].filter((axis) => edges[i + axis] !== edges[i + 3 + axis]);
      expect(moved).toHaveLength(1);
    }
  });
  it("stay within the picture, upright, the nearer in front", () => {
    const cloud = sceneCloud({
      points: [
        [0, 0, 1],
        [0, 0, -1],
        [0, -1, 0],
        [0, 1, 0],
      ],
    })!;
    const seen = project(cloud.points, frame(cloud), { around: 0, up: 0, zoom: 1 }, 100);
    expect(seen[1]).toBeLessThan(seen[4]!);
    expect(seen[8]).toBeGreaterThan(seen[11]!);
    expect(Math.max(...seen)).toBeLessThan(100);
  });
});
