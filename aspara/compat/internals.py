"""What frameworks import of wandb's inside, mostly to compare types or to leave a mark."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from aspara.errors import UsageError as ConfigError
from aspara.recording.capture.notebook import in_notebook

__all__ = ["ConfigError", "RunDisabled", "TelemetryRecord", "context", "in_jupyter", "in_notebook"]

in_jupyter = in_notebook
TelemetryRecord = SimpleNamespace


class RunDisabled:
    """Older releases' type of a disabled run, for ``isinstance``; a disabled run is a Run here."""


@contextlib.contextmanager
def context(run: Any = None, obj: Any = None) -> Iterator[SimpleNamespace]:
    """Takes the marks that frameworks set of themselves, and forgets them."""
    del run, obj
    yield SimpleNamespace(feature=SimpleNamespace(), label=SimpleNamespace(), env=SimpleNamespace())
