"""The words, colours and shapes for the states and columns of runs, the same on every surface.

The front end has the same tables in ``js/src/core/vocabulary.ts``; a test compares the two.
"""

from __future__ import annotations

from typing import NamedTuple

from aspara.types import Status


class StatusStyle(NamedTuple):
    """How a status looks: its word, its colours on light and dark, its shape as a character, and what it means."""

    word: str
    light: str
    dark: str
    glyph: str
    meaning: str


STATUSES: dict[Status, StatusStyle] = {
    "running": StatusStyle("running", "#2461c9", "#7db0fa", "●", "A process is writing this run."),
    "completed": StatusStyle("completed", "#1c7a50", "#58c596", "✓", "The run finished without an error."),
    "failed": StatusStyle("failed", "#b3302d", "#f08581", "✗", "The run ended with an error or a non-zero exit code."),
    "crashed": StatusStyle("crashed", "#96600a", "#dfab4e", "▲", "The process that wrote this run is gone."),
}

PROJECT_HEADS: dict[str, str] = {
    "name": "Project",
    "run_count": "Runs",
    "running": "Running",
    "last_update": "Updated",
    "tags": "Tags",
}
"""The same for tables of projects, by the field's name in the API."""

COLUMNS: dict[str, str] = {
    "name": "Name",
    "status": "Status",
    "started": "Started",
    "finished": "Finished",
    "updated": "Updated",
    "duration": "Duration",
    "age": "Age",
    "step": "Last step",
    "tags": "Tags",
    "notes": "Notes",
    "group": "Group",
    "job_type": "Job type",
    "host": "Host",
    "exit_code": "Exit code",
    "problems": "Problems",
    "id": "ID",
    "run": "Run",
}
"""What the head of a column says, by the field's name in the filter language."""
