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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from aspara.errors import InvalidFilter

Record = Mapping[str, Any]
"""A run as filters see it: its list item in the API's words, ``metric_summary`` with it where metrics are asked for."""

_Get = Callable[[Record, float], Any]

_LONGEST = 4000
_DEEPEST = 60
_SCOPES = ("config", "params", "summary", "metrics")
STATISTICS = ("count", "last", "last_step", "max", "max_step", "mean", "min", "min_step")
"""What a field may ask of a metric: ``min(loss)``."""
OWN_FIELDS: dict[str, str] = {
    **{
        name: name
        for name in (
            "name run id status tags notes group job_type host exit_code duration age start_time finish_time last_update"
            " last_step problem_count"
        ).split()
    },
    "state": "status",
    "display_name": "name",
    "started": "start_time",
    "created_at": "start_time",
    "finished": "finish_time",
    "updated": "last_update",
    "step": "last_step",
    "problems": "problem_count",
}
"""A run's own fields by every name they answer to."""

_TIMES = frozenset({"start_time", "finish_time", "last_update"})
_WORDS = frozenset("and or not in like true false null none True False None inf nan".split())
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
_NAMED_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SPACE = " \t\r\n"
# Without arithmetic a name may hold what metric names hold: "train/loss", "val-acc", "layer.0:grad".
_NAME = re.compile(r"[A-Za-z_\u0080-\uffff][A-Za-z0-9_./:@%+#\u0080-\uffff-]*")
_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,3}))?)?)?"
    r"(?:Z|([+-])([0-9]{2}):?([0-9]{2}))?\Z"
)
_WRONG_SIGNS = {"&": "and", "|": "or", "!": "not"}
_TWO = ("<=", ">=", "==", "!=")


@dataclass(frozen=True)
class Expression:
    """A filter that makes sense. Made by :func:`parse`."""

    text: str
    fields: tuple[str, ...]
    """The fields it reads, as they stand in it."""
    _get: _Get

    def matches(self, record: Record, now: float) -> bool:
        """True if the run meets it. `now` in ms: what ``age``, and the ``duration`` of a running run, are measured by."""
        return _truth(self._get(record, now))

    def value(self, record: Record, now: float) -> Any:
        """What it comes to; for a lone field the run's value of it, None where it has none."""
        return self._get(record, now)


def parse(text: str) -> Expression:
    """The filter that `text` says; raises :class:`InvalidFilter`."""
    return _Parser(text).whole()


def quoted(name: str) -> str:
    """`name` as it stands in a filter: in backticks unless it is a plain word."""
    return name if _NAME.fullmatch(name) and name not in _WORDS else "`" + name.replace("`", "``") + "`"


@dataclass(frozen=True)
class _Token:
    kind: str  # name, quoted, number, text, sign, end
    value: Any
    start: int
    end: int


@dataclass(frozen=True)
class _Operand:
    get: _Get
    token: _Token
    own: str | None = None
    """The run's own field that it reads, if it does."""
    constant: bool = False


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at, size = 0, len(text)
    while at < size:
        sign = text[at]
        if sign in _SPACE:
            at += 1
        elif sign in "\"'`":
            token = _quoted(text, at)
            found.append(token)
            at = token.end
        elif number := _NUMBER.match(text, at):
            end = number.end()
            unit = _NAME.match(text, end)
            word = unit.group() if unit else ""
            if word not in _UNITS:
                raise InvalidFilter(
                    f"“{number.group()}{word}” is no number. Units are s, m, h, d and w.", at, end + len(word)
                )
            found.append(_Token("number", float(number.group()) * _UNITS[word], at, end + len(word)))
            at = end + len(word)
        elif name := _NAME.match(text, at):
            found.append(_Token("name", name.group(), at, name.end()))
            at = name.end()
        elif text[at : at + 4] == "-inf" and not _NAME.match(text, at + 4):
            found.append(_Token("number", -math.inf, at, at + 4))
            at += 4
        elif text[at : at + 2] in _TWO:
            found.append(_Token("sign", text[at : at + 2], at, at + 2))
            at += 2
        elif sign in "<>=()[],":
            found.append(_Token("sign", "==" if sign == "=" else sign, at, at + 1))
            at += 1
        elif sign in _WRONG_SIGNS:
            raise InvalidFilter(f"“{sign}” means nothing here: write {_WRONG_SIGNS[sign]}.", at, at + 1)
        elif sign in "+-*/^%":
            raise InvalidFilter("There is no arithmetic in filters.", at, at + 1)
        else:
            raise InvalidFilter(f"“{sign}” means nothing here.", at, at + 1)
    found.append(_Token("end", "", size, size))
    return found


def _quoted(text: str, start: int) -> _Token:
    mark, at, parts = text[start], start + 1, []
    while at < len(text):
        sign = text[at]
        if sign == mark == "`" and text[at + 1 : at + 2] == "`":
            parts.append("`")
            at += 2
        elif sign == mark:
            return _Token("quoted" if mark == "`" else "text", "".join(parts), start, at + 1)
        elif sign == "\\" and mark != "`" and at + 1 < len(text):
            following = text[at + 1]
            parts.append({"n": "\n", "t": "\t"}.get(following, following))
            at += 2
        else:
            parts.append(sign)
            at += 1
    raise InvalidFilter(f"This has no end: a {mark} is missing.", start, len(text))


