"""Pages."""

from __future__ import annotations

import os
from typing import Any

from aspara.errors import UsageError
from aspara.media.base import BlobStore, Media, is_path, read_file, read_open


class Html(Media):
    """A page. It is shown in a frame of its own that can reach neither the dashboard nor any other host.

    Args:
        data: The page's text, the path of a file, or an open file.
        inject: Accepted for compatibility; nothing is injected.
        data_is_not_path: True: a text that happens to name a file is the page itself.
        caption: A line of text below it.

    Raises:
        UsageError: `data` is not text, a path or an open file.

    """

    kind = "html"

    def __init__(
        self, data: Any, inject: bool = True, data_is_not_path: bool = False, caption: str | None = None
    ) -> None:
        del inject
        self.caption = None if caption is None else str(caption)
        if hasattr(data, "read"):
            self._content = read_open(data)[0]
        elif is_path(data) and not data_is_not_path and _names_file(data):
            self._content = read_file(data, "page")[0]
        elif isinstance(data, str):
            self._content = data.encode("utf-8", "replace")
        else:
            raise UsageError(f"Html is made from text, a path or an open file, not from {type(data).__name__}.")

    def held(self) -> int:
        return len(self._content)

    def stored(self, shelf: BlobStore) -> dict[str, Any]:
        return self._described(**shelf.keep(self._content, "html"))


def _names_file(data: Any) -> bool:
    if not isinstance(data, str):
        return True
    return len(data) < 4096 and "\n" not in data and "<" not in data and os.path.isfile(data)
