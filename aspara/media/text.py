"""Texts too long for a metric's value: samples of a language model, reports."""

from __future__ import annotations

from typing import Any

from aspara.errors import UsageError
from aspara.media.base import BlobStore, Media

_PREVIEW = 500


class Text(Media):
    """A text, kept as a file; its beginning stands in the row.

    Args:
        text: The text.
        caption: A line of text below it.
        format: ``"plain"`` or ``"markdown"``.

    Raises:
        UsageError: The format is not supported.

    """

    kind = "text"

    def __init__(self, text: str, caption: str | None = None, format: str = "plain") -> None:  # noqa: A002
        if format not in ("plain", "markdown"):
            raise UsageError(f"format={format!r}: choose plain or markdown.")
        self.text = str(text)
        self.caption = None if caption is None else str(caption)
        self.format = format

    def held(self) -> int:
        return len(self.text)

    def stored(self, shelf: BlobStore) -> dict[str, Any]:
        content = self.text.encode("utf-8", "replace")
        return self._described(
            **shelf.keep(content, "md" if self.format == "markdown" else "txt"),
            format=self.format,
            preview=content.decode()[:_PREVIEW],
        )
