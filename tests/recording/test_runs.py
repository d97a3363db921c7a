"""What a run is: names, ends, config, summary, resuming."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import signal
import threading
import time

import numpy as np
import pytest

import aspara
from aspara.catalog.catalog import Catalog
from aspara.errors import DataDirError, InvalidName, RunExists, RunNotFound, UsageError


def test_the_module_shows_the_active_run(disk):
    """aspara.run, config and summary follow init and finish; aspara.config() is the Config or None."""
    assert aspara.run is None
    assert aspara.config() is None
    run = aspara.init("p", config={"lr": 0.1})
    assert aspara.run is run
    assert aspara.config() is run.config
    aspara.config.lr = 0.2
    aspara.log({"loss": 3.0})
    assert aspara.summary["loss"] == 3.0
    aspara.finish()
    assert aspara.run is None
    with pytest.raises(UsageError, match=r"aspara\.init\(\)"):
        aspara.config.lr = 0.3


def test_before_init_config_and_summary_are_false_and_setting_them_says_what_to_do(disk):
    """`if aspara.config:` is a question and never raises; there is nothing to set yet."""
    assert [False, False, False] == [bool(aspara.config), bool(aspara.summary), bool(aspara.run)]
    for view in (aspara.config, aspara.summary):
        with pytest.raises(UsageError, match=r"Call aspara\.init\(\) before"):
            view["lr"] = 0.1
        with pytest.raises(UsageError, match=r"Call aspara\.init\(\) before"):
            view.update(lr=0.1)
    aspara.init("p")
    assert [False, False, True] == [bool(aspara.config), bool(aspara.summary), bool(aspara.run)]
    aspara.config.lr = aspara.summary["best"] = 0.1
    assert [True, True] == [bool(aspara.config), bool(aspara.summary)]
    assert not disk.folder.joinpath("default").exists()


def _set(name, value):
    return lambda run: setattr(run, name, value)


@pytest.mark.parametrize(
    "change",
    [
        lambda run: setattr(run.config, "lr", 1),
        lambda run: run.config.net.update(depth=4),
        lambda run: run.config.update(lr=1),
        lambda run: run.config.setdefault("new", 1),
        lambda run: run.config.pop("lr"),
        lambda run: run.config.popitem(),
        lambda run: run.config.clear(),
        lambda run: run.summary.update({"best": 1}),
        lambda run: run.summary.__setitem__("loss", 1),
        lambda run: run.summary.__delitem__("best"),
        lambda run: run.summary.pop("best"),
        _set("tags", ["late"]),
        _set("notes", "late"),
        _set("name", "late"),
        lambda run: run.define_metric("loss", summary="min"),
        lambda run: run.log_artifact(__file__),
    ],
)
@pytest.mark.parametrize("mode", ["online", "disabled"])
def test_a_finished_run_takes_nothing_more(disk, change, mode):
    """Config, summary, tags, notes, name, definitions, artifacts: each change raises, and all is as it was."""
    run = aspara.init("p", "r", config={"lr": 0.1, "net": {"depth": 3}}, tags=["a"], notes="n", mode=mode)
    run.summary["best"] = 0.9
    run.log({"loss": 0.5})
    run.finish()
    before = disk.meta("p", "r") if mode == "online" else None
    with pytest.raises(UsageError, match=r"has finished.*aspara\.init\("):
        change(run)
    assert {"lr": 0.1, "net": {"depth": 3}} == run.config
    assert {"best": 0.9, "loss": 0.5} == run.summary
    assert (("a",), "n", "r") == (run.tags, run.notes, run.name)
    assert before is None or before == disk.meta("p", "r")


def test_notes_have_one_limit_wherever_they_are_set(disk, monkeypatch):
    """The attribute refuses what init() refuses, and keeps what was there."""
    monkeypatch.setenv("ASPARA_MAX_NOTES_LENGTH", "10")
    run = aspara.init("p", "r", notes="short")
    with pytest.raises(UsageError, match="at most 10 are kept"):
        run.notes = "x" * 11
    assert "short" == run.notes == disk.meta("p", "r")["notes"]
    run.notes = None
    assert "" == run.notes


def test_a_run_made_directly_does_not_become_the_active_one(disk):
    """aspara.Run(...) is for programs with several runs."""
    run = aspara.Run("r", "p")
    assert aspara.run is None
    run.log({"a": 1})
    run.finish()
    assert disk.values("p", "r", "a") == [1.0]


def test_a_second_init_finishes_the_first_unless_told_otherwise(disk):
    """reinit says what happens to a run that is active."""
    first = aspara.init("p", "one")
    assert aspara.init("p", reinit="return_previous") is first
    beside = aspara.init("p", "two", reinit="create_new")
    assert aspara.run is first
    third = aspara.init("p", "three")
    assert (first.status, beside.status, third.status) == ("completed", "running", "running")
    beside.finish()


def test_the_same_name_makes_a_new_run_that_shows_it(disk):
    """Re-running a cell never raises and never mixes data."""
    for value in (1.0, 2.0):
        aspara.init("p", "again").log({"a": value})
        aspara.finish()
    assert disk.values("p", "again", "a") == [1.0]
    assert disk.values("p", "again-2", "a") == [2.0]
    assert disk.info("p", "again-2").name == "again"


@pytest.mark.parametrize("name", ["日本", "a/b", "..", "x.wal", "y_archive", "  ", "con", "<b>hi</b>"])
def test_a_display_name_may_be_anything_and_lands_under_a_safe_file_name(disk, name):
    """It is kept in the metadata; the file's name is made from it, and captures no other run's files."""
    if not name.strip():
        with pytest.raises(InvalidName):
            aspara.init("p", name)
        return
    run = aspara.init("p", name)
    run.log({"a": 1})
    run.finish()
    assert name == disk.info("p", run.run).name
    assert not run.run.endswith((".wal", "_archive"))
    assert {disk.folder / "p"} == {p.parent for p in disk.folder.rglob("*.jsonl")}


@pytest.mark.parametrize(
    ("project", "stem"),
    [
        ("my project", "my-project"),
        ("größe", "groe"),
        ("..", "run"),
        ("a/b", "a-b"),
        (".x", "x"),
        ("a" * 200, "a" * 100),
        ("con", None),
    ],
)
def test_a_project_may_have_any_name(disk, project, stem):
    """Slugged on disk, kept as it is in the project's metadata, and found again; nothing lies elsewhere."""
    for _ in range(2):
        run = aspara.init(project, "r")
        run.log({"a": 1.0})
        run.finish()
    [folder] = disk.folder.iterdir()
    assert stem in (None, folder.name)
    assert (folder.name, 2) == (run.project, len(list(folder.glob("r*.jsonl"))))
    [info] = Catalog(disk.folder).projects()
    assert (folder.name, project) == (info.name, info.display_name)


