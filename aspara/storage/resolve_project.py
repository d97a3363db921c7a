"""Which folder is the project of a display name: its slug, with a number where another project has that already."""

from __future__ import annotations

from aspara import names
from aspara.storage import metadata
from aspara.storage.layout import Layout


def resolve_project(layout: Layout, display_name: str) -> str:
    """The folder of the project that people see as `display_name`, existing or not. The caller holds the data directory's lock."""
    base = names.slug(display_name)
    stem, number = base, 1
    while layout.project_dir(stem).exists():
        content = metadata.read_or_empty(layout.project_metadata(stem))
        if str(content.get("display_name") or stem) == display_name:
            break
        number += 1
        stem = f"{base[:120]}-{number}"
    return stem
