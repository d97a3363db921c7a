"""How an artifact becomes a version, here or at a tracker, and how versions are asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aspara.artifacts.artifact import Artifact
from aspara.errors import NotRemote, UsageError
from aspara.storage.artifact_store import ArtifactStore, manifest_digest
from aspara.storage.atomic_copy import read_chunks


def store_version(artifact: Artifact, store: ArtifactStore, project: str, run: str, aliases: Sequence[str]) -> None:
    """Brings a draft's content into a project's store and makes it a version; raises OSError where the disk refuses."""
    if not artifact.is_draft():
        if artifact.project != project:
            raise UsageError(f"{artifact.qualified_name!r} belongs to another project; use new_draft() to log it here.")
        merged = list(dict.fromkeys([*artifact.aliases, *aliases]))
        artifact.aliases = merged
        artifact.save()
        return
    for file, content in artifact._contents():
        if not store.has(str(file.sha256)):
            store.put(read_chunks(content), expected=file.sha256)
    manifest = store.commit(
        artifact.collection_name,
        artifact.type,
        artifact._entries(),
        aliases=list(dict.fromkeys([*artifact.aliases, *aliases])),
        description=artifact.description,
        facts=json.loads(json.dumps(artifact.metadata, default=str)),
        tags=artifact.tags,
        run=run,
    )
    artifact._logged(store, project, manifest)


def send_version(
    artifact: Artifact,
    send: Callable[[Mapping[str, Path], Mapping[str, Any]], None],
    project: str,
    aliases: Sequence[str],
) -> None:
    """Hands a draft to what brings it to a tracker, which will number the version."""
    if not artifact.is_draft():
        raise NotRemote(
            f"{artifact.name!r} is logged already; a run at a tracker cannot give it aliases. Log a new_draft()."
        )
    entries = artifact._entries()
    manifest = {
        "name": artifact.collection_name,
        "type": artifact.type,
        "description": artifact.description,
        "metadata": json.loads(json.dumps(artifact.metadata, default=str)),
        "tags": artifact.tags,
        "entries": entries,
        "aliases": list(dict.fromkeys([*artifact.aliases, *aliases])),
    }
    send({str(file.sha256): content for file, content in artifact._contents()}, manifest)
    artifact._logged(None, project, {**manifest, "digest": manifest_digest(entries)})


def split_name(name: str, project: str | None) -> tuple[str | None, str, str]:
    """(project, name, version or alias) of ``[entity/][project/]name[:version]``."""
    path, _, reference = name.partition(":")
    parts = [part for part in path.split("/") if part]
    if not parts or len(parts) > 3:
        raise UsageError(f"{name!r}: give an artifact like 'weights:latest' or 'project/weights:v3'.")
    return (parts[-2] if len(parts) > 1 else project), parts[-1], reference or "latest"
