"""Several media under one name."""

from __future__ import annotations

from typing import Any

from aspara.media.base import BlobStore, Media

MOST = 1000


class MediaList(Media):
    """A list of media logged as one value. Only the first thousand are kept."""

    kind = "list"

    def __init__(self, items: list[Media]) -> None:
        self.items = items

    def held(self) -> int:
        return sum(item.held() for item in self.items)

    def stored(self, shelf: BlobStore) -> dict[str, Any]:
        return self._described(items=[item.stored(shelf) for item in self.items[:MOST]])
