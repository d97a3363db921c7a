"""What runs keep besides their points: artifacts, versions, media, the console."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aspara.catalog.data_directory import DataDirectory, latest_first
from aspara.catalog.files import artifact_versions, lineage, run_files
from aspara.catalog.files.console import console_part
from aspara.catalog.files.media import MediaQuery, media_keys, media_path, media_values, previewed
from aspara.catalog.files.table_pages import TableQuery
from aspara.catalog.index.index_pool import moment
from aspara.catalog.series import charts
from aspara.storage.artifact_store import ArtifactStore


class RunFiles(DataDirectory):
    """The files of runs and projects."""

    def artifacts(self, project: str, run: str) -> list[dict[str, Any]]:
        """The run's artifacts: those its metadata lists and those that merely lie there; links are not listed."""
        paths = self.layout.run(project, self.stem(project, run))
        return run_files.artifacts(paths, self._load(paths.metadata)[0].get("artifacts"))

    def artifact_path(self, project: str, run: str, name: str) -> Path:
        """Where an artifact lies; raises ArtifactNotFound, for links too."""
        return run_files.artifact_path(self.layout.run(project, self.stem(project, run)), name)

    def collections(self, project: str) -> ArtifactStore:
        """The versioned artifacts of a project; raises ProjectNotFound."""
        self._check_project(project)
        return ArtifactStore(self.layout.artifacts(project))

    def versioned(self, project: str) -> list[dict[str, Any]]:
        """A project's artifacts by name: type, newest version, how many there are, aliases, size of the newest."""
        return artifact_versions.listed(self.collections(project))

    def used_by(self, project: str, version: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The runs of the project that used a version, given as its manifest, the one that began last first; see
        :func:`lineage.used_by`. Metadata says it: no rows are read.
        """
        self._check_project(project)
        return lineage.used_by(latest_first(self._infos(project)), project, version)

    def version_file(self, project: str, name: str, version: str, path: str) -> Path:
        """Where the content of a file of an artifact lies; raises ArtifactNotFound, for references too."""
        return artifact_versions.file_of(self.collections(project), name, version, path)

    def version_files(self, project: str, name: str, version: str) -> list[tuple[str, Path]]:
        """(path, place) of every file of an artifact, without references; raises ArtifactNotFound where one's content is gone."""
        return artifact_versions.files_of(self.collections(project), name, version)

    def console(
        self, project: str, run: str, after: int = 0, last: int | None = None, mark: int | None = None
    ) -> dict[str, Any]:
        """Captured output from byte `after` on, or the lines within the `last` bytes; a megabyte of either at most."""
        return console_part(self.layout.run(project, self.stem(project, run)), after, last, mark)

    def captured(self, project: str, run: str, name: str) -> bytes:
        """A text captured beside a run: ``diff.patch`` or ``requirements.txt``; raises ArtifactNotFound, for links too."""
        return run_files.captured(self.layout.run(project, self.stem(project, run)), name)

    def media(self, project: str, run: str, query: MediaQuery | None = None) -> list[dict[str, Any]]:
        """Media values logged, in order of step; see :func:`media_values`."""
        return media_values(self.index(project, self.stem(project, run)), query or MediaQuery())

    def media_keys(self, project: str, run: str) -> list[dict[str, Any]]:
        """What media a run has, by metric; see :func:`media_keys`."""
        return media_keys(self.index(project, self.stem(project, run)))

    def media_soon(
        self, project: str, run: str, query: MediaQuery | None, wait: float
    ) -> tuple[list[dict[str, Any]], float]:
        """:meth:`media`, or :meth:`media_keys` without a query, within so many seconds: of a run that is still being read then,
        what is known of it; and the share of its files that is read.
        """
        index = self.index(project, self.stem(project, run))
        whole = self._indexes.read(index, moment(wait))
        if whole:
            return (media_keys(index) if query is None else media_values(index, query)), 1.0
        far = charts.ReadingProgress()
        with index.lock:
            far.add(index, whole)
            return previewed(index.points, self._indexes.preview(index)[0], query), far.share

    def media_path(self, project: str, run: str, name: str) -> Path:
        """Where a media file lies; raises MediaNotFound, for links too."""
        return media_path(self.layout.run(project, self.stem(project, run)), name)

    def media_rows(self, project: str, run: str, name: str, query: TableQuery) -> dict[str, Any]:
        """A part of a table's rows."""
        return self._tables.rows(self.media_path(project, run, name), query)
