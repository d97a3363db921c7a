"""The mirror of wandb: each of its runs has one here, with the same id."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from types import ModuleType
from typing import Any

from aspara.integrations.mirror import wandb_values
from aspara.integrations.mirror.mirrored_runs import MirroredRuns
from aspara.recording.run import Run
from aspara.util.import_hook import when_imported
from aspara.util.messages import say_once
from aspara.util.wrap import wrap

_CONFIG_INTERVAL = 1.0


def begin(options: Mapping[str, Any]) -> Callable[[], None]:
    """Wraps wandb's functions, now or when it is imported; returns what ends the mirror."""
    return WandbMirror(options).begin()


class WandbMirror:
    """What is called behind wandb's own functions."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._runs = MirroredRuns("wandb", options)
        self._runs.before_end = self._take_results
        self._theirs: dict[Hashable, Any] = {}
        self._logged: dict[Hashable, dict[str, Any]] = {}
        self._config_at = 0.0
        """When configs are looked at next (monotonic)."""
        self._undo: list[Callable[[], None]] = []

    def begin(self) -> Callable[[], None]:
        """Wraps what is there, and what comes."""
        self._undo += [when_imported("wandb", self._wrap_module), when_imported("wandb.sdk.wandb_run", self._wrap_run)]
        return self._end

    def _end(self) -> None:
        for undo in reversed(self._undo):
            undo()
        self._runs.close()

    def _wrap(self, owner: Any, name: str, after: Callable[..., None]) -> None:
        def called(result: Any, args: tuple[Any, ...], options: dict[str, Any]) -> None:
            after(result, *args, **options)

        self._undo.append(wrap(owner, name, called, failed=self._runs.failed))

    def _wrap_module(self, module: ModuleType) -> None:
        if module.__name__ == "aspara.wandb":
            say_once("mirror('wandb'): wandb is Aspara itself in this program; its runs are here already.")
            return
        self._wrap(module, "init", self._began)

    def _wrap_run(self, module: ModuleType) -> None:
        run = getattr(module, "Run", None)
        hooks: dict[str, Callable[..., None]] = {
            "log": self._log,
            "define_metric": self._define_metric,
            "alert": self._alert,
            "log_artifact": self._log_artifact,
            "save": self._save,
        }
        for name, after in hooks.items():
            self._wrap(run, name, after)
        # Its summary can be read until it has finished.
        self._undo.append(
            wrap(
                run,
                "finish",
                lambda _, args, options: self._finish(*args, **options),
                before=lambda args: self._settle(args[0]),
                failed=self._runs.failed,
            )
        )

    # -- behind wandb's calls -------------------------------------------------------------------------------------------

    def _began(self, theirs: Any, *_: Any, **__: Any) -> None:
        if theirs is None or getattr(theirs, "disabled", False):
            return
        key = str(theirs.id)
        self._theirs[key] = theirs
        self._runs.begin(
            key,
            project=theirs.project,
            name=theirs.name,
            id=key,
            resume="allow",
            config=self._config(theirs),
            tags=list(theirs.tags or ()),
            notes=theirs.notes,
            group=theirs.group,
            job_type=theirs.job_type,
        )

    def _log(
        self, _: Any, theirs: Any, data: Any = None, step: Any = None, commit: Any = None, *__: Any, **___: Any
    ) -> None:
        run = self._runs.get(str(theirs.id))
        if run is None:
            return
        values = {} if data is None else {key: wandb_values.converted(value) for key, value in data.items()}
        self._logged.setdefault(str(theirs.id), {}).update(values)
        # wandb tells nobody of a change, and comparing costs more than a row: what a second changes is taken together.
        if time.monotonic() >= self._config_at:
            self._take_config(theirs, run)
            self._config_at = time.monotonic() + _CONFIG_INTERVAL
        run.log(values, step=step, commit=commit)

    def _settle(self, theirs: Any) -> None:
        key = str(theirs.id)
        run = self._runs.get(key)
        if run is not None:
            self._take_results(key, run)

    def _finish(self, theirs: Any, exit_code: int | None = None, *__: Any, **___: Any) -> None:
        self._runs.end(str(theirs.id), exit_code)

    def _define_metric(self, _: Any, theirs: Any, *args: Any, **options: Any) -> None:
        run = self._runs.get(str(theirs.id))
        if run is not None:
            run.define_metric(*args, **options)

    def _alert(self, _: Any, theirs: Any, title: str, text: str, level: Any = None, *__: Any, **___: Any) -> None:
        run = self._runs.get(str(theirs.id))
        if run is not None:
            run.alert(title, text, getattr(level, "value", level))

    def _log_artifact(
        self,
        artifact: Any,
        theirs: Any,
        _: Any = None,
        __: Any = None,
        ___: Any = None,
        aliases: Any = None,
        **____: Any,
    ) -> None:
        run = self._runs.get(str(theirs.id))
        if run is not None:
            run.log_artifact(wandb_values.artifact(artifact), aliases=list(aliases or ()) or None)

    def _save(self, result: Any, theirs: Any, *args: Any, **options: Any) -> None:
        run = self._runs.get(str(theirs.id))
        if run is not None and result:
            run.save(*args, **options)

    # -- config and results, which change without a call ------------------------------------------------------------------

    @staticmethod
    def _config(theirs: Any) -> dict[str, Any]:
        return {key: value for key, value in dict(theirs.config).items() if key != "_wandb"}

    def _take_config(self, theirs: Any, run: Run) -> None:
        found = self._config(theirs)
        if found != run.config.as_dict():
            changed = {key: value for key, value in found.items() if key not in run.config or run.config[key] != value}
            if changed:
                run.config.update(changed)

    def _take_results(self, key: Hashable, run: Run) -> None:
        theirs = self._theirs.pop(key, None)
        if theirs is None:  # taken already
            return
        logged = self._logged.pop(key, {})
        self._take_config(theirs, run)
        for name, value in dict(theirs.summary).items():
            plain = isinstance(value, bool | int | float | str)
            if plain and not name.startswith("_") and (name not in logged or logged[name] != value):
                run.summary[name] = value
        if tuple(theirs.tags or ()) != tuple(run.tags):
            run.tags = tuple(theirs.tags or ())
        if theirs.notes and theirs.notes != run.notes:
            run.notes = theirs.notes
