// Two texts, line by line.

export interface DiffLine {
  kind: "same" | "gone" | "new";
  text: string;
  /** Line numbers from 1 in the first and in the second text; null where it is not there. */
  left: number | null;
  right: number | null;
}

/** Further apart than this many lines, the rest of two texts is told as taken out and put in. */
const MOST_EDITS = 1500;

/**
 * How `before` becomes `after`: the shortest script of lines taken out and put in, by Myers' greedy algorithm (E. Myers, "An
 * O(ND) difference algorithm and its variations", 1986). Time and memory follow the number of differences, and are bounded.
 */
export function diffLines(before: readonly string[], after: readonly string[]): DiffLine[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  )
    end++;
  const lines: DiffLine[] = [];
  let left = 0;
  let right = 0;
  const put = (kind: DiffLine["kind"], count: number) => {
    for (let i = 0; i < count; i++) {
      const text = kind === "new" ? after[right]! : before[left]!;
      lines.push({
        kind,
        text,
        left: kind === "new" ? null : ++left,
        right: kind === "gone" ? null : ++right,
      });
    }
  };
  put("same", start);
  for (const kind of script(before.slice(start, before.length - end), after.slice(start, after.length - end)))
    put(kind, 1);
  put("same", end);
  return lines;
}

function script(a: readonly string[], b: readonly string[]): DiffLine["kind"][] {
  const most = Math.min(a.length + b.length, MOST_EDITS);
  const trace: Int32Array[] = [];
  // The furthest place in `a` that is reached on each diagonal, at `most + 1 + k`.
  const reach = new Int32Array(2 * most + 3);
  for (let d = 0; d <= most; d++) {
    trace.push(reach.slice(most + 1 - d - 1, most + 1 + d + 2));
    for (let k = -d; k <= d; k += 2) {
      const at = most + 1 + k;
      const down = k === -d || (k !== d && reach[at - 1]! < reach[at + 1]!);
      let x = down ? reach[at + 1]! : reach[at - 1]! + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      reach[at] = x;
      if (x >= a.length && x - k >= b.length) return back(trace, d, a.length, b.length);
    }
  }
  return [...a.map(() => "gone" as const), ...b.map(() => "new" as const)];
}

/** The script along the way that `trace` remembers, from its end. */
function back(trace: readonly Int32Array[], edits: number, fromX: number, fromY: number): DiffLine["kind"][] {
  const found: DiffLine["kind"][] = [];
  let x = fromX;
  let y = fromY;
  for (let d = edits; d > 0; d--) {
    const before = trace[d]!;
    const at = (k: number) => before[k + d + 1]!;
    const k = x - y;
    const down = k === -d || (k !== d && at(k - 1) < at(k + 1));
    const startX = down ? at(k + 1) : at(k - 1);
    const afterX = down ? startX : startX + 1;
    while (x > afterX) {
      found.push("same");
      x--;
      y--;
    }
    found.push(down ? "new" : "gone");
    x = startX;
    y = startX - (down ? k + 1 : k - 1);
  }
  while (x > 0) {
    found.push("same");
    x--;
  }
  return found.reverse();
}

export type Shown = DiffLine | { kind: "skipped"; count: number };

/** The lines that differ and `around` lines beside them; what is left out is counted. */
export function hunks(lines: readonly DiffLine[], around = 3): Shown[] {
  const near = new Uint8Array(lines.length);
  lines.forEach((line, i) => {
    if (line.kind !== "same") near.fill(1, Math.max(0, i - around), i + around + 1);
  });
  const found: Shown[] = [];
  let skipped = 0;
  lines.forEach((line, i) => {
    if (near[i]) {
      if (skipped) found.push({ kind: "skipped", count: skipped });
      skipped = 0;
      found.push(line);
    } else skipped++;
  });
  if (skipped && found.length) found.push({ kind: "skipped", count: skipped });
  return found;
}

export type Pair =
  | { kind: "pair"; left: DiffLine | null; right: DiffLine | null }
  | { kind: "skipped"; count: number };

/** The same lines side by side: what was taken out stands beside what was put in. */
export function sideBySide(shown: readonly Shown[]): Pair[] {
  const found: Pair[] = [];
  for (let i = 0; i < shown.length; ) {
    const line = shown[i]!;
    if (line.kind === "skipped") {
      found.push(line);
      i++;
    } else if (line.kind === "same") {
      found.push({ kind: "pair", left: line, right: line });
      i++;
    } else {
      const gone: DiffLine[] = [];
      const fresh: DiffLine[] = [];
      for (let next = shown[i]; next && (next.kind === "gone" || next.kind === "new"); next = shown[++i])
        (next.kind === "gone" ? gone : fresh).push(next);
      for (let n = 0; n < Math.max(gone.length, fresh.length); n++)
        found.push({ kind: "pair", left: gone[n] ?? null, right: fresh[n] ?? null });
    }
  }
  return found;
}
