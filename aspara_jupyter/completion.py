"""Tab after ``%aspara`` and ``%%aspara``: forms, options, projects, and runs with their projects."""

from __future__ import annotations

import re
from typing import Any

from aspara import settings
from aspara.catalog.catalog import Catalog
from aspara.errors import AsparaError

_FORMS = ("dashboard", "runs", "chart", "live", "help")
_OPTIONS = {"dashboard": ("--height",), "live": ("--height",), "chart": ("--height", "--metrics")}
_KEYS = ("project=", "name=", "tags=", "notes=", "group=", "job_type=")
_MOST = 200


def completions(line: str, word: str) -> list[str]:
    """What may stand where `word` is being typed at the end of `line`, the cell's line up to the cursor."""
    found = re.match(r"\s*(%%?)aspara\b(.*)$", line, re.DOTALL)
    if found is None:
        return []
    words = found[2].split()
    before = words[:-1] if words and not found[2].endswith((" ", "\t")) else words
    if found[1] == "%%":
        return _of_cell(word)
    if not before:
        return [form for form in _FORMS if form.startswith(word)]
    form, last = before[0], before[-1]
    if last == "--height":
        return []
    if last == "--metrics":
        return _metrics(before, word)
    options = [option for option in _OPTIONS.get(form, ()) if option not in before and option.startswith(word)]
    if word.startswith("-"):
        return options
    if form in ("dashboard", "runs"):
        return [] if any(not w.startswith("-") for w in before[1:]) else _projects(word) + (options if not word else [])
    if form == "chart":
        return (_runs(word) if "/" in word else _projects(word)) + (options if not word else [])
    return options


def completer(_shell: Any, event: Any) -> list[str]:
    """The hook of IPython."""
    return completions(event.line, event.symbol)


def _of_cell(word: str) -> list[str]:
    if word.startswith("project="):
        return [f"project={name}" for name in _projects(word.removeprefix("project="))]
    return [key for key in _KEYS if key.startswith(word)]


def _projects(word: str) -> list[str]:
    return [name for name in _catalog().layout.projects() if name.startswith(word) and " " not in name][:_MOST]


def _runs(word: str) -> list[str]:
    project, _, begun = word.partition("/")
    try:
        runs = _catalog().runs(project)
    except AsparaError:
        return []
    return [f"{project}/{run.run}" for run in runs if run.run.startswith(begun)][:_MOST]


def _metrics(before: list[str], word: str) -> list[str]:
    # The last of several names that commas part is the one being typed.
    head, comma, begun = word.rpartition(",")
    found: set[str] = set()
    for name in before[1:]:
        try:
            project, _, run = name.partition("/")
            found.update(_catalog().metric_names(project, [run] if run else None).counts)
        except AsparaError:
            continue
    return [f"{head}{comma}{name}" for name in sorted(found) if name.startswith(begun)][:_MOST]


def _catalog() -> Catalog:
    return Catalog(settings.data_dir())