def test_two_projects_of_one_slug_are_two(disk):
    """The later one has a number; a file name is one too."""
    for project in ("my project", "my+project", "my-project", "my project"):
        aspara.init(project).finish()
    assert {"my-project": "my project", "my-project-2": "my+project", "my-project-3": "my-project"} == {
        info.name: info.display_name for info in Catalog(disk.folder).projects()
    }


def test_a_project_name_that_cannot_be_shown_raises_and_nothing_is_written(disk):
    """The message says what would be right; an empty one is none."""
    with pytest.raises(InvalidName, match="project name"):
        aspara.init("a\0b")
    assert not disk.folder.exists()
    assert "default" == aspara.init("").project


def test_an_exception_that_leaves_the_block_fails_the_run(disk):
    """A context manager finishes it, whatever happens."""
    with pytest.raises(RuntimeError), aspara.init("p", "bad"):
        raise RuntimeError
    with aspara.init("p", "good"):
        pass
    assert (disk.info("p", "bad").status, disk.info("p", "bad").exit_code) == ("failed", 1)
    assert (disk.info("p", "good").status, disk.info("p", "good").exit_code) == ("completed", 0)


@pytest.mark.parametrize(
    ("ending", "status", "code"),
    [
        ("", "completed", 0),
        ("raise ValueError('x')", "failed", 1),
        ("sys.exit(3)", "failed", 3),
        ("sys.exit(0)", "completed", 0),
        ("raise KeyboardInterrupt", "failed", 130),
        ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(5)", "failed", 143),
        ("os.kill(os.getpid(), signal.SIGHUP); time.sleep(5)", "failed", 129),
        ("os.kill(os.getpid(), signal.SIGINT); time.sleep(5)", "failed", 130),
        ("os.kill(os.getpid(), signal.SIGKILL)", "crashed", None),
        ("os._exit(0)", "crashed", None),
    ],
)
def test_the_status_is_true_however_the_process_ends(disk, script, ending, status, code):
    """No finish() in sight: exit, exception, signals, and a death that nobody can report."""
    # Under nohup these tests would inherit that SIGHUP is ignored.
    begin = "import aspara, os, signal, sys, time\nsignal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
    script(f"{begin}aspara.init('p', 'r')\naspara.log({{'a': 1.0}})\n{ending}\n")
    info = disk.info("p", "r")
    assert (status, code) == (info.status, info.exit_code)
    assert disk.values("p", "r", "a") == [1.0]


