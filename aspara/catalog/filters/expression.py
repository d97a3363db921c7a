"""The filter language of the dashboard, the API and the command line: ``loss < 0.1 and lr in [1e-3, 3e-4] and "baseline" in tags``.

    condition   condition or condition · condition and condition · not condition · (condition)
                value < value  (also <= > >= == !=, and chains: 0.1 < loss < 0.5)
                value in [value, ...] · text in tags · text in name · value not in ...
                text like "lr-*"   (* any text, ? any character; case does not matter)
    value       0.1 · 3e-4 · inf · nan · 90s 5m 2h 7d 1w (seconds) · "text" · true · false · null · [value, ...] · field
    field       name status tags step duration age started ...   the run's own
                config.lr · summary.acc · lr    (a bare name is looked for in the config first, then in the summary)
                min(loss) max(loss) mean(loss) last(loss) min_step(loss) ...   of a metric's points
                `any name`      in backticks where a name is no plain word

There is no arithmetic and no call but those above, so a filter can do no harm and always ends. Values of different kinds never
compare; a field that a run lacks meets nothing but ``!= ...`` and ``== null``. A list (tags) equals a value that it holds.
The browser has the same language in js/src/core/expression.ts; both are held to one table of cases, tests/fixtures/expressions.json.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from aspara.catalog.filters.compare import TESTS, truth
from aspara.catalog.filters.fields import OWN_FIELDS, STATISTICS, Record, bare, own_field, scoped, statistic
from aspara.catalog.filters.tokens import WORDS, Token, quoted, tokens
from aspara.errors import InvalidFilter
from aspara.limits import MAX_FILTER_LENGTH

_Get = Callable[[Record, float], Any]

_DEEPEST = 60
_SCOPES = ("config", "params", "summary", "metrics")
_TIMES = frozenset({"start_time", "finish_time", "last_update"})
_CONSTANTS: dict[str, Any] = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "none": None,
    "None": None,
    "inf": math.inf,
    "nan": math.nan,
}
_CALL = re.compile(r"[a-z_]+\((.*)\)", re.DOTALL)
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,3}))?)?)?"
    r"(?:Z|([+-])([0-9]{2}):?([0-9]{2}))?\Z"
)


@dataclass(frozen=True)
class Expression:
    """A filter that makes sense. Made by :func:`parse`."""

    text: str
    fields: tuple[str, ...]
    """The fields it reads, as they stand in it."""
    _get: _Get

    @property
    def names(self) -> tuple[str, ...]:
        """The metrics, config keys or fields of the run that it may read, without scopes, functions and backticks."""
        return tuple(dict.fromkeys(name for each in self.fields for name in _names(each)))

    def matches(self, record: Record, now: float) -> bool:
        """True if the run meets it. `now` in ms: what ``age``, and the ``duration`` of a running run, are measured by."""
        return truth(self._get(record, now))

    def value(self, record: Record, now: float) -> Any:
        """What it comes to; for a lone field the run's value of it, None where it has none."""
        return self._get(record, now)


def _names(field: str) -> tuple[str, ...]:
    called = _CALL.fullmatch(field)
    name = called[1] if called else field
    if name.startswith("`"):
        name = name[1:-1].replace("``", "`")
    scope, dot, rest = name.partition(".")
    return (name, rest) if dot and not called and scope in _SCOPES else (name,)


def parse(text: str) -> Expression:
    """The filter that `text` says; raises :class:`InvalidFilter`."""
    return _Parser(text).whole()


@dataclass(frozen=True)
class _Operand:
    get: _Get
    token: Token
    own: str | None = None
    """The run's own field that it reads, if it does."""
    constant: bool = False


