"""Hugging Face Accelerate: ``Accelerator(log_with="aspara")`` once this module is imported, or ``log_with=AsparaTracker(...)``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from accelerate import tracking

import aspara
from aspara.recording.run import Run


class AsparaTracker(tracking.GeneralTracker):
    """Records what ``accelerator.log()`` is given, from the main process only.

    Args:
        run_name: The project, which ``accelerator.init_trackers()`` names.
        **options: What ``aspara.init()`` takes; ``init_trackers(..., init_kwargs={"aspara": {...}})`` hands them over.

    """

    name = "aspara"
    requires_logging_directory = False
    main_process_only = True

    def __init__(self, run_name: str, **options: Any) -> None:
        super().__init__()
        self.run_name = run_name
        self._options = options
        self._run: Run | None = None

    @property
    def tracker(self) -> Run:
        """The run; it begins when it is first asked for."""
        if self._run is None:
            self._run = aspara.init(**{"project": self.run_name, **self._options})
        return self._run

    @tracking.on_main_process
    def start(self) -> None:
        """Begins the run."""
        _ = self.tracker

    @tracking.on_main_process
    def store_init_configuration(self, values: Mapping[str, Any]) -> None:
        """Keeps values in the config."""
        self.tracker.config.update(values)

    @tracking.on_main_process
    def log(self, values: Mapping[str, Any], step: int | None = None, **options: Any) -> None:
        """Logs a row."""
        self.tracker.log(values, step=step, **options)

    @tracking.on_main_process
    def log_images(self, values: Mapping[str, Sequence[Any]], step: int | None = None, **options: Any) -> None:
        """Logs lists of pictures."""
        for name, images in values.items():
            self.tracker.log({name: [aspara.Image(image) for image in images]}, step=step, **options)

    @tracking.on_main_process
    def log_table(
        self,
        table_name: str,
        columns: Sequence[str] | None = None,
        data: Any = None,
        dataframe: Any = None,
        step: int | None = None,
        **options: Any,
    ) -> None:
        """Logs a table."""
        table = aspara.Table(columns=columns, data=data, dataframe=dataframe)
        self.tracker.log({table_name: table}, step=step, **options)

    @tracking.on_main_process
    def finish(self) -> None:
        """Finishes the run."""
        self.tracker.finish()


if hasattr(tracking, "register_tracker_class"):  # older releases take the class itself only
    tracking.register_tracker_class(AsparaTracker)
