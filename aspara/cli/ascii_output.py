"""What is printed where the terminal's encoding has no such characters: charts of ASCII, and ? for the rest."""

from __future__ import annotations

import codecs
import sys

HANDLER = "aspara-plain"
"""The name of the error handler for ``stream.reconfigure(errors=...)``."""
_BLOCKS = dict(zip("▁▂▃▄▅▆▇█", "_.-:=+*#", strict=True))
_OTHERS = {"━": "=", "─": "-", "┤": "|", "…": "~", "→": ">"}
_BRAILLE = range(0x2800, 0x2900)
_DOTS = " ..::*##@"
"""By how many of a braille character's eight dots are set."""


def plain(character: str) -> str:
    """One ASCII character that looks like `character`, so that columns keep their width."""
    if ord(character) in _BRAILLE:
        return _DOTS[(ord(character) - _BRAILLE.start).bit_count()]
    return _BLOCKS.get(character) or _OTHERS.get(character) or "?"


def register() -> str:
    """Makes the handler known and returns its name."""

    def handle(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        return "".join(map(plain, error.object[error.start : error.end])), error.end

    codecs.register_error(HANDLER, handle)
    return HANDLER


def takes_unicode() -> bool:
    """True where stdout has every character; JSON is written with escapes elsewhere, so that no letter is lost."""
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
