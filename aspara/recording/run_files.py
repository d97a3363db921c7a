"""Files that a program saves with its run: by a pattern, under their relative paths, and again at the end if they changed."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aspara.errors import AsparaError, UsageError
from aspara.recorder import Recorder
from aspara.types import RunIdentity
from aspara.util.messages import say
from aspara.util.walk import files_below

POLICIES = ("live", "now", "end")


class SavedFiles:
    """The part of a run that saves files."""

    _recorder: Recorder
    _identity: RunIdentity
    _followed: dict[Path, tuple[str, tuple[int, int] | None]]
    """Files that are saved again at the end, under which name, and how they were when they were last saved."""

    def _check_open(self) -> None:
        """Raises UsageError once the run has finished."""

    def save(
        self,
        glob_str: str | os.PathLike[str],
        base_path: str | os.PathLike[str] | None = None,
        policy: str = "live",
    ) -> list[str]:
        """Keeps copies of files with the run, as artifacts under their paths relative to `base_path`.

        A file that is missing or cannot be read costs a warning; training goes on.

        Args:
            glob_str: A file, a folder (all that is in it), or a pattern of either such as ``"ckpt/*.pt"``.
            base_path: The folder that names begin at: ``save("out/ckpt/a.pt", base_path="out")`` keeps ``ckpt/a.pt``. By
                default the working directory for relative paths, and the file's own folder for absolute ones.
            policy: ``"now"`` copies now; ``"live"`` now, and at ``flush()`` and the run's end again what has changed since;
                ``"end"`` at the run's end.

        Returns:
            The paths of the files that are kept, each once; with ``"end"`` of those that will be.

        """
        self._check_open()
        if policy not in POLICIES:
            raise UsageError(f"policy={policy!r}: choose 'live', 'now' or 'end'.")
        pattern = _text(glob_str)
        base = Path(
            _text(base_path) if base_path is not None else os.path.dirname(pattern) if os.path.isabs(pattern) else "."
        )
        found: list[str] = []
        matched = False
        # Each once: "data/**" matches a folder and what is in it.
        for path in dict.fromkeys(_files(pattern)):
            name = Path(os.path.relpath(path, base)).as_posix()
            if name.startswith("../"):
                raise UsageError(
                    f"{str(path)!r} does not lie below base_path={str(base)!r}. Give a folder that it lies in."
                )
            if policy == "end" or self._keep_file(path, name):
                found.append(str(path))
            matched = True
            if policy != "now":
                self._followed[path.absolute()] = name, _state(path) if policy == "live" else None
        if not matched:
            say(f"save({pattern!r}) found no file; nothing is kept.")
        return found

    def _save_again(self) -> None:
        """Copies what has changed since it was last saved."""
        for path, (name, before) in list(self._followed.items()):
            now = _state(path)
            if now is not None and now != before:
                self._followed[path] = name, now
                self._keep_file(path, name)

    def _keep_file(self, path: Path, name: str) -> bool:
        """Whether the file is kept."""
        if not self._recorder.records:
            return True
        try:
            self._recorder.artifact(path, name=name, description=None, category=None)
        except AsparaError as error:
            say(f"The file {name!r} is not saved: {error}")
        except OSError as error:
            say(f"The file {name!r} could not be saved ({error.strerror or error}); training goes on.")
        else:
            return True
        return False


def _text(path: Any) -> str:
    if not isinstance(path, str | os.PathLike):
        raise UsageError(f"{str(path)[:60]!r}: give the path of a file, or a pattern like 'ckpt/*.pt'.")
    return os.fsdecode(path)


def _files(pattern: str) -> Iterator[Path]:
    # A name that is there is no pattern, whatever brackets it has.
    for match in [pattern] if os.path.exists(pattern) else sorted(glob.glob(pattern, recursive=True)):
        if not os.path.isdir(match):
            yield Path(match)
            continue
        yield from files_below(match)


def _state(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
