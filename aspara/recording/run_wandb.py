"""What programs written for wandb ask of a run, beyond what other parts of it bring under the same name."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO, cast

from aspara.recorder import Recorder
from aspara.recording.run_settings import RunSettings
from aspara.types import RunIdentity
from aspara.util.messages import say, say_once

if TYPE_CHECKING:
    from aspara.artifacts.artifact import Artifact
    from aspara.recording.alerts import AlertLevel, Alerts
    from aspara.recording.config import Config
    from aspara.recording.summary import Summary
    from aspara.recording.watch import Log, ModelWatch

_NO_REGISTRY = "There is no registry here: a linked artifact or model is kept in its project, under its own name."


class RecordedRun(Protocol):
    """What these members use of the run that they are a part of."""

    summary: Summary
    project: str
    id: str
    name: str
    group: str | None
    job_type: str | None
    dir: str
    path: str
    place: str | None
    step: int
    disabled: bool
    log: Log
    log_artifact: Callable[..., Artifact]
    log_model: Callable[..., Artifact]
    finish: Callable[..., None]
    _finished: bool
    _check_open: Callable[[], None]


class WandbMembers:
    """The part of a run that programs written for wandb use."""

    config: Config
    _recorder: Recorder
    _identity: RunIdentity
    _finished: bool
    _entity = ""
    _sweep_id: str | None = None
    _settings: RunSettings | None = None
    _alerts: Alerts | None = None
    _watched: ModelWatch | None = None

    def _take_options(self, options: Mapping[str, Any]) -> None:
        """What ``init()`` was given that only these members show."""
        self._entity = str(options.get("entity") or "")
        self._settings = RunSettings.of(options.get("settings"))

    def _itself(self) -> RecordedRun:
        return cast("RecordedRun", self)

    # -- what it is ---------------------------------------------------------------------------------------------------

    @property
    def entity(self) -> str:
        """What ``init(entity=...)`` was given; Aspara has no entities, so it is empty otherwise."""
        return self._entity

    @property
    def offline(self) -> bool:
        """True for a run that goes to no tracker."""
        return self._identity.url is None

    @property
    def settings(self) -> RunSettings:
        """What ``init(settings=...)`` was given, and where the run stands."""
        run = self._itself()
        found = RunSettings(**(self._settings or RunSettings())._given)
        found.update(
            project=run.project,
            entity=self._entity,
            run_id=run.id,
            run_name=run.name,
            run_group=run.group,
            run_job_type=run.job_type,
            sweep_id=self._sweep_id,
        )
        return found

    @property
    def sweep_id(self) -> str | None:
        """The sweep that the run belongs to."""
        return self._sweep_id

    @property
    def config_static(self) -> dict[str, Any]:
        """The config as a plain dict."""
        return self.config.as_dict()

    @property
    def project_url(self) -> str | None:
        """Where a tracker shows the project; None for a local run."""
        return None if self._identity.url is None else self._identity.url.rpartition("/runs/")[0] or None

    @property
    def sweep_url(self) -> str | None:
        """None: a sweep has no page of its own."""
        return None

    @property
    def sync_dir(self) -> str:
        """The run's own folder."""
        return self._itself().dir

    def get_url(self) -> str | None:
        """The same as ``url``."""
        return self._identity.url

    def get_project_url(self) -> str | None:
        """The same as ``project_url``."""
        return self.project_url

    def get_sweep_url(self) -> str | None:
        """The same as ``sweep_url``."""
        return self.sweep_url

    def project_name(self) -> str:
        """The same as ``project``."""
        return self._identity.project

    def _label(self, *_: Any, **__: Any) -> None:
        """Wandb's note of which framework runs; nothing is told to anybody here."""

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        """HTML that shows the run: a frame with its page at the tracker, or its path where it is a local one."""
        url = self._identity.url
        if url is None:
            return f"<p>{escape(repr(self))}</p>"
        frame = f'<iframe src="{escape(url)}" style="border:none;width:100%;height:{int(height)}px"></iframe>'
        return f"<details><summary>{escape(self._itself().path)}</summary>{frame}</details>" if hidden else frame

    def join(self, exit_code: int | None = None) -> None:
        """The same as :meth:`finish`."""
        self._itself().finish(exit_code)

    def mark_preempting(self) -> None:
        """Accepted for wandb's sake: a run that is killed is shown as crashed, and resumed by its id."""

    def pin_config_keys(self, keys: Sequence[str] = ()) -> None:
        """Accepted for wandb's sake: columns are chosen in the dashboard."""

    def write_logs(self, text: str) -> None:
        """Prints `text`, which is captured as all output is."""
        print(text)

    # -- watching and telling -----------------------------------------------------------------------------------------

    def watch(
        self,
        models: Any,
        criterion: Any = None,
        log: str | None = "gradients",
        log_freq: int = 1000,
        idx: int | None = None,
        log_graph: bool = False,
    ) -> None:
        """Logs histograms of a PyTorch model's gradients and parameters while it trains.

        They are named ``gradients/<parameter>`` and ``parameters/<parameter>`` and join the step that is logged next. They end
        with the run, or at :meth:`unwatch`. Compiled and wrapped models are named as their plain ones.

        Args:
            models: A model, or a list of them.
            criterion: Accepted for wandb's sake.
            log: ``"gradients"``, ``"parameters"``, ``"all"``, or None for nothing.
            log_freq: How many passes lie between two histograms.
            idx: The number of the first model in names, if it is not 0: ``gradients/graph_1<parameter>``.
            log_graph: True: the model's layers are kept in the summary, as text.

        """
        del criterion
        from aspara.recording.watch import ModelWatch

        run = self._itself()
        run._check_open()
        if self._watched is None:
            self._watched = ModelWatch(_log_of(run))
        self._watched.watch(models, log, log_freq, idx)
        if log_graph:
            for position, model in enumerate(models if isinstance(models, list | tuple) else [models]):
                run.summary[f"graph_{position + (idx or 0)}"] = repr(model)[:20_000]

    def unwatch(self, models: Any = None) -> None:
        """Ends :meth:`watch` for `models`, or for all."""
        if self._watched is not None:
            self._watched.unwatch(models)

    def alert(
        self,
        title: str,
        text: str,
        level: str | AlertLevel | None = None,
        wait_duration: float | timedelta | None = None,
    ) -> None:
        """Notes something that people should notice: it is printed and kept with the run.

        Args:
            title: A few words. One of the same title within `wait_duration` is passed over.
            text: What happened.
            level: ``INFO`` (default), ``WARN`` or ``ERROR``.
            wait_duration: Seconds or a timedelta; by default a minute.

        """
        from aspara.recording.alerts import Alerts

        run = self._itself()
        run._check_open()
        if self._alerts is None:
            before = self._identity.metadata.get("alerts")
            self._alerts = Alerts([e for e in before if isinstance(e, dict)] if isinstance(before, list) else ())
        entries = self._alerts.add(title, text, level, wait_duration, run.step)
        if entries is not None:
            say(f"{entries[-1]['level']} {entries[-1]['title']}: {entries[-1]['text']}")
            self._recorder.update({"alerts": entries})

    # -- files --------------------------------------------------------------------------------------------------------

    def log_code(
        self,
        root: str | os.PathLike[str] | None = ".",
        name: str | None = None,
        include_fn: Callable[..., bool] | None = None,
        exclude_fn: Callable[..., bool] | None = None,
    ) -> Artifact | None:
        """Keeps source files as an artifact of the type ``code``.

        Args:
            root: The folder. Virtual environments, hidden folders and caches in it are passed over.
            name: The artifact's name; by default ``source-<project>-<program>``.
            include_fn: Which files, ``include_fn(path)`` or ``include_fn(path, root)``; by default Python files, requirements
                and Dockerfiles.
            exclude_fn: Which of them not.

        Returns:
            The artifact; None where there was no such file.

        """
        from aspara.recording.source_code import code_artifact

        run = self._itself()
        run._check_open()
        found = None if run.disabled else code_artifact(root or ".", name, run.project, include_fn, exclude_fn)
        if found is None:
            if not run.disabled:
                say(f"log_code({str(root or '.')!r}) found no source files; nothing is kept.")
            return None
        return run.log_artifact(found)

    def restore(
        self,
        name: str,
        run_path: str | None = None,
        replace: bool = False,
        root: str | os.PathLike[str] | None = None,
    ) -> TextIO:
        """Fetches a file that a run keeps and opens it; see :func:`aspara.restore`. By default a file of this run."""
        # The public face is made of this side and the reading one, which alone opens what is kept.
        from importlib import import_module

        run = self._itself()
        fetch: Any = import_module("aspara.api.restore").restore
        given = run_path is not None
        found: TextIO = fetch(
            name, run_path if given else run.path, replace=replace, root=root or ".", place=None if given else run.place
        )
        return found

    def link_artifact(self, artifact: Artifact, target_path: str, aliases: Sequence[str] | None = None) -> Artifact:
        """Logs `artifact`, if that was not done. There is no registry to link it into, which is said once."""
        del target_path
        say_once(_NO_REGISTRY)
        if artifact.is_draft() or aliases:
            return self._itself().log_artifact(artifact, aliases=list(aliases or ()))
        return artifact

    def link_model(
        self,
        path: str | os.PathLike[str],
        registered_model_name: str,
        name: str | None = None,
        aliases: Sequence[str] | None = None,
    ) -> Artifact | None:
        """Logs a model, named `name` or `registered_model_name`. There is no registry to link it into, which is said once."""
        say_once(_NO_REGISTRY)
        return self._itself().log_model(path, name or Path(registered_model_name).name, list(aliases or ()))

    def upsert_artifact(
        self,
        artifact_or_path: Artifact | str,
        name: str | None = None,
        type: str | None = None,  # noqa: A002  the word users know
        aliases: Sequence[str] | None = None,
        distributed_id: str | None = None,
    ) -> Any:
        """The same as :meth:`log_artifact`: each call is a version of its own."""
        del distributed_id
        return self._itself().log_artifact(artifact_or_path, name, type=type, aliases=list(aliases or ()))

    def finish_artifact(
        self,
        artifact_or_path: Artifact | str,
        name: str | None = None,
        type: str | None = None,  # noqa: A002  the word users know
        aliases: Sequence[str] | None = None,
        distributed_id: str | None = None,
    ) -> Any:
        """The same as :meth:`log_artifact`."""
        return self.upsert_artifact(artifact_or_path, name, type, aliases, distributed_id)


def _log_of(run: RecordedRun) -> Callable[[], Log | None]:
    """Gives the run's ``log``, or None once it is finished or gone: a hook in a model must not keep a run alive."""
    known = weakref.ref(run)

    def log() -> Log | None:
        found = known()
        return None if found is None or found._finished else found.log

    return log
