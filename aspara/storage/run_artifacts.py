"""Artifacts on disk: a copy of the user's file, put in place only when it is whole."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from aspara.errors import InvalidName, UsageError
from aspara.storage.atomic_copy import drafted
from aspara.storage.layout import is_draft
from aspara.types import ARTIFACT_CATEGORIES, ArtifactEntry
from aspara.util import files, os_compat

_REFUSED = '/\\"' + os_compat.REFUSED_IN_NAMES


def check_name(name: str) -> str:
    """`name` itself if it is one plain file name; raises InvalidName for paths, control characters and names of our drafts."""
    if (
        not name
        or len(name.encode("utf-8", "replace")) > 255
        or is_draft(name)
        or name.endswith((" ", "."))
        or any(c in _REFUSED or ord(c) < 32 or 0xD800 <= ord(c) <= 0xDFFF for c in name)
    ):
        raise InvalidName(
            f"{name[:80]!r} is no valid artifact name: give a plain file name like 'model.pt', without folders."
        )
    return name


def check_path(name: str) -> str:
    """`name` itself if it is a plain file name, or a path of such ones like ``ckpt/best.pt``; raises InvalidName."""
    for part in name.split("/"):
        check_name(part)
    return name


def check_category(category: str | None) -> str | None:
    """`category` itself if it is one of code, model, config, data, other or None."""
    if category is not None and category not in ARTIFACT_CATEGORIES:
        raise UsageError(f"category={category!r}: choose one of {', '.join(ARTIFACT_CATEGORIES)}.")
    return category


def store(
    folder: Path,
    chunks: Iterable[bytes],
    *,
    name: str,
    original_path: str,
    description: str | None = None,
    category: str | None = None,
    limit: int | None = None,
) -> ArtifactEntry:
    """Writes `chunks` to `folder`/`name` by way of a draft, so that an older file of that name stays whole until then. The name
    may be a path below the folder.

    Raises :class:`TooLarge` when more than `limit` bytes come; then nothing is changed.
    """
    check_path(name)
    check_category(category)
    target = folder / name
    files.make_folder(target.parent)
    draft = target.parent / f".{target.name[:60]}.{os.getpid()}-{time.monotonic_ns()}.tmp"
    with drafted(draft, chunks, limit=limit, what=f"artifact {name!r}") as size:
        os_compat.replace(draft, target)
    files.sync_folder(target.parent)
    return ArtifactEntry(
        name, original_path, f"artifacts/{name}", size, time.time_ns() // 1_000_000, description, category
    )
