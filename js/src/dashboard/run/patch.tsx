import "./patch.css";
import { useMemo, useState } from "preact/hooks";
import { type PatchFile, parsePatch } from "../../core/text/patch";
import { Copy } from "./copy";

/** A file with more changed lines than this is folded at first, and so are all files of a diff of many. */
const MUCH = 300;
const MANY = 12;
/** Lines of one file that are shown before somebody asks for more. */
const FIRST = 2000;

/** A diff, file by file. */
export function Patch({ text }: { text: string }) {
  const files = useMemo(() => parsePatch(text), [text]);
  const added = files.reduce((sum, file) => sum + file.added, 0);
  const removed = files.reduce((sum, file) => sum + file.removed, 0);
  return (
    <div class="patch">
      <p class="faint small bar">
        <span>
          {files.length} {files.length === 1 ? "file" : "files"} changed,{" "}
          <Counts added={added} removed={removed} />
        </span>
        <Copy text={text} what="the diff" />
      </p>
      {files.map((file, i) => (
        <FileDiff key={i} file={file} open={files.length <= MANY && file.added + file.removed <= MUCH} />
      ))}
    </div>
  );
}

function Counts({ added, removed }: { added: number; removed: number }) {
  return (
    <span class="counts">
      <ins>+{added}</ins> <del>−{removed}</del>
    </span>
  );
}

function FileDiff({ file, open }: { file: PatchFile; open: boolean }) {
  const [unfolded, setUnfolded] = useState(open);
  const [most, setMost] = useState(FIRST);
  const total = file.hunks.reduce((sum, hunk) => sum + hunk.lines.length, 0);
  let left = most;
  return (
    <section class="patch-file">
      <h3>
        <button type="button" class="fold" aria-expanded={unfolded} onClick={() => setUnfolded(!unfolded)}>
          <span class="arrow" aria-hidden="true">
            {unfolded ? "▾" : "▸"}
          </span>
          <code>
            {file.before !== null && `${file.before} → `}
            {file.path}
          </code>
        </button>
        {file.state && <span class="faint">{file.state}</span>}
        <Counts added={file.added} removed={file.removed} />
      </h3>
      {unfolded && file.hunks.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section class="patch-lines" tabIndex={0} aria-label={`Changes of ${file.path}`}>
          <table>
            <tbody>
              {file.hunks.map((hunk, i) => {
                const lines = hunk.lines.slice(0, Math.max(0, left));
                left -= hunk.lines.length;
                if (lines.length === 0) return null;
                return [
                  <tr key={`place ${i}`} class="place">
                    <td colSpan={3}>{hunk.place || "⋯"}</td>
                  </tr>,
                  ...lines.map((line, j) => (
                    <tr key={`${i} ${j}`} class={line.kind}>
                      <td class="line-number">{line.left ?? ""}</td>
                      <td class="line-number">{line.right ?? ""}</td>
                      <td>
                        <code>
                          <span class="sign">{SIGN[line.kind]}</span>
                          {line.text}
                        </code>
                      </td>
                    </tr>
                  )),
                ];
              })}
            </tbody>
          </table>
          {total > most && (
            <button type="button" class="link" onClick={() => setMost(most + 10_000)}>
              Show more of {total} lines
            </button>
          )}
        </section>
      )}
    </section>
  );
}

const SIGN = { same: " ", new: "+", gone: "-", note: " " } as const;
