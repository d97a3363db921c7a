import "./version.css";
import { useEffect, useState } from "preact/hooks";
import { formatBytes, formatTime, formatValue } from "../../core/format";
import { runColor } from "../../core/palette";
import type { ArtifactUse, Json, Run } from "../../core/types";
import { ErrorMessage } from "../../panel/error-message";
import { Options, Pick } from "../../panel/segmented-control";
import type { HttpSource } from "../../source/http";
import { useApp } from "../app";
import { useLoaded } from "../components/hooks";
import { Copy } from "./copy";
import { FileRow } from "./filerow";
import type { Within } from "./tab-state";

interface Entry {
  path: string;
  size?: number;
  ref?: string;
}

interface Version {
  name: string;
  version: string;
  type: string;
  description: string | null;
  metadata: Record<string, Json>;
  aliases: string[];
  created_at: number;
  run: string | null;
  digest: string;
  size: number;
  entries: Entry[];
  used_by: { run: string; name: string; color: number; use_as: string | null }[];
}

interface Listed {
  version: string;
  aliases: string[];
  created_at: number;
}

/** Rows of files that are shown before somebody asks for more. */
const FIRST = 50;

/** A version of an artifact: what it is, its files, and where it came from and went; unfolded, other versions can be looked at. */
export function VersionCard({
  use,
  run,
  place,
  query,
  set,
}: {
  use: ArtifactUse;
  run: string;
  /** What it is called in the address, where the version stands that is looked at: that is what unfolds it. */
  place: string;
} & Within) {
  const { source } = useApp();
  const own = use.version ?? use.digest ?? "latest";
  const open = query.has(place);
  const reference = query.get(place) ?? own;
  const inside = `in ${place}`;
  const path = ["projects", use.project, "artifacts", use.name];
  const {
    value: version,
    error,
    again,
  } = useLoaded(
    (signal) => source.json<Version>([...path, reference], {}, signal),
    [path.join("/"), reference],
  );
  const { value: listed } = useLoaded(
    async (signal) => (open ? source.json<{ versions: Listed[] }>(path, {}, signal) : null),
    [path.join("/"), open],
  );
  const versions = listed?.versions ?? [];
  const title = `${use.name}:${version?.version ?? reference.slice(0, 12)}`;
  return (
    <article class="card version">
      <div class="file-row">
        <button
          type="button"
          class="fold"
          aria-expanded={open}
          onClick={() => set({ [place]: open ? null : own, [inside]: null })}
        >
          <span class="arrow" aria-hidden="true">
            {open ? "▾" : "▸"}
          </span>
          <strong class="file-name">{title}</strong>
        </button>
        <span class="tags">
          {version?.aliases.map((alias) => (
            <span key={alias} class="tag">
              {alias}
            </span>
          ))}
        </span>
        <span class="faint small about-file">
          {[use.type, use.use_as && `used as ${use.use_as}`, version?.description]
            .filter(Boolean)
            .join(" · ")}
        </span>
        {version && (
          <>
            <span class="faint small number">{formatBytes(version.size)}</span>
            {version.entries.some((entry) => !entry.ref) && (
              <a
                class="button small"
                href={`${versionAddress(source, use.project, version)}/download`}
                download={`${version.name}-${version.version}.zip`}
                aria-label={`Download ${title} as ZIP`}
              >
                ZIP
              </a>
            )}
          </>
        )}
      </div>
      <ErrorMessage text={error} again={again} />
      {open && version && (
        <div class="version-body">
          {versions.length > 1 && (
            <Pick
              label="Version"
              value={version.version}
              choose={(other) => set({ [place]: other, [inside]: null })}
            >
              <Options
                of={versions.map((each) => [
                  each.version,
                  `${[each.version, ...each.aliases].join(", ")} · ${formatTime(each.created_at)}`,
                ])}
              />
            </Pick>
          )}
          <Lineage version={version} project={use.project} run={run} />
          {Object.keys(version.metadata ?? {}).length > 0 && (
            <dl class="facts">
              {Object.entries(version.metadata).map(([key, value]) => (
                <div key={key}>
                  <dt>{key}</dt>
                  <dd>
                    <code>{formatValue(value)}</code>
                  </dd>
                </div>
              ))}
            </dl>
          )}
          <VersionFiles
            key={version.version}
            version={version}
            project={use.project}
            shown={query.get(inside)}
            show={(path) => set({ [inside]: path })}
          />
          <p class="faint small bar">
            <code>{`run.use_artifact("${use.name}:${version.version}")`}</code>
            <Copy text={`run.use_artifact("${use.name}:${version.version}")`} what="the code that uses it" />
          </p>
        </div>
      )}
    </article>
  );
}

