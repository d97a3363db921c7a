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
    assert (True, 1) == (found["complete"], found["progress"])
    assert found == site.json("api/projects/p/runs/r/media?wait=30")
    keys = site.json("api/projects/p/runs/r/media?shape=keys&wait=30")
    assert keys == site.json("api/projects/p/runs/r/media?shape=keys")
    assert (True, 1) == (keys["complete"], keys["progress"])
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


def test_what_media_there_is_is_told_without_the_values(site, run):
    """By metric: kinds, steps, and how often it was logged."""
    found = {k["metric"]: k for k in site.json("api/projects/p/runs/r/media?shape=keys")["keys"]}
    assert {"pic", "t", "page", "model"} == set(found)
    pic = found["pic"]
    assert (["image"], [0, 1], 2, 2) == (pic["types"], pic["steps"], pic["step_count"], pic["count"])
    assert 400 == site.get("api/projects/p/runs/r/media?shape=tree").status_code


def test_some_steps_of_one_metric_are_enough_for_a_picture(site):
    """Its very name, also one that looks like a pattern or a list; evenly spread, the first and the last among them."""
    run = aspara.init(project="p", name="many")
    for _ in range(101):
        run.log({"a,[b]*": aspara.Histogram([1.0, 2.0]), "other": aspara.Histogram([1.0])})
    run.finish()
    ask = "api/projects/p/runs/many/media?key=a%2C%5Bb%5D%2A"
    assert [0, 25, 50, 75, 100] == [m["step"] for m in site.json(f"{ask}&steps=5")["media"]]
    assert [7, 8] == [m["step"] for m in site.json(f"{ask}&from=7&to=8")["media"]]
    assert [100] == [m["step"] for m in site.json(f"{ask}&steps=1")["media"]]


@pytest.fixture(params=["json", "parquet"])
def table(site, request):
    """A table of names, numbers with a gap, and long texts, in either form; asked for its rows."""
    rows = [[f"row {i}", None if i == 3 else float(i % 7), "long" * 100] for i in range(50)]
    if request.param == "parquet":
        rows *= 300
    run = aspara.init(project="p", name="r")
    run.log({"t": aspara.Table(columns=["age", "-score", "text"], data=rows)})
    run.finish()
    assert request.param == site.json("api/projects/p/runs/r/media")["media"][0]["value"]["format"]

    def ask(query: str):
        return file(site, "t", query=f"/rows?{query}").json()

    return ask


def test_a_table_is_sorted_found_and_filtered_before_it_is_cut(table):
    """What is missing comes last; the total counts what is left; a column called like a field of runs is one all the same."""
    assert [6.0] * 3 == [row[1] for row in table("sort=--score&limit=3")["rows"]]
    assert [0.0] * 3 == [row[1] for row in table("sort=-score&limit=3")["rows"]]
    total = table("limit=1")["total"]
    last = table(f"sort=-score&offset={total - 1}")["rows"]
    assert [None] == [row[1] for row in last]
    found = table("search=ROW%2042")
    assert total // 50 == found["total"]
    assert {"row 42"} == {row[0] for row in found["rows"]}
    left = table("filter=%60-score%60%20%3E%205%20and%20%60age%60%20%21%3D%20%22row%206%22")
    assert {6.0} == {row[1] for row in left["rows"]}
    assert total // 50 * 6 == left["total"]
    assert "longlongl…" == table("limit=1&width=9")["rows"][0][2]
    assert "columns age, -score, text" in table("sort=nothing")["detail"]


def test_a_large_table_is_answered_in_small_pieces(site):
    """Whatever its cells hold."""
    rows = [[i, "x" * 100_000, [0] * 10_000] for i in range(60)]
    run = aspara.init(project="p", name="r")
    run.log({"t": aspara.Table(columns=["n", "text", "list"], data=rows, allow_mixed_types=True)})
    run.finish()
    for offset in (0, 50):
        answer = file(site, "t", query=f"/rows?limit=10&width=200&offset={offset}")
        assert len(answer.content) < 10_000
        assert list(range(offset, offset + 10)) == [row[0] for row in answer.json()["rows"]]
    assert 60 == file(site, "t", query="/rows?limit=1&width=1&search=xxx").json()["total"]


def test_cells_that_no_answer_can_hold_are_shown_as_well_as_they_can_be(site):
    """Halves of surrogate pairs, integers without end and depth in a table's file spoil neither its rows nor a search in them."""
    run = aspara.init(project="p", name="r")
    run.log({"t": aspara.Table(columns=["a", "b"], data=[[1, "x"], [2, "y"]])})
    run.finish()
    (place,) = site.data.rglob("media/*.json")
    deep = "[" * 200 + "]" * 200
    place.write_text(f'{{"columns": ["a", "\\ud800"], "data": [[{10**30}, "\\udfff"], [{deep}, "whole"], [NaN, 1]]}}')
    rows = file(site, "t", query="/rows").json()["rows"]
    assert [1e30, "?"] == rows[0]
    assert "whole" == rows[1][1]
    assert 1 == file(site, "t", query="/rows?search=whole").json()["total"]
    assert 200 == file(site, "t", query="/rows?sort=a&width=20").status_code
