"""wandb's settings: what ``init(settings=...)`` takes and ``run.settings`` shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_DEFAULTS: dict[str, Any] = {
    "allow_val_change": None,
    "anonymous": None,
    "api_key": None,
    "base_url": None,
    "code_dir": None,
    "config_paths": None,
    "console": "auto",
    "disable_code": False,
    "disable_git": False,
    "entity": None,
    "force": None,
    "fork_from": None,
    "host": None,
    "ignore_globs": (),
    "init_timeout": 90.0,
    "login_timeout": None,
    "mode": None,
    "notebook_name": None,
    "program": None,
    "project": None,
    "quiet": False,
    "reinit": None,
    "resume": None,
    "resume_from": None,
    "root_dir": None,
    "run_group": None,
    "run_id": None,
    "run_job_type": None,
    "run_name": None,
    "run_notes": None,
    "run_tags": None,
    "save_code": None,
    "show_errors": True,
    "show_info": True,
    "show_warnings": True,
    "silent": False,
    "start_method": None,
    "sweep_id": None,
    "sync_tensorboard": None,
    "username": None,
}


class RunSettings:
    """Settings by attribute. Any name is accepted, because programs give some of every release; those that Aspara has no use
    for are kept and change nothing.
    """

    def __init__(self, **values: Any) -> None:
        self.__dict__.update({**_DEFAULTS, **values})
        self.__dict__["_given"] = dict(values)

    @classmethod
    def of(cls, source: Any) -> RunSettings:
        """From settings, a dict of them, or None."""
        if isinstance(source, RunSettings):
            return source
        if isinstance(source, Mapping):
            return cls(**{str(key): value for key, value in source.items()})
        return cls()

    def given(self, name: str) -> Any:
        """The value that somebody gave, or None."""
        return self._given.get(name)

    def update(self, source: Any = None, **values: Any) -> None:
        """Takes over further values."""
        for key, value in {**RunSettings.of(source)._given, **values}.items():
            setattr(self, key, value)

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__[name] = value
        self._given[name] = value

    def __getattr__(self, name: str) -> Any:
        # Only what is neither known nor given; extended settings are asked for by frameworks of several releases.
        if name.startswith("x_") or (name.startswith("_") and not name.startswith("__")):
            return None
        raise AttributeError(f"Settings have no {name!r}.")

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter({key: value for key, value in self.__dict__.items() if key != "_given"}.items())

    def to_dict(self) -> dict[str, Any]:
        """All of them as a dict."""
        return dict(self)

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{key}={value!r}' for key, value in self._given.items())})"
