"""Media of other trackers: content that is encoded already, kept as Aspara keeps its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aspara import settings
from aspara.errors import UsageError
from aspara.media.base import BlobStore, Media

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"RIFF", "wav"),
    (b"fLaC", "flac"),
    (b"OggS", "ogg"),
    (b"ID3", "mp3"),
)
_ENDINGS = {
    "image": ("png", "jpg", "gif", "webp", "bmp", "svg"),
    "audio": ("wav", "mp3", "ogg", "oga", "opus", "flac", "m4a", "aac"),
    "video": ("mp4", "webm", "ogv", "gif", "png"),
    "html": ("html",),
    "plotly": ("json",),
    "object3d": ("obj", "gltf", "glb", "babylon", "stl", "json"),
    "molecule": ("pdb", "pqr", "mmcif", "mcif", "cif", "sdf", "sd", "gro", "mol2", "mmtf", "mol", "xyz"),
    "text": ("txt", "md"),
}
_FORMATLESS = ("html", "plotly")


class EncodedMedia(Media):
    """A value of any kind whose content is there already: bytes, or a file that is read when the value is kept.

    Args:
        kind: What it is, in Aspara's words.
        content: The bytes, or the file.
        ending: The kind of file; by default told by the content, else by the file's name.
        caption: A line of text below it.
        facts: What else is known: ``width``, ``height``, ``sample_rate``, ``columns``, ``rows``, …

    """

    def __init__(
        self,
        kind: str,
        content: bytes | Path,
        ending: str = "",
        caption: str | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        self.kind = kind  # type: ignore[misc]
        self.caption = caption or None
        self._content = content
        self._ending = ending.lower().lstrip(".")
        self._facts = facts or {}

    def stored(self, shelf: BlobStore) -> dict[str, Any]:
        """Raises UsageError for what has no content that could be shown, OSError where its file cannot be read."""
        content = self._content if isinstance(self._content, bytes) else read_whole(self._content)
        named = "" if isinstance(self._content, bytes) else self._content.suffix.lower().lstrip(".")
        ending = self._ending or _ending(content) or named
        ending = {"jpeg": "jpg", "htm": "html"}.get(ending, ending)
        if ending not in _ENDINGS[self.kind]:
            raise UsageError(f"a {self.kind} of the form {ending[:20] or 'unknown'!r} cannot be shown")
        facts = {key: value for key, value in self._facts.items() if value is not None}
        form = {} if self.kind in _FORMATLESS else {"format": ending}
        return self._described(**shelf.keep(content, ending), **form, **facts)


def _ending(content: bytes) -> str:
    for magic, ending in _MAGIC:
        if content.startswith(magic):
            return "webp" if ending == "wav" and content[8:12] == b"WEBP" else ending
    return ""


def read_whole(path: Path) -> bytes:
    """The content of a file; raises UsageError for one that is larger than media may be."""
    size, limit = path.stat().st_size, settings.get("ASPARA_MAX_MEDIA_SIZE")
    if size > limit:
        raise UsageError(f"a file of {size} bytes is larger than the {limit} that ASPARA_MAX_MEDIA_SIZE allows")
    return path.read_bytes()
