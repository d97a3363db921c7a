"""Programs in processes of their own, as the tests of recording run them."""

from __future__ import annotations

from tests.recording.conftest import disk, script

__all__ = ["disk", "script"]
