"""Lightning Fabric."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

import aspara
from aspara.integrations.base import base_class
from aspara.recording import registry

__path__: list[str] = []  # modules of wandb lie below this one; see aspara.compat.modules
_BASE = base_class("lightning.fabric.loggers.logger:Logger", "lightning_fabric.loggers.logger:Logger")


class WandbLogger(_BASE):  # type: ignore[misc,valid-type,unused-ignore]
    """A logger of Fabric: ``Fabric(loggers=WandbLogger(project="digits"))``.

    Args:
        name: The display name.
        save_dir: Accepted; runs are kept where all are.
        version: The run's id.
        offline: Whether no tracker is told.
        dir: Accepted.
        id: The run's id.
        anonymous: Accepted.
        project: The project.
        log_model: Whether checkpoints are kept as artifacts.
        experiment: A run that goes on.
        prefix: Stands in front of the metrics' names.
        checkpoint_name: The name of the checkpoints' artifact.
        **options: What ``init()`` takes besides.

    """

    def __init__(
        self,
        name: str | None = None,
        save_dir: Any = ".",
        version: str | None = None,
        offline: bool = False,
        dir: Any = None,  # noqa: A002  wandb's argument
        id: str | None = None,  # noqa: A002
        anonymous: bool | None = None,
        project: str | None = None,
        log_model: Any = False,
        experiment: Any = None,
        prefix: str = "",
        checkpoint_name: str | None = None,
        **options: Any,
    ) -> None:
        del save_dir, dir, anonymous, log_model, checkpoint_name
        super().__init__()
        self._given = {"name": name, "project": project, "id": id or version, **options}
        if offline:
            self._given["mode"] = "offline"
        self._prefix = prefix
        self._run = experiment

    @property
    def experiment(self) -> Any:
        """The run; it begins when it is first asked for, or is the active one."""
        if self._run is None:
            self._run = registry.running or aspara.init(**self._given)
            self._run.define_metric("trainer/global_step")
            self._run.define_metric("*", step_metric="trainer/global_step")
        return self._run

    @property
    def name(self) -> str | None:
        """The project."""
        found = self._run.project if self._run is not None else self._given["project"]
        return None if found is None else str(found)

    @property
    def version(self) -> str | None:
        """The run's id."""
        found = self._run.id if self._run is not None else self._given["id"]
        return None if found is None else str(found)

    def watch(self, model: Any, log: str | None = "gradients", log_freq: int = 100, log_graph: bool = True) -> None:
        """Logs histograms of the model's gradients and parameters."""
        self.experiment.watch(model, log=log, log_freq=log_freq, log_graph=log_graph)

    def log_hyperparams(self, params: Mapping[str, Any] | Namespace, *_: Any, **__: Any) -> None:
        """Keeps parameters in the config."""
        self.experiment.config.update(params)

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Logs metrics, with ``trainer/global_step`` where a step is given."""
        row = {f"{self._prefix}{'-' if self._prefix else ''}{name}": value for name, value in metrics.items()}
        self.experiment.log(row if step is None else {**row, "trainer/global_step": step})

    def log_table(
        self, key: str, columns: Any = None, data: Any = None, dataframe: Any = None, step: int | None = None
    ) -> None:
        """Logs a table."""
        self.log_metrics({key: aspara.Table(columns=columns, data=data, dataframe=dataframe)}, step)

    log_text = log_table

    def log_image(self, key: str, images: Sequence[Any], step: int | None = None, **options: Any) -> None:
        """Logs pictures; an option such as `caption` is a list with one entry for each."""
        each = [{name: values[i] for name, values in options.items()} for i in range(len(images))]
        pictures = [aspara.Image(image, **given) for image, given in zip(images, each, strict=True)]
        self.log_metrics({key: pictures}, step)

    def finalize(self, status: str) -> None:
        """Nothing: the run ends with the program."""
        del status

    def save(self) -> None:
        """Ends the step."""
        registry.required("WandbLogger.save()").log({}, commit=True)