class _Parser:
    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise InvalidFilter(f"A filter has at most {_LONGEST} characters.", _LONGEST, len(text))
        self.text = text
        self.tokens = _tokens(text)
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
    def now(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
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
            test = _TESTS[operator[4:]]
            return _Operand(lambda record, now: not test(one(record, now), other(record, now)), left.token)
        test = _TESTS[operator]
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
            if token.value in _WORDS:
                raise self.wrong("was not expected here: a value is missing before it.")
            self.take()
            return self.called(token) if self.sign("(") else self.field(token.value, token)
        raise self.wrong("was not expected here: a value is missing before it.")

    def list_(self, end: str, items: list[_Operand], start: _Token) -> _Operand:
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

    def called(self, function: _Token) -> _Operand:
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
        return _Operand(lambda record, _now: _statistic(record, which, metric), function)

    def field(self, name: str, token: _Token) -> _Operand:
        self.fields.append(quoted(name))
        own = OWN_FIELDS.get(name) if token.kind == "name" else None
        if own is not None:
            return _Operand(lambda record, now: _own(record, own, now), token, own)
        scope, dot, rest = name.partition(".")
        if dot and rest and scope in _SCOPES:
            if scope == "metrics":
                return _Operand(lambda record, _now: _statistic(record, "last", rest), token)
            key = "summary" if scope == "summary" else "config"
            return _Operand(lambda record, _now: _known(_inside(record.get(key), rest)), token)
        return _Operand(lambda record, _now: _bare(record, name), token)


# -- what a run says ---------------------------------------------------------------------------------------------------

_MISSING = object()


def _inside(value: Any, path: str) -> Any:
    """The value at a dotted path; names that hold dots themselves are found too, the longest first."""
    if not isinstance(value, Mapping):
        return _MISSING
    if path in value and not isinstance(value[path], Mapping):
        return value[path]
    for cut in range(len(path) - 1, 0, -1):
        if path[cut] == "." and isinstance(value.get(path[:cut]), Mapping):
            found = _inside(value[path[:cut]], path[cut + 1 :])
            if found is not _MISSING:
                return found
    return _MISSING


def _known(value: Any) -> Any:
    """A value as the language sees it: non-finite numbers as numbers, what is missing as None."""
    if value is _MISSING:
        return None
    if isinstance(value, str):
        return _NAMED_NUMBERS.get(value, value)
    return value


def _bare(record: Record, name: str) -> Any:
    found = _inside(record.get("config"), name)
    return _known(_inside(record.get("summary"), name) if found is _MISSING else found)


def _statistic(record: Record, which: str, metric: str) -> Any:
    known = (record.get("metric_summary") or {}).get(metric)
    if isinstance(known, Mapping) and known.get(which) is not None:
        return _known(known[which])
    return _known((record.get("summary") or {}).get(metric, _MISSING)) if which == "last" else None


def _own(record: Record, name: str, now: float) -> Any:
    if name == "duration":
        start = record.get("start_time")
        if start is None:
            return None
        end = record.get("finish_time")
        if end is None:
            end = now if record.get("status") == "running" else record.get("last_update")
        return None if end is None else (end - start) / 1000
    if name == "age":
        start = record.get("start_time")
        return None if start is None else (now - start) / 1000
    return record.get(name)


# -- comparing ---------------------------------------------------------------------------------------------------------


def _constant(value: Any, token: _Token) -> _Operand:
    return _Operand(lambda _record, _now: value, token, constant=True)


def _meant(operand: _Operand, beside: _Operand) -> _Get:
    """A constant as the field beside it would say it: times in ms, the states' words."""
    if not operand.constant or beside.own not in (*_TIMES, "status"):
        return operand.get
    value = operand.get({}, 0)
    change = _when if beside.own in _TIMES else _state
    meant = [change(item, operand.token) for item in value] if isinstance(value, list) else change(value, operand.token)
    return lambda _record, _now: meant


def _state(value: Any, _token: _Token) -> Any:
    return "completed" if value == "finished" else value


def _when(value: Any, token: _Token) -> Any:
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
    return _Operand(lambda record, now: _truth(one.get(record, now)) or _truth(other.get(record, now)), one.token)


def _and(one: _Operand, other: _Operand) -> _Operand:
    return _Operand(lambda record, now: _truth(one.get(record, now)) and _truth(other.get(record, now)), one.token)


def _not(one: _Operand) -> _Operand:
    return _Operand(lambda record, now: not _truth(one.get(record, now)), one.token)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _truth(value: Any) -> bool:
    if _is_number(value):
        return bool(value != 0 and value == value)  # noqa: PLR0124  only NaN differs from itself
    return bool(value)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list) != isinstance(other, list):
        items, value = (one, other) if isinstance(one, list) else (other, one)
        return any(_same(_known(item), value) for item in items)
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
        return any(_same(one, _known(item)) for item in other)
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


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "<": _ordered(lambda one, other: one < other),
    "<=": _ordered(lambda one, other: one <= other),
    ">": _ordered(lambda one, other: one > other),
    ">=": _ordered(lambda one, other: one >= other),
    "==": _same,
    "!=": lambda one, other: not _same(one, other),
    "in": _holds,
    "like": _like,
}
