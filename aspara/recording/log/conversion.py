"""From what a program logs to what a row holds, and from any object to something JSON can say."""

from __future__ import annotations

import argparse
import dataclasses
import enum
import math
import numbers
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from typing import Any

from aspara import names
from aspara.errors import InvalidName, UsageError
from aspara.util import json_safe

_MAX_DEPTH = 32
_MAX_ITEMS = 100_000


class UnsupportedValue(str):
    """Why an entry of a row cannot be kept, whatever its value."""

    __slots__ = ()


class _TooDeep(Exception):
    pass


def flatten(data: Mapping[Any, Any], keep: Callable[[str, Any], Any]) -> Iterator[tuple[str, Any]]:
    """(name, value as a row holds it) for each entry of `data`; nested dicts become ``a.b``, None is left out.

    ``keep(name, value)`` is asked for every value that is neither number, text, dict nor None: it returns what the row shall
    hold, or None to leave it out. For a name that breaks the rules, and for dicts nested too deep, it is given an
    :class:`UnsupportedValue`.
    """
    for key, value in data.items():
        try:
            yield from _flat(key, value, keep, "", 0)
        except _TooDeep:
            # The whole entry ends here: a dict that holds itself twice has no end otherwise.
            name = str(key)
            keep(
                name,
                UnsupportedValue(
                    f"{name[:60]!r} is nested deeper than {_MAX_DEPTH} levels, of which no more is kept; log flatter dicts."
                ),
            )


