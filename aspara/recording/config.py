"""A run's config: what went in."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from aspara.recording.log.conversion import as_mapping, simple
from aspara.util.json_safe import numbered


class ConfigSection(dict[str, Any]):
    """A dict whose items are attributes too. Nested dicts are sections as well.

    Before each change it asks its owner, who may raise and so prevent it; after it, it tells the owner.
    """

    __slots__ = ("_ask", "_changed")

    def __init__(
        self, values: Mapping[str, Any], changed: Callable[[], None], ask: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__()
        object.__setattr__(self, "_changed", changed)
        object.__setattr__(self, "_ask", ask)
        for key, value in values.items():
            super().__setitem__(str(key), self._wrap(value))

    def _wrap(self, value: Any) -> Any:
        value = simple(value)
        return ConfigSection(value, self._notify, self._ask) if isinstance(value, dict) else value

    def _notify(self) -> None:
        self._changed()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(
                f"There is no {name!r} here. Present: {', '.join(map(str, self)) or 'nothing'}."
            ) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        if name not in self:
            raise AttributeError(name)
        del self[name]

    def __setitem__(self, key: str, value: Any) -> None:
        self._ask()
        super().__setitem__(str(key), self._wrap(value))
        self._notify()

    def __delitem__(self, key: str) -> None:
        self._ask()
        super().__delitem__(key)
        self._notify()

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Sets several values, from a dict, a Namespace, another mapping, or keyword arguments."""
        self._ask()
        for source in (*args, kwargs):
            for key, value in as_mapping(source).items():
                super().__setitem__(key, self._wrap(value))
        self._notify()

    def __ior__(self, other: Any) -> ConfigSection:  # type: ignore[override,misc]
        self.update(other)
        return self

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value under `key`, which becomes `default` if there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: str, *default: Any) -> Any:
        """Removes `key` and returns its value, or `default`."""
        self._ask()
        value = super().pop(key, *default)
        self._notify()
        return value

    def popitem(self) -> tuple[str, Any]:
        """Removes the last item and returns it."""
        self._ask()
        item = super().popitem()
        self._notify()
        return item

    def clear(self) -> None:
        """Removes everything."""
        self._ask()
        super().clear()
        self._notify()

    def as_dict(self) -> dict[str, Any]:
        """A plain, independent copy."""
        self.items()  # a summary takes over what was logged
        return {k: v.as_dict() if isinstance(v, ConfigSection) else v for k, v in self._pairs()}

    def _pairs(self) -> list[tuple[str, Any]]:
        """What is here now, while other threads may add to it."""
        while True:
            with contextlib.suppress(RuntimeError):  # "dictionary changed size during iteration"
                return list(dict.items(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (self.as_dict(),)


class Config(ConfigSection):
    """The inputs of a run: hyperparameters, paths, anything worth knowing later.

    A dict with attribute access: ``run.config.lr``, ``run.config["lr"]``, iteration, ``get``, ``len``, ``in``. Any value is made
    JSON-safe when it is set (numpy arrays become lists, objects their text, while NaN and infinity stay numbers); changes reach the disk at once. Once the run
    has finished a change raises UsageError.

    Examples:
        >>> run.config.update({"lr": 1e-3, "model": {"layers": 3}})
        >>> run.config.model.layers
        3

    """

    __slots__ = ()

    def update(self, *args: Any, allow_val_change: bool | None = None, **kwargs: Any) -> None:
        """Sets several values, from a dict, a Namespace, a dataclass or a file's path. ``allow_val_change`` is accepted for
        wandb's sake: values may always be changed.
        """
        del allow_val_change
        super().update(*args, **kwargs)

    def restore(self, values: Mapping[str, Any]) -> None:
        """Puts in values that are no change: nobody is told."""
        for key, value in values.items():
            dict.__setitem__(self, key, self._wrap(numbered(value)))

    def persist(self) -> None:
        """Saves what was changed inside a value, such as a list that was appended to. The run does so by itself at its end."""
        self._ask()
        self._notify()

    def setdefaults(self, values: Any) -> None:
        """Sets those of `values` that are not set yet."""
        self.update({k: v for k, v in as_mapping(values).items() if k not in self})
