"""Many runs edited or deleted by one request, on both hosts."""

from __future__ import annotations

import json

import pytest

import aspara
from aspara.server.app import Server


def make(*names, **options):
    for name in names:
        run = aspara.Run(name, "p", **options)
        run.log({"loss": 1.0})
        run.finish()


def edit(site, expected=200, **body):
    answer = site.ask("POST", "api/projects/p/edits", json=body)
    assert expected == answer.status_code, answer.text
    return answer.json()


def tags(site) -> dict[str, list[str]]:
    return {run["run"]: run["tags"] for run in site.json("api/projects/p/runs")["runs"]}


def test_runs_are_tagged_and_what_was_changed_is_taken_back(site):
    """By name or id, each once; the answer holds the body that undoes it."""
    make("a", tags=["old"])
    make("b", id="id-b")
    make("c", tags=["new"])
    done = edit(site, runs=["a", "id-b", "b", "a", "c"], change={"add_tags": ["new"], "remove_tags": ["old", "none"]})
    assert (["a", "b", "c"], []) == (done["done"], done["failed"])
    assert {"a": ["new"], "b": ["new"], "c": ["new"]} == tags(site)
    assert {"a", "b"} == set(done["undo"]["runs"]), "what was so already is not undone"
    back = edit(site, **done["undo"])
    assert ["a", "b"] == back["done"]
    assert {"a": ["old"], "b": [], "c": ["new"]} == tags(site)


def test_each_run_is_changed_whole_or_not_at_all(site):
    """One that is not there, one that has too many tags and one that somebody else edited are told with the reason."""
    make("a", "b")
    make("full", tags=[f"t{i}" for i in range(100)])
    stale = {"add_tags": ["x"], "notes": "n", "if_match": "another"}
    change = {"add_tags": ["x"], "notes": "n"}
    done = edit(site, runs={"a": change, "ghost": change, "full": change, "b": stale})
    assert ["a"] == done["done"]
    assert [("ghost", 404), ("full", 400), ("b", 412)] == [(f["run"], f["status"]) for f in done["failed"]]
    assert "There is no run 'ghost' in project 'p'." == done["failed"][0]["reason"]
    assert "at most 100" in done["failed"][1]["reason"]
    assert ["", "", "n"] == [site.json(f"api/projects/p/runs/{run}")["notes"] for run in ("b", "full", "a")]
    assert not (site.data / "p/ghost.meta.json").exists()


def test_an_undo_leaves_alone_what_somebody_else_changed_since(site):
    """Guarded by the ETag that the run had after the change."""
    make("a", "b")
    done = edit(site, runs=["a", "b"], change={"tags": ["x"], "color": 7, "display_name": "N"})
    assert ["N", 7] == [site.json("api/projects/p/runs/a")[key] for key in ("name", "color")]
    site.ask("PUT", "api/projects/p/runs/b/metadata", json={"notes": "theirs"})
    back = edit(site, **done["undo"])
    assert (["a"], [("b", 412)]) == (back["done"], [(f["run"], f["status"]) for f in back["failed"]])
    assert {"a": [], "b": ["x"]} == tags(site)
    assert "a" == site.json("api/projects/p/runs/a")["name"]


