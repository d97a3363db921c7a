"""Settings: one table of every environment variable, and where the data lives.

The table is the only place that knows the names; the documentation's table is generated from it. Arguments beat
variables everywhere, except that ``ASPARA_STORAGE_BACKEND`` beats its argument, so that a whole cluster can be moved.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aspara.errors import DataDirError, UsageError
from aspara.limits import MAX_INTEGER

__all__ = ["STORAGE_BACKENDS", "TABLE", "Setting", "check", "data_dir", "flag", "get", "storage_backend"]

STORAGE_BACKENDS: dict[str, str] = {
    "jsonl": "aspara.storage.backends.jsonl",
    "polars": "aspara.storage.backends.polars",
}
"""The module of each storage backend, by the name that users write; the first one is the default."""
_GIB = 1 << 30
_MOST = MAX_INTEGER
_LONGEST = 1_000_000_000


@dataclass(frozen=True)
class Setting:
    """One environment variable: its name, its kind (text, int, float, flag, list or a choice), default and meaning."""

    name: str
    kind: str
    default: Any
    meaning: str
    choices: tuple[str, ...] = ()

    def read(self) -> Any:
        """The variable's value, or the default where it is unset or empty; raises UsageError for a malformed one."""
        text = os.environ.get(self.name, "").strip()
        if not text:
            return self.default
        if self.kind in ("int", "float"):
            return self._number(text)
        if self.kind == "flag":
            return text.lower() not in ("0", "false", "no", "off")
        if self.kind == "list":
            return [part.strip() for part in text.split(",") if part.strip()]
        if self.choices and text.lower() not in self.choices:
            raise UsageError(f"{self.name}={text!r}: choose one of {', '.join(self.choices)}.")
        return text.lower() if self.choices else text

    def _number(self, text: str) -> int | float:
        try:
            found = int(text) if self.kind == "int" else float(text)
        except ValueError:
            found = -1
        # A wait of more seconds is more than the system's clock takes; "nan" is neither more nor less.
        most = _MOST if self.kind == "int" else _LONGEST
        if not 0 <= found <= most:
            what = "whole number" if self.kind == "int" else "number"
            raise UsageError(
                f"{self.name}={text!r} is no {what} from 0 to {most}. Give {self.meaning}, such as {self.default}, or unset it."
            )
        return found


TABLE: dict[str, Setting] = {
    s.name: s
    for s in (
        Setting(
            "ASPARA_DATA_DIR",
            "text",
            None,
            "where runs are kept (default: $XDG_DATA_HOME/aspara or ~/.local/share/aspara)",
        ),
        Setting(
            "ASPARA_CACHE_DIR",
            "text",
            None,
            "where reading indexes are kept (default: $XDG_CACHE_HOME/aspara or ~/.cache/aspara)",
        ),
        Setting(
            "ASPARA_STORAGE_BACKEND",
            "choice",
            None,
            "how rows are kept; beats the storage_backend argument",
            tuple(STORAGE_BACKENDS),
        ),
        Setting(
            "ASPARA_TRACKER_URI", "text", None, "the address of a tracker that takes the runs, e.g. http://gpu-box:3142"
        ),
        Setting("ASPARA_PROJECT", "text", None, "the project of runs that name none (default: default)"),
        Setting("ASPARA_NAME", "text", None, "the display name of the run"),
        Setting("ASPARA_RUN_ID", "text", None, "the id of the run to make, join or continue"),
        Setting("ASPARA_RESUME", "text", None, "allow, must, never, auto, or 1: whether to continue an earlier run"),
        Setting(
            "ASPARA_MODE",
            "choice",
            "online",
            "disabled records nothing; offline records locally even if a tracker is set",
            ("online", "offline", "disabled"),
        ),
        Setting("ASPARA_TAGS", "list", None, "tags of the run, separated by commas"),
        Setting("ASPARA_NOTES", "text", None, "notes of the run"),
        Setting("ASPARA_GROUP", "text", None, "the group of the run"),
        Setting("ASPARA_JOB_TYPE", "text", None, "the job type of the run"),
        Setting("ASPARA_TOKEN", "text", None, "the token that dashboard and tracker demand, and that clients send"),
        Setting("ASPARA_READ_ONLY", "flag", False, "1: the dashboard neither edits nor deletes"),
        Setting("ASPARA_SILENT", "flag", False, "1: init() and finish() do not say which run it is and how it ended"),
        Setting("ASPARA_NOTEBOOK", "choice", "auto", "off: no live chart under the training cell", ("auto", "off")),
        Setting(
            "ASPARA_CAPTURE",
            "list",
            None,
            "what is captured: all (default), off, or some of system, console, git, packages, command, environment, "
            "notebook; -console and the like for all but that",
        ),
        Setting("ASPARA_REDACT", "choice", "on", "off: secrets in configs are kept as they are", ("on", "off")),
        Setting("ASPARA_SYSTEM_INTERVAL", "float", 15.0, "seconds between two samples of the system metrics"),
        Setting("ASPARA_MAX_CONSOLE_SIZE", "int", 8 << 20, "bytes of captured output kept for one run"),
        Setting("ASPARA_MAX_DIFF_SIZE", "int", 4 << 20, "bytes of the captured diff of the git work tree"),
        Setting(
            "ASPARA_DURABILITY",
            "choice",
            "interval",
            "when rows are forced to disk: at an interval, at each log() (always), or by the system (os)",
            ("interval", "always", "os"),
        ),
        Setting("ASPARA_FSYNC_INTERVAL", "float", 1.0, "seconds between two forced writes to disk"),
        Setting(
            "ASPARA_EXIT_TIMEOUT", "float", 5.0, "seconds that finish() may wait for a full disk or a slow tracker"
        ),
        Setting(
            "ASPARA_ARCHIVE_ROWS",
            "int",
            100_000,
            "rows after which the polars backend moves them into Parquet (64 MiB at the latest)",
        ),
        Setting("ASPARA_MAX_FILE_SIZE", "int", _GIB, "bytes of one uploaded artifact"),
        Setting("ASPARA_MAX_MEDIA_SIZE", "int", _GIB >> 2, "bytes of one image, table, video or other media file"),
        Setting("ASPARA_MAX_ZIP_SIZE", "int", _GIB, "bytes of all artifacts in one ZIP download"),
        Setting("ASPARA_MAX_NOTES_LENGTH", "int", 10_240, "characters of notes"),
        Setting("ASPARA_MAX_TAGS_COUNT", "int", 100, "tags of one run or project"),
        Setting("ASPARA_LTTB_THRESHOLD", "int", 1000, "points per series that a chart asks for by default"),
        Setting(
            "ASPARA_WATCH",
            "choice",
            "auto",
            "how a dashboard learns of new rows: auto (the system tells it where it can, on network disks it looks), or poll "
            "(it always looks)",
            ("auto", "poll"),
        ),
        Setting(
            "ASPARA_PROJECT_SEARCH_MODE",
            "choice",
            "realtime",
            "whether the project list filters as you type or on Enter",
            ("realtime", "manual"),
        ),
    )
}