def test_a_terminated_process_dies_of_the_signal(disk, script):
    """Whoever waits for it sees the signal, not an exit code of ours."""
    assert (
        script("import aspara, os, signal, time\naspara.init('p')\nos.kill(os.getpid(), 15)\ntime.sleep(5)").returncode
        == -signal.SIGTERM
    )


def test_a_stopped_process_is_still_running(disk, script):
    """A lock says that its owner lives, however long it is silent; killed, it is crashed at once."""
    process = script(
        "import aspara, time\naspara.init('p', 'r').log({'a': 1.0})\nprint('ready', flush=True)\ntime.sleep(60)",
        wait=False,
    )
    assert process.stdout.readline().strip() == "ready"
    process.send_signal(signal.SIGSTOP)
    assert disk.info("p", "r").status == "running"
    process.kill()
    process.wait()
    assert disk.info("p", "r").status == "crashed"
    process.stdout.close()
    process.stderr.close()


def test_config_takes_what_programs_have(disk, tmp_path):
    """dict, Namespace, dataclass, a JSON file; attributes, items, nesting; anything becomes JSON-safe."""

    @dataclasses.dataclass
    class Options:
        lr: float = 0.1

    (tmp_path / "c.json").write_text('{"lr": 0.1}')
    for source in ({"lr": 0.1}, argparse.Namespace(lr=0.1), Options(), str(tmp_path / "c.json")):
        assert aspara.init("p", config=source).config.lr == 0.1
    config = aspara.run.config
    config.update({"model": {"layers": 3}}, seed=1)
    config["array"] = np.array([1, 2])
    config.object = object
    config.bad = float("nan")
    assert 3 == config.model.layers == config["model"]["layers"]
    config.model.layers = 4
    assert config.array == [1, 2]
    assert {"lr", "model", "seed", "array", "object", "bad"} == set(config)
    assert "seed" in config
    assert config.get("nope") is None
    with pytest.raises(AttributeError, match="Present"):
        _ = config.nope
    config.update(config)
    aspara.run.flush()
    kept = disk.meta("p", aspara.run.run)["config"]
    assert kept["model"] == {"layers": 4}
    assert kept["bad"] == "NaN"


def test_what_is_removed_from_config_and_summary_is_gone_for_good(disk):
    """By del, attribute, pop and clear: on disk too, after a resumption too; what others wrote meanwhile stays."""
    from aspara.storage import metadata

    given = {"item": 1, "attribute": 2, "popped": 3, "again": 4, "left": 5, "deep": {"gone": 6, "left": 7}}
    run = aspara.init("p", "r", id="abc", config=given)
    run.summary.update({"own": 1, "other": 2})
    run.flush()
    path = disk.folder / "p/r.meta.json"
    metadata.edit(path, lambda content: content["config"].update(elsewhere=8, left=9))
    del run.config["item"]
    del run.config.attribute
    run.config.pop("popped")
    del run.config["again"]
    run.config.again = "back"
    del run.config.deep["gone"]
    del run.summary["own"]
    run.log({"a": 1.0})
    run.finish()
    config = {"again": "back", "left": 9, "deep": {"left": 7}, "elsewhere": 8}
    for _ in range(2):
        meta = disk.meta("p", "r")
        assert (config, {"a": 1.0, "other": 2}) == (meta["config"], meta["summary"])
        assert metadata.REMOVED not in meta
        run = aspara.init("p", id="abc")
        assert config == run.config.as_dict()
        run.finish()
    run = aspara.init("p", id="abc")
    run.config.clear()
    run.config.fresh = 1
    run.finish()
    assert {"fresh": 1} == disk.meta("p", "r")["config"]


