import "./preview.css";
import { useEffect, useState } from "preact/hooks";
import { parseCsv } from "../../core/csv";
import { formatBytes } from "../../core/format";
import { parseJson, stringify } from "../../core/json";
import type { Json } from "../../core/types";
import { ErrorMessage } from "../../panel/error-message";
import { Markdown } from "../components/markdown";
import { asText, type PartialText, readStart } from "../components/partial-fetch";
import { Tree } from "./tree";

/** Bytes of a text, and of a picture, that are fetched to be looked at. */
const MOST_TEXT = 256 << 10;
const MOST_PICTURE = 20 << 20;
const MOST_JSON = 2 << 20;
const MOST_ROWS = 200;
const PICTURES: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  bmp: "image/bmp",
  svg: "image/svg+xml",
};

type Shown =
  | { kind: "picture"; url: string }
  | { kind: "json"; value: Json }
  | { kind: "table"; rows: string[][] }
  | { kind: "markdown" | "text"; text: string }
  | { kind: "none" };

/** The beginning of a file, as what it is: text, JSON, a table or a picture. Nothing in it is run. */
export function Preview({ name, size, address }: { name: string; size: number; address: string }) {
  const [shown, setShown] = useState<Shown | null>(null);
  const [cut, setCut] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    const aborter = new AbortController();
    let url: string | null = null;
    const ending = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
    const most =
      ending in PICTURES ? MOST_PICTURE : ending === "json" || ending === "ipynb" ? MOST_JSON : MOST_TEXT;
    readStart(address, most, aborter.signal).then(
      (found) => {
        const made = understood(ending, found);
        if (made.kind === "picture") url = made.url;
        if (aborter.signal.aborted && url) URL.revokeObjectURL(url);
        setError(null);
        setCut(found.cut);
        setShown(made);
      },
      (e: Error) => !aborter.signal.aborted && setError(e.message),
    );
    return () => {
      aborter.abort();
      if (url) URL.revokeObjectURL(url);
    };
  }, [address, name, round]);
  if (error)
    return (
      <div class="preview">
        <ErrorMessage text={error} again={() => setRound((n) => n + 1)} />
      </div>
    );
  if (!shown) return <p class="faint preview">Loading…</p>;
  return (
    <div class="preview">
      {cut && shown.kind !== "none" && (
        <p class="hint small">The beginning of {formatBytes(size)}. Download the file to see all of it.</p>
      )}
      <Content shown={shown} name={name} />
    </div>
  );
}

function Content({ shown, name }: { shown: Shown; name: string }) {
  switch (shown.kind) {
    case "picture":
      return <img src={shown.url} alt={name} />;
    case "json":
      return shown.value !== null && typeof shown.value === "object" ? (
        <Tree value={shown.value} root={Array.isArray(shown.value) ? "it" : ""} label={name} />
      ) : (
        <pre>{stringify(shown.value)}</pre>
      );
    case "table":
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section class="table-wrap" tabIndex={0} aria-label={name}>
          <table>
            <thead>
              <tr>
                {shown.rows[0]!.map((cell, i) => (
                  <th key={i} scope="col">
                    {cell}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.rows.slice(1).map((row, i) => (
                <tr key={i}>
                  {row.map((cell, j) => (
                    <td key={j} title={cell}>
                      {cell}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
          {shown.rows.length > MOST_ROWS && <p class="faint small">The first {MOST_ROWS} rows.</p>}
        </section>
      );
    case "markdown":
      return <Markdown text={shown.text} />;
    case "text":
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <pre tabIndex={0}>{shown.text}</pre>
      );
    default:
      return <p class="faint">This file is not text or an image. Download it to open it elsewhere.</p>;
  }
}

function understood(ending: string, found: PartialText): Shown {
  const type = PICTURES[ending];
  if (type && !found.cut)
    return { kind: "picture", url: URL.createObjectURL(new Blob([found.content], { type })) };
  const text = asText(found);
  if (text === null) return { kind: "none" };
  if ((ending === "json" || ending === "ipynb") && !found.cut) {
    try {
      return { kind: "json", value: parseJson(text) as Json };
    } catch {
      return { kind: "text", text };
    }
  }
  if (ending === "csv" || ending === "tsv") {
    const rows = parseCsv(text, ending === "tsv" ? "\t" : ",", MOST_ROWS + 1);
    if (found.cut && rows.length <= MOST_ROWS) rows.pop();
    if (rows.length) return { kind: "table", rows };
  }
  return { kind: ending === "md" ? "markdown" : "text", text: text.slice(0, MOST_TEXT) };
}
