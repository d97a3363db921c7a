"""JSON lines: an object for each row, without what was not logged; non-finite values as "NaN", "Infinity", "-Infinity".

As points, the rows are those of Aspara's own row files, with the run before them.
"""

from __future__ import annotations

import math
from typing import IO, Any

from aspara.exporters.selection import RUN, ExportSelection
from aspara.util.json_safe import nonfinite_name


def write(selection: ExportSelection, file: IO[bytes]) -> int:
    """Writes the rows as UTF-8."""
    import orjson

    count = 0
    if selection.points:
        for run in selection.runs:
            for time, step, values in selection.logged(run):
                metrics = {name: _plain(value) for name, value in values.items()}
                line = {RUN: run.run, "timestamp": time, "step": step, "metrics": metrics}
                file.write(orjson.dumps(line) + b"\n")
                count += 1
        return count
    for frame in selection.frames():
        for row in frame.iter_rows(named=True):
            file.write(orjson.dumps({k: _plain(v) for k, v in row.items() if v is not None}) + b"\n")
        count += len(frame)
    return count


def _plain(value: Any) -> Any:
    return nonfinite_name(value) if isinstance(value, float) and not math.isfinite(value) else value
