"""Which run `resume=` continues: one answer from local jsonl, local polars and a tracker."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

import aspara
from aspara.errors import UsageError


def test_allow_without_id_and_name_starts_a_new_run(place):
    """Nobody else's run is joined, whether it completed, failed or lives."""
    place.run("completed").finish()
    place.run("failed").finish(1)
    living = place.run("living")
    living.log({"a": 1.0})
    run = place.run(resume="allow")
    assert not run.resumed
    run.finish()
    living.finish()
    assert 4 == len(place.catalog().runs("p"))


def test_must_without_id_and_name_is_an_error(place):
    """It does not say which run."""
    place.run("one").finish(1)
    with pytest.raises(UsageError, match="id= or name="):
        place.run(resume="must")


@pytest.mark.parametrize("resume", ["must", "allow", "auto", True])
def test_a_name_names_the_run(place, resume):
    """The newest of that name, with every way of resuming."""
    first = place.run("mine")
    first.log({"a": 1.0})
    first.finish()
    again = place.run("mine", resume=resume)
    assert (True, "mine", 1, first.id) == (again.resumed, again.name, again.step, again.id)
    again.log({"a": 2.0})
    again.finish()
    assert [1.0, 2.0] == place.values("mine", "a")


@pytest.mark.parametrize("resume", ["auto", True])
def test_by_itself_only_what_did_not_complete_and_does_not_live_is_continued(place, resume):
    """A failed run of this program is; a completed or living one is not."""
    place.run("completed").finish()
    failed = place.run("failed")
    failed.log({"a": 1.0})
    failed.finish(1)
    living = place.run("living")
    living.log({"a": 1.0})
    run = place.run(resume=resume)
    assert (True, "failed", 1) == (run.resumed, run.name, run.step)
    run.finish()
    again = place.run(resume=resume)
    assert not again.resumed
    again.finish()
    living.finish()


def test_another_script_or_directory_is_another_program(place, tmp_path):
    """A killed run goes on with the script that began it, in the directory that it ran in."""
    (tmp_path / "train.py").write_text(
        textwrap.dedent(
            f"""
            import os, signal, sys, aspara
            run = aspara.init("p", resume="auto", capture=False, **{place.options | place.where!r})
            print(run.id, run.resumed)
            run.log({{"a": 1.0}})
            run.flush()
            sys.stdout.flush()
            if sys.argv[1:] == ["die"]:
                os.kill(os.getpid(), signal.SIGKILL)
            """
        )
    )
    (tmp_path / "other").mkdir()
    (tmp_path / "other.py").write_text((tmp_path / "train.py").read_text())

    def run(script: str, *arguments: str, folder: str = ".") -> list[str]:
        done = subprocess.run(
            [sys.executable, str(tmp_path / script), *arguments],
            capture_output=True, text=True, cwd=tmp_path / folder, timeout=60, check=False,
        )  # fmt: skip
        return done.stdout.split()

    killed, _ = run("train.py", "die")
    assert "False" == run("other.py")[1]
    assert "False" == run("train.py", folder="other")[1]
    again = run("train.py")
    assert [killed, "True"] == again
    assert "False" == run("train.py")[1]


def test_an_id_names_the_run_for_auto_too(place, monkeypatch):
    """ASPARA_RUN_ID as launchers set it: a new run the first time, the same one from then on."""
    monkeypatch.setenv("ASPARA_RUN_ID", "job1")
    for resumed in (False, True):
        run = place.run(resume="auto")
        assert (resumed, "job1") == (run.resumed, run.id)
        run.log({"a": 1.0})
        run.finish()
    assert 1 == len(place.catalog().runs("p"))


def test_a_run_that_died_with_an_infinite_value_goes_on(place, tmp_path):
    """Its statistics are counted anew from its rows, and what metadata holds is JSON whatever they are."""
    program = textwrap.dedent(
        f"""
        import os, signal, aspara
        run = aspara.init("p", id="job1", resume="allow", capture=False, **{place.options | place.where!r})
        run.log({{"loss": 1.0, "norm": float("inf"), "nan": float("nan")}})
        run.flush()
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    for _ in range(2):
        subprocess.run([sys.executable, "-c", program], cwd=tmp_path, timeout=60, check=False)
    run = place.run(id="job1", resume="must")
    assert run.resumed
    run.log({"loss": 2.0})
    run.finish()
    [found] = place.catalog().runs("p")
    detail = place.catalog().run("p", found.run).json()
    assert 2.0 == detail["summary"]["loss"]
    if "dir" in place.where:  # what a killed client has not sent yet is the business of `aspara sync`
        assert ("Infinity", "NaN") == (detail["summary"]["norm"], detail["summary"]["nan"])
    assert 2.0 == place.values(found.run, "loss")[-1]


def test_a_project_of_any_name_is_found_again(place):
    """By the name that people see; another name of the same slug is another project."""
    for project in ("größe 1", "größe+1", "größe 1"):
        run = aspara.Run("r", project, **{**place.where, **place.options})
        run.log({"a": 1.0})
        run.finish()
    found = {info.display_name: info.run_count for info in place.catalog().projects()}
    assert {"größe 1": 2, "größe+1": 1} == found
