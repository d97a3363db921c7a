"""The modules of wandb that hold nothing but another place's names: a table, instead of a file for each."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

_KERAS = "aspara.compat.integration.keras"
_MEDIA = "aspara.compat.data_types"

VIRTUAL: Mapping[str, Mapping[str, str]] = {
    # -- what frameworks import of wandb's inside ------------------------------------------------------------------
    "sdk": {},
    "sdk.wandb_run": {"Run": "aspara.recording.run", "AlertLevel": "aspara.recording.alerts"},
    "sdk.wandb_config": {"Config": "aspara.recording.config"},
    "sdk.wandb_summary": {"Summary": "aspara.recording.summary"},
    "sdk.wandb_settings": {"Settings": "aspara.compat.active"},
    "sdk.wandb_alerts": {"AlertLevel": "aspara.recording.alerts"},
    "sdk.wandb_init": {"init": "aspara.wandb"},
    "sdk.wandb_login": {"login": "aspara.compat.account"},
    "sdk.wandb_setup": {"setup": "aspara.compat.account"},
    "sdk.wandb_require": {"require": "aspara.compat.account"},
    "sdk.wandb_sweep": {"sweep": "aspara.compat.sweeps"},
    "sdk.artifacts": {},
    "sdk.artifacts.artifact": {"Artifact": "aspara.artifacts.artifact"},
    "sdk.artifacts.artifact_ttl": {"ArtifactTTL": _MEDIA},
    "sdk.data_types": {},
    "sdk.data_types.image": {"Image": _MEDIA, "BoundingBoxes2D": _MEDIA, "ImageMask": _MEDIA},
    "sdk.data_types.table": {"Table": _MEDIA, "JoinedTable": _MEDIA, "PartitionedTable": _MEDIA},
    "sdk.data_types.video": {"Video": _MEDIA},
    "sdk.data_types.audio": {"Audio": _MEDIA},
    "sdk.data_types.html": {"Html": _MEDIA},
    "sdk.data_types.histogram": {"Histogram": _MEDIA},
    "sdk.data_types.object_3d": {"Object3D": _MEDIA, "box3d": _MEDIA},
    "sdk.data_types.molecule": {"Molecule": _MEDIA},
    "sdk.data_types.plotly": {"Plotly": _MEDIA},
    "sdk.data_types.helper_types": {},
    "sdk.data_types.helper_types.bounding_boxes_2d": {"BoundingBoxes2D": _MEDIA},
    "sdk.data_types.helper_types.classes": {"Classes": _MEDIA},
    "sdk.data_types.helper_types.image_mask": {"ImageMask": _MEDIA},
    "sdk.data_types.base_types": {},
    "sdk.data_types.base_types.media": {"Media": _MEDIA},
    "sdk.data_types.base_types.wb_value": {"WBValue": _MEDIA},
    "sdk.lib": {"RunDisabled": "aspara.compat.internals"},
    "sdk.lib.disabled": {"RunDisabled": "aspara.compat.internals"},
    "sdk.lib.config_util": {"ConfigError": "aspara.compat.internals"},
    "sdk.lib.telemetry": {"context": "aspara.compat.internals", "TelemetryRecord": "aspara.compat.internals"},
    "sdk.lib.runid": {"generate_id": "aspara.compat.util"},
    "sdk.lib.ipython": {"in_notebook": "aspara.compat.internals", "in_jupyter": "aspara.compat.internals"},
    "sdk.integration_utils": {},
    "wandb_run": {"Run": "aspara.recording.run"},
    "apis.public": {
        "Api": "aspara.compat.apis",
        "Run": "aspara.api.run:ApiRun",
        "Runs": "aspara.api.runs:ApiRuns",
        "Project": "aspara.api.projects:ApiProject",
        "Projects": "aspara.api.projects:ApiProjects",
        "File": "aspara.api.run_file:RunFile",
        "Artifact": "aspara.artifacts.artifact",
    },
    "apis.internal": {"Api": "aspara.compat.apis:InternalApi"},
    "errors.errors": dict.fromkeys(("Error", "CommError", "UsageError", "AuthenticationError"), "aspara.compat.errors"),
    # -- older places of integrations ---------------------------------------------------------------------------------
    "keras": dict.fromkeys(
        ("WandbCallback", "WandbMetricsLogger", "WandbModelCheckpoint", "WandbEvalCallback"), _KERAS
    ),
    "integration.keras.keras": {"WandbCallback": _KERAS},
    "integration.keras.callbacks": dict.fromkeys(
        ("WandbMetricsLogger", "WandbModelCheckpoint", "WandbEvalCallback"), _KERAS
    ),
    "xgboost": dict.fromkeys(("WandbCallback", "wandb_callback"), "aspara.compat.integration.xgboost"),
    "integration.xgboost.xgboost": dict.fromkeys(
        ("WandbCallback", "wandb_callback"), "aspara.compat.integration.xgboost"
    ),
    "lightgbm": dict.fromkeys(("wandb_callback", "log_summary"), "aspara.compat.integration.lightgbm"),
    "catboost": dict.fromkeys(("WandbCallback", "log_summary"), "aspara.compat.integration.catboost"),
    "integration.catboost.catboost": dict.fromkeys(
        ("WandbCallback", "log_summary"), "aspara.compat.integration.catboost"
    ),
    "tensorboard": dict.fromkeys(("patch", "unpatch"), "aspara.integrations.tensorboard"),
    "integration.tensorboard": dict.fromkeys(("patch", "unpatch"), "aspara.integrations.tensorboard"),
    "fastai": {"WandbCallback": "aspara.compat.integration.fastai"},
    "sb3": {"WandbCallback": "aspara.compat.integration.sb3"},
    "integration.sb3.sb3": {"WandbCallback": "aspara.compat.integration.sb3"},
    "integration.lightning.fabric": {"WandbLogger": "aspara.compat.integration.lightning"},
    "integration.ultralytics.callback": dict.fromkeys(
        ("WandBUltralyticsCallback", "add_wandb_callback"), "aspara.compat.integration.ultralytics"
    ),
    # -- what Aspara cannot do, said when it is used ------------------------------------------------------------------
    "integration.openai": {"autolog": "aspara.compat.unsupported"},
    "integration.openai.fine_tuning": {"WandbLogger": "aspara.compat.unsupported:OpenAILogger"},
    "integration.cohere": {"autolog": "aspara.compat.unsupported"},
    "integration.huggingface": {"autolog": "aspara.compat.unsupported"},
    "integration.diffusers": {"autolog": "aspara.compat.unsupported"},
    "integration.langchain": {"WandbTracer": "aspara.compat.unsupported:LangChainTracer"},
    "integration.metaflow": {"wandb_log": "aspara.compat.unsupported:unchanged"},
    "integration.kfp": {"wandb_log": "aspara.compat.unsupported:unchanged"},
    "integration.prodigy": {"upload_dataset": "aspara.compat.unsupported"},
    "integration.sagemaker": {"sagemaker_auth": "aspara.compat.account"},
    "integration.gym": {"monitor": "aspara.compat.unsupported:monitor_gym"},
    "gym": {"monitor": "aspara.compat.unsupported:monitor_gym"},
    "sacred": {"WandbObserver": "aspara.compat.unsupported:SacredObserver"},
    "integration.sacred": {"WandbObserver": "aspara.compat.unsupported:SacredObserver"},
    "sweeps": {},
    "wandb_agent": {"agent": "aspara.compat.sweeps"},
    "wandb_controller": {"sweep": "aspara.compat.sweeps", "controller": "aspara.compat.sweeps"},
}


class VirtualModule(ModuleType):
    """A module whose names stand elsewhere and are fetched when they are asked for."""

    def __init__(self, path: str, names: Mapping[str, str]) -> None:
        super().__init__(f"aspara.compat.{path}", f"wandb's module {path!r}, over Aspara.")
        self.__path__: list[str] = []
        self.__all__ = [*names]
        self._module_path = path
        self._names = names

    def __getattr__(self, name: str) -> Any:
        if name in self._names:
            home, _, attribute = self._names[name].partition(":")
            found: Any = getattr(import_module(home), attribute or name)
        else:
            found = virtual_module(f"{self._module_path}.{name}") if not name.startswith("__") else None
            if found is None:
                raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        setattr(self, name, found)
        return found

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._names})


def virtual_module(path: str) -> ModuleType | None:
    """The module at `path` below ``wandb``, such as ``sdk.lib``, made once; None where the table has none."""
    if path not in VIRTUAL:
        return None
    name = f"aspara.compat.{path}"
    if name not in sys.modules:
        sys.modules[name] = VirtualModule(path, VIRTUAL[path])
    return sys.modules[name]
