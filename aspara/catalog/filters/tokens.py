"""The words of the filter language; see :mod:`aspara.catalog.filters.expression`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from aspara.errors import InvalidFilter
from aspara.util.durations import SECONDS

WORDS = frozenset("and or not in like true false null none True False None inf nan".split())
"""What is no name of a field."""
_SPACE = " \t\r\n"
# Without arithmetic a name may hold what metric names hold: "train/loss", "val-acc", "layer.0:grad".
_NAME = re.compile(r"[A-Za-z_\u0080-\uffff][A-Za-z0-9_./:@%+#\u0080-\uffff-]*")
_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WRONG_SIGNS = {"&": "and", "|": "or", "!": "not"}
_TWO = ("<=", ">=", "==", "!=")


@dataclass(frozen=True)
class Token:
    """A word, number, text or sign of a filter, and where it stands."""

    kind: str  # name, quoted, number, text, sign, end
    value: Any
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """The words of `text`, an ``end`` behind them; raises :class:`InvalidFilter`."""
    found: list[Token] = []
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
            if word not in SECONDS:
                raise InvalidFilter(
                    f"“{number.group()}{word}” is no number. Units are s, m, h, d and w.", at, end + len(word)
                )
            found.append(Token("number", float(number.group()) * SECONDS[word], at, end + len(word)))
            at = end + len(word)
        elif name := _NAME.match(text, at):
            found.append(Token("name", name.group(), at, name.end()))
            at = name.end()
        elif text[at : at + 4] == "-inf" and not _NAME.match(text, at + 4):
            found.append(Token("number", -math.inf, at, at + 4))
            at += 4
        elif text[at : at + 2] in _TWO:
            found.append(Token("sign", text[at : at + 2], at, at + 2))
            at += 2
        elif sign in "<>=()[],":
            found.append(Token("sign", "==" if sign == "=" else sign, at, at + 1))
            at += 1
        elif sign in _WRONG_SIGNS:
            raise InvalidFilter(f"“{sign}” means nothing here: write {_WRONG_SIGNS[sign]}.", at, at + 1)
        elif sign in "+-*/^%":
            raise InvalidFilter("There is no arithmetic in filters.", at, at + 1)
        else:
            raise InvalidFilter(f"“{sign}” means nothing here.", at, at + 1)
    found.append(Token("end", "", size, size))
    return found


def _quoted(text: str, start: int) -> Token:
    mark, at, parts = text[start], start + 1, []
    while at < len(text):
        sign = text[at]
        if sign == mark == "`" and text[at + 1 : at + 2] == "`":
            parts.append("`")
            at += 2
        elif sign == mark:
            return Token("quoted" if mark == "`" else "text", "".join(parts), start, at + 1)
        elif sign == "\\" and mark != "`" and at + 1 < len(text):
            following = text[at + 1]
            parts.append({"n": "\n", "t": "\t"}.get(following, following))
            at += 2
        else:
            parts.append(sign)
            at += 1
    raise InvalidFilter(f"This has no end: a {mark} is missing.", start, len(text))


def quoted(name: str) -> str:
    """`name` as it stands in a filter: in backticks unless it is a plain word."""
    return name if _NAME.fullmatch(name) and name not in WORDS else "`" + name.replace("`", "``") + "`"
