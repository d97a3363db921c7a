"""Names under the data directory; no other file knows them.

    <data_dir>/<project>/metadata.json                     project notes and tags
    <data_dir>/<project>/.artifacts/collections/<name>/v<n>.json, aliases.json     versioned artifacts: manifests and aliases
    <data_dir>/<project>/.artifacts/blobs/<aa>/<sha256>    versioned artifacts: content, each once
    <data_dir>/<project>/<run>.meta.json                   run metadata
    <data_dir>/<project>/<run>.jsonl                       rows (jsonl) or an empty marker (polars); its lock says "alive"
    <data_dir>/<project>/<run>.wal.jsonl                   polars: rows not yet archived
    <data_dir>/<project>/<run>_archive/date=YYYY-MM-DD/    polars: Parquet parts
    <data_dir>/<project>/<run>/artifacts/                  artifacts
    <data_dir>/<project>/<run>/media/                      images, tables, ...
    <data_dir>/<project>/<run>/console.log                 captured output (console.1.log: what came before)
    <data_dir>/<project>/<run>/requirements.txt            captured: the installed packages
    <data_dir>/<project>/<run>/diff.patch                  captured: what the git work tree changed
    <data_dir>/<project>/<run>/writers/<writer>.jsonl      rows of further writers (processes, forks, hosts); same rules
    <data_dir>/<project>/<run>/writers/system-<id>.jsonl   rows of system metrics
    <data_dir>/<project>/<run>/writers/<writer>.wal.jsonl  polars: their rows not yet archived
    <data_dir>/<project>/<run>/segments/<segment>.jsonl    polars: rows being archived
    <data_dir>/<project>/<run>/alive/<host>                touched by living writers of one host, for readers on others
    <data_dir>/<project>/<run>/rewound/<n>/                rows that the n-th rewind set aside

A polars segment exists until its rows are in Parquet: its removal is the commit. A reader lists the segments first, reads
them, and ignores Parquet parts that are named after a segment it saw (``part-<segment>.parquet``).
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aspara.names import check_file_name, is_file_name
from aspara.util import files

_META = ".meta.json"
_ROWS = ".jsonl"
_WAL = ".wal.jsonl"
_ARCHIVE = "_archive"
_WRITERS = "writers"
_SEGMENTS = "segments"
PART_PREFIX = "part-"
TRASH_PREFIX = ".trash-"
DELETION_NOTE = "deleting.json"
"""In the trash: the files that a deletion removes, by name, with their inodes."""
DOCTOR_PREFIX = ".doctor-"
"""Folders in the data directory with what `aspara doctor --fix` set aside."""
BROKEN_ENDING = ".broken"
_DRAFT_ENDINGS = (".tmp", ".next")
SYSTEM_PREFIX = "system-"
CONSOLE, OLDER_CONSOLE, PACKAGES, DIFF = "console.log", "console.1.log", "requirements.txt", "diff.patch"
BESIDE = (CONSOLE, OLDER_CONSOLE, PACKAGES, DIFF)
"""What is captured into files of the run's folder."""
TURNED = b"[aspara: the output before this is in console.1.log, what is older is dropped]\n"
"""The first line of captured output that began a new file because the one before grew too long."""