def test_threads_may_set_config_and_summary_at_once(disk, monkeypatch, capsys):
    """Each its own keys, as fast as it can, while they are being written all the while: the last of each is there in the end."""
    monkeypatch.setenv("ASPARA_FSYNC_INTERVAL", "0.01")
    run = aspara.init("p", "r")

    def work(thread: int) -> None:
        for i in range(300):
            run.summary[f"t{thread}.{i}"] = run.config[f"t{thread}"] = i
            run.log({f"m{thread}": i})
            if i % 50 == 0:
                run.config[f"only-{thread}-{i}"] = dict(run.summary) != {}

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.finish()
    meta = disk.meta("p", "r")
    for thread in range(4):
        assert 299 == meta["config"][f"t{thread}"]
        assert 299 == meta["summary"][f"m{thread}"]
        assert list(range(300)) == [meta["summary"][f"t{thread}.{i}"] for i in range(300)]
    assert "" == capsys.readouterr().err


def test_removals_wait_together_with_what_follows_them():
    """While the disk refuses, several changes become one that does the same."""
    from aspara.storage.metadata import REMOVED, gather, merge

    steps = [
        {"config": {"a": 1, "b": 2}},
        {REMOVED: {"config": ["a", "old"]}},
        {"config": {"a": 3}},
        {REMOVED: {"config": ["b"]}, "tags": ["x"]},
    ]
    one_by_one, at_once, waiting = {"config": {"old": 0, "kept": 9}}, {"config": {"old": 0, "kept": 9}}, {}
    for changes in steps:
        merge(one_by_one, changes)
        gather(waiting, changes)
    merge(at_once, waiting)
    assert {"config": {"a": 3, "kept": 9}, "tags": ["x"]} == one_by_one == at_once


def test_summary_holds_last_values_and_what_the_program_sets_wins(disk):
    """Beside it min, max and mean with their steps."""
    run = aspara.init("p", "r")
    for value in (3.0, 1.0, 2.0):
        run.log({"loss": value, "acc": value})
    run.summary["best"] = 1.0
    run.summary.acc = 0.5
    run.log({"acc": 9.0})
    assert run.summary["loss"] == 2.0
    assert run.summary.acc == 0.5
    run.finish()
    meta = disk.meta("p", "r")
    assert meta["summary"] == {"loss": 2.0, "acc": 0.5, "best": 1.0}
    assert meta["metric_summary"]["loss"] == {
        "last": 2.0,
        "last_step": 2,
        "min": 1.0,
        "min_step": 1,
        "max": 3.0,
        "max_step": 0,
        "mean": 2.0,
        "count": 3,
        "first": 3.0,
    }


def test_edits_made_elsewhere_survive_the_runs_own_writes(disk):
    """A dashboard that changes notes and tags during a run is not overwritten, and unknown keys stay."""
    from aspara.catalog.catalog import Catalog

    run = aspara.init("p", "r", notes="mine")
    Catalog(disk.folder).edit_run("p", "r", {"notes": "edited", "tags": ["seen"]})
    path = disk.folder / "p/r.meta.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "unknown": 1}))
    run.config.lr = 1
    run.log({"a": 1.0})
    run.finish()
    meta = disk.meta("p", "r")
    assert (meta["notes"], meta["tags"], meta["unknown"], meta["config"]["lr"]) == ("edited", ["seen"], 1, 1)


