"""What a browser must load before it shows a page, as it comes over the wire."""

from __future__ import annotations

import re
import sys

import pytest
import requests

import aspara
from aspara.server.app import Server

MOST = 250_000


@pytest.fixture
def names(site) -> list[str]:
    """The files that the page asks for by itself."""
    aspara.Run("r", "p").finish()
    page = site.get("projects/p", headers={"Accept": "text/html"}).text
    return re.findall(r'(?:src|href)="[^"]*?(static/[^"]+)"', page)


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_the_first_load_is_small_and_kept_for_good(site, names, encoding):
    """All but Plotly within 250 kB; packed; a name holds the content's hash, so nobody need ask again."""
    total = 0
    for name in names:
        with site.get(name, headers={"Accept-Encoding": encoding}, stream=True) as answer:
            assert 200 == answer.status_code
            size = len(answer.raw.read(decode_content=False))
        total += size
        if name.endswith("icon.svg"):
            continue
        assert encoding == answer.headers["Content-Encoding"]
        assert "public, max-age=31536000, immutable" == answer.headers["Cache-Control"]
        assert re.search(r"\.[0-9a-f]{12}\.(js|css)$", name)
    assert {".js", ".css", ".svg"} == {name[name.rindex(".") :] for name in names}
    assert total <= MOST, f"{total} bytes"


def test_plotly_comes_later_by_a_hashed_name(site, names):
    """The page names it for the moment when a chart is drawn, and does not load it."""
    page = site.get("projects/p", headers={"Accept": "text/html"}).text
    plotly = re.search(r"plotly\.[0-9a-f]{12}\.js", page)
    assert plotly is not None
    assert not any("plotly" in name for name in names)
    answer = site.get(f"static/{plotly.group()}", headers={"Accept-Encoding": "gzip"})
    assert "public, max-age=31536000, immutable" == answer.headers["Cache-Control"]


def test_who_takes_no_packed_files_gets_them_plain(site, names):
    """They say the same."""
    for name in names:
        plain = site.get(name, headers={"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in plain.headers
        assert plain.content == site.get(name, headers={"Accept-Encoding": "gzip"}).content


def test_a_page_comes_before_any_run_is_read(tmp_path):
    """However many runs a project has; an unknown project or run is not found all the same."""
    for name in ("a", "b"):
        aspara.Run(name, "p", dir=tmp_path).finish()
    opened: list[str] = []
    listening = True

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if listening and event == "open" and str(arguments[0]).startswith(str(tmp_path)):
            opened.append(str(arguments[0]))

    sys.addaudithook(note)
    server = Server(tmp_path, port=0)
    thread = server.start_in_thread()
    statuses = {}
    for path in ("projects/p", "projects/p/runs", "projects/p/compare", "projects/p/runs/a", "projects/ghost"):
        answer = requests.get(server.url + path, headers={"Accept": "text/html"}, timeout=20)
        statuses[path] = answer.status_code
    listening = False
    server.stop()
    thread.join(10)
    assert [200, 200, 200, 200, 404] == list(statuses.values())
    assert [] == [file for file in opened if file.endswith((".meta.json", ".jsonl"))]
