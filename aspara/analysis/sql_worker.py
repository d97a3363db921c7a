"""The process that runs one SQL query: tables come in on stdin, the answer goes out on stdout.

A process of its own, because polars cannot be interrupted, and a query may want more memory than there is. Both sides speak
frames: eight bytes of length, least first, then as many bytes. In: a header (JSON), then each table as Arrow IPC. Out: a header,
then the answer as Arrow IPC unless it tells of an error.
"""

from __future__ import annotations

import io
import json
import struct
import sys
from typing import IO, Any

from aspara.util import os_compat

_LENGTH = struct.Struct("<Q")


def send(file: IO[bytes], content: bytes) -> None:
    """Writes one frame."""
    file.write(_LENGTH.pack(len(content)))
    file.write(content)


def receive(file: IO[bytes]) -> bytes:
    """Reads one frame; raises EOFError where it breaks off."""
    head = file.read(_LENGTH.size)
    content = file.read(_LENGTH.unpack(head)[0]) if len(head) == _LENGTH.size else b""
    if len(head) < _LENGTH.size or len(content) < _LENGTH.unpack(head)[0]:
        raise EOFError("The frame broke off.")
    return content


def packed(frame: Any) -> bytes:
    """A data frame as bytes."""
    buffer = io.BytesIO()
    frame.write_ipc(buffer)
    return buffer.getvalue()


def main() -> None:
    """Reads, answers, ends."""
    import polars as pl

    header = json.loads(receive(sys.stdin.buffer))
    tables = {name: pl.read_ipc(receive(sys.stdin.buffer)) for name in header["tables"]}
    os_compat.limit_memory(header["memory"])
    try:
        with pl.SQLContext(frames=tables, eager=False) as context:
            frame = context.execute(header["query"]).head(header["rows"]).collect()
        content = packed(frame)
    except BaseException as error:  # the border to the other process; polars panics with what is no Exception
        columns = list(dict.fromkeys(column for table in tables.values() for column in table.columns))
        send(sys.stdout.buffer, json.dumps({"error": str(error), "columns": columns}).encode())
    else:
        send(sys.stdout.buffer, b"{}")
        send(sys.stdout.buffer, content)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
