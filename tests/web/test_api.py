"""The dashboard's API, on both hosts."""

from __future__ import annotations

import io
import json
import math
import threading
import time
import zipfile

import ormsgpack
import pytest

import aspara


def make(name="r", project="p", values=(1.0, 2.0, 3.0), **options):
    run = aspara.Run(name, project, **options)
    for value in values:
        run.log({"loss": value, "acc": -value})
    return run


def test_health_says_version_and_mode_and_no_path(site):
    """Nothing of the machine leaks."""
    assert {"status": "ok", "version": aspara.__version__, "read_only": False} == site.json("api/health")


def test_projects_and_runs_are_listed_with_paging_search_and_sort(site):
    """Lists are objects; what is asked for is what comes."""
    for i in range(5):
        make(f"run-{i}", config={"lr": i}, tags=["even"] if i % 2 == 0 else []).finish(i % 2)
    make("x", "other").finish()
    found = site.json("api/projects")
    assert ({"p", "other"}, 2) == ({p["name"] for p in found["projects"]}, found["total"])
    assert ["p"] == [p["name"] for p in site.json("api/projects?search=P&sort=-run_count")["projects"]]
    runs = site.json("api/projects/p/runs?sort=name&limit=2&offset=1")
    assert (["run-1", "run-2"], 5, 2, 1) == (
        [r["name"] for r in runs["runs"]],
        runs["total"],
        runs["limit"],
        runs["offset"],
    )
    assert 3 == site.json("api/projects/p/runs?tag=even")["total"]
    assert 2 == site.json("api/projects/p/runs?status=failed")["total"]
    assert {"run", "name"} == set(site.json("api/projects/p/runs?fields=name")["runs"][0])
    first = site.json("api/projects/p/runs?search=run-3")["runs"][0]
    assert (3, {"lr": 3}, {"loss": 3.0, "acc": -3.0}, "failed") == (
        first["color"],
        first["config"],
        first["summary"],
        first["status"],
    )


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=1001", "offset=-1", "sort=nonsense"])
def test_a_bad_query_is_named(site, query):
    """400 with what would be right."""
    make().finish()
    answer = site.get(f"api/projects/p/runs?{query}")
    assert 400 == answer.status_code
    assert query.split("=")[0] in answer.json()["detail"]


def test_metrics_come_as_logged(site):
    """Steps, values, timestamps in ms; unknown runs are missing; globs; msgpack has the same numbers."""
    make("a", values=[1.0, math.nan, math.inf, 4.0]).finish()
    make("b", values=[5.0]).finish()
    found = site.json("api/projects/p/runs/metrics?runs=a,b,ghost")
    assert ["ghost"] == found["missing"]
    series = found["metrics"]["loss"]["a"]
    assert ([0, 1, 2, 3], [1.0, None, None, 4.0], True, 4) == (
        series["steps"],
        series["values"],
        series["raw"],
        series["count"],
    )
    assert {"nan": [1], "inf": [2]} == series["nonfinite"]
    assert all(abs(t / 1000 - time.time()) < 60 for t in series["timestamps"])
    assert ["loss"] == list(site.json("api/projects/p/runs/metrics?metrics=lo*")["metrics"])
    packed = ormsgpack.unpackb(site.get("api/projects/p/runs/metrics?runs=a&format=msgpack").content)
    values = packed["metrics"]["loss"]["a"]["values"]
    assert (1.0, math.inf, 4.0) == (values[0], values[2], values[3])
    assert math.isnan(values[1])
    assert list(found["metrics"]) == list(
        site.ask("POST", "api/projects/p/runs/metrics", json={"runs": ["a"]}).json()["metrics"]
    )


