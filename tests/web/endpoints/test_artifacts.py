"""Versioned artifacts over HTTP."""

from __future__ import annotations

import io
import zipfile

import pytest

import aspara


@pytest.fixture
def artifact(site):
    run = aspara.init(project="p", name="r")
    for text in ("<script>alert(1)</script>", "two"):
        found = aspara.Artifact("set", "dataset", "a sentence")
        with found.new_file("page.html", "w") as file:
            file.write(text)
        run.log_artifact(found, aliases=["first"] if text != "two" else None)
    run.finish()


def test_what_a_project_has(site, artifact):
    """Names, versions, aliases, files."""
    (found,) = site.json("api/projects/p/artifacts")["artifacts"]
    assert ("set", "dataset", "v1", 2, {"first": "v0", "latest": "v1"}) == tuple(
        found[k] for k in ("name", "type", "latest", "versions", "aliases")
    )
    versions = site.json("api/projects/p/artifacts/set")["versions"]
    assert [("v1", 1), ("v0", 1)] == [(v["version"], v["file_count"]) for v in versions]
    version = site.json("api/projects/p/artifacts/set/first")
    assert ("v0", "r", ["page.html"]) == (version["version"], version["run"], [e["path"] for e in version["entries"]])


def test_a_file_is_a_download_that_no_browser_runs(site, artifact):
    """Bytes, whatever its name says."""
    answer = site.get("api/projects/p/artifacts/set/v0/file?path=page.html")
    assert (200, "<script>alert(1)</script>") == (answer.status_code, answer.text)
    assert "application/octet-stream" == answer.headers["Content-Type"]
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("set/v9", 404),
        ("nothing", 404),
        ("set/v0/file?path=../x", 404),
        ("set/v0/file", 400),
        ("..%2F..%2Fx", 404),
        ("set/..%2Faliases", 404),
    ],
)
def test_nothing_else_can_be_had(site, artifact, address, status):
    """404, and what there is."""
    assert status == site.get(f"api/projects/p/artifacts/{address}").status_code


def test_a_version_comes_in_one_file(site, artifact):
    """A ZIP of its files with their paths."""
    answer = site.get("api/projects/p/artifacts/set/first/download")
    assert 'filename="set-v0.zip"' in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert {"page.html": b"<script>alert(1)</script>"} == {n: archive.read(n) for n in archive.namelist()}
    assert 404 == site.get("api/projects/p/artifacts/set/v9/download").status_code


def test_several_files_come_in_one(site):
    """Every file of a version, and every plain artifact of a run; a version of references alone has none."""
    with aspara.init(project="p", name="r") as run:
        many = aspara.Artifact("many", "dataset")
        for name in ("a.txt", "deep/b.txt"):
            with many.new_file(name, "w") as file:
                file.write(name)
        many.add_reference("https://example.org/data.csv", "far.csv")
        run.log_artifact(many)
        far = aspara.Artifact("far", "dataset")
        far.add_reference("https://example.org/data.csv")
        run.log_artifact(far)
    whole = site.get("api/projects/p/artifacts/many/latest/download").content
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert {"a.txt": b"a.txt", "deep/b.txt": b"deep/b.txt"} == {n: archive.read(n) for n in archive.namelist()}
    answer = site.get("api/projects/p/artifacts/far/latest/download")
    assert (400, "far:v0 holds no files, only references.") == (answer.status_code, answer.json()["detail"])


def test_a_version_knows_who_made_and_who_used_it(site, artifact):
    """And a run knows what it made and used."""
    other = aspara.init(project="p", name="other")
    other.use_artifact("set:first", use_as="training data")
    other.finish()
    version = site.json("api/projects/p/artifacts/set/v0")
    assert ("r", [("other", "training data")]) == (
        version["run"],
        [(u["run"], u["use_as"]) for u in version["used_by"]],
    )
    assert [] == site.json("api/projects/p/artifacts/set/v1")["used_by"]
    detail = site.json("api/projects/p/runs/other")
    assert [("set", "v0", "p")] == [(a["name"], a["version"], a["project"]) for a in detail["used_artifacts"]]
    made = site.json("api/projects/p/runs/r")["logged_artifacts"]
    assert ["v0", "v1"] == [a["version"] for a in made]


def test_files_that_were_saved_with_a_run_are_downloads_by_their_paths(site, tmp_path):
    """Listed among its artifacts, one by one and in the ZIP; nothing beside them."""
    folder = tmp_path / "out" / "ckpt"
    folder.mkdir(parents=True)
    (folder / "best.pt").write_bytes(b"weights")
    with aspara.init("p", "r") as run:
        run.save(folder, base_path=tmp_path / "out")
    address = "api/projects/p/runs/r/artifacts"
    assert ["ckpt/best.pt"] == [a["name"] for a in site.json(address)["artifacts"]]
    answer = site.get(f"{address}/ckpt%2Fbest.pt")
    assert (b"weights", 'attachment; filename="best.pt"') == (
        answer.content,
        answer.headers["Content-Disposition"].split("; filename*")[0],
    )
    packed = zipfile.ZipFile(io.BytesIO(site.get(f"{address}/download").content))
    assert ["ckpt/best.pt"] == packed.namelist()
    for other in ("ckpt", "ckpt%2F..%2F..%2F..%2Fr.meta.json", "..%2Fr.jsonl", "%2Fetc%2Fpasswd", "ckpt%2F"):
        assert 404 == site.get(f"{address}/{other}").status_code
