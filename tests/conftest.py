"""What holds for every test: no setting of the person who runs it, and no file of theirs, is touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# What a machine does by the way is no part of most tests; those of capturing switch it on. Servers that live for a whole
# session begin before any test, so it stands here too.
CAPTURE = "command,environment"
os.environ["ASPARA_CAPTURE"] = CAPTURE


@pytest.fixture(autouse=True)
def own_surroundings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings unset, and the user's folders (data, cache, state) inside a temporary one, which is returned."""
    home = tmp_path_factory.mktemp("user")
    for name in [name for name in os.environ if name.startswith("ASPARA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ASPARA_CAPTURE", CAPTURE)
    for kind in ("DATA", "CACHE", "STATE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))
    return home
