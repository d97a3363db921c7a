"""Texts by metric and in order of step, however many: they wait in a temporary file, and only where they stand is in memory."""

from __future__ import annotations

import tempfile
from array import array
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Integers = npt.NDArray[np.int64]

_HELD = 8 << 20
"""Bytes of texts that need no file yet."""


class TextStore:
    """Takes texts as they come; :meth:`tracks` gives those of each metric in order of step, then of time. One thread uses it, and
    closes it.
    """

    def __init__(self) -> None:
        # Closed by whoever has the store: a file that the collector finds open is a warning in the user's tests.
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(_HELD)  # noqa: SIM115
        self.size = 0
        """Bytes of all texts."""
        self._places: dict[str, array[int]] = {}

    def add(self, name: str, step: int, time: int, text: str) -> None:
        """Keeps one. ``time`` is in ms."""
        content = text.encode("utf-8", "surrogatepass")
        self._file.write(content)
        self._places.setdefault(name, array("q")).extend((step, time, self.size, self.size + len(content)))
        self.size += len(content)

    def tracks(self) -> dict[str, tuple[Integers, Integers, MetricTexts]]:
        """Per metric the steps, the times and the texts; nothing is added after that."""
        import numpy as np

        found = {}
        for name, points in self._places.items():
            table = np.frombuffer(points, np.int64).reshape(-1, 4)
            table = table[np.lexsort((table[:, 1], table[:, 0]))]
            found[name] = (table[:, 0].copy(), table[:, 1].copy(), MetricTexts(self._file, table[:, 2:].copy()))
        self._places.clear()
        return found

    def close(self) -> None:
        """Removes the file; the texts can be read no more."""
        self._file.close()


class MetricTexts:
    """The texts of one metric, read when they are asked for."""

    def __init__(self, file: Any, places: Integers) -> None:
        self._file, self._places = file, places

    def __getitem__(self, part: slice) -> list[str]:
        found = []
        for begin, end in self._places[part].tolist():
            self._file.seek(begin)
            found.append(self._file.read(end - begin).decode("utf-8", "surrogatepass"))
        return found
