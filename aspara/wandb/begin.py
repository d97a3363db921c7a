"""``wandb.init()``: wandb's arguments, defaults and environment, brought to :func:`aspara.init`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aspara
from aspara import names
from aspara import settings as settings_of
from aspara.compat import env
from aspara.compat.util import generate_id
from aspara.integrations.tensorboard import patch as patch_tensorboard
from aspara.recording import registry
from aspara.recording.capture.notebook import in_notebook
from aspara.recording.log.conversion import as_mapping
from aspara.recording.run import Run
from aspara.recording.run_settings import RunSettings
from aspara.util.messages import say, say_once

_MODES = {"dryrun": "offline", "run": "online", "shared": "online"}


def init(
    entity: str | None = None,
    project: str | None = None,
    dir: str | os.PathLike[str] | None = None,  # noqa: A002  wandb's argument
    id: str | None = None,  # noqa: A002
    name: str | None = None,
    notes: str | None = None,
    tags: Sequence[str] | str | None = None,
    config: Any = None,
    config_exclude_keys: Sequence[str] | None = None,
    config_include_keys: Sequence[str] | None = None,
    allow_val_change: bool | None = None,
    group: str | None = None,
    job_type: str | None = None,
    mode: str | None = None,
    force: bool | None = None,
    reinit: bool | str | None = None,
    resume: bool | str | None = None,
    resume_from: str | None = None,
    fork_from: str | None = None,
    save_code: bool | None = None,
    tensorboard: bool | None = None,
    sync_tensorboard: bool | None = None,
    monitor_gym: bool | None = None,
    settings: Any = None,
    anonymous: Any = None,
    magic: Any = None,
    **options: Any,
) -> Run:
    """Starts a run as wandb's ``init()`` does, and makes it the active one.

    Arguments beat `settings`, and those beat the ``WANDB_…`` variables. In a script a second call returns the run there is;
    in a notebook it ends that one first. `dir` does not move where runs are kept: the dashboard shows them all.

    Args:
        entity: Shown as ``run.entity``; there are no entities.
        project: By default WANDB_PROJECT, else ``uncategorized``.
        dir: Accepted; see above.
        id: The run's id; by default eight letters and digits.
        name: The display name.
        notes: Notes.
        tags: Tags, or one.
        config: What :func:`aspara.init` takes, or wandb's YAML with ``value:`` below each name. ``config-defaults.yaml`` in
            the working directory and the files of WANDB_CONFIG_PATHS come first.
        config_exclude_keys: Names of `config` that are left out.
        config_include_keys: The only names of `config` that are taken.
        allow_val_change: Accepted: values may always be changed.
        group: The group.
        job_type: The job type.
        mode: ``online``, ``offline`` (or ``dryrun``), ``disabled``.
        force: Accepted.
        reinit: ``default``, ``return_previous``, ``finish_previous`` (or True), ``create_new``.
        resume: As :func:`aspara.init` takes it.
        resume_from: As :func:`aspara.init` takes it.
        fork_from: Not supported: the run begins anew, which is said.
        save_code: True: the script is kept with the run.
        tensorboard: Another word for `sync_tensorboard`.
        sync_tensorboard: True: what TensorBoard's writers are given is recorded too.
        monitor_gym: Not supported, which is said.
        settings: A Settings, or a dict.
        anonymous: Accepted.
        magic: Accepted.
        **options: Those of :func:`aspara.init` that wandb has not: `capture`, `tracker_uri`, `storage_backend`, `total_steps`.

    """
    del dir, allow_val_change, force, anonymous, magic
    given = RunSettings(**RunSettings.of(settings)._given)
    reinit = _reinit(reinit if reinit is not None else given.given("reinit"))
    if registry.running is not None and reinit == "return_previous":
        return registry.running
    if fork_from is not None:
        say("fork_from is not supported: this run begins anew.")
    if sync_tensorboard or tensorboard or given.given("sync_tensorboard"):
        patch_tensorboard()
    if monitor_gym:
        say_once("monitor_gym is not supported: log videos with Video().")
    if env.disable_git():
        given.update(disable_git=True)
    if os.environ.get("WANDB_CONSOLE", "").lower() == "off":
        given.update(console="off")

    def chosen(argument: Any, setting: str, variable: str) -> Any:
        value = argument if argument is not None else given.given(setting)
        return value if value is not None else os.environ.get(variable) or None

    resume = chosen(resume, "resume", env.RESUME)
    run_id = chosen(id, "run_id", env.RUN_ID)
    if not run_id and resume in (None, False, "") and resume_from is None and not settings_of.get("ASPARA_RUN_ID"):
        run_id = generate_id()
    chosen_tags = chosen(tags, "run_tags", env.TAGS)
    run = aspara.init(
        project=_project(chosen(project, "project", env.PROJECT)),
        name=chosen(name, "run_name", env.NAME),
        config=_config(config, config_include_keys, config_exclude_keys, os.environ.get(env.CONFIG_PATHS)),
        tags=chosen_tags.split(",") if isinstance(chosen_tags, str) else chosen_tags,
        notes=chosen(notes, "run_notes", env.NOTES),
        id=None if run_id is None else str(run_id),
        resume=resume or None,
        resume_from=resume_from or given.given("resume_from"),
        mode=_mode(chosen(mode, "mode", env.MODE)),
        reinit=reinit,
        group=chosen(group, "run_group", env.RUN_GROUP),
        job_type=chosen(job_type, "run_job_type", env.JOB_TYPE),
        entity=chosen(entity, "entity", env.ENTITY),
        settings=given,
        **options,
    )
    run._sweep_id = chosen(None, "sweep_id", env.SWEEP_ID)
    notebook = chosen(None, "notebook_name", env.NOTEBOOK_NAME)
    if notebook:
        run._recorder.update({"notebook": str(notebook)})
    wanted = save_code if save_code is not None else given.given("save_code")
    if env.should_save_code() if wanted is None else wanted and not given.given("disable_code"):
        _keep_script(run)
    return run


def _reinit(reinit: Any) -> Any:
    if reinit is True:
        return "finish_previous"
    if reinit in (None, False, "default", ""):
        return "finish_previous" if in_notebook() else "return_previous"
    return reinit


def _mode(mode: str | None) -> str | None:
    if mode is None and env.is_disabled():
        return "disabled"
    return None if mode is None else _MODES.get(str(mode).lower(), str(mode).lower())


def _project(project: Any) -> str:
    """A project's name that may stand on disk; wandb's may hold blanks and more."""
    chosen = str(project or settings_of.get("ASPARA_PROJECT") or "uncategorized")
    if names.is_file_name(chosen):
        return chosen
    slug = names.slug(chosen.rpartition("/")[2])
    say_once(f"The project {chosen!r} is kept as {slug!r}.")
    return slug


def _config(
    config: Any, include: Sequence[str] | None, exclude: Sequence[str] | None, paths: str | None
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    defaults = Path("config-defaults.yaml")
    for path in [*([str(defaults)] if defaults.is_file() else []), *(paths or "").split(",")]:
        if path.strip():
            found.update(_values(as_mapping(path.strip())))
    # By itself, so that the two lists apply to what the program gave.
    given = as_mapping(config)
    if isinstance(config, str | os.PathLike):
        given = _values(given)
    if include:
        given = {key: value for key, value in given.items() if key in include}
    if exclude:
        given = {key: value for key, value in given.items() if key not in exclude}
    return {**found, **given}


def _values(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a config file says, without the ``value:`` that wandb's have below each name."""
    return {
        key: value["value"]
        if isinstance(value, Mapping) and "value" in value and set(value) <= {"value", "desc"}
        else value
        for key, value in config.items()
        if key != "wandb_version"
    }


def _keep_script(run: Run) -> None:
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    if script and os.path.isfile(script):
        run.log_artifact(script, category="code")
