"""Aspara: the experiment tracker that lives where you train.

    import aspara

    run = aspara.init(project="digits", config={"lr": 1e-3})
    for step in range(100):
        aspara.log({"loss": 1 / (step + 1)})
    aspara.finish()

``aspara.run`` is the active run (None when there is none); ``aspara.config`` and ``aspara.summary`` are its config and summary.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from aspara.errors import AsparaError
from aspara.recording import registry as _active
from aspara.recording.log.fast_log import NOTHING
from aspara.recording.proxies import CurrentConfig, CurrentSummary
from aspara.version import __version__

if TYPE_CHECKING:
    from datetime import datetime

    from aspara.api.api import Api
    from aspara.artifacts.artifact import Artifact
    from aspara.media.audio import Audio
    from aspara.media.histogram import Histogram
    from aspara.media.html import Html
    from aspara.media.image import Image
    from aspara.media.molecule import Molecule
    from aspara.media.object3d import Object3D
    from aspara.media.plotly import Plotly
    from aspara.media.table import Table
    from aspara.media.text import Text
    from aspara.media.video import Video
    from aspara.recording.config import Config
    from aspara.recording.listeners import Listener
    from aspara.recording.run import Run
    from aspara.recording.summary import Summary
    from aspara.types import ArtifactEntry

    run: Run | None

__all__ = [
    "Api",
    "Artifact",
    "AsparaError",
    "Audio",
    "Config",
    "Histogram",
    "Html",
    "Image",
    "Listener",
    "Molecule",
    "Object3D",
    "Plotly",
    "Run",
    "Summary",
    "Table",
    "Text",
    "Video",
    "__version__",
    "config",
    "define_metric",
    "finish",
    "init",
    "log",
    "log_artifact",
    "mirror",
    "restore",
    "run",
    "save",
    "summary",
    "use_artifact",
]


def init(
    project: str | None = None,
    name: str | None = None,
    config: Any = None,
    tags: Sequence[str] | None = None,
    notes: str | None = None,
    dir: str | os.PathLike[str] | None = None,  # noqa: A002  the name that users know
    tracker_uri: str | None = None,
    storage_backend: str | None = None,
    project_tags: Sequence[str] | None = None,
    *,
    id: str | None = None,  # noqa: A002
    resume: bool | str | None = None,
    resume_from: str | None = None,
    mode: str | None = None,
    reinit: str | bool | None = None,
    group: str | None = None,
    job_type: str | None = None,
    total_steps: int | None = None,
    capture: bool | str | Sequence[str] | None = None,
    quiet: bool | None = None,
    **options: Any,
) -> Run:
    """Starts a run, makes it the active one (``aspara.run``) and returns it.

    In a notebook its live chart appears under the cell. A run that is active already is finished first (see `reinit`).

    Args:
        project: The project; by default ``ASPARA_PROJECT``, else ``default``. Any text of at most
            512 characters; its folder has a name made of it.
        name: What people shall see; any text, by default a pair of words and a number. A name used before makes a new run
            that shows the same name.
        config: The inputs: a dict, Namespace, dataclass, the path of a YAML or JSON file, an absl or hydra config.
        tags: Tags of the run.
        notes: Notes about the run.
        dir: The data directory; by default ``ASPARA_DATA_DIR``, else ``$XDG_DATA_HOME/aspara``, else
            ``~/.local/share/aspara``.
        tracker_uri: A tracker that takes the run instead of local files, such as ``http://gpu-box:3142``.
        storage_backend: ``"jsonl"`` (default) or ``"polars"``; ``ASPARA_STORAGE_BACKEND`` beats it.
        project_tags: Tags added to the project.
        id: The run's id. The id of an existing run joins or continues that run.
        resume: ``"must"``, ``"allow"``, ``"auto"`` (or True) and ``"never"``: whether to continue an earlier run, found by
            `id`, else by `name`. Without both ``"allow"`` starts a new run, and ``"auto"`` continues the last run of this script
            in this directory that neither completed nor lives. Steps go on after the last one; config, summary, tags and
            notes are kept.
        resume_from: ``"<run>?_step=N"`` continues that run (by id or file name) after step N. What it has beyond that step is
            set aside: no view shows it, and nothing is deleted.
        mode: ``"online"``; ``"offline"`` records locally even if a tracker is set; ``"disabled"`` records nothing.
        reinit: With a run active: ``"finish_previous"`` (default), ``"return_previous"``, or ``"create_new"``, which leaves
            the active run alone.
        group: A group of runs that belong together.
        job_type: What kind of job it is, e.g. ``"train"``.
        total_steps: How many steps are expected, for the remaining time.
        capture: What is captured by itself: True (all), False, or some of ``"system"``, ``"console"``, ``"git"``, ``"packages"``,
            ``"command"``, ``"environment"`` and ``"notebook"``; by default ``ASPARA_CAPTURE``, else all.
        quiet: True: nothing is said about the run and its end; by default ``ASPARA_SILENT``. Warnings are always given.
        **options: wandb's further arguments; those without meaning here are ignored. ``sync_tensorboard=True`` records what
            the writers of TensorBoard (torch's and tensorboardX's) are given, too.

    Raises:
        UsageError: A name or option breaks a rule, or ``resume="must"`` has neither `id` nor `name`; nothing is written.
        DataDirError: The data directory cannot be written; the message names it and the ways out.
        RunExists: ``resume="never"`` met an existing run.
        RunNotFound: ``resume="must"`` or `resume_from` met none.
        RunIsRunning: `resume_from` names a run that is still being written.

    """
    followed, older_word = options.pop("sync_tensorboard", None), options.pop("tensorboard", None)
    if followed or older_word:
        from importlib import import_module

        import_module("aspara.integrations.tensorboard").patch()
    return _active.begin(
        project,
        name=name,
        config=config,
        tags=tags,
        notes=notes,
        dir=dir,
        tracker_uri=tracker_uri,
        storage_backend=storage_backend,
        project_tags=project_tags,
        id=id,
        resume=resume,
        resume_from=resume_from,
        mode=mode,
        reinit=reinit,
        group=group,
        job_type=job_type,
        total_steps=total_steps,
        capture=capture,
        quiet=quiet,
        **options,
    )


def log(
    data: Mapping[str, Any] = NOTHING,
    step: int | None = None,
    commit: bool | None = None,
    timestamp: float | str | datetime | None = None,
    sync: bool | None = None,
) -> None:
    """Records metrics in the active run; see :meth:`Run.log`. Raises UsageError when there is none."""
    _active.log(data, step, commit, timestamp, sync)


# In its place the very function, under the same name: one call, not two.
_active.log.__module__, _active.log.__qualname__, _active.log.__doc__ = __name__, "log", log.__doc__
globals()["log"] = _active.log


def finish(exit_code: int | None = None, quiet: bool | None = None) -> None:
    """Ends the active run; see :meth:`Run.finish`. Without one it does nothing."""
    active = _active.running
    if active is not None:
        active.finish(exit_code, quiet)


def log_artifact(
    file_path: Artifact | str | os.PathLike[str],
    name: str | None = None,
    description: str | None = None,
    category: str | None = None,
    *,
    type: str | None = None,  # noqa: A002  the word users know
    aliases: Sequence[str] | None = None,
    tags: Sequence[str] | None = None,
) -> Artifact | ArtifactEntry:
    """Keeps a file with the active run, or makes a version of an artifact; see :meth:`Run.log_artifact`."""
    keep: Any = _active.required("aspara.log_artifact()").log_artifact
    found: Artifact | ArtifactEntry = keep(
        file_path, name, description, category, type=type, aliases=aliases, tags=tags
    )
    return found


def save(
    glob_str: str | os.PathLike[str],
    base_path: str | os.PathLike[str] | None = None,
    policy: str = "live",
) -> list[str]:
    """Keeps copies of files with the active run; see :meth:`Run.save`."""
    return _active.required("aspara.save()").save(glob_str, base_path, policy)


def restore(
    name: str,
    run_path: str | None = None,
    replace: bool = False,
    root: str | os.PathLike[str] | None = None,
) -> TextIO:
    """Fetches a file that a run keeps and opens it; its path is the ``name`` of what is returned.

    Args:
        name: As it was saved, or as :meth:`ApiRun.files` lists it.
        run_path: ``"project/run"``; by default the active run.
        replace: Whether a file that is there already is fetched anew; otherwise it is opened as it is.
        root: The folder it is copied to; by default the working directory.

    Raises ArtifactNotFound naming the files there are, RunNotFound, and UsageError without a run.

    """
    from aspara.api.restore import restore as fetch

    if run_path is not None:
        return fetch(name, run_path, replace=replace, root=root or ".")
    run = _active.required("aspara.restore() without run_path")
    return fetch(name, run.path, replace=replace, root=root or ".", place=run.place)


def use_artifact(
    artifact_or_name: Artifact | str,
    type: str | None = None,  # noqa: A002
    aliases: Sequence[str] | None = None,
    use_as: str | None = None,
) -> Artifact:
    """An artifact that the active run uses; see :meth:`Run.use_artifact`."""
    return _active.required("aspara.use_artifact()").use_artifact(artifact_or_name, type, aliases, use_as)


def define_metric(name: str, step_metric: str | None = None, **options: Any) -> None:
    """Says how a metric of the active run is to be shown; see :meth:`Run.define_metric`."""
    _active.required("aspara.define_metric()").define_metric(name, step_metric, **options)


config = CurrentConfig()
"""The config of the active run: ``aspara.config.lr = 1e-3``. Called, ``aspara.config()`` is the active Config or None."""

summary = CurrentSummary()
"""The summary of the active run: ``aspara.summary["best"] = 0.97``."""


# Imported when first used: what only some programs need, and what `init()` loads anyway, so that a program pays for it
# when it begins a run and not when some module of it imports aspara.
_ON_DEMAND = {
    "Api": "aspara.api.api",
    "Artifact": "aspara.artifacts.artifact",
    "Audio": "aspara.media.audio",
    "Config": "aspara.recording.config",
    "Histogram": "aspara.media.histogram",
    "Html": "aspara.media.html",
    "Image": "aspara.media.image",
    "Listener": "aspara.recording.listeners",
    "Molecule": "aspara.media.molecule",
    "Object3D": "aspara.media.object3d",
    "Plotly": "aspara.media.plotly",
    "Run": "aspara.recording.run",
    "Summary": "aspara.recording.summary",
    "Table": "aspara.media.table",
    "Text": "aspara.media.text",
    "Video": "aspara.media.video",
}


# What scripts written for wandb use of it beyond that: `import aspara as wandb` serves them all.
_WANDB_NAMES = frozenset(
    "AlertLevel ArtifactTTL AuthenticationError Bokeh BoundingBoxes2D Classes CommError Error EvalTable Graph ImageMask "
    "InternalApi JoinedTable PartitionedTable PublicApi Settings UnsupportedError UsageError Visualize "
    "WandbCoreNotAvailableError agent alert api apis attach box3d catboost controller data_types ensure_configured env "
    "fastai gym integration join jupyter keras lightgbm link_artifact link_model load_ipython_extension log_code log_model "
    "login mark_preempting plot plot_table plots require sacred sagemaker_auth sb3 sdk setup sklearn sweep sweeps teardown "
    "tensorboard termerror termlog termsetup termwarn unload_ipython_extension unwatch use_model util visualize "
    "wandb_agent wandb_controller wandb_run watch xgboost".split()
)


def mirror(tool: str, *, project: str | None = None, **options: Any) -> Any:
    """Records here, too, what this program logs to wandb, MLflow or TensorBoard, which goes on as ever.

    Call it once, before or after the other library is imported. Each run that begins from then on has a run here, with the
    same project, name, config, metrics, steps and end. An error of ours costs a note and never the program.

    Args:
        tool: ``"wandb"``, ``"mlflow"`` or ``"tensorboard"``.
        project: The project of all these runs; by default what the other tracker calls it (wandb's project, MLflow's
            experiment, the folder above TensorBoard's log directory).
        **options: Further arguments of each run, such as ``dir``, ``tracker_uri`` or ``capture``.

    Returns:
        The mirror: ``stop()`` ends it, and so does the end of a ``with`` block.

    Raises:
        UsageError: There is no mirror of that tool.

    Examples:
        >>> aspara.mirror("wandb")
        >>> import wandb
        >>> wandb.init(project="digits")

    """
    from importlib import import_module

    return import_module("aspara.integrations.mirror").mirror(tool, project=project, **options)


def __getattr__(name: str) -> Any:
    # `run` changes with each init() and finish().
    if name == "run":
        return _active.running
    if name in _ON_DEMAND:
        from importlib import import_module

        found = globals()[name] = getattr(import_module(_ON_DEMAND[name]), name)
        return found
    if name in _WANDB_NAMES:
        from importlib import import_module

        found = globals()[name] = getattr(import_module("aspara.compat"), name)
        return found
    raise AttributeError(f"module 'aspara' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
