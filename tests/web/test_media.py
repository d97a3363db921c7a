"""Media over HTTP: listed, shown where that is harmless, never run where it could do harm."""

from __future__ import annotations

import numpy as np
import pytest

import aspara


@pytest.fixture
def run(site):
    run = aspara.init(project="p", name="r")
    run.log({"pic": aspara.Image(np.zeros((4, 4)), caption="black"), "loss": 1.0})
    run.log(
        {"pic": [aspara.Image(np.ones((2, 2)))] * 2, "t": aspara.Table(columns=["n"], data=[[i] for i in range(50)])}
    )
    run.log({"page": aspara.Html("<script>alert(1)</script>"), "model": aspara.Object3D(np.ones((2, 3)))})
    run.finish()
    return run


def test_every_media_value_is_listed(site, run):
    """One entry each, lists taken apart, in order of step; filtered by metric and type; paged."""
    found = site.json("api/projects/p/runs/r/media")
    assert [("pic", 0, 0), ("pic", 1, 0), ("pic", 1, 1), ("t", 1, 0), ("model", 2, 0), ("page", 2, 0)] == [
        (m["metric"], m["step"], m["index"]) for m in found["media"]
    ]
    first = found["media"][0]
    assert ("image", "black", 4, 6) == (first["type"], first["caption"], first["value"]["width"], found["total"])
    assert 1 == len(site.json("api/projects/p/runs/r/media?type=table")["media"])
    assert [1, 1] == [m["step"] for m in site.json("api/projects/p/runs/r/media?metrics=pi*&limit=2&offset=1")["media"]]


def file(site, metric: str, **options):
    (item, *_) = site.json(f"api/projects/p/runs/r/media?metrics={metric}")["media"]
    return site.get(f"api/projects/p/runs/r/media/{item['name']}{options.pop('query', '')}", **options)


def test_a_picture_is_shown_and_cached(site, run):
    """Inline, of its own type, sniffed by nobody, for ever."""
    answer = file(site, "pic")
    assert b"\x89PNG" == answer.content[:4]
    headers = answer.headers
    assert ("image/png", "nosniff") == (headers["Content-Type"], headers["X-Content-Type-Options"])
    assert "immutable" in headers["Cache-Control"]
    assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert "Content-Disposition" not in headers


def test_a_page_has_no_origin_and_no_network(site, run):
    """Its scripts run in a sandbox that shares nothing and may ask no host."""
    policy = file(site, "page").headers["Content-Security-Policy"]
    assert "sandbox allow-scripts;" in policy
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    assert "connect-src" not in policy


def test_a_part_of_a_file_can_be_had(site, run):
    """Range, as players ask for it."""
    whole = file(site, "pic").content
    for given, expected in (("bytes=2-5", whole[2:6]), ("bytes=4-", whole[4:]), ("bytes=-3", whole[-3:])):
        answer = file(site, "pic", headers={"Range": given})
        assert (206, expected) == (answer.status_code, answer.content)
        assert answer.headers["Content-Range"].endswith(f"/{len(whole)}")
    assert 416 == file(site, "pic", headers={"Range": f"bytes={len(whole)}-"}).status_code
    odd = file(site, "pic", headers={"Range": "lines=1-2"})
    assert (200, whole) == (odd.status_code, odd.content)


def test_rows_of_a_table_come_in_pages(site, run):
    """Columns, rows and how many there are."""
    found = file(site, "t", query="/rows?offset=45&limit=10").json()
    assert (["n"], [[i] for i in range(45, 50)], 50) == (found["columns"], found["rows"], found["total"])
    assert 400 == file(site, "model", query="/rows").status_code


@pytest.mark.parametrize("name", ["missing.png", "..%2Fmeta.json", ".hidden", "%00", "%2e%2e%2fr.meta.json"])
def test_nothing_else_can_be_had(site, run, name):
    """No path, no hidden file, no other file of the run."""
    assert site.get(f"api/projects/p/runs/r/media/{name}").status_code in (400, 404)


def test_links_lead_nowhere(site, run, tmp_path):
    """A link among the media is not followed."""
    secret = tmp_path / "secret.png"
    secret.write_text("secret")
    (site.data / "p" / "r" / "media" / "link.png").symlink_to(secret)
    assert 404 == site.get("api/projects/p/runs/r/media/link.png").status_code
