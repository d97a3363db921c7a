"""How values of filters compare; see :mod:`aspara.catalog.filters.expression`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aspara.catalog.filters.fields import known


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def truth(value: Any) -> bool:
    """Whether a value counts as true; zero and NaN do not."""
    if _is_number(value):
        return bool(value != 0 and value == value)  # noqa: PLR0124  only NaN differs from itself
    return bool(value)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list) != isinstance(other, list):
        items, value = (one, other) if isinstance(one, list) else (other, one)
        return any(_same(known(item), value) for item in items)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if _is_number(one) and _is_number(other):
        return bool(one == other) or (one != one and other != other)  # noqa: PLR0124  NaN is NaN here
    return type(one) is type(other) and bool(one == other)


def _ordered(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(one: Any, other: Any) -> bool:
        if (_is_number(one) and _is_number(other)) or (isinstance(one, str) and isinstance(other, str)):
            return test(one, other)
        return False

    return compare


def _holds(one: Any, other: Any) -> bool:
    if isinstance(other, list):
        return any(_same(one, known(item)) for item in other)
    return isinstance(one, str) and isinstance(other, str) and one in other


def _like(one: Any, other: Any) -> bool:
    if isinstance(one, list):
        return any(_like(item, other) for item in one)
    return isinstance(one, str) and isinstance(other, str) and _glob(one.lower(), other.lower())


def _glob(text: str, pattern: str) -> bool:
    """True if `pattern` covers `text`. Greedy with one way back, so its time is bounded by their lengths' product."""
    at = star = 0
    here, back = 0, -1
    while at < len(text):
        if here < len(pattern) and pattern[here] == "*":
            back, star = here, at
            here += 1
        elif here < len(pattern) and pattern[here] in ("?", text[at]):
            here, at = here + 1, at + 1
        elif back >= 0:
            star += 1
            here, at = back + 1, star
        else:
            return False
    return all(sign == "*" for sign in pattern[here:])


TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "<": _ordered(lambda one, other: one < other),
    "<=": _ordered(lambda one, other: one <= other),
    ">": _ordered(lambda one, other: one > other),
    ">=": _ordered(lambda one, other: one >= other),
    "==": _same,
    "!=": lambda one, other: not _same(one, other),
    "in": _holds,
    "like": _like,
}
"""What each operator means."""