def test_points_bound_the_answer_and_spikes_stay(site):
    """First, last, minimum and maximum are always there; a range reaches the raw points."""
    run = aspara.Run("r", "p")
    for i in range(5000):
        run.log({"x": 1000.0 if i == 1234 else -1000.0 if i == 4321 else math.sin(i / 50)})
    run.finish()
    series = site.json("api/projects/p/runs/metrics?points=100")["metrics"]["x"]["r"]
    assert len(series["steps"]) <= 100
    assert (False, 5000, 0, 4999) == (series["raw"], series["count"], series["steps"][0], series["steps"][-1])
    assert {1000.0, -1000.0} <= set(series["values"])
    zoomed = site.json("api/projects/p/runs/r/metrics?points=100&from=1200&to=1250")["metrics"]["x"]["r"]
    assert (True, list(range(1200, 1251))) == (zoomed["raw"], zoomed["steps"])


def test_axes_envelopes_and_methods(site):
    """Relative time and other metrics as axes, logarithmic spreading, the prettiest line, buckets; GET and POST alike."""
    run = aspara.Run("r", "p")
    for i in range(3000):
        run.log({"loss": math.sin(i / 50), "epoch": i / 100})
    run.finish()
    series = site.json("api/projects/p/runs/r/metrics?metrics=loss&x=metric:epoch&from=1&to=1.05")["metrics"]["loss"][
        "r"
    ]
    assert pytest.approx([1 + i / 100 for i in range(6)]) == series["x"]
    relative = site.json("api/projects/p/runs/r/metrics?metrics=loss&x=relative&points=all")["metrics"]["loss"]["r"][
        "x"
    ]
    assert 3000 == len(relative)
    assert sorted(relative) == relative
    assert 0 <= relative[0] < 60
    query = {"metrics": ["loss"], "scale": "log", "method": "lttb", "envelope": True, "points": 100}
    asked = site.ask("POST", "api/projects/p/runs/metrics", json=query).json()["metrics"]["loss"]["r"]
    assert (
        asked
        == site.json("api/projects/p/runs/metrics?metrics=loss&scale=log&method=lttb&envelope=1&points=100")["metrics"][
            "loss"
        ]["r"]
    )
    assert {"from", "to", "first", "last", "min", "max", "mean", "count", "nonfinite"} == set(asked["envelope"])
    assert 2999 == sum(asked["envelope"]["count"])


def test_runs_are_grouped_by_what_they_share(site):
    """Statistics over the runs of each group, by GET and POST, in JSON and msgpack; a bad question is named."""
    for i in range(4):
        make(f"run-{i}", values=[i, i + 1.0], config={"lr": i % 2}).finish()
    found = site.json("api/projects/p/runs/groups?by=config.lr&metrics=loss&points=10")
    assert [("config.lr=0", ["run-0", "run-2"]), ("config.lr=1", ["run-1", "run-3"])] == [
        (g["key"], g["runs"]) for g in found["groups"]
    ]
    loss = found["metrics"]["loss"]["config.lr=1"]
    assert ([0, 1], [2, 3], [1, 2], [3, 4], [2, 2]) == tuple(loss[k] for k in ("x", "mean", "min", "max", "runs"))
    body = {"by": ["config.lr"], "metrics": ["loss"], "points": 10}
    assert found == site.ask("POST", "api/projects/p/runs/groups", json=body).json()
    some = site.ask("POST", "api/projects/p/runs/groups", json={**body, "runs": ["run-1", "ghost"]}).json()
    assert ([["run-1"]], ["ghost"]) == ([g["runs"] for g in some["groups"]], some["missing"])
    packed = ormsgpack.unpackb(site.get("api/projects/p/runs/groups?by=config.lr&metrics=loss&format=msgpack").content)
    assert loss["mean"] == packed["metrics"]["loss"]["config.lr=1"]["mean"]
    for query in ("", "by=", "by=config.lr&points=all", "by=config.lr&scale=cubic", "by=config.lr&x=time&scale=log"):
        assert 400 == site.get(f"api/projects/p/runs/groups?{query}").status_code
    assert 400 == site.ask("POST", "api/projects/p/runs/groups", json={"by": "config.lr"}).status_code


@pytest.mark.parametrize(
    "query",
    ["points=-1", "points=x", "x=nonsense", "from=x", "from=nan", "since=-5", "format=xml", "method=x", "x=metric:"]
    + ["envelope=5", "from=2&to=1"],
)
def test_a_bad_series_query_is_named(site, query):
    """400, never 500."""
    make().finish()
    assert 400 == site.get(f"api/projects/p/runs/metrics?{query}").status_code


