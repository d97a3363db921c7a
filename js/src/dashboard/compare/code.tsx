import "./code.css";
import { useMemo, useState } from "preact/hooks";
import { parsePipList } from "../../core/pip-list";
import { diffLines, hunks, type Shown, sideBySide } from "../../core/text/diff";
import type { Run } from "../../core/types";
import { ErrorMessage } from "../../panel/error-message";
import { Options, Pick } from "../../panel/segmented-control";
import { DiffFilter } from "./diff-filter";
import { environmentRows, type Line, linesOf, type RunFacts } from "./diff-rows";
import { DiffTable } from "./table";
import { textOf, useCaptured } from "./texts";
import { type CompareView, TEXTS, type Text } from "./view";

/** Of so many runs the packages are loaded unasked. */
const FEW = 20;
/** So many lines of a diff are drawn before somebody asks for all. */
const MOST_LINES = 1500;

const NAMES: Record<Text, string> = {
  "diff.patch": "Uncommitted changes",
  "requirements.txt": "Packages",
  config: "Config",
  command: "Command",
};

/** Code, packages and machines of the runs, and two of their texts line by line. */
export function Code({
  project,
  view,
  runs,
  facts,
}: {
  project: string;
  view: CompareView;
  runs: Run[];
  facts: ReadonlyMap<string, RunFacts>;
}) {
  const [many, setMany] = useState(false);
  const asked = runs.length <= FEW || many ? runs.map((run) => run.run) : [];
  const { texts, error } = useCaptured(project, "requirements.txt", asked);
  const around = useMemo(() => environmentRows(runs, facts), [runs, facts]);
  const installed = useMemo<Line[]>(() => {
    // A run whose packages are not known differs in none.
    const known = runs.map((run) => texts.get(run.run) ?? null);
    const some = known.flatMap((text, i) => (text === null ? [] : [i]));
    return linesOf(
      "packages",
      known.map((text) => (text === null ? null : parsePipList(text))),
    ).map((l) => ({
      ...l,
      differs: new Set(some.map((i) => l.values[i])).size > 1,
    }));
  }, [runs, texts.size]);
  const lines = [...around, ...installed];
  const differing = lines.filter((l) => l.differs).length;
  return (
    <>
      <DiffFilter
        view={view}
        differing={differing}
        total={lines.length}
        placeholder="Search code, machine, packages"
      >
        {runs.length > FEW && !many && (
          <button type="button" onClick={() => setMany(true)}>
            Compare packages of all {runs.length} runs
          </button>
        )}
      </DiffFilter>
      <ErrorMessage text={error} />
      {lines.length === 0 ? (
        <p class="empty">
          No code or environment was captured for these runs (<code>ASPARA_CAPTURE</code> was off).
        </p>
      ) : differing === 0 && !view.everything.value ? (
        <p class="hint">
          {runs.length > 1
            ? "All runs have the same command, commit, machine and packages."
            : "Add another run to see differences, or choose “All” to see everything captured for this run."}
        </p>
      ) : (
        <DiffTable project={project} view={view} runs={runs} lines={lines} label="Code and machine" />
      )}
      {runs.length > 1 && <Texts project={project} view={view} runs={runs} facts={facts} />}
    </>
  );
}

function Texts({
  project,
  view,
  runs,
  facts,
}: {
  project: string;
  view: CompareView;
  runs: Run[];
  facts: ReadonlyMap<string, RunFacts>;
}) {
  const base = runs.find((run) => run.run === view.baseline) ?? runs[0]!;
  const left = runs.find((run) => run.run === view.left.value) ?? base;
  const right = runs.find((run) => run.run === view.right.value) ?? runs.find((run) => run !== left)!;
  const which = view.text.value;
  const file = which === "diff.patch" || which === "requirements.txt" ? which : null;
  const { texts, error } = useCaptured(project, file ?? "diff.patch", file ? [left.run, right.run] : []);
  const one = textOf(which, left, facts.get(left.run), texts);
  const other = textOf(which, right, facts.get(right.run), texts);
  const commits = [left, right].map((run) => facts.get(run.run)?.git?.commit ?? null);
  const names = <Options of={runs.map((run) => [run.run, run.name])} />;
  return (
    <section class="texts" aria-labelledby="texts-head">
      <h2 id="texts-head">Line diff</h2>
      <div class="controls-row">
        <Pick
          label="Show"
          value={which}
          choose={(text) => {
            view.text.value = text;
          }}
        >
          <Options of={TEXTS.map((text) => [text, NAMES[text]])} />
        </Pick>
        <Pick
          label="From"
          value={left.run}
          choose={(run) => {
            view.left.value = run;
          }}
        >
          {names}
        </Pick>
        <Pick
          label="To"
          value={right.run}
          choose={(run) => {
            view.right.value = run;
          }}
        >
          {names}
        </Pick>
        <button
          type="button"
          class="toggle"
          aria-pressed={view.split.value}
          onClick={() => {
            view.split.value = !view.split.value;
          }}
        >
          Side by side
        </button>
      </div>
      <ErrorMessage text={error} />
      {which === "diff.patch" && typeof commits[0] === "string" && typeof commits[1] === "string" && (
        <p class="hint">
          {commits[0] === commits[1] ? (
            <>
              Both runs are at commit <code>{commits[0].slice(0, 12)}</code>.
            </>
          ) : (
            <>
              The runs are at different commits. To see what changed:{" "}
              <code class="command">
                git diff {commits[0].slice(0, 12)} {commits[1].slice(0, 12)}
              </code>
            </>
          )}
        </p>
      )}
      <Difference one={one} other={other} split={view.split.value} left={left} right={right} text={which} />
    </section>
  );
}

