"""From what a program logs to what a row holds, and from any object to something JSON can say."""

from __future__ import annotations

import argparse
import dataclasses
import enum
import math
import numbers
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from aspara import names
from aspara.errors import UsageError

_MAX_DEPTH = 32
_MAX_ITEMS = 100_000


def flatten(
    data: Mapping[Any, Any], keep: Callable[[str, Any], Any], prefix: str = "", depth: int = 0
) -> Iterator[tuple[str, Any]]:
    """(name, value as a row holds it) for each entry of `data`; nested dicts become ``a.b``, None is left out.

    ``keep(name, value)`` is asked for every value that is neither number, text, dict nor None: it returns what the row shall
    hold, or None to leave it out. Names that break the rules raise InvalidName.
    """
    if depth > _MAX_DEPTH:
        raise UsageError(
            f"Metrics are nested deeper than {_MAX_DEPTH} levels at {prefix[:60]!r}...; log flatter dicts."
        )
    for key, value in data.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from flatten(value, keep, f"{name}.", depth + 1)
        elif value is not None:
            names.check_metric_name(key if not prefix else name)
            number = scalar(value)
            kept = keep(name, value) if number is None else number
            if kept is not None:
                yield name, kept


def scalar(value: Any) -> float | int | str | None:
    """`value` as a plain number or text, or None if it is neither.

    Accepts what has the meaning of one number: Python's, Decimal, Fraction, numpy and torch and jax scalars, and arrays or
    tensors of exactly one element. Booleans become 1 and 0.
    """
    if isinstance(value, float):  # numpy.float64 is one too
        return float(value)
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, complex):
        return None
    if isinstance(value, numbers.Real) or type(value).__module__ == "decimal":
        return float(value)
    item = getattr(value, "item", None)
    shape = getattr(value, "shape", None)
    # A data frame of one cell is a table all the same.
    if callable(item) and shape is not None and not hasattr(value, "columns") and math.prod(shape) == 1:
        try:
            plain = item()
        except (TypeError, ValueError, RuntimeError):  # a tensor without data, a datetime array
            return None
        if isinstance(plain, bool | int | float | str):
            return float(plain) if isinstance(plain, float) else int(plain) if isinstance(plain, bool) else plain
        return float(plain) if isinstance(plain, numbers.Real) else None
    return None


def json_safe(value: Any, depth: int = 0) -> Any:
    """`value` as JSON can hold it: numbers, texts, lists and dicts stay, arrays become lists, other objects a text.

    Non-finite numbers become "NaN", "Infinity" and "-Infinity".
    """
    if value is None or isinstance(value, bool | str):
        return value
    plain: Any = scalar(value)
    if isinstance(plain, float) and not math.isfinite(plain):
        return "NaN" if math.isnan(plain) else "Infinity" if plain > 0 else "-Infinity"
    if plain is not None and not isinstance(value, enum.Enum):
        return plain
    if depth >= _MAX_DEPTH:
        return str(value)[:1000]
    if isinstance(value, enum.Enum):
        return json_safe(value.value, depth + 1)
    if isinstance(value, Mapping):
        return {str(k): json_safe(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset | range):
        return [json_safe(v, depth + 1) for v in value]
    if isinstance(value, argparse.Namespace):
        return json_safe(vars(value), depth + 1)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: json_safe(getattr(value, f.name), depth + 1) for f in dataclasses.fields(value)}
    if isinstance(value, os.PathLike):
        return os.fspath(value) if isinstance(os.fspath(value), str) else str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    to_list = getattr(value, "tolist", None)
    if callable(to_list):
        if math.prod(getattr(value, "shape", (0,))) > _MAX_ITEMS:
            return f"{type(value).__name__} of shape {tuple(value.shape)}"
        return json_safe(to_list(), depth + 1)
    if callable(value):
        return f"{getattr(value, '__module__', '?')}.{getattr(value, '__qualname__', type(value).__name__)}"
    return _described(value)


def as_mapping(source: Any) -> dict[str, Any]:
    """A config as a dict, from a mapping, Namespace, dataclass, a YAML or JSON file's path, or an absl, hydra or pydantic object."""
    if source is None:
        return {}
    if type(source).__module__.startswith("omegaconf"):
        from omegaconf import OmegaConf  # type: ignore[import-not-found,unused-ignore]

        return dict(OmegaConf.to_container(source, resolve=True))
    if isinstance(source, Mapping):
        return {str(k): v for k, v in source.items()}
    if isinstance(source, argparse.Namespace):
        return dict(vars(source))
    if dataclasses.is_dataclass(source) and not isinstance(source, type):
        return {f.name: getattr(source, f.name) for f in dataclasses.fields(source)}
    if isinstance(source, str | os.PathLike):
        return _from_file(os.fspath(source))
    for method in ("flag_values_dict", "model_dump", "to_dict"):  # absl, pydantic, ml_collections
        if callable(getattr(source, method, None)):
            return as_mapping(getattr(source, method)())
    raise UsageError(
        f"A config is a dict, Namespace, dataclass, or the path of a YAML or JSON file, not {type(source).__name__}: {_described(source)[:80]}."
    )


def _from_file(path: str | bytes) -> dict[str, Any]:
    path = os.fsdecode(path)
    try:
        with open(path, encoding="utf-8") as file:
            if path.endswith((".yaml", ".yml")):
                try:
                    import yaml
                except ImportError:
                    raise UsageError(f"Reading {path} needs PyYAML: pip install pyyaml, or give a JSON file.") from None
                found = yaml.safe_load(file)
            else:
                import json

                found = json.load(file)
    except OSError as error:
        raise UsageError(f"The config file {path!r} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise UsageError(f"The config file {path!r} is not valid: {error}.") from None
    if not isinstance(found, dict):
        raise UsageError(f"The config file {path!r} holds {type(found).__name__}, not a mapping of names to values.")
    # wandb's config files put each value under a `value` key.
    return {
        str(k): v["value"] if isinstance(v, dict) and "value" in v and set(v) <= {"value", "desc"} else v
        for k, v in found.items()
    }


def _described(value: Any) -> str:
    try:
        return str(value)[:1000]
    except Exception:
        return f"<{type(value).__module__}.{type(value).__qualname__}>"
