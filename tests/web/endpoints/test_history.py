"""The whole of a run over HTTP, on both hosts: its history, its rows, its files; and aspara.Api on top of them."""

from __future__ import annotations

import json
import math

import polars as pl
import pytest
import requests

import aspara
from aspara.catalog.series.history import FRAME


def make(name="r", project="p", steps=5):
    run = aspara.Run(name, project)
    for i in range(steps):
        run.log({"loss": math.nan if i == 1 else float(i), "acc": -i, "note": f"n{i}"}, commit=False)
        run.log({"late": i} if i % 2 else {})
    run.finish()
    return run


def lines(answer):
    assert 200 == answer.status_code, answer.text
    assert answer.headers["Content-Type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]


def test_a_history_as_lines(site):
    """A row for each step, what was not logged left out, non-finite values by name."""
    make()
    rows = lines(site.get("api/projects/p/runs/r/history"))
    assert [0, 1, 2, 3, 4] == [row["_step"] for row in rows]
    assert [0, "NaN", 2, 3, 4] == [row["loss"] for row in rows]
    assert [False, True, False, True, False] == ["late" in row for row in rows]
    some = lines(site.get("api/projects/p/runs/r/history?keys=late,acc&every=1&min_step=2"))
    assert [(3, 3, -3)] == [(row["_step"], row["late"], row["acc"]) for row in some]
    assert [0, 4] == [row["_step"] for row in lines(site.get("api/projects/p/runs/r/history?keys=loss&samples=2"))]
    body = {"keys": ["note"], "max_step": 2}
    asked = lines(site.ask("POST", "api/projects/p/runs/r/history", json=body))
    assert [{"_step", "note", "_runtime", "_timestamp"}] * 2 == [set(row) for row in asked]


def test_a_history_as_arrow(site):
    """Blocks, each after its length, and a length of 0 at the end."""
    make()
    content = site.get("api/projects/p/runs/r/history?format=arrow&keys=loss").content
    (length,) = FRAME.unpack_from(content)
    assert FRAME.pack(0) == content[FRAME.size + length :]
    frame = pl.read_ipc_stream(content[FRAME.size : FRAME.size + length])
    assert (["_step", "loss", "_runtime", "_timestamp"], 5) == (frame.columns, len(frame))


@pytest.mark.parametrize(
    "query", ["samples=0", "min_step=x", "format=csv", "stream=other", "x_axis=ghost", "samples=1.5"]
)
def test_a_bad_question_is_named(site, query):
    """400, before a single row is sent."""
    make()
    answer = site.get(f"api/projects/p/runs/r/history?{query}")
    assert 400 == answer.status_code
    assert query.split("=")[0] in answer.json()["detail"]
    assert "UsageError" == answer.headers["X-Aspara-Error"]


@pytest.mark.parametrize(
    "body", [{"keys": "loss"}, {"keys": [1]}, {"x_axis": 1}, {"samples": "9"}, {"ghost": 1}, {"min_step": 0.5}]
)
def test_a_bad_body_is_named(site, body):
    """The same for a question in a body."""
    make()
    answer = site.ask("POST", "api/projects/p/runs/r/history", json=body)
    assert 400 == answer.status_code
    assert next(iter(body)) in answer.json()["detail"]


def test_rows_as_they_were_logged(site):
    """The lines of Aspara's own row files, two of one step included; a run without rows has none."""
    make()
    rows = lines(site.get("api/projects/p/runs/r/rows"))
    assert [(0, 0), (1, "NaN"), (1, None), (2, 2), (3, 3), (3, None), (4, 4)] == [
        (row["step"], row["metrics"].get("loss")) for row in rows
    ]
    aspara.Run("empty", "p").finish()
    assert [] == lines(site.get("api/projects/p/runs/empty/rows"))
    for what in ("rows", "history", "files", "files/x"):
        assert 404 == site.get(f"api/projects/p/runs/ghost/{what}").status_code


def test_files_of_a_run(site):
    """Listed by their paths and sent as downloads that no browser runs; nothing else can be had by any name."""
    make()
    folder = site.data / "p" / "r" / "artifacts"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "page, ä.html").write_text("<script>alert(1)</script>")
    (folder / "link").symlink_to("/etc/hostname")
    (folder / ".hidden").write_text("x")
    (folder / "elsewhere").symlink_to(site.data)
    found = site.json("api/projects/p/runs/r/files")
    assert [{"name": "artifacts/page, ä.html", "size": 25}] == found["files"]
    for path in ("artifacts/page, ä.html", "artifacts%2Fpage%2C%20%C3%A4.html"):
        answer = site.get(f"api/projects/p/runs/r/files/{path}")
        assert (200, b"<script>alert(1)</script>") == (answer.status_code, answer.content)
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["Content-Security-Policy"].startswith("sandbox")
        assert "application/octet-stream" == answer.headers["Content-Type"]
    for path in (
        "artifacts/link",
        "..%2Fr.jsonl",
        "%2Fetc%2Fhostname",
        "artifacts",
        "artifacts/..%2F..%2F..%2Fr.jsonl",
        "artifacts/.hidden",
        "artifacts/elsewhere/p/r.jsonl",
        "artifacts/.%2Fpage%2C%20%C3%A4.html",
        "artifacts/page, ä.html/x",
    ):
        assert 404 == site.get(f"api/projects/p/runs/r/files/{path}").status_code, path


