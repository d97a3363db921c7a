"""Which runs, and in what order: Mongo-style filters and ``order="-summary.loss"``.

    {"config.lr": {"$gt": 0.01}, "tags": "baseline", "$or": [{"state": "finished"}, {"summary.acc": {"$gte": 0.9}}]}

A field is one of the run's own (``name``, ``state``, ``tags``, ``group``, ``created_at``, …) or a path into ``config`` or
``summary``. A condition on a list (tags) holds if it holds for one of its items. Values of different kinds never compare.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from aspara.catalog.runs.run_info import RunInfo
from aspara.errors import UsageError
from aspara.storage.row_codec import parse_timestamp
from aspara.util.json_safe import NONFINITE

Record = Mapping[str, Any]
"""A run as filters see it: its list item in the API's words, with ``state``."""

_MISSING = object()
_TIMES = frozenset({"start_time", "finish_time", "last_update"})
_OTHER_NAMES = {
    "display_name": "name",
    "displayName": "name",
    "run_id": "id",
    "jobType": "job_type",
    "created_at": "start_time",
    "createdAt": "start_time",
    "heartbeat_at": "last_update",
    "heartbeatAt": "last_update",
    "summary_metrics": "summary",
    "summaryMetrics": "summary",
}
_FIELDS = frozenset(RunInfo.__dataclass_fields__) - {"metadata", "archived"} | {"state", "is_finished"}
_STATE_WORDS = {"completed": "finished"}


def matches(record: Record, filters: Mapping[str, Any]) -> bool:
    """True if the run meets every condition. Raises UsageError for a filter that makes no sense."""
    if not isinstance(filters, Mapping):
        raise UsageError(f"Filters are a dict like {{'config.lr': {{'$gt': 0.01}}}}, not {type(filters).__name__}.")
    return all(_meets(record, field, condition) for field, condition in filters.items())


def check(filters: Mapping[str, Any]) -> None:
    """Raises UsageError for filters that could not be applied, before there is any run to apply them to."""
    matches({}, filters)
    for field, condition in filters.items():
        if field in ("$and", "$or", "$nor"):
            for part in condition:
                check(part)
        elif field == "$not":
            check(condition)
        else:
            _check_field(field)


def _check_field(field: str) -> None:
    first = field.partition(".")[0]
    if _OTHER_NAMES.get(first, first) not in _FIELDS:
        raise UsageError(
            f"{field!r} is no field of a run. Write config.{field} or summary.{field}, or one of {', '.join(sorted(_FIELDS))}."
        )


def ordered(records: Sequence[Any], order: str, record: Callable[[Any], Record]) -> list[Any]:
    """`records` by a field, descending with ``-`` in front; numbers before texts, those without the field last."""
    field = check_order(order)
    keyed = [(_counted(record(item), field), item) for item in records]
    there = [(value, item) for value, item in keyed if _kind(value) is not None]
    rest = [item for value, item in keyed if _kind(value) is None]
    there.sort(key=lambda pair: (_kind(pair[0]), pair[0]), reverse=order.startswith("-"))
    return [item for _, item in there] + rest


def check_order(order: str) -> str:
    """The field that `order` names; raises UsageError where it names none that a run can have."""
    field = order.lstrip("+-") if isinstance(order, str) else ""
    if not field:
        raise UsageError(f"order={order!r}: name a field, like '-summary.loss' or '+created_at'.")
    _check_field(field)
    return field


def lookup(record: Record, field: str) -> Any:
    """The value of a dotted `field`, or a marker that equals nothing. Names that hold dots themselves are found too."""
    first, _, rest = field.partition(".")
    name = _OTHER_NAMES.get(first, first)
    value = record.get(name, _MISSING)
    return value if not rest else _inside(value, rest)


def _counted(record: Record, field: str) -> Any:
    """The value of `field` with non-finite numbers, which config and summary hold by their names, as numbers."""
    found = lookup(record, field)
    if found is _MISSING and field.startswith("config.") and field.endswith(".value"):
        found = lookup(record, field.removesuffix(".value"))  # as wandb's server has it
    return NONFINITE.get(found, found) if isinstance(found, str) and "." in field else found


def value_of(record: Record, field: str) -> Any:
    """The value of a dotted `field`, None for one that is not there."""
    found = lookup(record, field)
    return None if found is _MISSING else found


def _inside(value: Any, path: str) -> Any:
    if not isinstance(value, Mapping):
        return _MISSING
    if path in value:
        return value[path]
    # The longest name wins: {"a.b": 1} and {"a": {"b": 1}} are both reached by "a.b".
    for cut in range(len(path) - 1, 0, -1):
        if path[cut] == "." and path[:cut] in value:
            found = _inside(value[path[:cut]], path[cut + 1 :])
            if found is not _MISSING:
                return found
    return _MISSING