@pytest.mark.parametrize("backend", ["jsonl", "polars"])
def test_a_resumed_run_goes_on_after_its_last_step_and_keeps_everything(disk, backend):
    """By id, by name with resume=, also under the other backend."""
    first = aspara.init("p", "r", id="abc", config={"lr": 1}, tags=["a"], notes="n")
    for i in range(3):
        first.log({"a": float(i)})
    first.summary["own"] = 7
    first.finish()
    for options in ({"id": "abc"}, {"name": "r", "resume": "must"}, {"name": "r", "resume": "allow"}):
        run = aspara.init("p", storage_backend=backend, tags=["b"], **options)
        assert run.resumed
        run.log({"a": float(run.step)})
        run.finish()
    assert disk.values("p", "r", "a") == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert disk.steps("p", "r", "a") == [0, 1, 2, 3, 4, 5]
    meta = disk.meta("p", "r")
    assert (meta["tags"], meta["notes"], meta["config"]["lr"], meta["summary"]["own"], meta["status"]) == (
        ["a", "b"],
        "n",
        1,
        7,
        "completed",
    )


def test_resume_modes_refuse_what_they_should(disk):
    """must needs a run, never refuses one, nonsense is named."""
    with pytest.raises(RunNotFound, match="no run with id 'x'"):
        aspara.init("p", id="x", resume="must")
    aspara.init("p", id="x").finish()
    with pytest.raises(RunExists, match="never"):
        aspara.init("p", id="x", resume="never")
    with pytest.raises(UsageError, match="resume="):
        aspara.init("p", resume="maybe")


def test_a_disabled_run_accepts_everything_and_writes_nothing(disk):
    """The same code runs with recording off."""
    run = aspara.init("p", mode="disabled", config={"a": 1})
    run.log({"x": 1.0})
    run.config.b = 2
    assert (run.summary["x"], run.config.b, run.disabled) == (1.0, 2, True)
    assert "best.pt" == run.log_artifact("/nonexistent/best.pt").wait().name
    assert "model" == run.log_artifact("/nonexistent/best.pt", type="model", aliases=["a"]).wait().type
    assert "n" == run.log_model("/nonexistent/best.pt", "n").name
    assert [] == run.save("/nonexistent/*")
    run.plot("x")
    run.finish()
    assert not disk.folder.exists()


def test_an_offline_run_is_local_whatever_tracker_is_set(disk, monkeypatch):
    """By argument or variable; no request is made."""
    monkeypatch.setenv("ASPARA_TRACKER_URI", "http://127.0.0.1:9")
    aspara.init("p", "argument", mode="offline").log({"a": 1.0})
    aspara.finish()
    monkeypatch.setenv("ASPARA_MODE", "offline")
    aspara.init("p", "variable").log({"a": 1.0})
    aspara.finish()
    assert [1.0] == disk.values("p", "argument", "a") == disk.values("p", "variable", "a")


def test_variables_say_what_arguments_do_not(disk, monkeypatch):
    """ASPARA_PROJECT, _NAME, _TAGS, _NOTES, _GROUP, _JOB_TYPE, _RUN_ID, _RESUME; an argument beats its variable."""
    given = {
        "PROJECT": "q",
        "NAME": "n",
        "TAGS": "a, b",
        "NOTES": "words",
        "GROUP": "g",
        "JOB_TYPE": "j",
        "RUN_ID": "abc",
    }
    for name, value in given.items():
        monkeypatch.setenv(f"ASPARA_{name}", value)
    run = aspara.init()
    found = (run.project, run.name, run.tags, run.notes, run.group, run.job_type, run.id)
    assert ("q", "n", ("a", "b"), "words", "g", "j", "abc") == found
    run.log({"a": 1.0})
    run.finish()
    monkeypatch.setenv("ASPARA_RESUME", "must")
    again = aspara.init()
    assert (True, 1) == (again.resumed, again.step)
    again.finish()
    other = aspara.init("p", "m", id="other", resume="never", tags=["c"], notes="mine", group="h", job_type="k")
    found = (other.project, other.name, other.tags, other.notes, other.group, other.job_type, other.id)
    assert ("p", "m", ("c",), "mine", "h", "k", "other") == found
    monkeypatch.setenv("ASPARA_MODE", "disabled")
    assert aspara.init().disabled


def test_resuming_by_itself_continues_what_did_not_complete(disk):
    """resume="auto" or True without a name: the newest run that failed or crashed; where there is none, a new one."""
    for name, code in (("one", 0), ("two", 1), ("three", 0)):
        run = aspara.init("p", name)
        run.log({"a": 1.0})
        run.finish(code)
    again = aspara.init("p", resume="auto")
    assert ("two", True, 1) == (again.run, again.resumed, again.step)
    again.finish()
    assert not aspara.init("p", resume=True).resumed


