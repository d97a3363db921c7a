"""From the arguments of ``aspara.init`` and the environment to an open recorder."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from aspara import names, settings
from aspara.errors import UsageError
from aspara.recorder import NullRecorder, Recorder
from aspara.recording.capture.environment import program_id
from aspara.recording.config_secrets import without_secrets
from aspara.recording.log.conversion import as_mapping, to_json
from aspara.recording.log.validation import checked_notes, checked_tags
from aspara.types import Resume, RunIdentity, RunRequest
from aspara.util.messages import say

_RESUME: dict[Any, Resume | None] = {
    None: None,
    False: None,
    True: "auto",
    "1": "auto",
    "true": "auto",
    "auto": "auto",
    "allow": "allow",
    "must": "must",
    "never": "never",
    "0": None,
    "false": None,
}


def open_run(
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
    mode: str | None = None,
    group: str | None = None,
    job_type: str | None = None,
    total_steps: int | None = None,
    resume_from: str | None = None,
    config_include_keys: Sequence[str] | None = None,
    config_exclude_keys: Sequence[str] | None = None,
    capture: bool | str | Sequence[str] | None = None,
    **ignored: Any,
) -> Recorder:
    """The recorder for the asked run; see :func:`aspara.init` for the arguments. Arguments beat the environment."""
    _ignore(ignored)
    project = names.check_display_name(
        _text(project, "project") or settings.get("ASPARA_PROJECT") or "default", "project"
    )
    name = _text(name, "name") or settings.get("ASPARA_NAME")
    mode = mode or settings.get("ASPARA_MODE")
    if mode not in ("online", "offline", "disabled", "shared"):
        raise UsageError(f"mode={mode!r}: choose 'online', 'offline' or 'disabled'.")
    chosen, rewind_to = str(id) if id is not None else settings.get("ASPARA_RUN_ID"), None
    resumes = _resume(resume if resume is not None else settings.get("ASPARA_RESUME"))
    if resume_from is not None:
        if id is not None or resume not in (None, False):
            raise UsageError(f"resume_from={resume_from!r} names the run already: leave id= and resume= out.")
        chosen, rewind_to = _moment(resume_from)
        resumes = "must"
    request = RunRequest(
        project=names.slug(project),
        project_name=project,
        name=names.check_display_name(name) if name else None,
        id=names.check_run_id(chosen) if chosen is not None else None,
        resume=resumes,
        rewind_to=rewind_to,
        config=without_secrets(given_config(config, config_include_keys, config_exclude_keys)),
        tags=checked_tags(tags if tags is not None else settings.get("ASPARA_TAGS") or ()),
        notes=checked_notes(notes if notes is not None else settings.get("ASPARA_NOTES")),
        project_tags=checked_tags(project_tags or ()),
        group=group or settings.get("ASPARA_GROUP"),
        job_type=job_type or settings.get("ASPARA_JOB_TYPE"),
        total_steps=total_steps,
        program=program_id(),
    )
    backend = settings.storage_backend(storage_backend)
    if mode != "disabled" and _is_further_rank(request):
        mode = "disabled"
    if mode == "disabled":
        return NullRecorder(_nowhere(request))
    tracker = (tracker_uri or settings.get("ASPARA_TRACKER_URI")) if mode == "online" else None
    request = _detailed(request, capture, ignored.get("settings"))
    if tracker:
        if storage_backend not in (None, "jsonl"):
            say(
                f"storage_backend={storage_backend!r} has no effect on a run at a tracker, which keeps its rows as jsonl."
            )
        from aspara.client.remote_recorder import open_recorder as open_remote

        return open_remote(tracker, request, token=settings.get("ASPARA_TOKEN"))
    from aspara.storage.local_recorder import open_recorder as open_local

    return open_local(settings.data_dir(dir), request, backend=backend)


def _is_further_rank(request: RunRequest) -> bool:
    """Whether a launcher such as torchrun has started this process beside that of rank 0, which records the run for all."""
    rank, size = os.environ.get("RANK", ""), os.environ.get("WORLD_SIZE", "")
    if not (rank.isdecimal() and size.isdecimal() and 0 < int(rank) < int(size)):
        return False
    # Who names a run, or the group it belongs to, wants one of each process.
    if request.id is not None or request.name is not None or request.group is not None or request.rewind_to is not None:
        return False
    say(
        f"Rank {rank} of {size} records nothing: rank 0 records the run. To record this one too, give id=, name= or group=."
    )
    return True


def _detailed(request: RunRequest, capture: Any, options: Any) -> RunRequest:
    from dataclasses import replace

    from aspara.recording.capture.capture import CaptureOptions, process_details

    return replace(request, details=process_details(CaptureOptions.of(capture, options)))


def _nowhere(request: RunRequest) -> RunIdentity:
    run_id = request.id or names.new_run_id()
    name = request.name or f"dummy-{run_id}"
    found = {
        "config": dict(request.config),
        "tags": list(request.tags),
        "notes": request.notes,
        "group": request.group,
        "job_type": request.job_type,
    }
    return RunIdentity(request.project, names.slug(name), run_id, name, metadata=found)


def _moment(text: Any) -> tuple[str, int]:
    """The run and the step of ``"<run>?_step=N"``."""
    run, mark, step = str(text).partition("?_step=")
    if not run or not mark or not step.isdecimal():
        raise UsageError(f"resume_from={text!r}: give the run's id and a step, like 'calm-heron-4821?_step=200'.")
    return run, int(step)


def _resume(value: Any) -> Resume | None:
    key = value.lower() if isinstance(value, str) else value
    if not isinstance(key, str | bool | None) or key not in _RESUME:
        raise UsageError(f"resume={value!r}: choose True, False, 'allow', 'must', 'never' or 'auto'.")
    return _RESUME[key]


def given_config(
    source: Any, include: Sequence[str] | None = None, exclude: Sequence[str] | None = None
) -> dict[str, Any]:
    """The config that a program gives, as JSON has it."""
    found = as_mapping(source)
    if include:
        found = {k: v for k, v in found.items() if k in include}
    if exclude:
        found = {k: v for k, v in found.items() if k not in exclude}
    safe = to_json(found)
    return safe if isinstance(safe, dict) else {}


def _text(value: Any, what: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise UsageError(f"{what}={value!r}: give text, not {type(value).__name__}.")


# wandb's arguments that have no meaning here; a script that gives them runs.
_HARMLESS = frozenset(
    "entity settings save_code allow_val_change force anonymous tensorboard sync_tensorboard monitor_gym magic fork_from "
    "reinit".split()
)


def _ignore(arguments: Mapping[str, Any]) -> None:
    unknown = sorted(set(arguments) - _HARMLESS)
    if unknown:
        raise TypeError(f"init() got an unexpected argument {unknown[0]!r}.")
    given = sorted(k for k, v in arguments.items() if v is not None and k not in ("entity", "settings", "reinit"))
    if given:
        say(f"{', '.join(given)} given to init() has no effect here.")
