"""Hugging Face transformers: ``TrainingArguments(report_to="aspara")`` once this module is imported, or the callback.

TRL's trainers take it the same way.
"""

from __future__ import annotations

import numbers
import os
from typing import Any

from transformers import TrainerCallback
from transformers.integrations import integration_utils

import aspara
from aspara.integrations.base import run_for
from aspara.recording.run import Run

# Once for the whole training, not a series.
_ONCE = ("train_runtime", "train_samples_per_second", "train_steps_per_second", "train_loss", "total_flos")


class AsparaCallback(TrainerCallback):
    """Logs what the Trainer logs, as ``train/…`` and ``eval/…`` with ``train/global_step``, from the first process only.

    Model's and training's arguments become the config, the totals of the training the summary.

    Args:
        run: The run; by default the active one, which begins if there is none, in the project ``huggingface``.
        log_model: ``"end"``: the model is kept at the end; ``"checkpoint"``: each checkpoint is.
        **options: What ``aspara.init()`` takes, such as ``project``.

    """

    def __init__(self, run: Run | None = None, *, log_model: str | None = None, **options: Any) -> None:
        self._given, self._options = run, options
        self._log_model = log_model
        self._run: Run | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        """Begins the run, anew for each trial of a hyperparameter search."""
        del control
        if state.is_hyper_param_search:
            if self._run is not None:
                self._run.finish()
            self._run = None
        self._begin(args, state, model)

    def on_log(self, args: Any, state: Any, control: Any, model: Any = None, logs: Any = None, **_: Any) -> None:
        """Logs a row."""
        del control
        run = self._begin(args, state, model)
        if run is not None:
            run.summary.update({key: value for key, value in logs.items() if key in _ONCE})
            row = _named({key: value for key, value in logs.items() if key not in _ONCE})
            run.log({**row, "train/global_step": state.global_step})

    def on_predict(self, args: Any, state: Any, control: Any, metrics: Any, **_: Any) -> None:
        """Logs the metrics of a prediction."""
        del control
        run = self._begin(args, state, None)
        if run is not None:
            run.log(_named(metrics))

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Keeps a checkpoint."""
        del control
        if self._log_model == "checkpoint":
            names = [f"epoch_{round(state.epoch, 2)}", f"checkpoint_global_step_{state.global_step}"]
            self._keep(args, state, names)

    def on_train_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        """Keeps the model."""
        del control
        if self._log_model in ("end", "checkpoint") and state.is_world_process_zero:
            folder = os.path.join(args.output_dir, "final_model")
            model.save_pretrained(folder)
            self._keep(args, state, ["final_model"], folder)

    def _begin(self, args: Any, state: Any, model: Any) -> Run | None:
        if not state.is_world_process_zero:
            return None
        if self._run is None:
            # A search gives each trial its name.
            named = {"name": state.trial_name, "group": args.run_name or args.output_dir} if state.trial_name else {}
            options = {"name": args.run_name, **named, **self._options}
            options.setdefault("project", aspara.settings.get("ASPARA_PROJECT") or "huggingface")
            self._run = run = run_for(self._given, options)
            config: Any = getattr(model, "config", None) or {}
            adapters = getattr(model, "peft_config", None)
            run.config.update(
                {
                    **({} if adapters is None else {"peft_config": adapters}),
                    **(config.to_dict() if hasattr(config, "to_dict") else dict(config)),
                    **args.to_dict(),
                }
            )
            run.define_metric("train/global_step")
            run.define_metric("*", step_metric="train/global_step", step_sync=True)
            if hasattr(model, "num_parameters"):
                run.config["model/num_parameters"] = model.num_parameters()
        return self._run

    def _keep(self, args: Any, state: Any, aliases: list[str], folder: str | None = None) -> None:
        run = self._begin(args, state, None)
        if run is None or run.disabled:
            return
        metadata = {key: value for key, value in dict(run.summary).items() if isinstance(value, numbers.Number)}
        artifact = aspara.Artifact(f"model-{run.id}", type="model", metadata=metadata)
        artifact.add_dir(folder or os.path.join(args.output_dir, f"checkpoint-{state.global_step}"))
        run.log_artifact(artifact, aliases=aliases)


def _named(logs: dict[str, Any]) -> dict[str, Any]:
    """``eval_loss`` as ``eval/loss``, ``test_loss`` as ``test/loss``, and what is left as ``train/…``."""
    found = {}
    for key, value in logs.items():
        for kind in ("eval", "test"):
            if key.startswith(f"{kind}_"):
                found[f"{kind}/{key[len(kind) + 1 :]}"] = value
                break
        else:
            found[f"train/{key}"] = value
    return found


integration_utils.INTEGRATION_TO_CALLBACK["aspara"] = AsparaCallback