def test_an_unwritable_data_directory_says_which_and_what_to_do(tmp_path):
    """init() raises, naming the path and the ways out."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataDirError, match="ASPARA_DATA_DIR") as caught:
        aspara.init("p", dir=str(tmp_path / "file"))
    assert str(tmp_path / "file") in str(caught.value)


def test_artifacts_are_kept_whole_and_listed(disk, tmp_path):
    """A later one of the same name replaces an earlier one; bad names and categories raise."""
    run = aspara.init("p", "r")
    source = tmp_path / "model.bin"
    for content in (b"one", b"second"):
        source.write_bytes(content)
        run.log_artifact(source, description="weights", category="model")
    with pytest.raises(UsageError, match="no file"):
        run.log_artifact(tmp_path / "missing")
    with pytest.raises(InvalidName):
        run.log_artifact(source, name="../evil")
    with pytest.raises(UsageError, match="category"):
        run.log_artifact(source, category="nonsense")
    run.finish()
    assert (disk.folder / "p/r/artifacts/model.bin").read_bytes() == b"second"
    [entry] = disk.meta("p", "r")["artifacts"]
    assert (entry["name"], entry["file_size"], entry["category"], entry["description"]) == (
        "model.bin",
        6,
        "model",
        "weights",
    )


def test_files_are_the_users_alone(disk):
    """0600 and 0700, whatever the umask."""
    aspara.init("p", "r").log({"a": 1})
    aspara.finish()
    for path in disk.folder.rglob("*"):
        assert (0o700 if path.is_dir() else 0o600) == path.stat().st_mode & 0o777, path


def test_secrets_on_the_command_line_are_not_kept(disk, script):
    """--token x, --api-key=x, URLs with passwords and well-known forms of keys are blanked."""
    script(
        "import aspara\naspara.init('p', 'r')",
        "--token",
        "hunter2",
        "--api-key=hunter2",
        "https://me:hunter2@host/x",
        "ghp_hunter2hunter2",
        "--lr",
        "0.1",
    )
    command = disk.meta("p", "r")["command"]
    assert "hunter2" not in json.dumps(command)
    assert command[-2:] == ["--lr", "0.1"]


def test_a_listener_hears_every_row_and_the_end(disk):
    """In order, on another thread, the last ones included."""
    heard, ends = [], []

    class Ear:
        def rows(self, rows):
            heard.extend(rows)

        def ended(self, status, exit_code):
            ends.append((status, exit_code))

    run = aspara.init("p", "r")
    run.subscribe(Ear())
    for i in range(100):
        run.log({"a": float(i)})
    deadline = time.monotonic() + 5
    while len(heard) < 100 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [float(i) for i in range(100)] == [row[2]["a"] for row in heard]
    run.finish()
    assert ends == [("completed", 0)]


def test_a_forked_child_writes_its_own_file_and_does_not_end_the_run(disk):
    """Nothing interleaves, nothing is doubled, and the parent's run goes on."""
    run = aspara.init("p", "r")
    run.log({"a": 1.0}, step=1)
    children = []
    for child in range(4):
        pid = os.fork()
        if pid == 0:
            for i in range(50):
                run.log({f"child{child}": float(i)}, step=i)
            os._exit(0)
        children.append(pid)
    for pid in children:
        assert os.waitpid(pid, 0)[1] == 0
    run.log({"a": 2.0}, step=2)
    assert disk.info("p", "r").status == "running"
    run.finish()
    assert disk.values("p", "r", "a") == [1.0, 2.0]
    for child in range(4):
        assert [float(i) for i in range(50)] == disk.values("p", "r", f"child{child}")
    assert len(disk.rows("p/r.jsonl")) == 2
    assert len(list((disk.folder / "p/r/writers").glob("*.jsonl"))) == 4