def test_metric_names_come_without_points(site):
    """Of all runs or of some, running ones too, with a cursor from which the stream goes on."""
    first = make("first")
    first.finish()
    second = make("second")
    second.log({"late": 1.0})
    found = site.json("api/projects/p/metrics")
    assert [("acc", 2), ("late", 1), ("loss", 2)] == [(m["name"], m["runs"]) for m in found["metrics"]]
    assert "second" == found["latest"]
    assert ["acc", "loss"] == [m["name"] for m in site.json("api/projects/p/metrics?runs=first")["metrics"]]
    assert ["ghost"] == site.json("api/projects/p/metrics?runs=ghost")["missing"]
    second.finish()
    assert 200 == site.get(f"api/projects/p/runs/stream?cursor={found['cursor']}", stream=True).status_code


def test_a_run_is_found_by_name_and_by_id_with_all_there_is(site, tmp_path):
    """Detail, params, artifacts, media and console of one run."""
    (tmp_path / "f.txt").write_text("hello")
    run = make("r", config={"lr": 1}, tags=["t"], notes="n", id="chosen-id")
    run.log_artifact(tmp_path / "f.txt", category="data")
    run.finish()
    for key in ("r", "chosen-id"):
        found = site.json(f"api/projects/p/runs/{key}")
        assert ("r", "chosen-id", ["acc", "loss"]) == (found["run"], found["id"], found["metrics"])
    assert 3.0 == found["metric_summary"]["loss"]["max"]
    assert {"lr": 1} == site.json("api/projects/p/runs/r/params")["config"]
    assert ["f.txt"] == [a["name"] for a in site.json("api/projects/p/runs/r/artifacts")["artifacts"]]
    assert [] == site.json("api/projects/p/runs/r/media")["media"]
    assert "" == site.json("api/projects/p/runs/r/console")["text"]


