"""Parameters of the API. One declaration serves parsing (query and JSON body), the OpenAPI document and the documentation."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from aspara.errors import UsageError
from aspara.limits import MAX_ADDRESS, MAX_INTEGER

Kind = Literal["text", "list", "integer", "number", "boolean"]
Schema = Mapping[str, Any]

_TRUE = ("1", "true")
_FALSE = ("0", "false")
_SHOWN = 40
# Other software adds these to addresses: logins, and what keeps an answer from being taken from a cache.
_FOREIGN = re.compile(r"token|_xsrf|_|\d+")


@dataclass(frozen=True)
class Param:
    """A parameter of an endpoint.

    Args:
        name: Its name in the query and in a JSON body.
        kind: ``text``, ``list`` (of texts; separated by commas in a query), ``integer``, ``number`` or ``boolean`` (1 or 0).
        meaning: What it is, for the documentation.
        low: The smallest value; for a list the fewest items, for a text the fewest characters.
        high: The largest value, the most items or characters.
        default: The value where the parameter is absent or empty.
        choices: The only values of a text or of a list's items; for an integer, words that are allowed besides numbers.
        pattern: A regular expression that a text matches as a whole.
        shape: What the pattern allows, for messages.
        setting: The environment variable that gives the default.
        methods: The methods that take it: GET and DELETE in the query, POST in the JSON body.

    """

    name: str
    kind: Kind
    meaning: str
    low: float | None = None
    high: float | None = None
    default: Any = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    shape: str = ""
    setting: str = ""
    methods: tuple[str, ...] = ("GET", "POST")

    @property
    def least(self) -> float | None:
        """The smallest value; integers have one always."""
        return 0 if self.kind == "integer" and self.low is None else self.low

    @property
    def most(self) -> float | None:
        """The largest value, the most characters or items."""
        if self.high is None:
            return MAX_INTEGER if self.kind == "integer" else MAX_ADDRESS if self.kind == "text" else None
        return self.high

    def from_query(self, values: Sequence[str]) -> Any:
        """The value that a query gives; `values` are the texts under this name, none where it is absent.

        Raises:
            UsageError: The value is not allowed; the message says what is.

        """
        if self.kind == "list":
            return self._list([part for text in values for part in text.split(",") if part] if values else None)
        return self._value(values[-1]) if values else self._value(None)

    def from_json(self, value: Any) -> Any:
        """The value that a JSON body gives; null is the same as an absent one.

        Raises:
            UsageError: The value is not allowed; the message says what is.

        """
        if self.kind == "list":
            return self._list(value)
        if self.kind in ("integer", "number") and isinstance(value, str) and value not in ("", *self.choices):
            raise self._error(value)
        return self._value(value)

    def _list(self, value: Any) -> list[str] | None:
        if value is None:
            # Where at least one item is needed, an absent list is an error like an empty one.
            value = [] if self.low else self.default
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise UsageError(f"{self.name} must be a list of texts.")
        if len(value) < (self.low or 0) or (self.high is not None and len(value) > self.high):
            raise UsageError(f"{self.name}: give {self.bounds()}. {self.meaning}.")
        for item in value if self.choices else ():
            if item not in self.choices:
                raise UsageError(f"{self.name}={item[:_SHOWN]!r}: choose among {', '.join(self.choices)}.")
        return list(value)

    def _value(self, value: Any) -> Any:
        if value is None or value == "":
            return self.default
        return _PARSERS[self.kind](self, value)

    def _text(self, value: Any) -> str:
        if not isinstance(value, str):
            raise self._error(value)
        if self.choices and value not in self.choices:
            raise self._error(value)
        if self.pattern and re.fullmatch(self.pattern, value, re.DOTALL) is None:
            raise self._error(value)
        if not (self.low or 0) <= len(value) <= (self.most or 0):
            raise UsageError(f"{self.name}: give {self.bounds()}, not {len(value)}.")
        return value

    def _integer(self, value: Any) -> int | str:
        if isinstance(value, str) and value in self.choices:
            return value
        number: int | None = None
        if isinstance(value, int) and not isinstance(value, bool):
            number = value
        elif isinstance(value, str) and len(value) <= 20:
            try:
                number = int(value)
            except ValueError:
                number = None
        if number is None or not (self.least or 0) <= number <= (self.most or 0):
            raise self._error(value)
        return number

    def _number(self, value: Any) -> float:
        try:
            if isinstance(value, bool):
                raise TypeError
            number = value if isinstance(value, int | float) else float(value)
        except (TypeError, ValueError):
            raise self._error(value) from None
        # Not a number is in no order, so it fails the comparison too.
        low, high = (
            self.low if self.low is not None else -float("inf"),
            self.high if self.high is not None else float("inf"),
        )
        if not low <= number <= high:
            raise self._error(value)
        return number

    def _boolean(self, value: Any) -> bool:
        if value in _TRUE or (isinstance(value, int) and value == 1):
            return True
        if value in _FALSE or (isinstance(value, int) and value == 0):
            return False
        raise self._error(value)

    def _error(self, value: Any) -> UsageError:
        return UsageError(f"{self.name}={str(value)[:_SHOWN]!r}: give {self.bounds()}.")

    def bounds(self) -> str:
        """The allowed values in words: "a whole number from 1 to 1000"."""
        if self.kind == "boolean":
            return "1 or 0"
        if self.kind == "list":
            span = _span(self.low, self.high, "name", "names")
            return f"{span}, separated by commas" + (f", among {', '.join(self.choices)}" if self.choices else "")
        if self.kind == "text":
            if self.choices:
                return _either(self.choices)
            return self.shape or f"text of at most {self.most:.0f} characters"
        number = "a whole number" if self.kind == "integer" else "a number"
        if self.least is not None and self.high is not None:
            number += f" from {_plain(self.least)} to {_plain(self.high)}"
        elif self.least is not None:
            number += f" of at least {_plain(self.least)}"
        return _either((number, *self.choices))

    def description(self) -> str:
        """Meaning, bounds and default in one line, for people."""
        parts = [self.meaning]
        if self.kind != "text" or self.choices:
            parts.append(self.bounds())
        if self.setting:
            parts.append(f"default {self.setting}")
        elif self.default is not None and self.kind != "boolean":
            parts.append(f"default {self.default}")
        return "; ".join(parts)

    def schema(self, *, query: bool) -> dict[str, Any]:
        """The JSON schema of the value, in a query or in a JSON body."""
        if self.kind == "boolean":
            return {"type": "string", "enum": [*_FALSE, *_TRUE]} if query else {"type": "boolean"}
        if self.kind == "list":
            items: dict[str, Any] = {"type": "string"}
            if self.choices:
                items["enum"] = list(self.choices)
            return {"type": "array", "items": items, **_limits(self.low, self.high, "minItems", "maxItems")}
        if self.kind == "text":
            if self.choices:
                return {"type": "string", "enum": list(self.choices)}
            pattern = {"pattern": f"^(?:{self.pattern})$"} if self.pattern else {}
            return {"type": "string", **_limits(self.low, self.most, "minLength", "maxLength"), **pattern}
        number = {"type": self.kind, **_limits(self.least, self.most, "minimum", "maximum")}
        return {"anyOf": [number, *({"const": word} for word in self.choices)]} if self.choices else number


_PARSERS: dict[str, Callable[[Param, Any], Any]] = {
    "text": Param._text,
    "integer": Param._integer,
    "number": Param._number,
    "boolean": Param._boolean,
}


def parse_query(params: Iterable[Param], query: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The value of each of `params`, by name, as `query` (name to texts) gives it.

    Raises:
        UsageError: A value is not allowed, or the query has a parameter that is not among `params`.

    """
    params = tuple(params)
    check_names(params, (name for name in query if _FOREIGN.fullmatch(name) is None))
    return {param.name: param.from_query(query.get(param.name, ())) for param in params}


