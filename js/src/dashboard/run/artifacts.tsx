import { useState } from "preact/hooks";
import { formatTime } from "../../core/format";
import type { Artifact, ArtifactUse, RunDetail } from "../../core/types";
import { api } from "../api";
import { Teach } from "../parts/teach";
import { FileRow } from "./filerow";
import { VersionCard } from "./version";

/** What is kept with a run: versions of artifacts that it made and used, and its plain files. */
export function Artifacts({ detail }: { detail: RunDetail }) {
  const made = detail.logged_artifacts ?? [];
  const used = detail.used_artifacts ?? [];
  if (detail.artifacts.length + made.length + used.length === 0)
    return (
      <Teach
        title="No artifacts"
        code={
          'run.log_artifact("model.pt")                   # a file, kept with the run\n\nartifact = aspara.Artifact("digits", type="dataset")\nartifact.add_dir("data")\nrun.log_artifact(artifact, aliases=["clean"])  # versions: digits:v0, …'
        }
      >
        <p>Files that belong to a run are kept with it: models, data, code.</p>
      </Teach>
    );
  return (
    <>
      <Uses title="Made by this run" uses={made} run={detail.run} />
      <Uses title="Used by this run" uses={used} run={detail.run} />
      {detail.artifacts.length > 0 && <Files detail={detail} />}
    </>
  );
}

function Uses({ title, uses, run }: { title: string; uses: ArtifactUse[]; run: string }) {
  if (uses.length === 0) return null;
  return (
    <section class="uses">
      <h2>{title}</h2>
      {uses.map((use) => (
        <VersionCard key={`${use.project} ${use.name} ${use.version ?? use.digest}`} use={use} run={run} />
      ))}
    </section>
  );
}

function Files({ detail }: { detail: RunDetail }) {
  const [shown, setShown] = useState<string | null>(null);
  const address = (name: string) => api("projects", detail.project, "runs", detail.run, "artifacts", name);
  return (
    <section class="uses">
      <h2 class="row">
        Files
        <span class="count">{detail.artifacts.length}</span>
        <span class="spacer" />
        <a
          class="button small"
          href={api("projects", detail.project, "runs", detail.run, "artifacts", "download")}
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
            toggle={() => setShown(shown === file.name ? null : file.name)}
          />
        ))}
      </ul>
    </section>
  );
}

function about(file: Artifact): string {
  return [file.category, file.description, formatTime(file.timestamp)].filter(Boolean).join(" · ");
}