def _meets(record: Record, field: str, condition: Any) -> bool:
    if field in ("$and", "$or", "$nor"):
        if not isinstance(condition, Sequence) or isinstance(condition, str) or not condition:
            raise UsageError(f"{field} takes a list of filters, not {condition!r}.")
        results = [matches(record, part) for part in condition]
        return all(results) if field == "$and" else any(results) if field == "$or" else not any(results)
    if field == "$not":
        return not matches(record, condition)
    if field.startswith("$"):
        raise UsageError(
            f"{field!r} is no operator here. There are {', '.join(sorted(_OPERATORS))}, $and, $or, $nor, $not."
        )
    value = _counted(record, field)
    name = _OTHER_NAMES.get(field, field)
    if isinstance(condition, Mapping) and any(str(key).startswith("$") for key in condition):
        return all(_operator(value, str(op), wanted, name, condition) for op, wanted in condition.items())
    return _any_item(value, lambda item: _equal(item, _meant(name, condition)))


def _operator(value: Any, operator: str, wanted: Any, name: str, condition: Mapping[str, Any]) -> bool:
    if operator == "$exists":
        return (value is not _MISSING and value is not None) == bool(wanted)
    if operator == "$not":
        if isinstance(wanted, Mapping):
            return not all(_operator(value, str(op), inner, name, wanted) for op, inner in wanted.items())
        return not _any_item(value, lambda item: _equal(item, _meant(name, wanted)))
    if operator == "$options":
        return True
    test = _OPERATORS.get(operator)
    if test is None:
        raise UsageError(f"{operator!r} is no operator. There are {', '.join(sorted(_OPERATORS))}, $exists and $not.")
    if operator in ("$in", "$nin"):
        if not isinstance(wanted, Sequence | set | frozenset) or isinstance(wanted, str):
            raise UsageError(f"{operator} takes a list of values, not {wanted!r}.")
        wanted = [_meant(name, item) for item in wanted]
    elif operator == "$regex":
        try:
            wanted = re.compile(str(wanted), re.IGNORECASE if "i" in str(condition.get("$options", "")) else 0)
        except re.error as error:
            raise UsageError(f"$regex: {wanted!r} is no regular expression ({error}).") from None
    else:
        wanted = _meant(name, wanted)
    if operator in ("$ne", "$nin"):
        return not _any_item(value, lambda item: not test(item, wanted))
    return _any_item(value, lambda item: test(item, wanted))


def _meant(name: str, wanted: Any) -> Any:
    """`wanted` as the run's list item would have it: times in ms, the states' words."""
    if name in _TIMES:
        found = parse_timestamp(wanted.isoformat() if isinstance(wanted, datetime) else wanted)
        if found is None and wanted is not None:
            raise UsageError(f"{wanted!r} is no time: give an ISO 8601 text, milliseconds or a datetime.")
        return found
    return _STATE_WORDS.get(wanted, wanted) if name in ("state", "status") and isinstance(wanted, str) else wanted


def _any_item(value: Any, test: Callable[[Any], bool]) -> bool:
    return test(value) or (isinstance(value, list) and any(test(item) for item in value))


def _equal(value: Any, wanted: Any) -> bool:
    if value is _MISSING:
        return wanted is None
    if isinstance(value, bool) != isinstance(wanted, bool):
        return False
    if isinstance(wanted, str) and isinstance(value, float):
        wanted = NONFINITE.get(wanted, wanted)
    # NaN is NaN here, or nobody could look for it.
    return bool(value == wanted) or (value != value and wanted != wanted)  # noqa: PLR0124


def _kind(value: Any) -> int | None:
    if isinstance(value, bool | int | float):
        return None if value != value else 0  # noqa: PLR0124  only NaN differs from itself
    return 1 if isinstance(value, str) else None


def _compares(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, wanted: _kind(value) is not None and _kind(value) == _kind(wanted) and test(value, wanted)


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": _equal,
    "$ne": lambda value, wanted: not _equal(value, wanted),
    "$gt": _compares(lambda value, wanted: value > wanted),
    "$gte": _compares(lambda value, wanted: value >= wanted),
    "$lt": _compares(lambda value, wanted: value < wanted),
    "$lte": _compares(lambda value, wanted: value <= wanted),
    "$in": lambda value, wanted: any(_equal(value, item) for item in wanted),
    "$nin": lambda value, wanted: not any(_equal(value, item) for item in wanted),
    "$regex": lambda value, wanted: isinstance(value, str) and wanted.search(value) is not None,
}
