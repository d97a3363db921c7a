"""How an artifact becomes a version, here or at a tracker, and how versions are asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence

from aspara.artifacts.artifact import Artifact
from aspara.errors import UsageError
from aspara.recorder import Recorder
from aspara.storage.artifact_store import manifest_digest


def log_version(artifact: Artifact, recorder: Recorder, aliases: Sequence[str]) -> None:
    """Makes a draft a version of the recorder's project, or gives a version further aliases. Raises OSError where the disk refuses."""
    project = recorder.identity.project
    merged = list(dict.fromkeys([*artifact.aliases, *aliases]))
    if not artifact.is_draft():
        if artifact.project != project:
            raise UsageError(f"{artifact.qualified_name!r} belongs to another project; use new_draft() to log it here.")
        artifact.aliases = merged
        artifact.save()
        return
    entries = artifact._entries()
    manifest = {
        "name": artifact.collection_name,
        "type": artifact.type,
        "description": artifact.description,
        "metadata": json.loads(json.dumps(artifact.metadata, default=str)),
        "tags": artifact.tags,
        "entries": entries,
        "aliases": merged,
    }
    kept = recorder.keep_version({str(file.sha256): content for file, content in artifact._contents()}, manifest)
    if kept is None:
        artifact._logged(None, project, {**manifest, "digest": manifest_digest(entries)})
    else:
        artifact._logged(recorder.collections(project), project, kept)


def split_name(name: str, project: str | None) -> tuple[str | None, str, str]:
    """(project, name, version or alias) of ``[entity/][project/]name[:version]``."""
    path, _, reference = name.partition(":")
    parts = [part for part in path.split("/") if part]
    if not parts or len(parts) > 3:
        raise UsageError(f"{name!r}: give an artifact like 'weights:latest' or 'project/weights:v3'.")
    return (parts[-2] if len(parts) > 1 else project), parts[-1], reference or "latest"