def test_runs_are_deleted_and_those_that_cannot_be_are_kept(site):
    """A running one needs force."""
    make("a", "b")
    live = aspara.Run("live", "p")
    live.log({"loss": 1.0})
    done = edit(site, runs=["a", "live", "ghost"], delete=True)
    assert (["a"], None) == (done["done"], done["undo"])
    assert [("ghost", 404), ("live", 409)] == sorted((f["run"], f["status"]) for f in done["failed"])
    assert {"b", "live"} == set(tags(site))
    assert ["live"] == edit(site, runs=["live"], delete=True, force=True)["done"]
    assert {"b"} == set(tags(site))
    live.finish()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "Give change, delete, or runs"),
        ({"runs": ["a"]}, "Give change, delete, or runs"),
        ({"change": {"tags": []}}, "runs must be a list"),
        ({"runs": "a", "change": {"tags": []}}, "runs must be a list"),
        ({"runs": [1], "change": {"tags": []}}, "runs must be a list"),
        ({"runs": [], "change": {"tags": []}}, "name at least one"),
        ({"runs": {}}, "name at least one"),
        ({"runs": [], "delete": True}, "name at least one"),
        ({"runs": ["a"], "change": []}, "A change is an object"),
        ({"runs": ["a"], "change": {}}, "A change is an object"),
        ({"runs": {"a": 5}}, "A change is an object"),
        ({"runs": {"a": {"tags": ["x"]}, "id-a": {"tags": ["y"]}}}, "are one run"),
        ({"runs": {"a": {"tags": ["x"]}}, "change": {"tags": []}}, "a change for each"),
        ({"runs": ["a"], "change": {"status": "completed"}}, "'status' cannot be edited"),
        ({"runs": ["a"], "change": {"tags": ["x"], "add_tags": ["y"]}}, "not both"),
        ({"runs": ["a"], "change": {"add_tags": "x"}}, "add_tags"),
        ({"runs": ["a"], "change": {"add_tags": [""]}}, "add_tags"),
        ({"runs": ["a"], "change": {"notes": 5}}, "Notes are text"),
        ({"runs": ["a"], "change": {"notes": "x" * 20_000}}, "Notes are text"),
        ({"runs": ["a"], "change": {"color": -1}}, "A colour"),
        ({"runs": ["a"], "change": {"tags": [], "if_match": 5}}, "if_match"),
        ({"runs": ["a"], "delete": "yes"}, "delete"),
        ({"runs": ["a"], "delete": True, "change": {"tags": []}}, "not both"),
        ({"runs": ["a"], "change": {"tags": []}, "force": True}, "force"),
        ({"runs": ["a"], "change": {"tags": []}, "bogus": 1}, "'bogus'"),
    ],
)
def test_a_batch_that_makes_no_sense_is_named_and_changes_nothing(site, body, said):
    make("a", id="id-a", tags=["kept"])
    assert said in edit(site, 400, **body)["detail"]
    assert {"a": ["kept"]} == tags(site)


def test_a_batch_is_bounded(site):
    """A hundred thousand names are refused at once; the same name as often is one run."""
    make("a")
    named = [f"r{i}" for i in range(100_000)]
    assert "at most 10000" in edit(site, 413, runs=named, change={"tags": []})["detail"]
    assert "at most 10000" in edit(site, 413, runs=named, delete=True)["detail"]
    assert 413 == site.ask("POST", "api/projects/p/edits", data=b"[" + b"1," * (5 << 20) + b"1]").status_code
    done = edit(site, runs=["a"] * 50_000, change={"tags": ["x"]})
    assert ["a"] == done["done"]
    ghosts = edit(site, runs=named[:10_000], delete=True)
    assert ([], 10_000) == (ghosts["done"], len(ghosts["failed"]))


def test_names_cannot_leave_the_project(site):
    """Whatever they are, they are runs that there are not."""
    make("a")
    outside = site.data / "other.meta.json"
    outside.write_text("{}")
    names = ["../other", "/etc/passwd", "..", "", "a\0", "x" * 5000, "a.meta.json", "metadata.json"]
    for body in ({"change": {"tags": ["x"]}}, {"delete": True}):
        done = edit(site, runs=names, **body)
        assert ([], {404}) == (done["done"], {f["status"] for f in done["failed"]})
    assert "{}" == outside.read_text()
    assert 404 == site.ask("POST", "api/projects/ghost/edits", json={"runs": ["a"], "delete": True}).status_code
    assert {"a": []} == tags(site)


def test_a_run_that_is_called_as_the_endpoint_is_reached_all_the_same(site):
    make("edits")
    assert "edits" == site.json("api/projects/p/runs/edits")["run"]


def test_another_site_and_one_without_a_login_change_nothing(site):
    """The doors are those of every edit."""
    make("a")
    body = json.dumps({"runs": ["a"], "delete": True})
    without = {"X-Requested-With": None, "Authorization": None}
    assert site.ask("POST", "api/projects/p/edits", data=body, headers=without).status_code in (302, 401, 403)
    assert {"a": []} == tags(site)


def test_a_read_only_dashboard_edits_nothing(tmp_path, monkeypatch):
    import requests

    monkeypatch.setenv("ASPARA_DATA_DIR", str(tmp_path / "data"))
    make("a")
    server = Server(tmp_path / "data", port=0, read_only=True)
    thread = server.start_in_thread()
    for body in ({"delete": True}, {"change": {"tags": []}}):
        answer = requests.post(
            f"{server.url}api/projects/p/edits",
            json={"runs": ["a"], **body},
            headers={"X-Requested-With": "test"},
            timeout=20,
        )
        assert (403, "ReadOnly") == (answer.status_code, answer.headers["X-Aspara-Error"])
    assert ["a"] == [run.run for run in server.context.catalog.runs("p")]
    server.stop()
    thread.join(10)
