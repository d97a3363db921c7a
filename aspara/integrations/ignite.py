"""PyTorch-Ignite: ``AsparaLogger(project="digits").attach_output_handler(trainer, Events.ITERATION_COMPLETED, tag="train")``."""

from __future__ import annotations

from typing import Any

from ignite.handlers.base_logger import BaseLogger, BaseOptimizerParamsHandler, BaseOutputHandler
from ignite.handlers.utils import global_step_from_engine

from aspara.integrations.base import run_for
from aspara.recording.run import Run

__all__ = ["AsparaLogger", "OptimizerParamsHandler", "OutputHandler", "global_step_from_engine"]


class AsparaLogger(BaseLogger):
    """A logger with Ignite's ``attach``, ``attach_output_handler`` and ``attach_opt_params_handler``.

    Whatever else it is asked for is the run's: ``logger.config``, ``logger.log(...)``.

    Args:
        run: The run; by default the active one, which begins if there is none.
        **options: What ``aspara.init()`` takes, such as ``project``.

    """

    def __init__(self, run: Run | None = None, **options: Any) -> None:
        self.run = run_for(run, options)

    def __getattr__(self, name: str) -> Any:
        if name == "run":  # not there yet, as when it is unpickled
            raise AttributeError(name)
        return getattr(self.run, name)

    def close(self) -> None:
        """Finishes the run."""
        self.run.finish()

    def _create_output_handler(self, *arguments: Any, **options: Any) -> OutputHandler:
        return OutputHandler(*arguments, **options)

    def _create_opt_params_handler(self, *arguments: Any, **options: Any) -> OptimizerParamsHandler:
        return OptimizerParamsHandler(*arguments, **options)


class OutputHandler(BaseOutputHandler):
    """Logs metrics, outputs and state of an engine as ``<tag>/<name>``; it takes what Ignite's own handlers take."""

    def __call__(self, engine: Any, logger: AsparaLogger, event_name: Any) -> None:
        step = self.global_step_transform(engine, event_name)
        logger.log(self._setup_output_metrics_state_attrs(engine, log_text=True, key_tuple=False), step=step)


class OptimizerParamsHandler(BaseOptimizerParamsHandler):
    """Logs a parameter of an optimizer, by default its learning rate, as ``<tag>/lr/group_0``."""

    def __call__(self, engine: Any, logger: AsparaLogger, event_name: Any) -> None:
        prefix = f"{self.tag}/" if self.tag else ""
        row = {
            f"{prefix}{self.param_name}/group_{index}": float(group[self.param_name])
            for index, group in enumerate(self.optimizer.param_groups)
        }
        logger.log(row, step=engine.state.get_event_attrib_value(event_name))
