"""A page in a real Chromium; the browser itself is made in tests/conftest.py."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aspara.server.app import Server

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"


# Charts once were right in UTC alone: tests of times run in all of these, all others in the second.
ZONES = ("UTC", "Asia/Tokyo", "America/New_York")
in_every_zone = pytest.mark.parametrize("zone", ZONES, indirect=True)


@pytest.fixture
def zone(request) -> Iterator[str]:
    """The time zone of the browser and of this process, the server's too."""
    name = getattr(request, "param", ZONES[1])
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    yield name
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.fixture
def page(browser, zone, request) -> Iterator[object]:
    """A page of its own; its errors fail the test, and its last picture is kept under screenshots/."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True, timezone_id=zone)
    with watched(context, request.node.name) as opened:
        yield opened
    context.close()


@contextlib.contextmanager
def served(data: Path) -> Iterator[Server]:
    """A standalone dashboard on a data directory, as long as the block lasts."""
    server = Server(data, port=0)
    thread = server.start_in_thread()
    try:
        yield server
    finally:
        server.stop()
        thread.join(10)


@pytest.fixture
def site(tmp_path, monkeypatch) -> Iterator[Server]:
    """A standalone dashboard on an empty data directory, where runs of the test go too."""
    monkeypatch.setenv("ASPARA_DATA_DIR", str(tmp_path / "data"))
    with served(tmp_path / "data") as server:
        yield server


def until(done: Callable[[], object], seconds: float = 30.0, why: str | Callable[[], str] = "") -> None:
    """Waits until `done()` is true; `why` says what did not happen."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, (why() if callable(why) else why) or "it did not happen"
        time.sleep(0.1)


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