def _flat(key: Any, value: Any, keep: Callable[[str, Any], Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    name = f"{prefix}{key}"
    if type(value) is not float and isinstance(value, Mapping):
        if depth >= _MAX_DEPTH:
            raise _TooDeep
        for inner, found in value.items():
            yield from _flat(inner, found, keep, f"{name}.", depth + 1)
    elif value is not None and not is_missing(value):
        try:
            names.check_metric_name(key if not prefix else name)
        except InvalidName as error:
            keep(name, UnsupportedValue(error))
            return
        number = scalar(value)
        kept = keep(name, value) if number is None else number
        if kept is not None:
            yield name, kept


def scalar(value: Any) -> float | int | str | None:
    """`value` as a plain number or text, or None if it is neither.

    Accepts what has the meaning of one number: Python's, Decimal, Fraction, numpy and torch and jax scalars, and arrays or
    tensors of exactly one element. Booleans become 1 and 0.
    """
    plain = _plain(value)
    return _whole(plain) if isinstance(plain, int) else plain


def _whole(value: int) -> int | float:
    """`value`, as a float beyond 64 bits: neither a row nor a statistic keeps more."""
    if -(1 << 63) <= value < 1 << 64:
        return int(value)  # a bool too
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _plain(value: Any) -> float | int | str | bool | None:
    """As `scalar`, but booleans stay booleans."""
    if isinstance(value, enum.Enum):
        return _plain(value.value)
    if isinstance(value, float):  # numpy.float64 is one too
        return float(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, complex):
        return None
    try:
        if isinstance(value, numbers.Integral):
            return int(value)
        if isinstance(value, numbers.Real) or type(value).__module__ == "decimal":
            return float(value)
        item = getattr(value, "item", None)
        shape = getattr(value, "shape", None)
        # A data frame of one cell is a table all the same.
        if not callable(item) or shape is None or hasattr(value, "columns") or math.prod(shape) != 1:
            return None
        found = item()
    except Exception:  # a tensor without data, a datetime array, whatever an object makes of being asked
        return None
    if isinstance(found, bool | int | float | str):
        return float(found) if isinstance(found, float) else found
    return float(found) if isinstance(found, numbers.Real) else None


def is_missing(value: Any) -> bool:
    """True for what stands for no value: masked by numpy, pandas' NA, and a date that is none."""
    kind = type(value)
    name = kind.__name__
    if name in ("MaskedConstant", "NAType", "NaTType"):
        return kind.__module__.partition(".")[0] in ("numpy", "pandas")
    return name in ("datetime64", "timedelta64") and kind.__module__ == "numpy" and str(value) == "NaT"


def kind_of(value: Any) -> str:
    """What a person would call `value`: its type, and its shape if it has one."""
    kind = type(value).__name__
    try:
        return kind if value.shape is None else f"{kind} of shape {tuple(value.shape)}"
    except Exception:  # it has none, or is not to be asked
        return kind


def to_json(value: Any) -> Any:
    """Like :func:`simple`, with non-finite numbers as "NaN", "Infinity" and "-Infinity": all of it is valid JSON."""
    return json_safe.named(simple(value))


def simple(value: Any, above: tuple[int, ...] = ()) -> Any:
    """`value` by what JSON has: numbers, texts, lists and dicts stay, arrays become lists, other objects a text.

    Non-finite numbers stay too. A container inside itself becomes "...". ``above`` holds the identities of the containers
    around `value`.
    """
    if value is None or isinstance(value, bool) or type(value) is str:
        return value
    if isinstance(value, enum.Enum):
        return simple(value.value, above)
    if isinstance(value, str):
        return str(value)
    if is_missing(value):
        return None
    plain = _plain(value)
    if plain is not None:
        return plain
    if len(above) >= _MAX_DEPTH:
        return str(value)[:1000]
    if id(value) in above:
        return "..."
    try:
        return _structured(value, (*above, id(value)))
    except Exception:  # whatever an object makes of being looked into
        return _described(value)


def _structured(value: Any, within: tuple[int, ...]) -> Any:
    if _is_omegaconf(value):
        return simple(_from_omegaconf(value), within)
    if isinstance(value, Mapping):
        return {str(k): simple(v, within) for k, v in value.items()}
    if isinstance(value, Sequence | AbstractSet) and not isinstance(value, bytes | bytearray | memoryview):
        return [simple(v, within) for v in value]
    if isinstance(value, argparse.Namespace):
        return simple(vars(value), within)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: simple(getattr(value, f.name), within) for f in dataclasses.fields(value)}
    if isinstance(value, os.PathLike):
        return os.fspath(value) if isinstance(os.fspath(value), str) else str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    to_list = getattr(value, "tolist", None)
    if callable(to_list):
        if math.prod(getattr(value, "shape", (0,))) > _MAX_ITEMS:
            return f"{type(value).__name__} of shape {tuple(value.shape)}"
        return simple(to_list(), within)
    if callable(value):
        return f"{getattr(value, '__module__', '?')}.{getattr(value, '__qualname__', type(value).__name__)}"
    return _described(value)


def as_mapping(source: Any) -> dict[str, Any]:
    """A config as a dict, from a mapping, Namespace, dataclass, a YAML or JSON file's path, or an absl, hydra or pydantic object."""
    if source is None:
        return {}
    if _is_omegaconf(source):
        source = _from_omegaconf(source)
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


def _is_omegaconf(value: Any) -> bool:
    return type(value).__module__.startswith("omegaconf")


def _from_omegaconf(value: Any) -> Any:
    """A hydra or omegaconf container with its references put in; where one leads nowhere, all of them as they were written."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    if not OmegaConf.is_config(value):
        return _described(value)
    try:
        return OmegaConf.to_container(value, resolve=True)
    except OmegaConfBaseException:
        return OmegaConf.to_container(value, resolve=False)


def _from_file(path: str | bytes) -> dict[str, Any]:
    path = os.fsdecode(path)
    try:
        with open(path, encoding="utf-8") as file:
            if path.endswith((".yaml", ".yml")):
                try:
                    import yaml
                except ImportError:
                    raise UsageError(f"Reading {path} needs PyYAML: pip install pyyaml, or give a JSON file.") from None
                found = _load_yaml(yaml, file)
            else:
                import json

                found = json.load(file)
    except OSError as error:
        raise UsageError(f"The config file {path!r} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"The config file {path!r} is not valid: {error}.") from None
    if not isinstance(found, dict):
        raise UsageError(f"The config file {path!r} holds {type(found).__name__}, not a mapping of names to values.")
    # wandb's config files put each value under a `value` key.
    return {
        str(k): v["value"] if isinstance(v, dict) and "value" in v and set(v) <= {"value", "desc"} else v
        for k, v in found.items()
    }


def _load_yaml(yaml: Any, file: Any) -> Any:
    """A YAML file's content, without running anything it says; raises ValueError."""

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        """Reads ``1e-4`` as the number that everybody means by it; YAML 1.1 wants ``1.0e-4`` there."""

    number = re.compile(r"[-+]?([0-9][0-9_]*\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+\Z")
    Loader.add_implicit_resolver("tag:yaml.org,2002:float", number, list("-+.0123456789"))
    try:
        return yaml.load(file, Loader)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None


def _described(value: Any) -> str:
    try:
        return str(value)[:1000]
    except Exception:
        return f"<{type(value).__module__}.{type(value).__qualname__}>"
