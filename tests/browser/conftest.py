"""A page in a real Chromium; the browser itself is made in tests/conftest.py."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"


@pytest.fixture
def page(browser, request) -> Iterator[object]:
    """A page of its own; its errors fail the test, and its last picture is kept under screenshots/."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    with watched(context, request.node.name) as opened:
        yield opened
    context.close()


@contextlib.contextmanager
def watched(context, name: str, known: tuple[str, ...] = ()) -> Iterator[object]:
    """A page in `context` that must have no errors, but those `known` of who else is in it, and ask no other host."""
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
    assert [] == [error for error in errors if error not in known]
    assert [] == opened.foreign, "a request left for another host"
