"""Lines for the terminal, as wandb's programs print them."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

from aspara.compat.env import is_quiet, is_silent

_seen: set[str] = set()


def termlog(string: str = "", newline: bool = True, repeat: bool = True, prefix: bool = True) -> None:
    """Prints a line on stderr; with ``repeat=False`` only the first time."""
    if not is_quiet():
        _print(string, newline, repeat, prefix)


def termwarn(string: str, newline: bool = True, repeat: bool = True, prefix: bool = True) -> None:
    """Prints a warning on stderr; with ``repeat=False`` only the first time."""
    _print(f"WARNING {string}", newline, repeat, prefix)


def termerror(string: str, newline: bool = True, repeat: bool = True, prefix: bool = True) -> None:
    """Prints an error on stderr; with ``repeat=False`` only the first time."""
    _print(f"ERROR {string}", newline, repeat, prefix)


def termsetup(settings: Any = None, logger: Any = None) -> None:
    """Accepted; WANDB_SILENT decides whether lines are printed."""
    del settings, logger


def _print(text: str, newline: bool, repeat: bool, prefix: bool) -> None:
    if is_silent() or (not repeat and text in _seen):
        return
    if not repeat:
        _seen.add(text)
    lines = [f"aspara: {line}" if prefix else line for line in text.split("\n")]
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        print("\n".join(lines), file=sys.stderr, end="\n" if newline else "", flush=True)