function versionAddress(source: HttpSource, project: string, version: Version): string {
  return source.url("projects", project, "artifacts", version.name, version.version);
}

/** Which run made a version, and which used it. */
function Lineage({ version, project, run }: { version: Version; project: string; run: string }) {
  const { source } = useApp();
  const [maker, setMaker] = useState<Known | null | undefined>(undefined);
  useEffect(() => {
    if (!version.run) return;
    const aborter = new AbortController();
    source.run(project, version.run, aborter.signal).then(setMaker, () => {
      if (!aborter.signal.aborted) setMaker(null);
    });
    return () => aborter.abort();
  }, [project, version.run]);
  return (
    <p class="lineage small">
      <span class="faint">made</span> {formatTime(version.created_at)}
      {version.run && (
        <>
          {" "}
          <span class="faint">by</span>{" "}
          <RunLink project={project} run={version.run} known={maker} here={run} />
        </>
      )}
      {version.used_by.length > 0 && (
        <>
          <span class="faint">· used by</span>{" "}
          {version.used_by.slice(0, 20).map((each) => (
            <RunLink key={each.run} project={project} run={each.run} known={each} here={run} />
          ))}
          {version.used_by.length > 20 && <span class="faint"> and {version.used_by.length - 20} more</span>}
        </>
      )}
    </p>
  );
}

type Known = Pick<Run, "name" | "color">;

function RunLink({
  project,
  run,
  known,
  here,
}: {
  project: string;
  run: string;
  /** How it is called; null where it is gone, undefined while nobody knows. */
  known: Known | null | undefined;
  here: string;
}) {
  const { address } = useApp();
  if (run === here) return <span class="run-link">this run</span>;
  if (known === undefined) return <span class="run-link faint">{run}</span>;
  if (known === null) return <span class="run-link faint">{run} (deleted)</span>;
  return (
    <a class="run-link" href={address("projects", project, "runs", run)}>
      <i class="dot" style={{ background: runColor(known.color) }} aria-hidden="true" />
      {known.name}
    </a>
  );
}

function VersionFiles({
  version,
  project,
  shown,
  show,
}: {
  version: Version;
  project: string;
  /** The file that is looked into. */
  shown: string | null;
  show: (path: string | null) => void;
}) {
  const { source } = useApp();
  const [most, setMost] = useState(() =>
    Math.max(FIRST, version.entries.findIndex((entry) => entry.path === shown) + 1),
  );
  const base = `${versionAddress(source, project, version)}/file?path=`;
  return (
    <ul class="files">
      {version.entries.slice(0, most).map((entry) =>
        entry.ref ? (
          <li key={entry.path} class="file-row">
            <span class="file-name">{entry.path}</span>
            <span class="faint small about-file">stays at {entry.ref}</span>
          </li>
        ) : (
          <FileRow
            key={entry.path}
            name={entry.path}
            size={entry.size ?? 0}
            about=""
            address={base + encodeURIComponent(entry.path)}
            open={shown === entry.path}
            toggle={() => show(shown === entry.path ? null : entry.path)}
          />
        ),
      )}
      {version.entries.length > most && (
        <li>
          <button type="button" class="link" onClick={() => setMost(most + 500)}>
            Show more of {version.entries.length} files
          </button>
        </li>
      )}
      {version.entries.length === 0 && <li class="faint">This version has no files.</li>}
    </ul>
  );
}
