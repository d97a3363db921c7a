"""Tools that know nothing of runs: files, signals, wake-ups, JSON, record formats."""

from __future__ import annotations

from typing import Any

_WANDB_HELPERS = frozenset(
    (
        "auto_project_name class_colors downsample ensure_matplotlib_figure generate_id get_full_typename "
        "get_module has_num is_matplotlib_typename is_numpy_array is_pandas_data_frame is_plotly_typename "
        "is_pytorch_tensor is_tf_tensor make_artifact_name_safe make_file_path_upload_safe "
        "rand_alphanumeric random_string to_forward_slash_path to_human_size "
    ).split()
)


def __getattr__(name: str) -> Any:
    # `import aspara as wandb` makes of `wandb.util` this package.
    if name in _WANDB_HELPERS:
        from importlib import import_module

        return getattr(import_module("aspara.util.wandb_helpers"), name)
    raise AttributeError(f"module 'aspara.util' has no attribute {name!r}")
