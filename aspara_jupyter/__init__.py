"""The notebook side of Aspara: live charts under the training cell, and the dashboard inside Jupyter.

Importing it is cheap; the parts are loaded where Jupyter asks for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aspara_jupyter.live_chart import LiveChart

__all__ = ["LiveChart", "load_ipython_extension"]


def __getattr__(name: str) -> Any:
    if name == "LiveChart":
        from aspara_jupyter.live_chart import LiveChart

        return LiveChart
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from aspara_jupyter.extension import AsparaApp

    return [{"module": "aspara_jupyter", "app": AsparaApp}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "aspara"}]


def load_ipython_extension(ipython: Any) -> None:
    """Gives IPython the magics: ``%load_ext aspara_jupyter``."""
    from aspara_jupyter.completion import completer
    from aspara_jupyter.magics import AsparaMagics

    ipython.register_magics(AsparaMagics)
    for name in ("%aspara", "%%aspara"):
        ipython.set_hook("complete_command", completer, str_key=name)