def test_config_and_summary_are_edited_key_by_key(site):
    """What is named changes, the rest stays; with the ETag of the metadata."""
    with aspara.Run("r", "p", config={"lr": 1, "net": "a"}) as run:
        run.log({"loss": 1.0})
    address = "api/projects/p/runs/r/metadata"
    tag = site.get(address).headers["ETag"]
    answer = site.ask(
        "PUT", address, json={"config": {"lr": 2}, "summary": {"best": 3}, "notes": "n"}, headers={"If-Match": tag}
    )
    assert (200, "n") == (answer.status_code, answer.json()["notes"])
    found = site.json("api/projects/p/runs/r?metadata=1")
    assert ({"lr": 2, "net": "a"}, 3) == (found["config"], found["summary"]["best"])
    assert "n" == found["metadata"]["notes"]
    assert 412 == site.ask("PUT", address, json={"config": {"lr": 5}}, headers={"If-Match": tag}).status_code
    for wrong in ({"config": [1]}, {"summary": "x"}, {"config": {"a": 1}, "status": "failed"}):
        assert 400 == site.ask("PUT", address, json=wrong).status_code
    assert {"lr": 2, "net": "a"} == site.json("api/projects/p/runs/r")["config"]


def test_a_version_is_edited_and_deleted(site):
    """Aliases, description, metadata and tags; a body that makes no sense is named."""
    with aspara.Run("r", "p") as run:
        artifact = aspara.Artifact("set", "dataset")
        with artifact.new_file("a.txt", "w") as file:
            file.write("a")
        run.log_artifact(artifact)
    address = "api/projects/p/artifacts/set/v0"
    changed = site.ask("PUT", address, json={"aliases": ["best"], "description": "good", "metadata": {"k": 1}}).json()
    assert (["best"], "good", {"k": 1}) == tuple(changed[name] for name in ("aliases", "description", "metadata"))
    assert "v0" == site.json("api/projects/p/artifacts/set/best")["version"]
    for wrong in ({"aliases": "best"}, {"aliases": ["a b"]}, {"tags": [1]}, {"metadata": []}, {"version": "v9"}):
        assert 400 == site.ask("PUT", address, json=wrong).status_code, wrong
    assert 200 == site.ask("DELETE", address).status_code
    assert 404 == site.get(address).status_code
    assert 404 == site.ask("DELETE", address).status_code


def test_api_reads_from_either_host(site):
    """aspara.Api with the address of a dashboard, inside Jupyter too."""
    make()
    token = {"jupyter": "secret", "standalone": None}[site.kind]
    api = aspara.Api(site.base, token=token)
    run = api.runs("p")[0]
    assert (["acc", "late", "loss", "note"], "finished") == (run.metrics, run.state)
    assert [0, 1, 2, 3, 4] == [row["_step"] for row in run.scan_history()]
    run.tags = ["seen"]
    run.config["lr"] = 1
    run.update()
    assert (["seen"], {"lr": 1}) == (api.run("p/r").tags, api.run("p/r").config)
    run.delete()
    assert 0 == len(api.runs("p"))


def test_who_goes_away_does_no_harm(site, caplog):
    """A reader that leaves in the middle of a long answer is no error of the server's; HEAD asks for no rows."""
    run = aspara.Run("long", "p")
    for i in range(20_000):
        run.log({"text": f"{i}" * 20})
    run.finish()
    address = f"{site.base}api/projects/p/runs/long/rows"
    for _ in range(3):
        with requests.get(address, headers=site.headers, stream=True, timeout=20) as answer:
            assert 200 == answer.status_code
            next(answer.iter_content(10))
    head = site.ask("HEAD", "api/projects/p/runs/long/history")
    assert (200, b"") == (head.status_code, head.content)
    assert 20_000 == len(lines(site.get("api/projects/p/runs/long/rows")))
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