class _Parser:
    def __init__(self, text: str) -> None:
        if len(text) > MAX_FILTER_LENGTH:
            raise InvalidFilter(f"A filter has at most {MAX_FILTER_LENGTH} characters.", MAX_FILTER_LENGTH, len(text))
        self.text = text
        self.tokens = tokens(text)
        self.at = 0
        self.depth = 0
        self.fields: list[str] = []

    def whole(self) -> Expression:
        if self.now.kind == "end":
            raise InvalidFilter("Write a condition, like loss < 0.1.", 0, 0)
        found = self.either()
        if self.now.kind != "end":
            raise self.wrong("was not expected here. Join conditions with and, or.")
        return Expression(self.text, tuple(self.fields), found.get)

    # -- tokens -------------------------------------------------------------------------------------------------------

    @property
    def now(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.tokens[self.at]
        self.at += token.kind != "end"
        return token

    def sign(self, *signs: str) -> bool:
        return self.now.kind == "sign" and self.now.value in signs

    def word(self, word: str, ahead: int = 0) -> bool:
        token = self.tokens[min(self.at + ahead, len(self.tokens) - 1)]
        return token.kind == "name" and token.value == word

    def wrong(self, what: str) -> InvalidFilter:
        token = self.now
        return InvalidFilter(f"“{self.text[token.start : token.end]}” {what}", token.start, token.end)

    # -- conditions ---------------------------------------------------------------------------------------------------

    def either(self) -> _Operand:
        self.deeper()
        found = self.both()
        while self.word("or"):
            self.take()
            found = _or(found, self.both())
        self.depth -= 1
        return found

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise InvalidFilter("This is nested too deeply.", self.now.start, self.now.end)

    def both(self) -> _Operand:
        found = self.negation()
        while self.word("and"):
            self.take()
            found = _and(found, self.negation())
        return found

    def negation(self) -> _Operand:
        negations = 0
        while self.word("not"):
            self.take()
            negations += 1
        found = self.comparison()
        return _not(found) if negations % 2 else found

    def comparison(self) -> _Operand:
        left = self.operand()
        found: _Operand | None = None
        while operator := self.operator():
            right = self.operand()
            part = self.compared(left, operator, right)
            found = part if found is None else _and(found, part)
            left = right
        return left if found is None else found

    def operator(self) -> str | None:
        if self.sign("<", "<=", ">", ">=", "==", "!="):
            return str(self.take().value)
        for word in ("in", "like"):
            if self.word(word):
                self.take()
                return word
            if self.word("not") and self.word(word, 1):
                self.take()
                self.take()
                return f"not {word}"
        return None

    def compared(self, left: _Operand, operator: str, right: _Operand) -> _Operand:
        one, other = _meant(left, right), _meant(right, left)
        if operator.startswith("not "):
            test = TESTS[operator[4:]]
            return _Operand(lambda record, now: not test(one(record, now), other(record, now)), left.token)
        test = TESTS[operator]
        return _Operand(lambda record, now: test(one(record, now), other(record, now)), left.token)

    # -- values -------------------------------------------------------------------------------------------------------

    def operand(self) -> _Operand:
        token = self.now
        if token.kind == "end":
            raise InvalidFilter("A value is missing at the end.", token.start, token.end)
        if token.kind in ("number", "text"):
            self.take()
            return _constant(token.value, token)
        if self.sign("["):
            self.take()
            return self.list_("]", [], token)
        if self.sign("("):
            self.take()
            first = self.either()
            if self.sign(","):
                return self.list_(")", [first], token)
            self.close(")")
            return first
        if token.kind == "quoted":
            self.take()
            return self.field(token.value, token)
        if token.kind == "name":
            if token.value in _CONSTANTS:
                self.take()
                return _constant(_CONSTANTS[token.value], token)
            if token.value in WORDS:
                raise self.wrong("was not expected here: a value is missing before it.")
            self.take()
            return self.called(token) if self.sign("(") else self.field(token.value, token)
        raise self.wrong("was not expected here: a value is missing before it.")

    def list_(self, end: str, items: list[_Operand], start: Token) -> _Operand:
        self.deeper()
        if items:
            self.take()
        while not self.sign(end):
            items.append(self.operand())
            if not self.sign(","):
                break
            self.take()
        self.close(end)
        self.depth -= 1
        for item in items:
            if not item.constant:
                raise InvalidFilter(
                    "A list holds values only: numbers, texts, true, false.", item.token.start, item.token.end
                )
        values = [item.get({}, 0) for item in items]
        return _Operand(lambda _record, _now: values, start, constant=True)

    def close(self, end: str) -> None:
        if not self.sign(end):
            raise InvalidFilter(f"A {end} is missing here.", self.now.start, self.now.end)
        self.take()

    def called(self, function: Token) -> _Operand:
        if function.value not in STATISTICS:
            raise InvalidFilter(
                f"There is no {function.value}(). There are {', '.join(STATISTICS)}.", function.start, function.end
            )
        self.take()
        token = self.now
        if token.kind not in ("name", "quoted", "text"):
            raise InvalidFilter(
                f"{function.value}() takes the name of a metric.", token.start, max(token.end, token.start + 1)
            )
        self.take()
        self.close(")")
        self.fields.append(f"{function.value}({quoted(token.value)})")
        which, metric = function.value, token.value
        return _Operand(lambda record, _now: statistic(record, which, metric), function)

    def field(self, name: str, token: Token) -> _Operand:
        self.fields.append(quoted(name))
        own = OWN_FIELDS.get(name) if token.kind == "name" else None
        if own is not None:
            return _Operand(lambda record, now: own_field(record, own, now), token, own)
        scope, dot, rest = name.partition(".")
        if dot and rest and scope in _SCOPES:
            if scope == "metrics":
                return _Operand(lambda record, _now: statistic(record, "last", rest), token)
            key = "summary" if scope == "summary" else "config"
            return _Operand(lambda record, _now: scoped(record, key, rest), token)
        return _Operand(lambda record, _now: bare(record, name), token)


# -- comparing ---------------------------------------------------------------------------------------------------------


def _constant(value: Any, token: Token) -> _Operand:
    return _Operand(lambda _record, _now: value, token, constant=True)


def _meant(operand: _Operand, beside: _Operand) -> _Get:
    """A constant as the field beside it would say it: times in ms, the states' words."""
    if not operand.constant or beside.own not in (*_TIMES, "status"):
        return operand.get
    value = operand.get({}, 0)
    change = _when if beside.own in _TIMES else _state
    meant = [change(item, operand.token) for item in value] if isinstance(value, list) else change(value, operand.token)
    return lambda _record, _now: meant


def _state(value: Any, _token: Token) -> Any:
    return "completed" if value == "finished" else value


def _when(value: Any, token: Token) -> Any:
    if not isinstance(value, str):
        return value
    found = _TIME.match(value)
    try:
        if found is None:
            raise ValueError(value)
        year, month, day, hour, minute, second, fraction, sign, hours, minutes = found.groups()
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=timezone.utc
        )
        if int(year) < 1000 or int(hours or 0) > 23 or int(minutes or 0) > 59:
            raise ValueError(value)
    except ValueError:
        raise InvalidFilter(
            f'“{value}” is no time. Write one like "2026-11-24" or "2026-11-24 18:30" (UTC), or use age < 7d.',
            token.start,
            token.end,
        ) from None
    offset = (int(hours or 0) * 60 + int(minutes or 0)) * 60_000 * (-1 if sign == "-" else 1)
    since = (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(seconds=1)
    return since * 1000 + int((fraction or "0").ljust(3, "0")) - offset


def _or(one: _Operand, other: _Operand) -> _Operand:
    return _Operand(lambda record, now: truth(one.get(record, now)) or truth(other.get(record, now)), one.token)


def _and(one: _Operand, other: _Operand) -> _Operand:
    return _Operand(lambda record, now: truth(one.get(record, now)) and truth(other.get(record, now)), one.token)


def _not(one: _Operand) -> _Operand:
    return _Operand(lambda record, now: not truth(one.get(record, now)), one.token)