@pytest.mark.parametrize("known", [True, False])
def test_processes_may_share_a_run_by_its_id(disk, script, known):
    """Eight at once, of a run that is there or is made by them: each has a file of its own, all are read as one run."""
    if known:
        aspara.init("p", id="shared").finish()
    source = "import aspara, sys\nr = aspara.init('p', id='shared')\nfor i in range(100): r.log({'m' + sys.argv[1]: float(i)})\n"
    processes = [script(source, str(n), wait=False) for n in range(8)]
    for process in processes:
        process.communicate(timeout=60)
    for n in range(8):
        assert [float(i) for i in range(100)] == disk.values("p", "shared", f"m{n}")
    assert (1, "completed") == (len(list(disk.folder.glob("p/*.meta.json"))), disk.info("p", "shared").status)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: aspara.init(project="p", tags=5),
        lambda: aspara.init(project="p", dir=5),
        lambda: aspara.init(project="p", notes="x" * 20_000),
        lambda: aspara.Run(project="p").finish("x"),
        lambda: aspara.Run(project="p").log_artifact(5),
    ],
)
def test_an_argument_of_a_wrong_kind_is_named_with_what_would_be_right(disk, wrong):
    """Not Python's own word on it, which names neither the argument nor a way out."""
    with pytest.raises(UsageError, match="5|x"):
        wrong()


def test_a_config_that_holds_itself_is_kept_as_far_as_it_goes(disk):
    """Two references of a dict to itself would be followed for ever; they are kept as "..."."""
    nested: dict = {"lr": 0.1}
    nested["self"] = nested["again"] = nested
    run = aspara.init(project="p", config={"nested": nested, "seed": 2**100})
    assert {"lr": 0.1, "self": "...", "again": "..."} == run.config.nested
    assert 2**100 == run.config.seed
    run.finish()


def test_a_look_at_the_whole_summary_costs_one_look_at_each_metric(disk, monkeypatch):
    """dict(summary) reads name by name; with thousands of metrics each such read must not take in all of them again."""
    run = aspara.init(project="p")
    run.log({f"m{i}": float(i) for i in range(3000)})
    looks = []
    shown = run._shown
    monkeypatch.setattr(run, "_shown", lambda: looks.append(1) or shown())
    assert {f"m{i}": float(i) for i in range(3000)} == dict(run.summary)
    assert len(looks) <= 1
    run.log({"m0": 5.0})
    assert 5.0 == run.summary["m0"]
    run.summary["m1"] = "mine"
    del run.summary["m1"]
    assert 1.0 == run.summary["m1"]
    run.finish()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_MEDIA_SIZE", "256MB"),
        ("SYSTEM_INTERVAL", "abc"),
        ("FSYNC_INTERVAL", "inf"),
        ("FSYNC_INTERVAL", "nan"),
        ("EXIT_TIMEOUT", "-1"),
        ("MAX_CONSOLE_SIZE", "1.5"),
        ("MAX_DIFF_SIZE", "x"),
        ("NOTEBOOK", "abc"),
        ("DURABILITY", "often"),
    ],
)
@pytest.mark.parametrize("begin", [aspara.init, aspara.Run])
def test_a_malformed_setting_is_told_before_a_run_begins(disk, monkeypatch, begin, name, value):
    """One UsageError names the variable, its value and what would be right; no run is made, and the active one goes on."""
    with aspara.init("p", "active") as active:
        monkeypatch.setenv(f"ASPARA_{name}", value)
        with pytest.raises(UsageError, match=f"ASPARA_{name}='{value}'.*(unset it|choose one of)"):
            begin(project="p", name="ghost")
        monkeypatch.delenv(f"ASPARA_{name}")
        assert "running" == active.status
    assert not list(disk.folder.glob("p/ghost*"))


def test_of_the_ranks_of_a_launcher_rank_0_records(disk, monkeypatch, capsys):
    """torchrun starts one process for each; a named run, or a group, is recorded by every rank."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    for rank, options, disabled in (
        (0, {}, False),
        (1, {}, True),
        (1, {"name": "mine"}, False),
        (1, {"group": "g"}, False),
    ):
        monkeypatch.setenv("RANK", str(rank))
        run = aspara.init("p", **options)
        assert disabled == run.disabled
        run.finish()
    assert "Rank 1 of 2 records nothing" in capsys.readouterr().err
    assert 3 == len(Catalog(disk.folder).runs("p"))
