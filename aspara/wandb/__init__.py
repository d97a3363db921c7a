"""The module ``wandb``, made of Aspara.

``import aspara.wandb`` puts it under the name ``wandb`` for this process and for its children; ``python -m aspara.wandb
script.py`` runs a script that way, unchanged. Whatever imports ``wandb`` from then on, frameworks too, gets this module, and
an installed wandb is never imported. ``import aspara.wandb as wandb`` serves as the one changed line of a script.

Names are served as ``import aspara as wandb`` serves them; under this name the defaults are wandb's: a second ``init()`` in
a script returns the run there is, the project is ``uncategorized`` where none is named, and the ``WANDB_…`` variables count.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from aspara.wandb.begin import init
from aspara.wandb.install import install

if TYPE_CHECKING:
    from aspara.recording.run import Run

    run: Run | None

__version__ = "0.31.0"
"""The release of wandb whose names these are; programs compare it."""

__all__ = [
    "AlertLevel",
    "Api",
    "Artifact",
    "Audio",
    "Classes",
    "CommError",
    "Error",
    "Graph",
    "Histogram",
    "Html",
    "Image",
    "JoinedTable",
    "Molecule",
    "Object3D",
    "Plotly",
    "Run",
    "Settings",
    "Table",
    "UsageError",
    "Video",
    "__version__",
    "agent",
    "alert",
    "box3d",
    "config",
    "controller",
    "define_metric",
    "finish",
    "init",
    "join",
    "link_model",
    "log",
    "log_artifact",
    "log_model",
    "login",
    "plot",
    "plot_table",
    "require",
    "restore",
    "run",
    "save",
    "setup",
    "summary",
    "sweep",
    "teardown",
    "termerror",
    "termlog",
    "termwarn",
    "unwatch",
    "use_artifact",
    "use_model",
    "watch",
]


_OF_WANDB = frozenset(("api", "errors", "util"))


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module 'wandb' has no attribute {name!r}")
    # What has wandb's name there and is something of Aspara's own comes from the other place.
    home = import_module("aspara.compat" if name in _OF_WANDB else "aspara")
    try:
        found = getattr(home, name)
    except AttributeError:
        raise AttributeError(f"module 'wandb' (made of Aspara) has no attribute {name!r}") from None
    if name != "run":  # it changes with each init() and finish()
        globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *dir(import_module("aspara"))})


install()
