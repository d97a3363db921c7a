"""Reading Parquet files that may be damaged."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator


class DamagedParquet(OSError):
    """A file that is no readable Parquet; ``strerror`` is what the decoder called it."""


@contextlib.contextmanager
def decoding() -> Iterator[None]:
    """Makes a :class:`DamagedParquet` of whatever a damaged file makes of polars. It may also panic, with an exception that no
    ``except Exception`` holds up: that must end neither a program that trains nor a server.
    """
    import polars as pl

    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise DamagedParquet(errno.EIO, type(error).__name__) from error
