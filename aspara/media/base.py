"""What all media have in common.

A media object takes over its content when it is made: what its caller changes afterwards does not show. Encoding, hashing
and writing happen later, off the training thread, in :meth:`Media.stored`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Protocol

from aspara.errors import UsageError

Plain = Callable[[Any], Any]
"""Makes of any object something that JSON can say."""


class BlobStore(Protocol):
    """Where content is put: content-addressed, so that equal content is kept once."""

    def keep(self, content: bytes, ending: str) -> dict[str, Any]:
        """Keeps `content` in a file that ends in `ending`; returns ``{"path", "sha256", "size"}``, the path relative to
        the run's folder. Raises TooLarge over the limit and OSError when the disk refuses.
        """


class Media:
    """A value with a picture, a sound, a table or the like. Log it like a number: ``run.log({"sample": aspara.Image(a)})``."""

    kind: ClassVar[str]
    """What stands under ``_type`` in the row."""

    caption: str | None = None

    def frozen(self, plain: Plain) -> Media:
        """The object to be stored: itself, or a copy of what its owner may change after logging it."""
        del plain
        return self

    def held(self) -> int:
        """Bytes of memory that it holds until it is stored, roughly."""
        return 0

    def stored(self, shelf: BlobStore) -> dict[str, Any]:
        """Puts the content on the shelf and returns what the row holds: a dict with ``_type``."""
        raise NotImplementedError

    def _described(self, **parts: Any) -> dict[str, Any]:
        """A row's dict for this kind; absent parts are left out."""
        found = {"_type": self.kind, **parts, "caption": self.caption}
        return {key: value for key, value in found.items() if value is not None}


def is_path(value: Any) -> bool:
    """True for what names a file."""
    return isinstance(value, str | os.PathLike)


def read_file(path: Any, what: str) -> tuple[bytes, str]:
    """(content, ending without its dot, lower case) of a file that the program named; raises UsageError if there is none."""
    file = Path(path)
    try:
        return file.read_bytes(), file.suffix.lower().lstrip(".")
    except OSError as error:
        raise UsageError(f"The {what} {os.fspath(path)!r} cannot be read: {error.strerror or error}.") from None


def read_open(file: Any) -> tuple[bytes, str]:
    """(content, ending) of an open file, text or binary."""
    content = file.read()
    name = getattr(file, "name", "")
    ending = Path(name).suffix.lower().lstrip(".") if isinstance(name, str) else ""
    return content.encode() if isinstance(content, str) else bytes(content), ending
