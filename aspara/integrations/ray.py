"""Ray: ``RunConfig(callbacks=[AsparaLoggerCallback(project="digits")])`` for Tune; ``setup_aspara(config)`` inside a function.

With Ray Train, ``setup_aspara()`` gives the worker of rank 0 the run, and the others one that records nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import aspara
from aspara.integrations.base import base_class
from aspara.recording.run import Run
from aspara.util.nested import flattened

_BASE = base_class("ray.tune.logger:LoggerCallback")
_CONFIG = ("trial_id", "experiment_tag", "node_ip", "experiment_id", "hostname", "pid", "date")
"""What a result tells of its trial, not of the training."""
_LEFT_OUT = ("done", "should_checkpoint")


class AsparaLoggerCallback(_BASE):  # type: ignore[misc,valid-type,unused-ignore]
    """Makes a run for each trial, in a group for the experiment, of what it reports.

    Args:
        project: The project; by default ASPARA_PROJECT.
        group: The group; by default the experiment's name.
        excludes: Names of results and of the config that are left out.
        log_config: Whether each row holds the config too.
        upload_checkpoints: Whether checkpoints become versions of an artifact.
        **options: What ``aspara.init()`` takes besides.

    """

    def __init__(
        self,
        project: str | None = None,
        group: str | None = None,
        *,
        excludes: Sequence[str] = (),
        log_config: bool = False,
        upload_checkpoints: bool = False,
        **options: Any,
    ) -> None:
        self.project, self.group, self.excludes = project, group, tuple(excludes)
        self.log_config, self.upload_checkpoints = log_config, upload_checkpoints
        self._options = options
        self._runs: dict[Any, Run] = {}

    def log_trial_start(self, trial: Any) -> None:
        """Begins the trial's run, unless it goes on."""
        if trial in self._runs:
            return
        config = {key: value for key, value in trial.config.items() if key not in ("callbacks", *self.excludes)}
        if getattr(trial, "local_path", None):
            config["trial_log_path"] = str(trial.local_path)
        # Beside the active run: trials live at the same time, all in the process of Tune.
        self._runs[trial] = aspara.Run(
            **{
                "project": self.project,
                "group": self.group or trial.experiment_dir_name,
                "id": str(trial.trial_id),
                "name": str(trial),
                "resume": "allow",
                "config": config,
                "capture": False,
                **self._options,
            }
        )

    def log_trial_result(self, iteration: int, trial: Any, result: Mapping[str, Any]) -> None:
        """Logs a result, at its ``training_iteration``."""
        del iteration
        self.log_trial_start(trial)
        run, row, facts = self._runs[trial], {}, dict(result.get("config") or {})
        left_out = (*_LEFT_OUT, *self.excludes, *(() if self.log_config else ("config",)))
        for key, value in flattened(result, separator="/"):
            first = key.split("/", 1)[0]
            if first in left_out or key in left_out:
                continue
            if first in _CONFIG:
                facts[key] = value
            elif isinstance(value, int | float) or hasattr(value, "item") or value is None:
                row[key] = value
        facts.pop("callbacks", None)
        run.config.update(facts)
        run.log(row, step=row.get("training_iteration"))

    def log_trial_save(self, trial: Any) -> None:
        """Keeps a checkpoint."""
        checkpoint = getattr(trial, "checkpoint", None)
        if self.upload_checkpoints and checkpoint is not None and trial in self._runs:
            artifact = aspara.Artifact(f"checkpoint_{trial.trial_id}", type="model")
            with checkpoint.as_directory() as folder:
                artifact.add_dir(folder)
                self._runs[trial].log_artifact(artifact)

    def log_trial_end(self, trial: Any, failed: bool = False) -> None:
        """Finishes the trial's run."""
        run = self._runs.pop(trial, None)
        if run is not None:
            run.finish(1 if failed else 0)

    def on_experiment_end(self, trials: Sequence[Any] = (), **_: Any) -> None:
        """Finishes what is left."""
        del trials
        for trial in list(self._runs):
            self.log_trial_end(trial)


def setup_aspara(config: Mapping[str, Any] | None = None, rank_zero_only: bool = True, **options: Any) -> Run:
    """Begins the run of a training function of Ray Train or Tune, with the trial's id, name and group.

    Args:
        config: The config.
        rank_zero_only: Whether workers of other ranks get a run that records nothing.
        **options: What ``aspara.init()`` takes besides.

    """
    from ray import train

    # Outside of a worker there is no context, or one that knows nothing.
    context = train.get_context()
    rank = _asked(context, "get_world_rank")
    if rank and rank_zero_only:
        return aspara.init(mode="disabled")
    facts = {
        "id": _asked(context, "get_trial_id"),
        "name": _asked(context, "get_trial_name"),
        "group": _asked(context, "get_experiment_name"),
    }
    if rank:
        facts["id"] = f"{facts['id']}-{rank}" if facts["id"] else None
    return aspara.init(config=dict(config or {}), **{**facts, "resume": "allow" if facts["id"] else None, **options})


def _asked(context: Any, method: str) -> Any:
    try:
        return getattr(context, method)()
    except (
        AttributeError,
        RuntimeError,
        NotImplementedError,
        DeprecationWarning,
    ):  # each release of Ray has other ones
        return None