const NOTHING: Record<Text, string> = {
  "diff.patch": "no uncommitted changes, or they were not captured",
  "requirements.txt": "no package list",
  config: "no config",
  command: "no command",
};

function Difference({
  one,
  other,
  split,
  left,
  right,
  text,
}: {
  one: string | null | undefined;
  other: string | null | undefined;
  split: boolean;
  left: Run;
  right: Run;
  text: Text;
}) {
  const [whole, setWhole] = useState(false);
  const shown = useMemo(
    () => (one === undefined || other === undefined ? [] : hunks(diffLines(linesIn(one), linesIn(other)))),
    [one, other],
  );
  if (one === undefined || other === undefined)
    return <div class="card loading diff-text" aria-busy="true" />;
  if (left === right) return <p class="hint">Choose two different runs.</p>;
  if (one === null && other === null) return <p class="hint">Both runs: {NOTHING[text]}.</p>;
  if (shown.length === 0) return <p class="hint">No differences.</p>;
  const cut = whole ? shown : shown.slice(0, MOST_LINES);
  return (
    <>
      {(one === null || other === null) && (
        <p class="hint">
          {one === null ? left.name : right.name}: {NOTHING[text]}.
        </p>
      )}
      <section
        class="card diff-text"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label={`From ${left.name} to ${right.name}`}
      >
        {split ? <Split shown={cut} /> : <Unified shown={cut} />}
      </section>
      {cut.length < shown.length && (
        <button type="button" class="link" onClick={() => setWhole(true)}>
          Show all {shown.length} lines
        </button>
      )}
    </>
  );
}

function linesIn(text: string | null): string[] {
  return text ? text.replace(/\r?\n$/, "").split(/\r?\n/) : [];
}

const SIGN = { same: " ", gone: "−", new: "+" };
const WORD = { same: "", gone: "removed: ", new: "added: " };

function Unified({ shown }: { shown: readonly Shown[] }) {
  return (
    <table>
      <tbody>
        {shown.map((line, i) =>
          line.kind === "skipped" ? (
            <tr key={i} class="skipped">
              <td colSpan={4}>{skipped(line.count)}</td>
            </tr>
          ) : (
            <tr key={i} class={line.kind}>
              <td class="at">{line.left}</td>
              <td class="at">{line.right}</td>
              <td class="sign" aria-hidden="true">
                {SIGN[line.kind]}
              </td>
              <td class="text">
                <span class="sr">{WORD[line.kind]}</span>
                {line.text}
              </td>
            </tr>
          ),
        )}
      </tbody>
    </table>
  );
}

function Split({ shown }: { shown: readonly Shown[] }) {
  return (
    <table class="split-text">
      <colgroup>
        <col class="at" />
        <col />
        <col class="at" />
        <col />
      </colgroup>
      <tbody>
        {sideBySide(shown).map((pair, i) =>
          pair.kind === "skipped" ? (
            <tr key={i} class="skipped">
              <td colSpan={4}>{skipped(pair.count)}</td>
            </tr>
          ) : (
            <tr key={i}>
              {(["left", "right"] as const).flatMap((side) => {
                const line = pair[side];
                return [
                  <td key={`${side} at`} class={`at ${line?.kind ?? ""}`}>
                    {line?.[side]}
                  </td>,
                  <td key={side} class={`text ${line?.kind ?? "none"}`}>
                    {line && line.kind !== "same" && <span class="sr">{WORD[line.kind]}</span>}
                    {line?.text}
                  </td>,
                ];
              })}
            </tr>
          ),
        )}
      </tbody>
    </table>
  );
}

function skipped(count: number): string {
  return `${count} unchanged ${count === 1 ? "line" : "lines"}`;
}
