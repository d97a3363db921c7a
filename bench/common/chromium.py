"""The browser that benchmarks measure in: Debian's Chromium, driven by playwright."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from typing import Any

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
_NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """A Chromium with nothing in its cache. Ends the benchmark with a sentence where there is none."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        print("There is no Chromium here: what people see in it is not measured.")
        raise SystemExit(0)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def shown(browser: Any, page: Any) -> Iterator[list[float]]:
    """The moments (µs) at which a frame came to the screen, in the list once the block has ended.

    A page that is busy scrolls all the same: what it has painted is moved by another thread. So these frames are more than
    those that the page itself makes.
    """
    found: list[float] = []
    ended = False
    session = browser.new_browser_cdp_session()
    session.on(
        "Tracing.dataCollected",
        lambda part: found.extend(
            event["ts"] for event in part["value"] if event["name"] == "Display::DrawAndSwap" and event["ph"] == "X"
        ),
    )

    def end(_: object) -> None:
        nonlocal ended
        ended = True

    session.on("Tracing.tracingComplete", end)
    session.send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": {"includedCategories": ["viz"]}})
    try:
        yield found
    finally:
        session.send("Tracing.end")
        while not ended:
            page.wait_for_timeout(50)
        session.detach()
