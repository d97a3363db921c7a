"""What tells runs apart: the values in which they differ, and only those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aspara.catalog.runs.run_info import RunInfo, captured
from aspara.util.json_safe import presentable
from aspara.util.nested import flattened

SECTIONS = ("run", "config", "summary")
_OWN = ("status", "exit_code", "tags", "notes", "group", "job_type", "host", "last_step")


@dataclass(frozen=True)
class Difference:
    """One value in which runs differ. A run that lacks it has no entry in `values`, whose keys are ``project/run``."""

    section: str
    key: str
    values: dict[str, Any]

    def json(self) -> dict[str, Any]:
        """The shape that programs get."""
        return {"section": self.section, "key": self.key, "values": presentable(self.values)}


def label(info: RunInfo) -> str:
    """``project/run``."""
    return f"{info.project}/{info.run}"


def compared(infos: Sequence[RunInfo]) -> list[Difference]:
    """The values in which the runs differ, first their own fields, then config, then summary."""
    return [found for found in _all_values(infos) if _differs(found, len(infos))]


def same_count(infos: Sequence[RunInfo]) -> dict[str, int]:
    """How many values of each section are the same in all runs."""
    counts = dict.fromkeys(SECTIONS, 0)
    for found in _all_values(infos):
        counts[found.section] += not _differs(found, len(infos))
    return counts


def _differs(found: Difference, runs: int) -> bool:
    values = list(found.values.values())
    return len(values) < runs or any(not _same(values[0], value) for value in values[1:])


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same: 1 and 1.0 are, 1 and true are not, and NaN is NaN."""
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    return bool(presentable(one) == presentable(other))


def _all_values(infos: Sequence[RunInfo]) -> list[Difference]:
    gathered: dict[tuple[str, str], dict[str, Any]] = {}
    for info in infos:
        for section, content in zip(SECTIONS, (_own_values(info), info.config, _results(info)), strict=True):
            for key, value in flattened(content):
                gathered.setdefault((section, key), {})[label(info)] = value
    order = {section: place for place, section in enumerate(SECTIONS)}
    entries = sorted(gathered.items(), key=lambda entry: order[entry[0][0]])
    return [Difference(section, key, values) for (section, key), values in entries]


def _own_values(info: RunInfo) -> dict[str, Any]:
    own = {name: value for name in _OWN if (value := getattr(info, name)) not in (None, "", [])}
    command, git = info.metadata.get("command"), info.metadata.get("git")
    if command:
        own["command"] = " ".join(map(str, command)) if isinstance(command, list) else command
    if isinstance(git, dict):
        own.update({f"git.{part}": git[part] for part in ("branch", "commit") if git.get(part)})
    return own


def _results(info: RunInfo) -> dict[str, Any]:
    machine = captured(info.metadata)
    return {
        name: value for name, value in info.summary.items() if name not in machine and not name.startswith("system/")
    }