def parse_body(params: Iterable[Param], body: Mapping[str, Any]) -> dict[str, Any]:
    """The value of each of `params`, by name, as a JSON object gives it.

    Raises:
        UsageError: A value is not allowed, or the body has a key that is not among `params`.

    """
    params = tuple(params)
    check_names(params, body)
    return {param.name: param.from_json(body.get(param.name)) for param in params}


def check_names(params: Sequence[Param], given: Iterable[str]) -> None:
    """Raises UsageError for the first name that is none of `params`."""
    names = [param.name for param in params]
    unknown = sorted(set(given) - set(names))
    if not unknown:
        return
    close = difflib.get_close_matches(unknown[0][:_SHOWN], names, 1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    allowed = (
        f"{', '.join(names)} are allowed here"
        if len(names) > 1
        else f"only {names[0]} is allowed here"
        if names
        else "none is allowed here"
    )
    raise UsageError(f"Unknown parameter {unknown[0][:_SHOWN]!r}: {allowed}.{hint}")


def body_schema(params: Iterable[Param]) -> dict[str, Any]:
    """The JSON schema of an object of `params` and nothing else."""
    params = tuple(params)
    required = [param.name for param in params if param.kind == "list" and param.low]
    schema: dict[str, Any] = {"type": "object", "properties": {p.name: p.schema(query=False) for p in params}}
    return {**schema, **({"required": required} if required else {}), "additionalProperties": False}


def _limits(low: float | None, high: float | None, least: str, most: str) -> dict[str, float]:
    limits = {least: low, most: high}
    return {name: value for name, value in limits.items() if value is not None}


def _either(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _span(low: float | None, high: float | None, one: str, many: str) -> str:
    if low is not None and high is not None:
        return f"{low:.0f} to {high:.0f} {many}"
    return f"at least {low:.0f} {one if low == 1 else many}" if low is not None else many


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)
