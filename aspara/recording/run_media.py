"""What of a row is no number: media go to the desk, short lists stay as they are, and of everything else there is a warning."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aspara.recorder import Recorder
from aspara.recording.log.conversion import UnsupportedValue, kind_of, to_json
from aspara.recording.log.fast_log import FastLog
from aspara.storage import row_codec
from aspara.util.messages import say

if TYPE_CHECKING:
    from aspara.recording.media_writer import MediaWriter


class RunMedia:
    """The part of a run that takes what is no number."""

    _recorder: Recorder
    _lock: threading.RLock
    _pen: FastLog
    _desk: MediaWriter | None
    _warned: set[str]

    @property
    def disabled(self) -> bool:
        """Whether nothing is kept."""
        raise NotImplementedError

    def _take_media(self, timestamp: int, step: int, values: list[tuple[str, Any]]) -> None:
        """Hands media to the desk, keeps short lists as they are, and warns of everything else once per name."""
        from aspara.media.convert import media_of, numbers_of

        for name, value in values:
            if isinstance(value, UnsupportedValue):
                self._warn(name, f"{value} It is skipped.")
                continue
            try:
                found = media_of(value, to_json)
                listed = numbers_of(value) if found is None else None
            except (
                Exception
            ) as error:  # a figure that cannot be drawn, a frame of odd cells: nothing that stops training
                self._refuse(name, value, f": {type(error).__name__}: {error}")
                continue
            if isinstance(listed, list):
                self._write_media(timestamp, step, {name: to_json(listed)})
                continue
            found = found or listed
            if found is None:
                self._refuse(name, value, "")
            elif not self.disabled:
                if self._desk is None:
                    from aspara.recording.media_writer import MediaWriter

                    self._desk = MediaWriter(self._recorder, self._write_media)
                self._desk.take(timestamp, step, name, found)

    def _write_media(self, timestamp: int, step: int, references: Mapping[str, Any]) -> None:
        """A row for values that are no numbers, at the step of their ``log()``."""
        line = row_codec.encode(timestamp, step, references)
        with self._lock:
            self._pen.append(line)
            self._pen.waiting.append((timestamp, step, references))

    def _refuse(self, name: str, value: Any, why: str) -> None:
        self._warn(
            name,
            f"{name!r} is a {kind_of(value)}, which cannot be logged as a metric; it is skipped{why}. Log a number, e.g. its mean.",
        )

    def _warn(self, name: str, what: str) -> None:
        if name not in self._warned:
            self._warned.add(name)
            say(what)
