import "./artifacts.css";
import { formatTime } from "../../core/format";
import type { Artifact, ArtifactUse, RunDetail } from "../../core/types";
import { useApp } from "../app";
import { EmptyState } from "../components/empty-state";
import { FileRow } from "./filerow";
import type { Within } from "./tab-state";
import { VersionCard } from "./version";

/** What is kept with a run: versions of artifacts that it made and used, and its plain files. What is unfolded is in the address. */
export function Artifacts({ detail, ...within }: { detail: RunDetail } & Within) {
  const made = detail.logged_artifacts ?? [];
  const used = detail.used_artifacts ?? [];
  if (detail.artifacts.length + made.length + used.length === 0)
    return (
      <EmptyState
        title="No artifacts"
        code={
          'run.log_artifact("model.pt")                   # a file, kept with the run\n\nartifact = aspara.Artifact("digits", type="dataset")\nartifact.add_dir("data")\nrun.log_artifact(artifact, aliases=["clean"])  # versions: digits:v0, …'
        }
      >
        <p>Store models, data, code and other files with the run.</p>
      </EmptyState>
    );
  return (
    <>
      <Uses title="Made by this run" way="made" uses={made} run={detail.run} {...within} />
      <Uses title="Used by this run" way="used" uses={used} run={detail.run} {...within} />
      {detail.artifacts.length > 0 && <Files detail={detail} {...within} />}
    </>
  );
}

function Uses({
  title,
  way,
  uses,
  run,
  ...within
}: { title: string; way: string; uses: ArtifactUse[]; run: string } & Within) {
  if (uses.length === 0) return null;
  return (
    <section class="uses">
      <h2>{title}</h2>
      {uses.map((use) => {
        const key = `${way} ${use.project}/${use.name}:${use.version ?? use.digest}`;
        return <VersionCard key={key} place={key} use={use} run={run} {...within} />;
      })}
    </section>
  );
}

function Files({ detail, query, set }: { detail: RunDetail } & Within) {
  const { source } = useApp();
  const shown = query.get("file");
  const address = (name: string) =>
    source.url("projects", detail.project, "runs", detail.run, "artifacts", name);
  return (
    <section class="uses">
      <h2 class="row">
        Files
        <span class="count">{detail.artifacts.length}</span>
        <span class="spacer" />
        <a
          class="button small"
          href={source.url("projects", detail.project, "runs", detail.run, "artifacts", "download")}
          download={`${detail.run}-artifacts.zip`}
        >
          All as ZIP
        </a>
      </h2>
      <ul class="card files">
        {detail.artifacts.map((file) => (
          <FileRow
            key={file.name}
            name={file.name}
            size={file.file_size}
            about={about(file)}
            address={address(file.name)}
            open={shown === file.name}
            toggle={() => set({ file: shown === file.name ? null : file.name })}
          />
        ))}
      </ul>
    </section>
  );
}

function about(file: Artifact): string {
  return [file.category, file.description, formatTime(file.timestamp)].filter(Boolean).join(" · ");
}
