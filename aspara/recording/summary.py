"""A run's summary: what came out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aspara.recording.config import ConfigSection


class Summary(ConfigSection):
    """The results of a run: the last value of each metric by itself, and whatever the program sets.

    A dict with attribute access. What the program sets wins over what was logged. Reading it sees every row logged so far.
    Once the run has finished a change raises UsageError.
    A metric defined with aggregates (``run.define_metric("loss", summary="min")``) is a dict of them: ``summary["loss"]["min"]``.
    """

    __slots__ = ("_last", "_own", "_taken")

    def __init__(
        self,
        own: Mapping[str, Any],
        last: Callable[[], dict[str, Any]],
        changed: Callable[[], None],
        ask: Callable[[], None] = lambda: None,
    ) -> None:
        object.__setattr__(self, "_own", set(map(str, own)))
        object.__setattr__(self, "_last", last)
        object.__setattr__(self, "_taken", None)
        super().__init__(own, changed, ask)

    def own(self) -> dict[str, Any]:
        """What the program set itself."""
        return {k: v.as_dict() if isinstance(v, ConfigSection) else v for k, v in self._pairs() if k in self._own}

    def refresh(self) -> None:
        """Takes over the last logged values, below those the program set."""
        last = self._last()
        if last is self._taken:
            return  # dict(summary) looks once for each name
        for key, value in last.items():
            if key not in self._own:
                dict.__setitem__(self, key, self._wrap(value) if isinstance(value, dict) else value)
        for key in [key for key, _ in self._pairs() if key not in self._own and key not in last]:
            dict.pop(self, key, None)  # a metric that was since defined as one to leave out
        object.__setattr__(self, "_taken", last)

    def _notify(self) -> None:
        object.__setattr__(self, "_taken", None)
        super()._notify()

    def __setitem__(self, key: str, value: Any) -> None:
        self._ask()
        self._own.add(str(key))
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        self._ask()
        self.refresh()
        self._own.discard(key)
        super().__delitem__(key)

    def pop(self, key: str, *default: Any) -> Any:
        """Removes `key` and returns its value, or `default`. The last value of a metric is there again at the next look."""
        self._ask()
        self.refresh()
        self._own.discard(key)
        return super().pop(key, *default)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Sets several values, from a dict, a Namespace or keyword arguments."""
        self._ask()
        from aspara.recording.log.conversion import as_mapping

        for source in (*args, kwargs):
            self._own.update(as_mapping(source))
        super().update(*args, **kwargs)

    def __getitem__(self, key: str) -> Any:
        self.refresh()
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """The value under `key`, or `default`."""
        self.refresh()
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self.refresh()
        return super().__contains__(key)

    def __iter__(self) -> Any:
        self.refresh()
        return super().__iter__()

    def __len__(self) -> int:
        self.refresh()
        return super().__len__()

    def __repr__(self) -> str:
        self.refresh()
        return super().__repr__()

    def keys(self) -> Any:
        """The names, logged and set."""
        self.refresh()
        return super().keys()

    def values(self) -> Any:
        """The values, logged and set."""
        self.refresh()
        return super().values()

    def items(self) -> Any:
        """(name, value) pairs, logged and set."""
        self.refresh()
        return super().items()

    def __eq__(self, other: object) -> bool:
        self.refresh()
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]