@pytest.mark.parametrize("name", ["plain.txt", "日本.txt", 'quote".txt'.replace('"', "'"), "sp ace.html"])
def test_an_artifact_is_a_download_that_no_browser_runs(site, tmp_path, name):
    """Any name, a sandbox, no markup type."""
    (tmp_path / name).write_text("<script>alert(1)</script>")
    run = make()
    run.log_artifact(tmp_path / name)
    run.finish()
    from urllib.parse import quote

    answer = site.get(f"api/projects/p/runs/r/artifacts/{quote(name)}")
    assert (200, b"<script>alert(1)</script>") == (answer.status_code, answer.content)
    assert "attachment" in answer.headers["Content-Disposition"]
    assert quote(name, safe="") in answer.headers["Content-Disposition"]
    assert "html" not in answer.headers["Content-Type"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_all_artifacts_come_as_a_zip_without_links(site, tmp_path):
    """A link in the folder is neither listed nor packed."""
    (tmp_path / "a.bin").write_bytes(b"a" * 500_000)
    run = make()
    run.log_artifact(tmp_path / "a.bin")
    run.finish()
    (site.data / "p/r/artifacts/link").symlink_to("/etc/passwd")
    packed = zipfile.ZipFile(io.BytesIO(site.get("api/projects/p/runs/r/artifacts/download").content))
    assert ["a.bin"] == packed.namelist()
    assert b"a" * 500_000 == packed.read("a.bin")
    assert 404 == site.get("api/projects/p/runs/r/artifacts/link").status_code


def test_edits_are_guarded_and_nothing_unknown_is_created(site):
    """PUT with the ETag read; a stale one is 412 and changes nothing; limits are named."""
    make().finish()
    for path, edit in (
        ("api/projects/p/metadata", {"notes": "x", "tags": ["a"]}),
        ("api/projects/p/runs/r/metadata", {"display_name": "new", "tags": ["b"]}),
    ):
        before = site.get(path)
        saved = site.ask("PUT", path, json=edit, headers={"If-Match": before.headers["ETag"]})
        assert 200 == saved.status_code, saved.text
        assert edit.items() <= saved.json().items()
        assert (
            412
            == site.ask("PUT", path, json={"notes": "lost"}, headers={"If-Match": before.headers["ETag"]}).status_code
        )
        assert saved.json() == site.json(path)
        for bad in (
            {"notes": 5},
            {"notes": "x" * 20000},
            {"tags": "a"},
            {"tags": ["x"] * 200},
            {"status": "completed"},
            [],
        ):
            assert 400 == site.ask("PUT", path, json=bad).status_code
    assert "new" == site.json("api/projects/p/runs/r")["name"]
    for path in ("api/projects/ghost/metadata", "api/projects/p/runs/ghost/metadata"):
        assert 404 == site.ask("PUT", path, json={"notes": "x"}).status_code
    assert ["p"] == [p.name for p in site.data.iterdir()]


def test_deleting_removes_every_file_and_refuses_a_running_run(site):
    """409 unless forced; archives and folders go too."""
    done = make("done", storage_backend="polars")
    done._recorder.backend.archiver.turn()
    done.finish()
    running = make("running")
    assert 409 == site.ask("DELETE", "api/projects/p/runs/running").status_code
    assert 409 == site.ask("DELETE", "api/projects/p").status_code
    assert 200 == site.ask("DELETE", "api/projects/p/runs/done").status_code
    assert {"metadata.json", "running.jsonl", "running.meta.json"} == {p.name for p in (site.data / "p").iterdir()}
    assert 200 == site.ask("DELETE", "api/projects/p?force=1").status_code
    assert [] == list(site.data.iterdir())
    assert 404 == site.ask("DELETE", "api/projects/p").status_code
    running.flush()


class Stream:
    """An open event stream, read in a thread."""

    def __init__(self, site, path: str, **headers: str) -> None:
        self.events: list[tuple[str, dict]] = []
        self.cursor = ""
        self._answer = site.get(path, stream=True, headers={"Accept": "text/event-stream", **headers})
        assert 200 == self._answer.status_code, self._answer.text
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        kind = ""
        try:
            for line in self._answer.iter_lines(chunk_size=1):
                text = line.decode()
                if text.startswith("event: "):
                    kind = text[7:]
                elif text.startswith("data: "):
                    self.events.append((kind, json.loads(text[6:])))
                elif text.startswith("id: "):
                    self.cursor = text[4:]
        except Exception:
            return

    def wait(self, done, seconds: float = 15.0) -> None:
        deadline = time.monotonic() + seconds
        while not done(self.events):
            assert time.monotonic() < deadline, self.events
            time.sleep(0.02)

    def values(self, metric="loss") -> list[float]:
        return [data["metrics"][metric] for kind, data in self.events if kind == "metric" and metric in data["metrics"]]

    def close(self) -> None:
        self._answer.raw.shutdown()  # wakes the reading thread, for which close() would wait until the next heartbeat
        self._answer.close()


def test_a_stream_tells_of_points_runs_edits_ends_and_deletions(site):
    """Without a reload, each thing once and in order."""
    first = make("first")
    stream = Stream(site, "api/projects/p/runs/stream")
    first.log({"loss": 10.0})
    first.log({"loss": 11.0, "new/metric": 1.0})
    stream.wait(lambda e: len(stream.values()) == 2)
    late = make("late", values=[7.0])
    stream.wait(lambda e: any(k == "run" and d["run"] == "late" for k, d in e))
    stream.wait(lambda e: 7.0 in stream.values())
    site.ask("PUT", "api/projects/p/runs/late/metadata", json={"notes": "edited"})
    stream.wait(lambda e: any(k == "meta" and d["notes"] == "edited" for k, d in e))
    late.finish(2)
    stream.wait(
        lambda e: any(k == "status" and (d["run"], d["status"], d["exit_code"]) == ("late", "failed", 2) for k, d in e)
    )
    site.ask("DELETE", "api/projects/p/runs/late")
    stream.wait(lambda e: ("deleted", {"run": "late", "project": "p"}) in e)
    stream.close()
    first.finish()
    assert [10.0, 11.0, 7.0] == stream.values()


def test_a_stream_goes_on_where_an_answer_or_another_stream_ended(site):
    """The cursor of a metrics answer, and Last-Event-ID: nothing lost, nothing twice."""
    run = make(values=[float(i) for i in range(5)])
    cursor = site.json("api/projects/p/runs/metrics")["cursor"]
    run.log({"loss": 5.0})
    stream = Stream(site, f"api/projects/p/runs/stream?cursor={cursor}")
    run.log({"loss": 6.0})
    stream.wait(lambda e: len(stream.values()) == 2)
    stream.close()
    run.log({"loss": 7.0})
    again = Stream(site, "api/projects/p/runs/r/stream", **{"Last-Event-ID": stream.cursor})
    run.log({"loss": 8.0})
    again.wait(lambda e: len(again.values()) == 2)
    again.close()
    replay = Stream(site, "api/projects/p/runs/stream?since=0")
    replay.wait(lambda e: len(replay.values()) == 9)
    replay.close()
    run.finish()
    assert ([5.0, 6.0], [7.0, 8.0], [float(i) for i in range(9)]) == (stream.values(), again.values(), replay.values())


def raw_events(site, path: str, count: int, **headers: str) -> list[tuple[str, dict]]:
    """The first events of a stream, each with its id ('' where it has none)."""
    found: list[tuple[str, dict]] = []
    place = ""
    with site.get(path, stream=True, headers={"Accept": "text/event-stream", **headers}) as answer:
        for line in answer.iter_lines(chunk_size=1):
            text = line.decode()
            if text.startswith("id: "):
                place = text[4:]
            elif text.startswith("data: "):
                found.append((place, json.loads(text[6:])))
                place = ""
                if len(found) == count:
                    answer.raw.shutdown()
                    return found
    return found


def test_each_event_of_a_stream_has_an_id_that_goes_on_behind_it(site):
    """Of what is repeated and of what comes live: a stream that is cut anywhere tells nothing twice and leaves nothing out."""
    run = make(values=[float(i) for i in range(6)])
    replay = raw_events(site, "api/projects/p/runs/stream?since=0", 6)
    begun = site.json("api/projects/p/runs/metrics")["cursor"]
    live: list[tuple[str, dict]] = []
    listener = threading.Thread(
        target=lambda: live.extend(raw_events(site, f"api/projects/p/runs/stream?cursor={begun}", 34))
    )
    listener.start()
    # The first rows come alone, the others together, most of them while the stream is open.
    for i in range(6, 40):
        run.log({"loss": float(i)})
        if i < 10:
            time.sleep(0.2)
    listener.join(30)
    assert 34 == len(live)
    for events, last in ((replay, 5), (live, 39)):
        assert all(place for place, _ in events)
        for place, event in (events[0], events[len(events) // 2], events[-2]):
            seen = int(event["metrics"]["loss"])
            rest = raw_events(site, "api/projects/p/runs/stream", last - seen, **{"Last-Event-ID": place})
            assert [float(i) for i in range(seen + 1, last + 1)] == [e["metrics"]["loss"] for _, e in rest]
    run.finish()


def test_every_route_is_described_and_the_description_is_kept(site):
    """OpenAPI lists all endpoints with their methods; /docs shows them."""
    spec = site.json("api/openapi.json")
    assert "3.1.0" == spec["openapi"]
    make().finish()
    for path, methods in spec["paths"].items():
        if path.startswith("/tracker") or "stream" in path:
            continue
        real = path.lstrip("/").replace("{project}", "p").replace("{run}", "r").replace("{name}", "none")
        if "get" in methods:
            answer = site.get(real)
            assert answer.status_code == 200 or "detail" in answer.json(), (path, answer.text)
        answer = site.ask("PATCH", real)
        assert 405 == answer.status_code, path
    assert "/api/projects" in site.get("docs").text


def test_what_the_description_allows_is_taken_and_nothing_else(site):
    """Each choice of each parameter is answered, another word is a 400; so is a property that a body does not have."""
    make().finish()
    spec = site.json("api/openapi.json")
    fixed = {"project": "p", "run": "r", "name": "none", "path": "none", "artifact": "none", "version": "v0"}
    for path, methods in spec["paths"].items():
        real = path.lstrip("/").format(**fixed)
        for method, operation in methods.items():
            if method == "get" and "stream" not in path:
                fields = {"by": "group"} if path.endswith("/groups") else {}
                for parameter in operation["parameters"]:
                    schema = parameter["schema"].get("items", parameter["schema"])
                    words = schema.get("enum", ())
                    for word in words:
                        answer = site.get(real, params={**fields, parameter["name"]: word})
                        assert answer.status_code in (200, 404), (path, parameter["name"], word, answer.text)
                    if words and "1" not in words:
                        answer = site.get(real, params={**fields, parameter["name"]: "bogus"})
                        assert answer.status_code in (400, 404), (path, parameter["name"], answer.text)
            if method in ("post", "put") and not path.startswith("/tracker"):
                body = operation.get("requestBody", {}).get("content", {}).get("application/json")
                if body is not None:
                    assert body["schema"]["additionalProperties"] is False, path
                    answer = site.ask(method.upper(), real, json={"bogus": 1})
                    assert answer.status_code in (400, 404), (path, answer.text)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_an_address_that_is_none_is_told_in_the_one_shape(site, method):
    """Under Jupyter too, whose own word would be a page of HTML."""
    answer = site.ask(method, "api/nosuch/thing")
    assert (404, ["detail"]) == (answer.status_code, list(answer.json()))


def test_a_browser_at_an_address_that_is_none_gets_a_page_with_the_way_back(site):
    """A mistyped address is no riddle in JSON; below api/ it stays JSON."""
    page = site.get("project/p", headers={"Accept": "text/html,*/*"})
    assert (404, True) == (page.status_code, "text/html" in page.headers["Content-Type"])
    assert 'id="app"' in page.text or "front end is not built" in page.text
    assert ["detail"] == list(site.get("api/nosuch", headers={"Accept": "text/html"}).json())


def test_each_body_is_described():
    """A POST or PUT without a schema would be a guess for a program."""
    from aspara.web import schemas
    from aspara.web.routes import DASHBOARD
    from aspara.web.tracker import routes

    known = schemas.bodies()
    for route in (*DASHBOARD, *routes.ROUTES):
        for method in {"POST", "PUT"} & route.methods.keys():
            declared = (method, route.path) in known or bool(route.params_of(method))
            assert declared or route.path.endswith(("/artifacts", "/files")), (method, route.path)


def test_pages_are_html_for_people_and_json_for_programs(site):
    """One shell for four addresses; names in it are data."""
    make().finish()
    for path in ("", "projects/p", "projects/p/runs", "projects/p/runs/r"):
        page = site.get(path, headers={"Accept": "text/html"})
        assert (200, True) == (page.status_code, "text/html" in page.headers["Content-Type"])
        assert "<script>" not in page.text
        assert 200 == site.get(path, headers={"Accept": "application/json"}).status_code
    assert "r" == site.json("projects/p/runs/r", headers={"Accept": "application/json"})["run"]
    assert 404 == site.get("projects/ghost", headers={"Accept": "text/html"}).status_code


def test_a_running_run_is_asked_to_stop(site):
    """The run learns of it; one that has ended cannot be asked, nor can an unknown one."""
    run = make("r")
    answer = site.ask("POST", "api/projects/p/runs/r/stop")
    assert (202, True) == (answer.status_code, site.json("api/projects/p/runs/r")["stop_requested"])
    deadline = time.monotonic() + 30
    while not run.should_stop and time.monotonic() < deadline:
        time.sleep(0.05)
    assert run.should_stop
    run.finish()
    ended = site.json("api/projects/p/runs/r")
    assert abs(ended["stop_requested_at"] / 1000 - time.time()) < 120
    by = ended["stop_requested_by"]
    assert by.startswith("Jupyter, ") if site.kind == "jupyter" else by == "standalone at 127.0.0.1"
    again = site.ask("POST", "api/projects/p/runs/r/stop")
    assert (409, True) == (again.status_code, "completed" in again.json()["detail"])
    assert 404 == site.ask("POST", "api/projects/p/runs/ghost/stop").status_code
