import "./captured-tab.css";
import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { parsePipList } from "../../core/pip-list";
import { matcher } from "../../core/sections";
import { ErrorMessage } from "../../panel/error-message";
import { useApp } from "../app";
import { type Captured, captured } from "../components/captured-texts";
import { useLoaded } from "../components/hooks";
import { Patch } from "./patch";

/** What was captured beside a run: undefined while it comes, null where there is none. */
function useCaptured(
  project: string,
  run: string,
  name: Captured,
  ended: boolean,
): { text: string | null | undefined; failure: ComponentChildren } {
  const { source } = useApp();
  const { value, error, again } = useLoaded(
    (signal) => captured(source, project, run, name, signal),
    [project, run, name, ended],
  );
  return { text: value, failure: error && <ErrorMessage text={error} again={again} /> };
}

/** What the work tree changed against its commit when the run began. */
export function DiffTab({ project, run, ended }: { project: string; run: string; ended: boolean }) {
  const { text, failure } = useCaptured(project, run, "diff.patch", ended);
  return (
    <section class="card diff-card">
      <h2>Uncommitted changes</h2>
      {failure}
      {(text === null || text === "") && <p class="faint">The diff was not captured.</p>}
      {text && <Patch text={text} />}
    </section>
  );
}

/** The installed packages; fetched when somebody looks. */
export function PackagesTab(props: { project: string; run: string; ended: boolean }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Installed packages</summary>
      {open && <PackageList {...props} />}
    </details>
  );
}

function PackageList({ project, run, ended }: { project: string; run: string; ended: boolean }) {
  const { text, failure } = useCaptured(project, run, "requirements.txt", ended);
  const [search, setSearch] = useState("");
  const all = useMemo(() => Object.entries(parsePipList(text ?? "")), [text]);
  if (failure) return failure;
  if (text === undefined) return <p class="faint">Loading…</p>;
  if (all.length === 0) return <p class="faint">Not captured (ASPARA_CAPTURE was off).</p>;
  const matches = matcher(search);
  const found = all.filter(([name]) => matches(name));
  return (
    <>
      <input
        type="search"
        placeholder={`Search ${all.length} packages`}
        aria-label="Search packages"
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <ul class="packages" tabIndex={0} aria-label="Installed packages">
        {found.map(([name, version]) => (
          <li key={name}>
            {name} <code>{version}</code>
          </li>
        ))}
        {found.length === 0 && <li class="faint">No packages match “{search}”.</li>}
      </ul>
    </>
  );
}
