"""The exception that ends a run: its traceback as text, and whether ``finish()`` was called because of one."""

from __future__ import annotations

import ast
import linecache
import sys
import traceback
from types import FrameType
from typing import Any

from aspara.recording.capture.redaction import redact_text

MAX_TRACEBACK = 64 << 10
"""Characters of a traceback that are kept: its end, which tells what went wrong."""
_MAX_MESSAGE = 2000


def describe(error: BaseException | None) -> dict[str, Any] | None:
    """`error` as the metadata of a failed run hold it: type, message and traceback, secrets blanked; None for no error and
    for ``SystemExit``, which has nothing to say beyond its code.
    """
    if error is None or isinstance(error, SystemExit):
        return None
    try:
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        message = str(error)
    except Exception:  # an exception whose __str__ raises
        text, message = f"{type(error).__name__}\n", ""
    text = redact_text(text)
    if len(text) > MAX_TRACEBACK:
        text = "…\n" + text[-MAX_TRACEBACK:].partition("\n")[2]
    return {
        "type": type(error).__qualname__,
        "message": redact_text(message)[:_MAX_MESSAGE],
        "traceback": text,
    }


def propagating() -> BaseException | None:
    """The exception that is leaving a ``finally`` or ``with`` block from which this is called; None in an ``except`` block that
    handled it.

    Python tells which exception is on its way, not whether somebody handles it: that is read from the source of the callers.
    """
    error = sys.exc_info()[1]
    if error is None:
        return None
    passed = {id(frame) for frame, _ in traceback.walk_tb(error.__traceback__)}
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and id(frame) not in passed:
        frame = frame.f_back
    return error if frame is not None and _lets_pass(frame) else None


def _lets_pass(frame: FrameType) -> bool:
    """Whether a frame that an exception has reached stands in a ``finally`` block, at the end of a ``with`` block, or in an
    ``except`` block that raises again. Without its source: no.
    """
    source = _source(frame.f_code.co_filename)
    found: tuple[int, bool] = (0, bool(getattr(source, "body", ())))
    for node in ast.walk(source):
        if isinstance(node, ast.Try) or type(node).__name__ == "TryStar":
            handlers = [(handler.body, _raises_again(handler.body)) for handler in node.handlers]  # type: ignore[attr-defined]
            for body, passes in (*handlers, (node.finalbody, True)):  # type: ignore[attr-defined]
                inside = body and body[0].lineno <= frame.f_lineno <= (body[-1].end_lineno or 0)
                if inside and body[0].lineno >= found[0]:  # the innermost one is the one that began last
                    found = body[0].lineno, passes
    return found[1]


def _source(file: str) -> ast.AST:
    try:
        return ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])


def _raises_again(body: list[ast.stmt]) -> bool:
    """Whether a handler ends with ``raise``, under no condition."""
    return any(isinstance(statement, ast.Raise) for statement in body)