@dataclass(frozen=True)
class ArtifactPaths:
    """Where the versioned artifacts of one project lie. No run can have the folder's name, since it begins with a dot."""

    project_dir: Path

    @property
    def folder(self) -> Path:
        """All of it."""
        return self.project_dir / ".artifacts"

    @property
    def blobs(self) -> Path:
        """The folder of contents."""
        return self.folder / "blobs"

    def blob(self, sha256: str) -> Path:
        """Content by its fingerprint, 64 hexadecimal digits."""
        return self.blobs / sha256[:2] / sha256

    def holds(self, sha256: str) -> bool:
        """True where that content lies below the folder itself, behind no link, which could lead anywhere."""
        blob = self.blob(sha256)
        behind = any(folder.is_symlink() for folder in (self.folder, self.blobs, blob.parent))
        return not behind and files.is_plain(blob)

    @property
    def collections(self) -> Path:
        """The folder of artifacts by name."""
        return self.folder / "collections"

    def collection(self, name: str) -> Path:
        """The folder of an artifact's versions; raises InvalidName."""
        return self.collections / check_file_name(name, "artifact")

    def manifest(self, name: str, number: int) -> Path:
        """What version `number` holds."""
        return self.collection(name) / f"v{number}.json"

    def aliases(self, name: str) -> Path:
        """Which version each alias means."""
        return self.collection(name) / "aliases.json"

    def names(self) -> list[str]:
        """The names of all artifacts, sorted; links are not followed."""
        if self.folder.is_symlink() or self.collections.is_symlink():
            return []
        return sorted(p.name for p in _folders(self.collections) if is_file_name(p.name))

    def numbers(self, name: str) -> list[int]:
        """The numbers of an artifact's versions, ascending."""
        found = (p.stem[1:] for p in _files(self.collection(name), ".json") if p.name[0] == "v")
        return sorted(int(n) for n in found if n.isdigit())


@dataclass(frozen=True)
class RunPaths:
    """Where the parts of one run lie. Paths are made from checked names, so they cannot leave the project's folder."""

    project_dir: Path
    run: str

    @property
    def metadata(self) -> Path:
        """The run's metadata file."""
        return self.project_dir / (self.run + _META)

    @property
    def rows(self) -> Path:
        """The main row file, or the polars marker."""
        return self.project_dir / (self.run + _ROWS)

    @property
    def wal(self) -> Path:
        """The main writer's rows that are not archived yet (polars)."""
        return self.project_dir / (self.run + _WAL)

    @property
    def archive(self) -> Path:
        """The folder of Parquet parts (polars)."""
        return self.project_dir / (self.run + _ARCHIVE)

    @property
    def folder(self) -> Path:
        """The run's own folder: artifacts, media, further writers."""
        return self.project_dir / self.run

    @property
    def artifacts(self) -> Path:
        """The folder of artifacts."""
        return self.folder / "artifacts"

    @property
    def media(self) -> Path:
        """The folder of media content."""
        return self.folder / "media"

    @property
    def console(self) -> Path:
        """The captured output."""
        return self.folder / CONSOLE

    @property
    def older_console(self) -> Path:
        """The captured output from before :attr:`console` began."""
        return self.folder / OLDER_CONSOLE

    @property
    def writers(self) -> Path:
        """The folder of further writers' files."""
        return self.folder / _WRITERS

    @property
    def segments(self) -> Path:
        """The folder of row files on their way into the archive (polars)."""
        return self.folder / _SEGMENTS

    def alive(self, host: str) -> Path:
        """The file whose age tells other hosts whether a writer on `host` lives."""
        return self.folder / "alive" / (host if is_file_name(host) else "unknown")

    def alive_files(self) -> list[Path]:
        """The signs of life of every host."""
        return _files(self.folder / "alive", "")

    @property
    def rewound(self) -> Path:
        """The folder of rows that rewinds set aside; no reader looks into it."""
        return self.folder / "rewound"

    def next_rewound(self) -> Path:
        """The folder for the next rewind's rows; not made yet."""
        taken = [int(path.name) for path in _folders(self.rewound) if path.name.isdecimal()]
        return self.rewound / str(max(taken, default=0) + 1)

    def writer_rows(self, writer: str) -> Path:
        """A further writer's row file or polars marker."""
        return self.writers / (writer + _ROWS)

    def writer_wal(self, writer: str) -> Path:
        """A further writer's rows that are not archived yet (polars)."""
        return self.writers / (writer + _WAL)

    def segment(self, segment: str) -> Path:
        """The row file of a segment."""
        return self.segments / (segment + _ROWS)

    def part(self, segment: str, date: str) -> Path:
        """The Parquet part that holds a segment's rows of one UTC `date` (YYYY-MM-DD)."""
        return self.archive / f"date={date}" / f"{PART_PREFIX}{segment}.parquet"

    def lock_files(self) -> list[Path]:
        """The files whose lock a living writer holds: the main one first."""
        if not self._has_folder():
            return [self.rows]
        return [self.rows, *(p for p in _files(self.writers, _ROWS) if not p.name.endswith(_WAL))]

    def _has_folder(self) -> bool:
        """Whether the run has a folder of its own; a link in its place is none."""
        return _mode(os.path.join(self.project_dir, self.run), stat.S_ISDIR)

    def signs(self) -> tuple[str, str, str, str]:
        """Where a change of the run shows first: metadata, rows, the polars rows and the folder of further writers. As texts,
        for they are looked at thousands at a time.
        """
        base = os.path.join(self.project_dir, self.run)
        return base + _META, base + _ROWS, base + _WAL, os.path.join(base, _WRITERS)

    def row_files(self) -> list[Path]:
        """Every file that may hold rows as JSON lines, main ones first, then further writers', then segments."""
        # As texts at first: a watcher looks at thousands of runs, most of which have one file.
        base = os.path.join(self.project_dir, self.run)
        further = [*_files(self.writers, _ROWS), *self.segment_files()] if self._has_folder() else []
        main = [Path(path) for path in (base + _ROWS, base + _WAL) if _mode(path, stat.S_ISREG)]
        return [*main, *(path for path in further if _mode(path, stat.S_ISREG))]

    def is_shared(self) -> bool:
        """Whether further processes have logged to the run; who captures the machine's load is none."""
        try:
            names = os.listdir(self.writers)
        except OSError:
            return False
        return any(name.endswith(_ROWS) and not name.startswith(SYSTEM_PREFIX) for name in names)

    def segment_files(self) -> list[Path]:
        """The segments that are not committed to Parquet yet."""
        return _files(self.segments, _ROWS)

    def parts(self) -> list[Path]:
        """Every Parquet part, in order of date and name; those of uncommitted segments included."""
        found: list[Path] = []
        for date in [] if self.archive.is_symlink() else _folders(self.archive):
            found.extend(_files(date, ".parquet"))
        return found

    def misplaced(self) -> list[tuple[Path, str]]:
        """Which of the places of its rows and files hold something that nobody reads, and what."""
        found = []
        for path, is_wanted, wanted in (
            (self.rows, stat.S_ISREG, "file"),
            (self.wal, stat.S_ISREG, "file"),
            (self.archive, stat.S_ISDIR, "folder"),
            (self.folder, stat.S_ISDIR, "folder"),
        ):
            try:
                mode = path.lstat().st_mode
            except OSError:
                continue
            if stat.S_ISLNK(mode):
                found.append((path, "a link, which is not followed"))
            elif not is_wanted(mode):
                what = "a folder" if stat.S_ISDIR(mode) else "a file" if stat.S_ISREG(mode) else "a pipe or device"
                found.append((path, f"{what} where a {wanted} belongs; it is not read"))
        return found

    def all_paths(self) -> list[Path]:
        """Everything that belongs to the run, for deletion: the metadata last."""
        return [self.rows, self.wal, self.archive, self.folder, self.metadata]


