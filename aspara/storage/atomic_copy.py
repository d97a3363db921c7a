"""Content on its way into a file: a piece at a time, whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from aspara.errors import TooLarge
from aspara.util import files, os_compat

_CHUNK = 1 << 20


def read_chunks(path: Path) -> Iterator[bytes]:
    """The content of a file, a megabyte at a time."""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


@contextlib.contextmanager
def drafted(draft: Path, chunks: Iterable[bytes], *, limit: int | None, what: str) -> Iterator[int]:
    """Writes `chunks` to the new file `draft` and gives its size to a block that puts it in its place. If anything goes wrong,
    in the block too, the draft goes.

    Raises :class:`TooLarge`, naming `what` it is, when more than `limit` bytes come.
    """
    size = 0
    try:
        with os.fdopen(os_compat.open_file(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, files.FILE_MODE), "wb") as out:
            for chunk in chunks:
                size += len(chunk)
                if limit is not None and size > limit:
                    raise TooLarge(f"The {what} is larger than {limit} bytes; raise ASPARA_MAX_FILE_SIZE to allow it.")
                out.write(chunk)
            out.flush()
            os_compat.sync(out.fileno())
        yield size
    except BaseException:
        with contextlib.suppress(OSError):
            os_compat.remove(draft)
        raise
