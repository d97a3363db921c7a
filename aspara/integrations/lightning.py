"""Lightning: ``Trainer(logger=AsparaLogger(project="digits"))``, or ``Fabric(loggers=AsparaLogger(...))``."""

from __future__ import annotations

from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.pytorch.loggers.logger import Logger

from aspara.integrations.lightning_logger import LightningLogger
from aspara.recording.run import Run


class AsparaLogger(LightningLogger, Logger):
    __doc__ = LightningLogger.__doc__

    @property
    @rank_zero_experiment
    def experiment(self) -> Run:
        """The run; it begins when it is first asked for. On other ranks something that accepts every call."""
        return self._begin()
