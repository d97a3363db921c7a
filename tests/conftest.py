"""What holds for every test: no setting of the person who runs it, and no file of theirs, is touched."""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()

# The same examples each time: what was green stays green. New ones are searched by `make soak`.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("searching", deadline=None)
settings.load_profile("steady")

# What a machine does by the way is no part of most tests; those of capturing switch it on. Servers that live for a whole
# session begin before any test, so it stands here too.
CAPTURE = "command,environment"
os.environ["ASPARA_CAPTURE"] = CAPTURE
# What init() and finish() say is a matter of its own tests.
os.environ["ASPARA_SILENT"] = "1"


@pytest.fixture(autouse=True)
def own_surroundings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings unset, and the user's folders (data, cache, state) inside a temporary one, which is returned."""
    home = tmp_path_factory.mktemp("user")
    for name in [name for name in os.environ if name.startswith("ASPARA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ASPARA_CAPTURE", CAPTURE)
    monkeypatch.setenv("ASPARA_SILENT", "1")
    for kind in ("DATA", "CACHE", "STATE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))
    return home


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Rows of many values, and whether a run holds them all; programs that a test starts have ``import wide_rows``."""
    folder = str(Path(__file__).parent / "fixtures" / "rows")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH")])))
    return importlib.import_module("wide_rows")


def chromium_path() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    if os.environ.get("CI") == "true":
        pytest.fail("There is no Chromium, and CI does not go without the browser tests.")
    pytest.skip("There is no Chromium: install it, for example with apt-get install chromium.")


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """One Chromium for the session."""
    from playwright.sync_api import sync_playwright

    path = chromium_path()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield launched
        launched.close()
