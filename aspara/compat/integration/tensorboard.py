"""TensorBoard."""

from __future__ import annotations

from typing import Any

from aspara.util.messages import say_once


def patch(
    save: bool = True,
    tensorboard_x: bool | None = None,
    pytorch: bool | None = None,
    root_logdir: str = "",
    **ignored: Any,
) -> None:
    """Not supported yet, which is said."""
    del save, tensorboard_x, pytorch, root_logdir, ignored
    say_once("sync_tensorboard is not supported yet: what goes to TensorBoard is not recorded here.")


def unpatch() -> None:
    """Nothing is patched."""
