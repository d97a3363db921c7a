"""Plotly figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aspara.errors import UsageError
from aspara.media.base import BlobStore, Media, is_path, read_file


class Plotly(Media):
    """A Plotly figure, kept as its JSON; figures can also be logged as they are.

    Args:
        figure: A figure, its dict, or the path of its JSON.
        caption: A line of text below it.

    Raises:
        UsageError: The value is not a figure.

    """

    kind = "plotly"

    def __init__(self, figure: Any, caption: str | None = None) -> None:
        self.caption = None if caption is None else str(caption)
        if is_path(figure):
            self._content = read_file(figure, "figure")[0]
        elif hasattr(figure, "to_json"):
            self._content = figure.to_json().encode()
        elif isinstance(figure, Mapping):
            self._content = json.dumps(figure, default=_listed).encode()
        else:
            raise UsageError(f"A Plotly figure is wanted, not {type(figure).__name__}.")

    def held(self) -> int:
        return len(self._content)

    def stored(self, shelf: BlobStore) -> dict[str, Any]:
        return self._described(**shelf.keep(self._content, "json"))


def _listed(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)
