"""wandb's small helpers that programs call."""

from __future__ import annotations

import json
from typing import Any

from aspara.recording.log.conversion import simple
from aspara.util.wandb_helpers import (
    auto_project_name,
    class_colors,
    downsample,
    ensure_matplotlib_figure,
    generate_id,
    get_full_typename,
    get_module,
    has_num,
    is_matplotlib_typename,
    is_numpy_array,
    is_pandas_data_frame,
    is_plotly_typename,
    is_pytorch_tensor,
    is_tf_tensor,
    make_artifact_name_safe,
    make_file_path_upload_safe,
    rand_alphanumeric,
    random_string,
    to_forward_slash_path,
    to_human_size,
)

__all__ = [
    "auto_project_name",
    "class_colors",
    "downsample",
    "ensure_matplotlib_figure",
    "generate_id",
    "get_full_typename",
    "get_module",
    "has_num",
    "is_matplotlib_typename",
    "is_numpy_array",
    "is_pandas_data_frame",
    "is_plotly_typename",
    "is_pytorch_tensor",
    "is_tf_tensor",
    "json_dump_safer",
    "json_dumps_safer",
    "json_friendly",
    "json_friendly_val",
    "load_yaml",
    "make_artifact_name_safe",
    "make_file_path_upload_safe",
    "make_safe_for_json",
    "rand_alphanumeric",
    "random_string",
    "to_forward_slash_path",
    "to_human_size",
]


def json_friendly(obj: Any) -> tuple[Any, bool]:
    """(`obj` by what JSON has, whether that is another object)."""
    found = simple(obj)
    return found, found is not obj


def json_friendly_val(val: Any) -> Any:
    """`val` by what JSON has."""
    return simple(val)


def make_safe_for_json(obj: Any) -> Any:
    """`obj` by what JSON has."""
    return simple(obj)


def json_dumps_safer(obj: Any, **options: Any) -> str:
    """`obj` as JSON, whatever it holds."""
    return json.dumps(simple(obj), **options)


def json_dump_safer(obj: Any, fp: Any, **options: Any) -> None:
    """Writes `obj` as JSON, whatever it holds."""
    fp.write(json_dumps_safer(obj, **options))


def load_yaml(file: Any) -> Any:
    """What an open YAML file holds; needs PyYAML."""
    import yaml

    return yaml.safe_load(file)
