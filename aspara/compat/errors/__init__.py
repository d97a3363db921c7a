"""wandb's errors. ``wandb.Error`` is the root of all errors of Aspara."""

from __future__ import annotations

from aspara.errors import AsparaError as Error
from aspara.errors import CommError, UsageError
from aspara.errors import Unauthorized as AuthenticationError

__all__ = [
    "AuthenticationError",
    "CommError",
    "Error",
    "UnsupportedError",
    "UsageError",
    "WandbCoreNotAvailableError",
]


class UnsupportedError(UsageError):
    """wandb's service could do this; Aspara cannot. The message says what to do instead."""


class WandbCoreNotAvailableError(Error):
    """Never raised; for programs that catch it."""
