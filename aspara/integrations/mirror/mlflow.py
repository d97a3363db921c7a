"""The mirror of MLflow: each of its runs has one here, in a project of its experiment's name.

Its client is what everything of MLflow logs by, its autologging too.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Hashable, Iterable, Mapping
from types import ModuleType
from typing import Any

from aspara import names
from aspara.integrations.mirror.mirrored_runs import MirroredRuns
from aspara.recording.run import Run
from aspara.util.import_hook import when_imported
from aspara.util.wrap import wrap

_MODULE = "mlflow.tracking.client"
_NOTE, _NAME = "mlflow.note.content", "mlflow.runName"
_FAILED = ("FAILED", "KILLED")


def begin(options: Mapping[str, Any]) -> Callable[[], None]:
    """Wraps MLflow's client, now or when it is imported; returns what ends the mirror."""
    return MlflowMirror(options).begin()


class MlflowMirror:
    """What is called behind the methods of MLflow's client."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._runs = MirroredRuns("mlflow", options)
        self._undo: list[Callable[[], None]] = []
        self._ended: set[Hashable] = set()

    def begin(self) -> Callable[[], None]:
        """Wraps what is there, and what comes."""
        self._undo.append(when_imported(_MODULE, self._wrap_module))
        return self._end

    def _end(self) -> None:
        for undo in reversed(self._undo):
            undo()
        self._runs.close()

    def _wrap_module(self, module: ModuleType) -> None:
        client = getattr(module, "MlflowClient", None)
        hooks: dict[str, Callable[..., None]] = {
            "create_run": self._create_run,
            "log_metric": self._log_metric,
            "log_param": self._log_param,
            "log_batch": self._log_batch,
            "set_tag": self._set_tag,
            "update_run": self._update_run,
            "set_terminated": self._set_terminated,
            "log_artifact": self._log_artifact,
            "log_artifacts": self._log_artifacts,
            "log_text": self._log_text,
        }
        for name, after in hooks.items():
            self._wrap(client, name, after)

    def _wrap(self, owner: Any, name: str, after: Callable[..., None]) -> None:
        def called(result: Any, args: tuple[Any, ...], options: dict[str, Any]) -> None:
            after(result, *args, **options)

        self._undo.append(wrap(owner, name, called, failed=self._runs.failed))

    def _run(self, client: Any, run_id: str) -> Run:
        """The run here; one that was resumed there begins with what MLflow knows of it."""
        return self._runs.get(run_id) or self._begin(client, client.get_run(run_id))

    def _begin(self, client: Any, theirs: Any) -> Run:
        tags = dict(theirs.data.tags)
        run_id = str(theirs.info.run_id)
        return self._runs.begin(
            run_id,
            project=str(client.get_experiment(theirs.info.experiment_id).name),
            name=getattr(theirs.info, "run_name", None) or tags.get(_NAME),
            id=run_id,
            resume="allow",
            config={key: literal(value) for key, value in theirs.data.params.items()},
            tags=[f"{key}: {value}" for key, value in tags.items() if not key.startswith("mlflow.")],
            notes=tags.get(_NOTE),
        )

    # -- behind the client's calls ----------------------------------------------------------------------------------------

    def _create_run(self, theirs: Any, client: Any, *_: Any, **__: Any) -> None:
        self._begin(client, theirs)

    def _log_metric(
        self,
        _: Any,
        client: Any,
        run_id: str,
        key: str,
        value: float,
        timestamp: int | None = None,
        step: int | None = None,
        *__: Any,
        **___: Any,
    ) -> None:
        self._log(self._run(client, run_id), key, value, step, timestamp)

    def _log_batch(
        self,
        _: Any,
        client: Any,
        run_id: str,
        metrics: Iterable[Any] = (),
        params: Iterable[Any] = (),
        tags: Iterable[Any] = (),
        *__: Any,
        **___: Any,
    ) -> None:
        run = self._run(client, run_id)
        config = {item.key: literal(item.value) for item in params or ()}
        if config:
            run.config.update(config)
        for tag in tags or ():
            self._take_tag(run, tag.key, tag.value)
        for metric in metrics or ():
            self._log(run, metric.key, metric.value, metric.step, metric.timestamp)

    @staticmethod
    def _log(run: Run, key: str, value: float, step: int | None, timestamp: int | None) -> None:
        # MLflow's step is 0 where none is given.
        run.log({key: value}, step=step or 0, timestamp=timestamp)

    def _log_param(self, _: Any, client: Any, run_id: str, key: str, value: Any, *__: Any, **___: Any) -> None:
        self._run(client, run_id).config[key] = literal(str(value))

    def _set_tag(self, _: Any, client: Any, run_id: str, key: str, value: Any, *__: Any, **___: Any) -> None:
        self._take_tag(self._run(client, run_id), key, value)

    @staticmethod
    def _take_tag(run: Run, key: str, value: Any) -> None:
        if key == _NOTE:
            run.notes = str(value)
        elif key == _NAME:
            run.name = str(value)
        elif not key.startswith("mlflow."):
            others = tuple(tag for tag in run.tags if not tag.startswith(f"{key}: "))
            run.tags = (*others, f"{key}: {value}")

    def _update_run(
        self, _: Any, client: Any, run_id: str, status: str | None = None, name: str | None = None, *__: Any, **___: Any
    ) -> None:
        if name:
            self._run(client, run_id).name = name
        if status:
            self._set_terminated(None, client, run_id, status)

    def _set_terminated(self, _: Any, __: Any, run_id: str, status: str | None = None, *___: Any, **____: Any) -> None:
        if status != "RUNNING":
            self._runs.end(run_id, 1 if status in _FAILED else 0)

    def _log_artifact(
        self, _: Any, client: Any, run_id: str, local_path: str, artifact_path: str | None = None, *__: Any, **___: Any
    ) -> None:
        run = self._run(client, run_id)
        name = posixpath.join(artifact_path or "", os.path.basename(os.path.normpath(local_path)))
        run.log_artifact(local_path, name=names.slug(name))

    def _log_artifacts(
        self, _: Any, client: Any, run_id: str, local_dir: str, artifact_path: str | None = None, *__: Any, **___: Any
    ) -> None:
        run = self._run(client, run_id)
        run.log_artifact(local_dir, name=names.slug(artifact_path or f"run-{run_id}-artifacts"), type="artifact")

    def _log_text(self, _: Any, client: Any, run_id: str, text: str, artifact_file: str, *__: Any, **___: Any) -> None:
        import aspara

        self._run(client, run_id).log({artifact_file: aspara.Text(text)}, step=0)


def literal(text: Any) -> Any:
    """A parameter, which MLflow keeps as text, as the number or truth value that it stands for."""
    if text in ("True", "False"):
        return text == "True"
    for kind in (int, float):
        try:
            value = kind(text)
        except (TypeError, ValueError):
            continue
        if str(value) == str(text) or kind is float:
            return value
    return text
