"""Lightning under its older name: ``pytorch_lightning.Trainer(logger=AsparaLogger(project="digits"))``."""

from __future__ import annotations

from lightning_fabric.loggers.logger import rank_zero_experiment
from pytorch_lightning.loggers.logger import Logger

from aspara.integrations.lightning_logger import LightningLogger
from aspara.recording.run import Run


class AsparaLogger(LightningLogger, Logger):
    __doc__ = LightningLogger.__doc__

    @property
    @rank_zero_experiment
    def experiment(self) -> Run:
        """The run; it begins when it is first asked for. On other ranks something that accepts every call."""
        return self._begin()
