"""Aspara's own: another data directory, a project in one, or a dashboard or tracker far away.

Everything comes: rows as they were logged, media, config, results, tags, notes, ends, what was printed, and the versions of
artifacts that a run made.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aspara.api.base_api import open_provider
from aspara.api.provider import DataProvider
from aspara.catalog.files import lineage
from aspara.catalog.files.content import Content
from aspara.catalog.runs.run_info import RunInfo
from aspara.client.http_client import is_address
from aspara.errors import ArtifactNotFound, AsparaError, NotFound
from aspara.importers.common.source import FileTree, ImportReport, Row, RunMetadata, SourceRun, nothing_found, place
from aspara.media.base import BlobStore, Media
from aspara.storage.layout import Layout

_DETAILS = ("host", "command", "git", "environment", "metric_definitions", "total_steps", "pid")
_CONSOLE = "console.log"
Find = Callable[[str, str, str], Content]
"""A file of (project, run, name)."""


def recognizes(path: Path) -> bool:
    """True for a data directory with a run that has metadata, and for a project in one."""
    return bool(_projects(path))


def runs(path: Path | str, report: ImportReport) -> list[SourceRun]:
    """The runs of every project there."""
    if is_address(str(path)):
        library = open_provider(str(path))
        names, root = [info.name for info in library.projects()], str(path)
    else:
        names = _projects(Path(path))
        if not names:
            raise nothing_found("aspara", Path(path), "give a data directory, a project in one, or a server's address.")
        folder = Path(path).absolute()
        data_dir = folder.parent if names == [folder.name] and not _holds_runs(folder / folder.name) else folder
        library, root = open_provider(data_dir), place(data_dir)
    found = []
    for project in names:
        try:
            infos = library.runs(project)
        except NotFound:  # deleted meanwhile
            continue
        for info in reversed(infos):
            if info.problem_count:
                report.problem(f"{project}/{info.run}: {info.problem_count} lines or files of it could not be read")
            source = _Source(library, info)
            # How many problems are known depends on what was read there before; new ones come with a change of the files.
            stamp = f"{info.status} {info.last_update} {info.last_step}"
            found.append(
                SourceRun(
                    "aspara",
                    f"{root}#{project}/{info.id}",
                    source.rows,
                    source.facts,
                    project=project,
                    id=info.id,
                    # A running run is read each time: nobody else says whether there is more.
                    stamp=None if info.status == "running" else stamp,
                    trees=source.trees,
                    console=source.console,
                )
            )
    return found


class _Source:
    """One run in a library. What its list item does not say is looked up when its rows are read."""

    def __init__(self, library: DataProvider, info: RunInfo) -> None:
        self._library, self._project, self._run = library, info.project, info.run
        self._metadata: dict[str, Any] = {}
        self._plain: list[str] = []
        self._contents: dict[tuple[Find, str], Content] = {}
        self.facts = RunMetadata(
            name=info.name,
            config=info.config,
            tags=info.tags,
            notes=info.notes,
            group=info.group,
            job_type=info.job_type,
            status="crashed" if info.status == "running" else info.status,
            exit_code=info.exit_code,
            start_time=info.start_time,
            finish_time=info.finish_time,
        )

    def console(self) -> Path | None:
        """What it printed."""
        with contextlib.suppress(ArtifactNotFound):
            return self._fetched(_CONSOLE, self._library.file)
        return None

    def rows(self, report: ImportReport) -> Iterator[Row]:
        """Its rows, media with the way to their files."""
        del report
        detail = self._library.run(self._project, self._run)
        metadata, own = detail.info.metadata, detail.info.metadata.get("summary_own")
        self._metadata = metadata
        self._plain = [str(artifact["name"]) for artifact in detail.artifacts]
        # The writer makes the last numbers and texts out of the rows; lists and media it takes from here.
        self.facts.summary = {
            k: v for k, v in detail.info.summary.items() if own is None or k in own or isinstance(v, dict | list)
        }
        self.facts.details = {name: metadata[name] for name in _DETAILS if metadata.get(name) is not None}
        self.facts.captured = {str(name) for name in metadata.get("captured_metrics") or []}
        for time, step, values in self._library.rows(self._project, self._run):
            yield time, step, {n: _Reference(v, self._media) if isinstance(v, dict) else v for n, v in values.items()}

    def trees(self, report: ImportReport) -> list[FileTree]:
        """Versions of artifacts as they are, and plain artifacts as one."""
        found: list[FileTree] = []
        for store, _, manifest in lineage.kept(
            self._metadata, "logged_artifacts", self._project, self._library.collections
        ):
            with contextlib.suppress(NotFound, KeyError):  # deleted since
                entries = [e for e in manifest.get("entries") or [] if "ref" not in e]
                if len(entries) < len(manifest.get("entries") or []):
                    report.skip("references in artifacts", len(manifest["entries"]) - len(entries))
                files = {
                    str(e["path"]): store.content(str(manifest["name"]), str(manifest["version"]), e) for e in entries
                }
                found.append(FileTree(str(manifest["name"]), str(manifest.get("type")), files))
        if self._plain:
            kept = {name: self._fetched(name, self._library.artifact) for name in self._plain}
            found.append(FileTree(f"run-{self._run}-files", "files", kept))
        return found

    def _fetched(self, name: str, find: Find) -> Path:
        """Where a file of the run lies; one from far away is fetched once, however often it is asked for."""
        if (find, name) not in self._contents:
            self._contents[find, name] = find(self._project, self._run, name)
        return self._contents[find, name].path()

    def _media(self, path: str) -> tuple[bytes, str]:
        name = path.rpartition("/")[2]
        try:
            content = self._library.media_file(self._project, self._run, name).path()
        except NotFound:
            raise FileNotFoundError(path) from None
        return content.read_bytes(), name.rpartition(".")[2]


class _Reference(Media):
    """A value of a row that names files: they are fetched when it is kept, and named anew."""

    kind = "media"

    def __init__(self, value: dict[str, Any], fetch: Callable[[str], tuple[bytes, str]]) -> None:
        self._value, self._fetch = value, fetch
        self.kind = str(value.get("_type") or "media")  # type: ignore[misc]

    def stored(self, shelf: BlobStore) -> dict[str, Any]:
        """The same value, its files on the shelf."""
        found = self._moved(self._value, shelf)
        assert isinstance(found, dict)
        return found

    def _moved(self, value: Any, shelf: BlobStore) -> Any:
        if isinstance(value, list):
            return [self._moved(item, shelf) for item in value]
        if not isinstance(value, dict):
            return value
        inner = {key: self._moved(item, shelf) for key, item in value.items()}
        path = value.get("path")
        if isinstance(path, str) and path.startswith("media/"):
            content, ending = self._fetch(path)
            if value.get("_type") == "table" and ending == "json":
                # Its cells may name files, too.
                with contextlib.suppress(ValueError, RecursionError):
                    content = json.dumps(self._moved(json.loads(content), shelf), separators=(",", ":")).encode()
            inner.update(shelf.keep(content, ending))
        return inner


def _projects(path: Path) -> list[str]:
    if not path.is_dir():
        return []
    layout = Layout(path.absolute())
    with contextlib.suppress(AsparaError, OSError):
        found = [name for name in layout.projects() if _holds_runs(path / name)]
        if found:
            return found
        if _holds_runs(path):
            return [path.absolute().name]
    return []


def _holds_runs(project: Path) -> bool:
    """True for a folder with a run's metadata in it: what else ends in .jsonl may be anybody's."""
    return project.is_dir() and any(project.glob("*.meta.json"))
