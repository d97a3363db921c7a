// A diff as git prints it (unified), taken apart for people to read.

export interface PatchLine {
  kind: "same" | "new" | "gone" | "note";
  text: string;
  /** Line numbers from 1 before and after; null where the line is not there. */
  left: number | null;
  right: number | null;
}

export interface Hunk {
  /** What git says about the place: the function around it. */
  place: string;
  lines: PatchLine[];
}

export interface PatchFile {
  path: string;
  /** Its name before, where that was another one. */
  before: string | null;
  /** "new file", "deleted", "renamed", "binary", "mode 100644 → 100755", or nothing to say. */
  state: string;
  added: number;
  removed: number;
  hunks: Hunk[];
}

const HUNK = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)$/;

/** The files of a diff; lines that belong to none are left out, except a last remark that it was cut. */
export function parsePatch(text: string): PatchFile[] {
  const files: PatchFile[] = [];
  let file: PatchFile | null = null;
  let hunk: Hunk | null = null;
  let left = 0;
  let right = 0;
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  for (const line of lines) {
    if (line.startsWith("diff --git ")) {
      file = { path: named(line), before: null, state: "", added: 0, removed: 0, hunks: [] };
      hunk = null;
      files.push(file);
      continue;
    }
    if (!file) continue;
    const begins = HUNK.exec(line);
    if (begins) {
      left = Number(begins[1]);
      right = Number(begins[2]);
      hunk = { place: begins[3]!, lines: [] };
      file.hunks.push(hunk);
      continue;
    }
    if (!hunk) {
      head(file, line);
      continue;
    }
    const rest = line.slice(1);
    if (line.startsWith("+")) {
      file.added++;
      hunk.lines.push({ kind: "new", text: rest, left: null, right: right++ });
    } else if (line.startsWith("-")) {
      file.removed++;
      hunk.lines.push({ kind: "gone", text: rest, left: left++, right: null });
    } else if (line.startsWith("\\") || line.startsWith("#")) {
      hunk.lines.push({ kind: "note", text: line.replace(/^[\\#] ?/, ""), left: null, right: null });
    } else {
      hunk.lines.push({ kind: "same", text: rest, left: left++, right: right++ });
    }
  }
  return files;
}

/** What stands between the first line of a file and its first change. */
function head(file: PatchFile, line: string): void {
  const after = (word: string) => unquoted(line.slice(word.length));
  if (line.startsWith("new file")) file.state = "new file";
  else if (line.startsWith("deleted file")) file.state = "deleted";
  else if (line.startsWith("rename from ")) {
    file.before = after("rename from ");
    file.state = "renamed";
  } else if (line.startsWith("rename to ")) file.path = after("rename to ");
  else if (line.startsWith("Binary files ") || line.startsWith("GIT binary patch")) file.state ||= "binary";
  else if (line.startsWith("old mode ")) file.state ||= `mode ${line.slice(9)}`;
  else if (line.startsWith("new mode ") && file.state.startsWith("mode")) file.state += ` → ${line.slice(9)}`;
  else if (line.startsWith("--- ") || line.startsWith("+++ ")) {
    const name = unquoted(line.slice(4).replace(/\t$/, ""));
    if (name !== "/dev/null") file.path = name.replace(/^[ab]\//, "");
  }
}

/** The name in `diff --git a/x b/x`: both are the same unless the file was renamed, which later lines say. */
function named(line: string): string {
  const rest = line.slice("diff --git ".length);
  const quoted = / "b\/((?:[^"\\]|\\.)*)"$/.exec(rest);
  if (quoted) return unquoted(`"${quoted[1]}"`);
  const half = (rest.length - 1) / 2;
  if (Number.isInteger(half) && rest[half] === " " && rest.slice(2, half) === rest.slice(half + 3))
    return rest.slice(2, half);
  return rest.slice(rest.lastIndexOf(" b/") + 3);
}

/** Git puts odd names in quotes, their bytes in octal. */
function unquoted(name: string): string {
  if (!/^".*"$/.test(name)) return name;
  const bytes: number[] = [];
  const body = name.slice(1, -1);
  for (let i = 0; i < body.length; i++) {
    const octal = /^\\([0-7]{3})/.exec(body.slice(i, i + 4));
    if (octal) {
      bytes.push(Number.parseInt(octal[1]!, 8));
      i += 3;
    } else {
      if (body[i] === "\\") i++;
      bytes.push(
        ...new TextEncoder().encode(body[i] === "t" && body[i - 1] === "\\" ? "\t" : (body[i] ?? "")),
      );
    }
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}
