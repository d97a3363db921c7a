"""``aspara.config`` and ``aspara.summary``: the active run's, whichever run that is at the time."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from aspara.recording import registry

if TYPE_CHECKING:
    from aspara.recording.config import Config, ConfigSection
    from aspara.recording.summary import Summary


class _Current(MutableMapping[str, Any]):
    """Hands everything on to a section of the active run; without one it is false, and raises UsageError on use."""

    __slots__ = ()
    _what = ""

    def _section(self) -> ConfigSection:
        section: ConfigSection = getattr(registry.required(f"using aspara.{self._what}"), self._what)
        return section

    def __getitem__(self, key: str) -> Any:
        return self._section()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._section()[key] = value

    def __delitem__(self, key: str) -> None:
        del self._section()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._section())

    def __len__(self) -> int:
        return len(self._section())

    def __bool__(self) -> bool:
        return registry.current() is not None and bool(self._section())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or (name.startswith("_") and registry.current() is None):
            raise AttributeError(name)  # what copy, pickle and notebooks ask of any object
        return getattr(self._section(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._section()[name] = value

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Sets several values."""
        self._section().update(*args, **kwargs)

    def as_dict(self) -> dict[str, Any]:
        """A plain, independent copy."""
        return self._section().as_dict()

    def __repr__(self) -> str:
        run = registry.current()
        return f"<aspara.{self._what}: no active run>" if run is None else repr(getattr(run, self._what))


class CurrentConfig(_Current):
    """The active run's config. Called, it is the active :class:`Config` itself, or None."""

    __slots__ = ()
    _what = "config"

    def __call__(self) -> Config | None:
        run = registry.current()
        return None if run is None else run.config


class CurrentSummary(_Current):
    """The active run's summary. Called, it is the active :class:`Summary` itself, or None."""

    __slots__ = ()
    _what = "summary"

    def __call__(self) -> Summary | None:
        run = registry.current()
        return None if run is None else run.summary
