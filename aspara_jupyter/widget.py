"""The live widget: an anywidget whose page side is a thin loader, so that notebooks do not carry the whole front end."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from aspara_jupyter import environment

HERE = Path(__file__).parent
STATIC = HERE / "static"
_NEEDED = ("widget.js", "plotly.js")


@lru_cache
def manifest() -> dict[str, str]:
    """Logical name → hashed file of the built front end; empty when it was not built."""
    try:
        found = json.loads((STATIC / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in found.items()}


@lru_cache
def carried() -> dict[str, bytes]:
    """The front end, gzipped, for a widget whose page can fetch it from no server."""
    return {name: (STATIC / f"{file}.gz").read_bytes() for name, file in manifest().items() if name in _NEEDED}


class LiveWidget(anywidget.AnyWidget):  # type: ignore[misc,unused-ignore]
    """The live chart of one run: ``info`` is its head line, ``snapshot`` all its series, decimated (see :mod:`feed`). Or of runs
    that are compared: then ``info`` says which, and ``snapshot`` has their points where no server does (see :mod:`gather`).

    ``renew`` makes a snapshot; it is asked whenever a page wants the whole state, as it does after a reload.
    """

    _esm = HERE / "loader.js"
    _bundle = traitlets.Dict().tag(sync=True)
    _carried = traitlets.Dict().tag(sync=True)
    info = traitlets.Dict().tag(sync=True)
    snapshot = traitlets.Dict().tag(sync=True)

    def __init__(self, info: dict[str, Any]) -> None:
        self.renew: Callable[[], dict[str, Any]] | None = None
        files = {name: file for name, file in manifest().items() if name in _NEEDED}
        self._code = {} if files and environment.serves(files["widget.js"]) else carried()
        super().__init__(info=info, _bundle=files, _carried=self._code)

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """The state as a page gets it; the whole of it comes with a snapshot of this moment."""
        state: dict[str, Any] = super().get_state(key, drop_defaults)
        if key is None and self.renew is not None:
            state["snapshot"] = self.renew()
            state["_carried"] = self._code
        return state

    def lighten(self) -> None:
        """Lets go of what a saved notebook would keep of the widget: its output is a picture by now.

        A page that still wants the widget asks for its state, and gets all of it. Empty values in their old places, since
        whoever collects the state keeps each buffer until another takes its place.
        """
        self.publish(snapshot={"data": b""}, _carried=dict.fromkeys(self._code, b""))

    def send(self, content: dict[str, Any], buffers: Sequence[memoryview] | None = None) -> None:
        """Sends a custom message; a page that cannot be reached is no trouble, the snapshot brings it up to date."""
        if self.comm is not None:
            super().send(content, buffers=list(buffers or ()))

    def publish(self, **traits: Any) -> None:
        """Sets traits in one message."""
        with self.hold_sync():
            for name, value in traits.items():
                setattr(self, name, value)
