"""What `init()` and `finish()` say on stderr: which run it is, where it is, how to look at it, and how it ended."""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING, Any

from aspara import settings
from aspara.util.durations import duration
from aspara.util.messages import say
from aspara.util.sparkline import sparkline

if TYPE_CHECKING:
    from aspara.recording.log.trends import Trends
    from aspara.types import RunIdentity, Status

_MOST_METRICS = 8
_COLUMNS = 28


def is_quiet(quiet: bool | None) -> bool:
    """Whether nothing is to be said: the argument, else ASPARA_SILENT."""
    return settings.flag("ASPARA_SILENT") if quiet is None else bool(quiet)


def begin(identity: RunIdentity, *, itself: bool) -> None:
    """Two lines about a run that has begun; `itself` says that it was continued without being named."""
    verb = "continues" if identity.resumed else "is recorded"
    what = f" at step {identity.next_step}" if identity.resumed else ""
    why = ", the last unfinished run of this script in this directory" if itself and identity.resumed else ""
    say(f"Run {identity.name!r} of project {identity.project!r} {verb}{what}{why}.")
    if identity.path is not None:
        data = identity.path.parent.parent
        try:
            option = "" if data == settings.data_dir() else f" --data-dir {shlex.quote(str(data))}"
        except Exception:  # there is no place for runs but the one that was given
            option = f" --data-dir {shlex.quote(str(data))}"
        say(f"It is kept in {data}. To see it: aspara dashboard{option}")
    elif identity.url is not None:
        say(f"To see it: {identity.url}")
    else:
        say("The tracker has not answered yet; everything is kept on this machine until it does.")


def end(
    identity: RunIdentity, name: str, status: Status, *, started: float, statistics: dict[str, Any], trends: Trends
) -> None:
    """How a run ended, and a line for each of its first metrics."""
    steps = max((facts["last_step"] for facts in statistics.values()), default=None)
    last = "no rows were logged" if steps is None else f"last step {steps}"
    say(f"Run {name!r} {status} after {duration(1000 * max(0.0, time.time() - started))}, {last}.")
    rows = [
        (
            metric,
            *(_number(statistics[metric].get(part)) for part in ("last", "min", "max")),
            sparkline(values, _COLUMNS),
        )
        for metric in trends.names()
        if (values := trends.values(metric)) and metric in statistics
    ]
    for line in _table([("METRIC", "LAST", "MIN", "MAX", "TREND"), *rows[:_MOST_METRICS]] if rows else []):
        say(f"  {line}")
    if len(rows) > _MOST_METRICS:
        say(
            f"  and {len(rows) - _MOST_METRICS} more metrics: aspara show {shlex.quote(f'{identity.project}/{identity.run}')}"
        )


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if 0 < position < 4 else cell.ljust(width)
            for position, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _number(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "-" if value is None else str(value)[:24]