def get(name: str) -> Any:
    """The value of the setting `name` (its environment variable or default)."""
    return TABLE[name].read()


def check() -> None:
    """Raises UsageError for the first malformed variable: before a run begins, since what it needs later must not stop it."""
    for setting in TABLE.values():
        setting.read()


def flag(name: str) -> bool:
    """The value of a yes-or-no setting."""
    return bool(TABLE[name].read())


def data_dir(argument: str | os.PathLike[str] | None = None) -> Path:
    """The data directory: `argument`, else ASPARA_DATA_DIR, else the user's data folder. Absolute; may not exist yet."""
    chosen = argument or get("ASPARA_DATA_DIR")
    if chosen:
        if not isinstance(chosen, str | os.PathLike):
            raise UsageError(f"The data directory {chosen!r} is no path: give text, such as './runs'.")
        return _expanded(chosen)
    return _user_folder("XDG_DATA_HOME", ".local/share") / "aspara"


def cache_dir(argument: str | os.PathLike[str] | None = None) -> Path:
    """The cache directory: `argument`, else ASPARA_CACHE_DIR, else the user's cache folder. Absolute; may not exist yet."""
    chosen = argument or get("ASPARA_CACHE_DIR")
    if chosen:
        return _expanded(chosen)
    return _user_folder("XDG_CACHE_HOME", ".cache") / "aspara"


def state_dir() -> Path:
    """Where a client keeps what it has not yet delivered."""
    return _user_folder("XDG_STATE_HOME", ".local/state") / "aspara"


def storage_backend(argument: str | None = None) -> str:
    """A storage backend's name: the variable, else the argument, else the first of the table. Raises UsageError for another name."""
    chosen = get("ASPARA_STORAGE_BACKEND") or argument or next(iter(STORAGE_BACKENDS))
    if chosen not in STORAGE_BACKENDS:
        raise UsageError(f"storage_backend={chosen!r}: the backends are {' and '.join(map(repr, STORAGE_BACKENDS))}.")
    return str(chosen)


def _expanded(path: str | os.PathLike[str]) -> Path:
    try:
        return Path(path).expanduser().absolute()
    except (RuntimeError, OSError) as error:  # "~" without a home folder, or the working directory was deleted
        raise DataDirError(f"{os.fspath(path)!r} leads nowhere ({error}). Give an absolute path.") from None


def _user_folder(variable: str, below_home: str) -> Path:
    chosen = os.environ.get(variable, "")
    # The XDG standard has relative values ignored.
    if os.path.isabs(chosen):
        return Path(chosen)
    try:
        return Path.home() / below_home
    except RuntimeError:
        if variable == "XDG_DATA_HOME":
            raise DataDirError(
                "This user has no home folder (HOME is unset), so there is no place for runs. Choose one with dir=..., "
                "--data-dir or ASPARA_DATA_DIR."
            ) from None
        # What is not data, such as a cache, may lie where the system keeps what is made anew.
        import tempfile

        return Path(tempfile.gettempdir()) / f"aspara-{os.getuid() if hasattr(os, 'getuid') else 'user'}" / below_home
