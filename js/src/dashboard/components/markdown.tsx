import "./markdown.css";
import { lexer, type Token, type Tokens } from "marked";
import type { ComponentChildren, VNode } from "preact";
import { useMemo } from "preact/hooks";

/**
 * Text in Markdown, as elements: what a writer typed never becomes markup, scripts or requests. Raw HTML is shown as it was
 * written, an image as a link, and links lead only where a browser may go by itself.
 */
export function Markdown({ text }: { text: string }) {
  const tokens = useMemo(() => lexer(text.slice(0, MOST), { gfm: true }), [text]);
  return <div class="markdown">{blocks(tokens)}</div>;
}

const MOST = 100_000;
const DEEPEST = 24;
const LINK = /^(https?:\/\/|mailto:|#|\/(?!\/))/i;

function blocks(tokens: readonly Token[], depth = 0): ComponentChildren[] {
  if (depth > DEEPEST) return tokens.map((token) => token.raw);
  return tokens.map((token, i) => block(token as Tokens.Generic, i, depth));
}

function block(token: Tokens.Generic, key: number, depth: number): ComponentChildren {
  switch (token.type) {
    case "space":
    case "def":
      return null;
    case "heading": {
      // The page's own headings stand above those of a note.
      const Heading = `h${Math.min(6, token.depth + 2)}` as "h3";
      return <Heading key={key}>{inline(token.tokens, depth)}</Heading>;
    }
    case "paragraph":
      return <p key={key}>{inline(token.tokens, depth)}</p>;
    case "code":
      return (
        <pre key={key}>
          <code>{token.text}</code>
        </pre>
      );
    case "blockquote":
      return <blockquote key={key}>{blocks(token.tokens ?? [], depth + 1)}</blockquote>;
    case "hr":
      return <hr key={key} />;
    case "list": {
      const items = (token as Tokens.List).items.map((item, i) => (
        <li key={i}>
          {item.task && <input type="checkbox" disabled checked={item.checked ?? false} aria-label="task" />}
          {blocks(item.tokens, depth + 1)}
        </li>
      ));
      return token.ordered ? (
        <ol key={key} start={Number(token.start) || 1}>
          {items}
        </ol>
      ) : (
        <ul key={key}>{items}</ul>
      );
    }
    case "table":
      return table(token as Tokens.Table, key, depth);
    case "text":
      return token.tokens ? <span key={key}>{inline(token.tokens, depth)}</span> : plain(token);
    case "checkbox":
      return null;
    default:
      return token.raw;
  }
}

function table(token: Tokens.Table, key: number, depth: number): VNode {
  const cells = (row: Tokens.TableCell[], Cell: "th" | "td") =>
    row.map((cell, i) => <Cell key={i}>{inline(cell.tokens, depth)}</Cell>);
  return (
    <div key={key} class="table-scroll">
      <table>
        <thead>
          <tr>{cells(token.header, "th")}</tr>
        </thead>
        <tbody>
          {token.rows.map((row, i) => (
            <tr key={i}>{cells(row, "td")}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function inline(tokens: readonly Token[] | undefined, depth: number): ComponentChildren[] {
  if (depth > DEEPEST) return (tokens ?? []).map((token) => token.raw);
  return (tokens ?? []).map((token, i) => span(token as Tokens.Generic, i, depth + 1));
}

function span(token: Tokens.Generic, key: number, depth: number): ComponentChildren {
  switch (token.type) {
    case "strong":
      return <strong key={key}>{inline(token.tokens, depth)}</strong>;
    case "em":
      return <em key={key}>{inline(token.tokens, depth)}</em>;
    case "del":
      return <del key={key}>{inline(token.tokens, depth)}</del>;
    case "codespan":
      return <code key={key}>{token.text}</code>;
    case "br":
      return <br key={key} />;
    case "link":
    case "image": {
      const shown = token.type === "image" ? token.text || token.href : inline(token.tokens, depth);
      if (!LINK.test(token.href)) return <span key={key}>{shown}</span>;
      return (
        <a key={key} href={token.href} target="_blank" rel="noopener noreferrer nofollow">
          {shown}
        </a>
      );
    }
    case "text":
    case "escape":
      return token.tokens ? inline(token.tokens, depth) : plain(token);
    default:
      return token.raw;
  }
}

/** The text that was typed: the lexer's own form has nothing escaped. */
function plain(token: Tokens.Generic): string {
  return token.type === "escape" ? token.text : token.raw;
}
