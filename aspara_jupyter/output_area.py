"""Where in a notebook an output stands, and when a program clears it.

``clear_output()`` takes away whatever stands in the output area of the running cell, or in the Output widget that is entered; what
was shown there must be shown anew, since an update reaches no output that is gone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple


class OutputArea(NamedTuple):
    """The message that the running cell answers, and the Output widget that is entered ("": none)."""

    message: str
    widget: str


def current_area(shell: Any) -> OutputArea | None:
    """Where what is displayed now goes; None outside of notebooks."""
    publisher = _publisher(shell)
    if publisher is None:
        return None
    header = publisher.parent_header or {}
    # extract_header() of a message, or the whole message in old kernels.
    message = str(header.get("header", header).get("msg_id", ""))
    return OutputArea(message, _entered(message))


def watch_clearing(shell: Any, cleared: Callable[[OutputArea], None]) -> Callable[[], None]:
    """Calls ``cleared(area)`` whenever this thread's program clears an output area; returns what ends that."""
    publisher = _publisher(shell)
    if publisher is None:
        return _nothing

    def hook(message: dict[str, Any]) -> dict[str, Any]:
        if message.get("msg_type") == "clear_output" and (area := current_area(shell)) is not None:
            cleared(area)
        return message

    publisher.register_hook(hook)

    def unwatch() -> None:
        publisher.unregister_hook(hook)

    return unwatch


def _nothing() -> None:
    return None


def _publisher(shell: Any) -> Any:
    zmqshell = sys.modules.get("ipykernel.zmqshell")
    publisher = None if shell is None else shell.display_pub
    return publisher if zmqshell is not None and isinstance(publisher, zmqshell.ZMQDisplayPublisher) else None


def _entered(message: str) -> str:
    """The Output widget that takes what this message displays."""
    module = sys.modules.get("ipywidgets.widgets.widget_output")
    if module is None:
        return ""
    from ipywidgets.widgets.widget import _instances

    # The last that was entered is the innermost.
    found = [
        key
        for key, widget in list(_instances.items())
        if isinstance(widget, module.Output) and widget.msg_id and widget.msg_id == message
    ]
    return found[-1] if found else ""