def shown(path: Path) -> str:
    """How a row file of a run is called for people: with its folder, where that is not the project's."""
    return f"{path.parent.name}/{path.name}" if path.parent.name in (_WRITERS, _SEGMENTS) else path.name


def part_segment(part: Path) -> str | None:
    """The segment a Parquet part was made from, or None for a part of the first release."""
    stem = part.stem
    return stem[len(PART_PREFIX) :] if stem.startswith(PART_PREFIX) else None


def doomed(trash: Path) -> dict[str, int]:
    """The files that a deletion, whose trash this is, removes: inodes by name. Another file of that name is none of them."""
    try:
        found = json.loads((trash / DELETION_NOTE).read_bytes())
    except (OSError, ValueError):
        return {}
    return {name: inode for name, inode in found.items() if isinstance(inode, int)} if isinstance(found, dict) else {}


def is_wal(path: Path) -> bool:
    """True for a row file of the polars backend, which is renamed when it is full."""
    return path.name.endswith(_WAL)


def runs_of_rows(name: str) -> list[str]:
    """The runs, one at most of which exists, whose rows a file of this name directly in a project's folder may hold."""
    return [name[: -len(ending)] for ending in (_ROWS, _WAL) if name.endswith(ending) and name[0] != "."]


def is_run_metadata(name: str) -> bool:
    """True for the name of a run's metadata file, directly in its project's folder."""
    return name.endswith(_META) and name[0] != "."


