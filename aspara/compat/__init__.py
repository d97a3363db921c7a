"""The names of wandb that Aspara's own public face does not need, over that face.

``import aspara as wandb`` and the module ``wandb`` itself (:mod:`aspara.wandb`) serve the same names from here. Each is
imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from aspara.compat.modules import virtual_module

ON_DEMAND: dict[str, str] = {
    **dict.fromkeys(
        "AuthenticationError CommError Error UnsupportedError UsageError WandbCoreNotAvailableError".split(), "errors"
    ),
    **dict.fromkeys("termerror termlog termsetup termwarn".split(), "errors.term"),
    **dict.fromkeys("attach ensure_configured login require sagemaker_auth setup teardown".split(), "account"),
    **dict.fromkeys(
        "alert join link_artifact link_model log_code log_model mark_preempting unwatch use_model watch".split(),
        "active",
    ),
    **dict.fromkeys("agent controller sweep".split(), "sweeps"),
    **dict.fromkeys(
        "ArtifactTTL Bokeh BoundingBoxes2D Classes EvalTable Graph ImageMask JoinedTable PartitionedTable box3d".split(),
        "data_types",
    ),
    **dict.fromkeys("Visualize plot_table visualize".split(), "plot"),
    **dict.fromkeys("InternalApi PublicApi api".split(), "apis"),
    **dict.fromkeys("AlertLevel Settings".split(), "active"),
    "load_ipython_extension": "jupyter",
    "unload_ipython_extension": "jupyter",
}
"""Where a name stands, below this package."""

MODULES = frozenset("apis data_types env errors integration jupyter plot plots sklearn util".split())
"""The modules of wandb that are files here."""


def __getattr__(name: str) -> Any:
    if name in ON_DEMAND:
        found: Any = getattr(import_module(f"aspara.compat.{ON_DEMAND[name]}"), name)
    elif name in MODULES:
        found = import_module(f"aspara.compat.{name}")
    else:
        found = virtual_module(name) if not name.startswith("__") else None
        if found is None:
            raise AttributeError(f"module 'aspara.compat' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *ON_DEMAND, *MODULES})
