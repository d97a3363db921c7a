"""A real Chromium for tests marked `browser`; they skip with a reason where there is none, and fail in CI."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
SCREENSHOTS = Path(__file__).parents[2] / "screenshots"


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


@pytest.fixture
def page(browser, request) -> Iterator[object]:
    """A page of its own; its errors fail the test, and its last picture is kept under screenshots/."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    with watched(context, request.node.name) as opened:
        yield opened
    context.close()


@contextlib.contextmanager
def watched(context, name: str) -> Iterator[object]:
    """A page in `context` that must have no errors and ask no other host for anything."""
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.foreign = []
    opened.on(
        "request",
        lambda r: (
            opened.foreign.append(r.url) if not r.url.startswith(("http://127.0.0.1", "data:", "blob:")) else None
        ),
    )
    # A page asks whether it may be left with unsaved changes; tests leave.
    opened.on("dialog", lambda dialog: dialog.accept())
    yield opened
    if not opened.is_closed():
        SCREENSHOTS.mkdir(exist_ok=True)
        name = "".join(c if c.isalnum() or c in "-_" else "-" for c in name)
        opened.screenshot(path=str(SCREENSHOTS / f"{name}.png"))
        opened.close()
    assert [] == errors
    assert [] == opened.foreign, "a request left for another host"
