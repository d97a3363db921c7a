"""Names: what is allowed on disk and in URLs, and how a display name becomes a file name.

A *file name* of a project or run is 1 to 128 characters out of letters, digits, ``_``, ``-`` and ``.``, starting with a
letter, digit or ``_``. A *display name* may be any text and is kept in the metadata. Metric names are any text without control
characters, at most 512 bytes of UTF-8.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable

from aspara.errors import InvalidName, UsageError
from aspara.limits import MAX_TAG_LENGTH

MAX_NAME = 128
MAX_METRIC_BYTES = 512
MAX_DISPLAY = 512

_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\Z")
_RUN_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,127}\Z")
# Windows refuses these whatever their extension; a data directory may travel there.
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{d}{i}" for d in ("com", "lpt") for i in range(1, 10))})
# Endings that our own files use beside a run's: a run named `x.wal` would own the file of a run named `x`.
_RESERVED_ENDINGS = ("_archive", ".wal", ".meta", ".jsonl", ".json", ".tmp")


def is_file_name(name: str) -> bool:
    """True for a name that may stand on disk and in a URL for a project or a run."""
    return (
        _FILE_NAME.match(name) is not None and not name.endswith(".") and name.split(".", 1)[0].lower() not in _DEVICES
    )


def check_file_name(name: str, what: str) -> str:
    """`name` itself; raises :class:`InvalidName` saying what `what` ("project", "run") names may look like."""
    if name.split(".", 1)[0].lower() in _DEVICES:
        raise InvalidName(
            f"{_short(name)} is no valid {what} name: Windows reserves it for a device. For example: {slug(name)!r}."
        )
    if not is_file_name(name):
        raise InvalidName(
            f"{_short(name)} is no valid {what} name: use 1 to {MAX_NAME} letters, digits, '_', '-' and '.', "
            f"not beginning with '.' or '-'. For example: {slug(name)!r}."
        )
    return name


def check_new_run_name(name: str) -> str:
    """`name` itself; also refuses the endings that Aspara's own files have, so that no run captures another's files."""
    check_file_name(name, "run")
    if name.lower().endswith(_RESERVED_ENDINGS):
        raise InvalidName(
            f"A run may not be named {name!r}: the endings {', '.join(_RESERVED_ENDINGS)} belong to Aspara's files."
        )
    return name


def check_run_id(run_id: str) -> str:
    """`run_id` itself: 1 to 128 letters, digits, '_' and '-'."""
    if _RUN_ID.match(run_id) is None:
        raise InvalidName(f"{_short(run_id)} is no valid run id: use 1 to {MAX_NAME} letters, digits, '_' and '-'.")
    return run_id


def check_metric_name(name: object) -> str:
    """`name` itself, if it is text without control characters, not empty, at most 512 bytes."""
    if not isinstance(name, str):
        raise InvalidName(f"Metric names are text, not {type(name).__name__}: {_short(repr(name))}.")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise InvalidName(f"The metric name {name!r} holds half a surrogate pair, which no file can keep.") from None
    if not name or size > MAX_METRIC_BYTES:
        raise InvalidName(f"A metric name has 1 to {MAX_METRIC_BYTES} bytes; {_short(name)} has {size}.")
    # Control characters are not printable, and most names are: the quick look spares log() the long one.
    if not name.isprintable() and any(unicodedata.category(c) == "Cc" for c in name):
        raise InvalidName(f"The metric name {_short(name)} holds a control character.")
    return name


def check_display_name(name: object, what: str = "run") -> str:
    """`name` without surrounding blanks, if it is printable text of at most 512 characters; raises :class:`InvalidName` saying
    what `what` ("project", "run") names may look like.
    """
    if not isinstance(name, str):
        raise InvalidName(f"A {what} name is text, not {type(name).__name__}.")
    name = unicodedata.normalize("NFC", name.strip())
    if not name or len(name) > MAX_DISPLAY:
        raise InvalidName(f"A {what} name has 1 to {MAX_DISPLAY} characters, not {len(name)}.")
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in name):
        raise InvalidName(f"The {what} name {_short(name)} holds a control character.")
    return name


def check_tags(tags: Iterable[str], limit: int) -> tuple[str, ...]:
    """`tags` without surrounding blanks, each once, in order.

    Raises:
        UsageError: There are more than `limit`, or one is empty or has more than 128 characters.

    """
    tags = list(tags)
    if len(tags) > limit:
        raise UsageError(f"{len(tags)} tags are too many: at most {limit} are allowed (ASPARA_MAX_TAGS_COUNT).")
    checked = tuple(dict.fromkeys(tag.strip() for tag in tags))
    for tag in checked:
        if not 0 < len(tag) <= MAX_TAG_LENGTH:
            raise UsageError(f"The tag {_short(tag)} has {len(tag)} characters; a tag has 1 to {MAX_TAG_LENGTH}.")
    return checked


def slug(display: str) -> str:
    """A valid file name made from any text: accents fall off, other characters become '-', never empty."""
    if is_file_name(display) and not display.lower().endswith(_RESERVED_ENDINGS):
        return display
    plain = unicodedata.normalize("NFKD", display).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", plain).strip("-.")[:100].strip("-.")
    if not plain:
        plain = "run"
    if plain.lower().endswith(_RESERVED_ENDINGS) or not is_file_name(plain):
        plain = f"run-{plain.replace('.', '-')}-0"
    return plain


def new_run_id() -> str:
    """16 random hexadecimal digits."""
    return os.urandom(8).hex()


_ADJECTIVES = (
    "amber bold brisk calm clear cosmic crisp deep eager early fair fleet fresh gentle glad golden grand happy honest "
    "humble keen kind light lively lucid lunar mellow merry mild noble patient plain polar proud quick quiet rapid "
    "rare ready serene sharp silent silver simple solar solid steady still sunny swift tidal true vivid warm wise witty"
).split()
_NOUNS = (
    "alder aspen badger basin beacon birch brook canyon cedar comet coral crane creek delta dune eagle ember falcon "
    "fern fjord forest garnet glacier grove harbor hazel heron hill island jade lagoon lake larch lark maple marsh "
    "meadow mesa moss oak orchid osprey otter peak pebble pine plover quartz raven reef ridge river robin sage sparrow "
    "spruce stone summit tern thistle tide valley willow wren"
).split()


def new_run_name() -> str:
    """A name that a person can say: ``calm-heron-4821``."""
    bits = int.from_bytes(os.urandom(8), "big")
    return f"{_ADJECTIVES[bits % len(_ADJECTIVES)]}-{_NOUNS[bits // 97 % len(_NOUNS)]}-{1000 + bits // 9973 % 9000}"


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
