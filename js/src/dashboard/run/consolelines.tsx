import "./consolelines.css";
import { Component } from "preact";
import { bare, spans } from "../../core/text/ansi";
import type { Portion } from "../../core/text/console-buffer";

/** Pixels of a line, as the style sheet has it: portions out of sight keep their height. */
const LINE = 18;

interface Props {
  portion: Portion;
  /** What is looked for, where the portion has it. */
  wanted: string;
  /** The line of the hit that is looked at. */
  now: number;
}

/** Lines of a portion: one is drawn anew when it changes, the others stay as they are. */
export class ConsoleLines extends Component<Props> {
  override shouldComponentUpdate(next: Props): boolean {
    const now = this.props;
    return next.portion !== now.portion || next.wanted !== now.wanted || next.now !== now.now;
  }

  override render({ portion: { lines, first, style: begin }, wanted, now }: Props) {
    let style = begin;
    return (
      <pre class="portion" style={{ containIntrinsicHeight: `auto ${lines.length * LINE}px` }}>
        {lines.map((line, i) => {
          const found = spans(line, style);
          style = found.style;
          const hit = wanted !== "" && bare(line).toLowerCase().includes(wanted);
          return (
            <span
              key={i}
              class={first + i === now ? "line hit now" : hit ? "line hit" : "line"}
              {...(hit ? { "data-line": first + i } : {})}
            >
              {hit
                ? marked(bare(line), wanted)
                : found.spans.map((span, j) =>
                    span.kind === "" && !span.color ? (
                      span.text
                    ) : (
                      <span key={j} class={span.kind} style={span.color ? { color: span.color } : undefined}>
                        {span.text}
                      </span>
                    ),
                  )}
              {"\n"}
            </span>
          );
        })}
      </pre>
    );
  }
}

/** A line with what was looked for marked in it. */
function marked(line: string, wanted: string) {
  const lower = line.toLowerCase();
  const parts = [];
  let from = 0;
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    parts.push(line.slice(from, at), <mark key={at}>{line.slice(at, at + wanted.length)}</mark>);
    from = at + wanted.length;
  }
  parts.push(line.slice(from));
  return parts;
}
