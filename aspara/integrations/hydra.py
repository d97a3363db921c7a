"""Hydra: each job is a run, a multirun's jobs are a group.

In the configuration, or on the command line with ``+`` in front::

    hydra:
      callbacks:
        aspara:
          _target_: aspara.integrations.hydra.AsparaCallback
          project: digits
"""

from __future__ import annotations

from typing import Any

import aspara
from aspara.integrations.base import base_class
from aspara.recording.run import Run

_BASE = base_class("hydra.experimental.callback:Callback")


class AsparaCallback(_BASE):  # type: ignore[misc,valid-type,unused-ignore]
    """Begins a run before each job, with the job's config, and finishes it after; the job has it as ``aspara.run``.

    Args:
        **options: What ``aspara.init()`` takes, such as ``project``; the project is by default the job's name.

    """

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._run: Run | None = None

    def on_job_start(self, config: Any, *, task_function: Any = None, **_: Any) -> None:
        """Begins the job's run."""
        del task_function
        from omegaconf import OmegaConf
        from omegaconf.errors import OmegaConfBaseException

        job = config.hydra.job
        options = {"project": job.name, **self._options}
        # A job of a multirun may run on another machine: what is told of it is in its own config alone.
        if getattr(config.hydra.mode, "name", config.hydra.mode) == "MULTIRUN":
            options.setdefault("group", str(config.hydra.sweep.dir))
            options.setdefault("name", job.override_dirname or f"{job.name}-{job.num}")
        own = OmegaConf.masked_copy(config, [key for key in config if key != "hydra"])
        try:
            values: Any = OmegaConf.to_container(own, resolve=True)
        except OmegaConfBaseException:  # it refers to what is known only later: kept as it is written
            values = OmegaConf.to_container(own)
        self._run = aspara.init(config=values, reinit="finish_previous", **options)

    def on_job_end(self, config: Any, job_return: Any = None, **_: Any) -> None:
        """Finishes the job's run: as failed where the job has raised."""
        del config
        run, self._run = self._run, None
        if run is not None:
            run.finish(0 if getattr(getattr(job_return, "status", None), "name", "COMPLETED") == "COMPLETED" else 1)
