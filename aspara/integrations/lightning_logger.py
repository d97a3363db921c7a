"""What the loggers of ``lightning`` and ``pytorch_lightning`` share: two packages of one framework."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from lightning_utilities.core.rank_zero import rank_zero_only

import aspara
from aspara.integrations.base import run_for
from aspara.recording.run import Run


class LightningLogger:
    """The methods of a logger, for Lightning's Trainer and for Fabric. Only rank 0 records.

    Args:
        name: The display name.
        project: The project; by default ASPARA_PROJECT, else ``lightning_logs``.
        id: The run's id, to go on with it.
        save_dir: Where Lightning keeps checkpoints; by default its ``default_root_dir``. Runs are kept where all are.
        log_model: True: checkpoints become versions of the artifact ``model-<id>`` at the end; ``"all"``: at each saving.
        prefix: Stands in front of the metrics' names, with a dash.
        checkpoint_name: The name of the checkpoints' artifact.
        run: A run that goes on; by default the active one, which begins if there is none.
        **options: What ``aspara.init()`` takes besides.

    """

    def __init__(
        self,
        name: str | None = None,
        *,
        project: str | None = None,
        id: str | None = None,  # noqa: A002  the word users know
        save_dir: str | os.PathLike[str] | None = None,
        log_model: bool | str = False,
        prefix: str = "",
        checkpoint_name: str | None = None,
        run: Run | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        project = project or aspara.settings.get("ASPARA_PROJECT") or "lightning_logs"
        self._options = {"name": name, "project": project, "id": id, "resume": "allow" if id else None, **options}
        self._save_dir = None if save_dir is None else os.fspath(save_dir)
        self._log_model = log_model
        self._prefix = f"{prefix}-" if prefix else ""
        self._checkpoint_name = checkpoint_name
        self._kept: dict[str, float] = {}
        self._checkpoints: dict[int, Any] = {}
        self._run = run

    def __getstate__(self) -> dict[str, Any]:
        # A spawned process joins the run by its id.
        found = {**self.__dict__, "_run": None}
        if self._run is not None:
            found["_options"] = {**self._options, "id": self._run.id, "resume": "allow"}
        return found

    def _begin(self) -> Run:
        if self._run is None:
            self._run = run_for(None, self._options)
            self._run.define_metric("trainer/global_step")
            self._run.define_metric("*", step_metric="trainer/global_step", step_sync=True)
        return self._run

    @property
    def name(self) -> str:
        """The project."""
        return str(self._options["project"] if self._run is None else self._run.project)

    @property
    def version(self) -> str | None:
        """The run's id."""
        found = self._options["id"] if self._run is None else self._run.id
        return None if found is None else str(found)

    @property
    def save_dir(self) -> str | None:
        """Where Lightning keeps checkpoints."""
        return self._save_dir

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Logs metrics, with ``trainer/global_step`` where a step is given."""
        row = {f"{self._prefix}{name}": value for name, value in metrics.items()}
        self._begin().log(row if step is None else {**row, "trainer/global_step": step})

    @rank_zero_only
    def log_hyperparams(self, params: Mapping[str, Any] | Namespace, *_: Any, **__: Any) -> None:
        """Keeps parameters in the config."""
        self._begin().config.update(params)

    @rank_zero_only
    def log_image(self, key: str, images: Sequence[Any], step: int | None = None, **options: Sequence[Any]) -> None:
        """Logs pictures; an option such as `caption` is a list with one entry for each."""
        each = [{name: values[index] for name, values in options.items()} for index in range(len(images))]
        self.log_metrics({key: [aspara.Image(image, **given) for image, given in zip(images, each, strict=True)]}, step)

    @rank_zero_only
    def log_table(
        self, key: str, columns: Any = None, data: Any = None, dataframe: Any = None, step: int | None = None
    ) -> None:
        """Logs a table."""
        self.log_metrics({key: aspara.Table(columns=columns, data=data, dataframe=dataframe)}, step)

    @rank_zero_only
    def watch(self, model: Any, log: str | None = "gradients", log_freq: int = 100, log_graph: bool = False) -> None:
        """Logs histograms of the model's gradients and parameters."""
        self._begin().watch(model, log=log, log_freq=log_freq, log_graph=log_graph)

    @rank_zero_only
    def save(self) -> None:
        """Makes everything durable."""
        if self._run is not None:
            self._run.flush()

    @rank_zero_only
    def after_save_checkpoint(self, checkpoint_callback: Any) -> None:
        """Keeps the new checkpoints, or remembers that there are some."""
        if self._log_model == "all" or (self._log_model is True and checkpoint_callback.save_top_k == -1):
            self._keep_checkpoints(checkpoint_callback)
        elif self._log_model is True:
            self._checkpoints[id(checkpoint_callback)] = checkpoint_callback

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Keeps the checkpoints; the run ends with the program, or by ``aspara.finish()``: a test may follow the training."""
        if status == "success":
            for callback in self._checkpoints.values():
                self._keep_checkpoints(callback)

    def _keep_checkpoints(self, callback: Any) -> None:
        scores = {**callback.best_k_models}
        for path in (callback.last_model_path, callback.best_model_path):
            if path:
                scores.setdefault(
                    path, callback.current_score if path == callback.last_model_path else callback.best_model_score
                )
        run = self._begin()
        found = sorted((os.path.getmtime(path), path) for path in scores if os.path.isfile(path))
        for changed, path in found:
            if self._kept.get(path) == changed:
                continue
            score = scores[path]
            metadata = {
                "score": score.item() if hasattr(score, "item") else score,
                "original_filename": os.path.basename(path),
                "monitor": callback.monitor,
                "mode": callback.mode,
            }
            artifact = aspara.Artifact(self._checkpoint_name or f"model-{run.id}", type="model", metadata=metadata)
            artifact.add_file(path, name="model.ckpt")
            run.log_artifact(artifact, aliases=["latest", "best"] if path == callback.best_model_path else ["latest"])
            self._kept[path] = changed
