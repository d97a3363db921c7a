"""What a recorder has been told of a run's config or summary, so that it is told of changes and removals only.

Others write the same metadata meanwhile: another process of the run, a person in the dashboard. What the run did not touch
stays as they left it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from aspara.storage.metadata import difference
from aspara.util.json_safe import named


class MetadataDiff:
    """The state of the dict `key` of the metadata as ``update`` has last heard it from this process.

    The program counts with NaN and infinity; the metadata has them by their names, which also compare.
    """

    def __init__(
        self,
        key: str,
        before: Mapping[str, Any],
        update: Callable[[dict[str, Any]], None],
        shown: Callable[[Mapping[str, Any]], dict[str, Any]] = dict,
    ) -> None:
        self._key = key
        self._shown = shown
        """What of the dict others may see; each key by itself."""
        self._before: dict[str, Any] = named(dict(before))
        self._update = update
        # Re-entrant: a signal handler may set a value too. Held while telling, so that what is told stays in order.
        self._lock = threading.RLock()

    def tell(self, look: Callable[[], Mapping[str, Any]], more: Mapping[str, Any] | None = None) -> None:
        """Tells how the dict is now, which ``look()`` says, together with `more` changes; nothing where there are none."""
        with self._lock:
            now = named(dict(look()))  # under the lock: of two threads that set values, the later look is told last
            changes = difference(self._key, self._before, now)
            if self._key in changes:
                changes[self._key] = self._shown(changes[self._key])
            changes.update(more or {})
            self._before = now
            if changes:
                self._update(changes)

    def forked(self) -> None:
        """In a child after a fork: the lock is nobody's."""
        self._lock = threading.RLock()