def is_draft(name: str) -> bool:
    """True for the name of a file that was being written and not yet put in its place."""
    return name.startswith(".") and name.endswith(_DRAFT_ENDINGS)


class Layout:
    """The data directory as a whole."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir

    def project_dir(self, project: str) -> Path:
        """The folder of `project`; raises InvalidName for a name that could leave the data directory."""
        return self.data_dir / check_file_name(project, "project")

    def project_metadata(self, project: str) -> Path:
        """The metadata file of `project`."""
        return self.project_dir(project) / "metadata.json"

    def artifacts(self, project: str) -> ArtifactPaths:
        """The paths of a project's versioned artifacts, existing or not; raises InvalidName."""
        return ArtifactPaths(self.project_dir(project))

    def run(self, project: str, run: str) -> RunPaths:
        """The paths of a run, existing or not; raises InvalidName."""
        return RunPaths(self.project_dir(project), check_file_name(run, "run"))

    def projects(self) -> list[str]:
        """The names of all projects, sorted: folders with a valid name; links are not followed."""
        return sorted(path.name for path in _folders(self.data_dir) if is_file_name(path.name))

    def orphans(self, project: str) -> list[RunPaths]:
        """Runs of which only the archive or the folder is left, so that no list shows them."""
        known = set(self.runs(project))
        names = {path.name.removesuffix(_ARCHIVE) for path in _folders(self.project_dir(project))}
        return [self.run(project, name) for name in sorted(names - known) if is_file_name(name)]

    def has_run(self, project: str, run: str) -> bool:
        """Whether `project` has a run of that file stem, told without a list of all runs; see :meth:`runs`."""
        if not is_file_name(run):
            return False
        paths = self.run(project, run)
        if _mode(paths.metadata, stat.S_ISREG):
            return True
        # Without metadata of its own, "a.wal" may be the run "a" of the polars backend.
        rows = [paths.wal] if (run + _ROWS).endswith(_WAL) else [paths.rows, paths.wal]
        return any(_mode(path, stat.S_ISREG) for path in rows)

    def runs(self, project: str) -> list[str]:
        """The file stems of all runs of `project`, sorted. A run is there as soon as its row or metadata file is."""
        try:
            with os.scandir(self.project_dir(project)) as entries:
                listed = list(entries)
            names = {entry.name for entry in listed if entry.is_file(follow_symlinks=False)}
        except (FileNotFoundError, NotADirectoryError):
            return []
        # What a deletion removes is gone as soon as it has begun, also where it was killed.
        trash = [Path(entry.path) for entry in listed if entry.name.startswith(TRASH_PREFIX)]
        if trash:
            gone = {name: inode for folder in trash for name, inode in doomed(folder).items()}
            names -= {entry.name for entry in listed if gone.get(entry.name, -1) == entry.inode()}
        found = set()
        for name in names:
            if name.endswith(_META):
                stem = name[: -len(_META)]
            elif name.endswith(_WAL) and name[: -len(_ROWS)] + _META not in names:
                stem = name[: -len(_WAL)]
            elif name.endswith(_ROWS):
                stem = name[: -len(_ROWS)]
            else:
                continue
            if is_file_name(stem):
                found.add(stem)
        return sorted(found)


def _mode(path: Path | str, kind: Callable[[int], bool]) -> bool:
    """Whether there is something of a kind at `path`; a link is only a link."""
    try:
        return kind(os.lstat(path).st_mode)
    except OSError:
        return False


def _files(folder: Path, ending: str) -> list[Path]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        # A link in place of the run's folder, or of one in it, could lead anywhere.
        if folder.is_symlink() or folder.parent.is_symlink():
            return []
        return sorted(
            Path(e.path)
            for e in entries
            if e.name.endswith(ending) and e.name[0] != "." and e.is_file(follow_symlinks=False)
        )
    return []


def _folders(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return sorted(Path(e.path) for e in entries if e.name[0] != "." and e.is_dir(follow_symlinks=False))
    return []
