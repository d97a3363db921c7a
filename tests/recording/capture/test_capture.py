"""What is captured by itself: cheap, switchable, with secrets blanked, and never among what the program logs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

import aspara
from aspara.errors import UsageError
from aspara.recording.capture.capture import PARTS, CaptureOptions
from aspara.recording.capture.console import ConsoleLog, TerminalScreen
from aspara.recording.capture.environment import packages
from aspara.recording.capture.git import Git, git_diff
from aspara.recording.capture.redaction import redact_arguments, redact_code, redact_text, redact_variables
from aspara.recording.capture.system_metrics import GpuMetrics, SystemMetrics


@pytest.fixture
def capturing(monkeypatch):
    """Switches parts on, the system at a tenth of a second."""

    def choose(*parts: str) -> None:
        monkeypatch.setenv("ASPARA_CAPTURE", ",".join(parts))
        monkeypatch.setenv("ASPARA_SYSTEM_INTERVAL", "0.1")

    return choose


def poll(found):
    """What `found()` returns once it is something."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        value = found()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("it never came")


class TestSystem:
    """The machine's metrics."""

    def test_they_are_metrics_over_step_and_time(self, disk, capturing):
        """`system/cpu` and its like, at the step that was logged last, in a file of their own."""
        capturing("system")
        with aspara.init(project="p", name="r") as run:
            for step in range(5):
                run.log({"loss": step})
            poll(lambda: "system/cpu" in aspara.Api().run("p/r").metrics)
            assert 5 == run.step
        assert {"system/cpu", "system/memory", "system/disk", "system/process/memory"} <= set(
            aspara.Api().run("p/r").metrics
        )
        assert {4} == set(disk.steps("p", "r", "system/cpu"))
        assert all(0 <= value <= 100 for value in disk.values("p", "r", "system/memory"))
        assert [{"loss": i} for i in range(5)] == [row["metrics"] for row in disk.rows("p/r.jsonl")]

    def test_they_are_no_part_of_what_the_program_says(self, disk, capturing):
        """Not in the summary, while the run goes on and after it; in the history only where asked for."""
        capturing("system")
        with aspara.init(project="p", name="r") as run:
            run.log({"loss": 1.0})
            poll(lambda: "system/cpu" in aspara.Api().run("p/r").metrics)
            assert {"loss": 1.0} == aspara.Api().run("p/r").summary == dict(run.summary)
        found = aspara.Api().run("p/r")
        assert ({"loss": 1.0}, ["loss"]) == (found.summary, list(disk.meta("p", "r")["metric_summary"]))
        assert {"loss", "_step", "_runtime", "_timestamp"} == set(found.history().columns)
        assert [0] == [row["_step"] for row in found.scan_history()]
        assert "system/cpu" in found.history(stream="system").columns
        assert 1 == len(found.history(keys=["loss", "system/cpu"]))

    def test_a_resumed_run_goes_on_behind_its_own_last_step(self, disk, capturing):
        """What was captured moves no step, with nothing logged either."""
        capturing("system")
        for expected in (0, 3):
            with aspara.init(project="p", id="x") as run:
                assert expected == run.starting_step
                poll(lambda: "system/cpu" in aspara.Api().run("p/x").metrics)
                if not expected:
                    for _ in range(3):
                        run.log({"loss": 1})

    def test_gpus_are_told_of_by_nvml(self, tmp_path):
        """Against a stand-in with NVML's calls: there is no GPU in most test machines. What a device refuses is left out."""

        def refuse(_handle):
            raise RuntimeError("not supported")

        nvml = SimpleNamespace(
            nvmlInit=lambda: None,
            nvmlDeviceGetCount=lambda: 2,
            nvmlDeviceGetHandleByIndex=lambda i: i,
            nvmlDeviceGetName=lambda i: b"H100" if i else "A100",
            nvmlDeviceGetUtilizationRates=lambda i: SimpleNamespace(gpu=40 + i, memory=10),
            nvmlDeviceGetMemoryInfo=lambda i: SimpleNamespace(used=20e9, total=80e9),
            nvmlDeviceGetPowerUsage=refuse,
            nvmlDeviceGetTemperature=lambda i, kind: 65,
        )
        system = SystemMetrics(tmp_path, nvml)
        found = {name: value for name, value in system.sample().items() if "gpu" in name}
        expected = {}
        for number in (0, 1):
            expected |= {
                f"system/gpu.{number}/utilization": 40.0 + number,
                f"system/gpu.{number}/memory": 25.0,
                f"system/gpu.{number}/memory_used": 20000.0,
                f"system/gpu.{number}/temperature": 65.0,
            }
        assert (expected, ["A100", "H100"]) == (found, system.gpus.names)

    def test_only_visible_gpus_are_watched(self, monkeypatch):
        """As CUDA_VISIBLE_DEVICES says."""
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
        nvml = SimpleNamespace(
            nvmlInit=lambda: None,
            nvmlDeviceGetCount=lambda: 2,
            nvmlDeviceGetHandleByIndex=lambda i: i,
            nvmlDeviceGetName=str,
        )
        assert ["1"] == GpuMetrics(nvml).names

    def test_no_driver_is_no_trouble(self):
        """Then there are no GPU metrics."""

        def fail():
            raise OSError("no driver")

        assert {} == GpuMetrics(SimpleNamespace(nvmlInit=fail)).sample()


SCREENS = [
    ("one\ntwo\n", ["one", "two"]),
    ("\r 10%\r 50%\r100%\n", ["100%"]),
    ("long line\rshort\n", ["shortline"]),
    ("\x1b[31mred\x1b[0m and \x1b]0;title\x07plain\n", ["\x1b[0;31mred\x1b[0m and plain"]),
    ("\x1b[1mbold \x1b[31mred\nstill\x1b[m", ["\x1b[0;1mbold \x1b[0m\x1b[0;1;31mred\x1b[0m"]),
    ("\x1b[31mred\x1b[0m\rX\n", ["X\x1b[0;31med\x1b[0m"]),
    ("\x1b[32m\x1b[2K\x1b[?25l   \n", [""]),
    ("abc\b\bX\n", ["aXc"]),
    ("", []),
]


class TestConsole:
    """What is printed."""

    @pytest.mark.parametrize(("printed", "expected"), SCREENS)
    def test_lines_are_kept_as_a_terminal_shows_them(self, printed, expected):
        """Carriage returns write over, colours stay with their letters; the same when it comes a character at a time."""
        for parts in ([printed], list(printed) if "\x1b" not in printed else [printed]):
            screen = TerminalScreen()
            for part in parts:
                screen.write(part)
            assert expected == screen.take()

    def test_nested_progress_bars_leave_their_last_state(self):
        """Cursor up, as tqdm moves between bars."""
        screen = TerminalScreen()
        for percent in (10, 50, 100):
            screen.write(f"\router {percent}%\n\rinner {percent}%\x1b[A")
        screen.write("\n\n")
        assert ["outer 100%", "inner 100%"] == screen.take(all_of_it=True)

    def test_output_is_beside_the_run(self, disk, script, capturing):
        """print, stderr, progress bars, handlers made before init(), and the traceback of what ended it."""
        capturing("console")
        done = script("""
            import logging, sys
            logging.basicConfig(level="INFO", format="%(message)s")
            import aspara
            print("before")
            run = aspara.init(project="p", name="r")
            print("printed", 1)
            logging.info("by a handler")
            for i in range(100):
                print(f"\\r{i}%", end="", file=sys.stderr)
            print(file=sys.stderr)
            print("no newline", end="")
            1 / 0
        """)
        assert "ZeroDivisionError" in done.stderr
        text = (disk.folder / "p" / "r" / "console.log").read_text()
        for line in ("printed 1", "by a handler", "99%", "no newline", "ZeroDivisionError: division by zero"):
            assert line in text.splitlines()
        assert "before" not in text
        assert "98%" not in text

    def test_streams_are_as_before_when_the_run_ends(self, disk, capturing, capsys):
        """The very write functions, also with two runs at once."""
        capturing("console")
        before = "write" in vars(sys.stdout)
        with aspara.Run("a", "p"):
            with aspara.Run("b", "p"):
                print("to both")
            print("to one")
        print("to none")
        assert before == ("write" in vars(sys.stdout))
        assert "to both\nto one\nto none\n" == capsys.readouterr().out
        assert ["to both", "to one"] == (disk.folder / "p" / "a" / "console.log").read_text().splitlines()
        assert ["to both"] == (disk.folder / "p" / "b" / "console.log").read_text().splitlines()

    def test_it_can_be_followed_while_the_run_goes_on(self, disk, capturing):
        """Finished lines are there within a moment."""
        capturing("console")
        with aspara.init(project="p", name="r"):
            print("now")
            log = disk.folder / "p" / "r" / "console.log"
            poll(lambda: log.is_file() and "now" in log.read_text())

    def test_every_cell_of_a_kernel_is_followed(self, disk, tmp_path, monkeypatch):
        """IPython exchanges the streams' write with each cell; later cells are followed all the same, each line once."""
        manager = pytest.importorskip("jupyter_client.manager")
        monkeypatch.setenv("ASPARA_CAPTURE", "console")
        monkeypatch.setenv("ASPARA_NOTEBOOK", "off")
        kernel, client = manager.start_new_kernel(startup_timeout=120)
        try:
            seen: list[str] = []

            def hook(message) -> None:
                seen.append(message["content"].get("text") or message["content"].get("evalue", ""))

            for code in (
                "import aspara, sys\nrun = aspara.init(project='p', name='r')\nprint('one')",
                "print('two')\nprint('error', file=sys.stderr)",
                "print('three')",
                "run.finish()",
                "print('after')",
            ):
                client.execute_interactive(code, output_hook=hook, timeout=120)
        finally:
            client.stop_channels()
            kernel.shutdown_kernel(now=True)
        text = (disk.folder / "p" / "r" / "console.log").read_text()
        assert ["error", "one", "three", "two"] == sorted(text.split())
        assert {"one", "two", "three", "after", "error"} <= set("".join(seen).split())

    def test_it_is_bounded(self, tmp_path):
        """Two halves; the older one goes, and the file says so."""
        log = ConsoleLog(tmp_path / "console.log", 20_000)
        for number in range(5000):
            log.feed("stdout", f"line {number}\n")
            if number % 100 == 0:
                log.flush()
        log.flush(last=True)
        newer, older = (tmp_path / "console.log").read_text(), (tmp_path / "console.1.log").read_text()
        assert len(newer) + len(older) < 21_000
        assert newer.startswith("[aspara: the output before this is in console.1.log")
        assert "line 4999" == newer.splitlines()[-1]
        numbers = [int(line.split()[1]) for line in (older + newer).splitlines() if line.startswith("line")]
        assert list(range(numbers[0], 5000)) == numbers

    def test_a_forked_child_prints_as_always(self, disk, script, capturing):
        """Its output is seen, and is not in the parent's file twice."""
        capturing("console")
        done = script("""
            import os, sys, aspara
            run = aspara.init(project="p", name="r")
            print("parent", flush=True)
            if os.fork() == 0:
                print("child", flush=True)
                os._exit(0)
            os.wait()
            run.finish()
        """)
        assert "parent\nchild\n" == done.stdout
        assert "parent\n" == (disk.folder / "p" / "r" / "console.log").read_text()

    def test_a_full_disk_does_not_stop_printing(self, tmp_path, capsys):
        """Where the file cannot be written, what is printed is printed."""
        (tmp_path / "in the way").write_text("")
        log = ConsoleLog(tmp_path / "in the way" / "console.log", 1000)
        log.feed("stdout", "lost\n")
        log.flush()


class TestFacts:
    """Git, packages, machine, notebook."""

    def test_the_diff_of_the_work_tree_is_beside_the_run(self, disk, script, capturing, tmp_path):
        """Commit, branch, remote and diff, without their secrets; a run of a moment has them too."""
        capturing("git", "packages", "environment", "command", "notebook")
        repository = tmp_path / "repository"
        repository.mkdir()

        def git(*words: str) -> str:
            command = ["git", "-C", str(repository), "-c", "user.name=x", "-c", "user.email=x", *words]
            return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

        git("init", "-q", "-b", "trunk")
        (repository / "train.py").write_text("lr = 1\n")
        git("add", ".")
        git("commit", "-qm", "x")
        git("remote", "add", "origin", "https://me:hunter2secret@example.org/x.git")
        (repository / "train.py").write_text('lr = 2\npassword = "hunter2secret"\n')
        (repository / "new.txt").write_text("")
        environment = {**os.environ, "JPY_SESSION_NAME": "/home/me/study.ipynb", "SLURM_JOB_ID": "17"}
        done = script(
            "import aspara\naspara.init(project='p', name='r').finish()",
            "--token",
            "hunter2secret",
            cwd=repository,
            env=environment,
        )
        assert (0, "") == (done.returncode, done.stderr)
        found = disk.meta("p", "r")
        assert {
            "commit": git("rev-parse", "HEAD"),
            "branch": "trunk",
            "remote": "https://me:***@example.org/x.git",
            "dirty": True,
            "untracked": 1,
        } == found["git"]
        diff = (disk.folder / "p" / "r" / "diff.patch").read_text()
        assert "-lr = 1" in diff
        assert "+lr = 2" in diff
        assert "hunter2secret" not in diff + json.dumps(found)
        assert "study.ipynb" == found["notebook"]
        assert "17" == found["environment"]["variables"]["SLURM_JOB_ID"]
        lines = (disk.folder / "p" / "r" / "requirements.txt").read_text().splitlines()
        assert f"aspara=={aspara.__version__}" in lines
        assert sorted(lines, key=lambda line: line.partition("==")[0].lower()) == lines

    def test_a_long_diff_is_cut(self, tmp_path):
        """And says so; a folder that is no repository has none."""
        assert b"" == git_diff(Git(tmp_path), 100)
        subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
        (tmp_path / "x").write_text("")
        for words in (["add", "."], ["-c", "user.name=x", "-c", "user.email=x", "commit", "-qm", "x"]):
            subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
        (tmp_path / "x").write_text("line\n" * 1000)
        found = git_diff(Git(tmp_path), 500)
        assert len(found) < 700
        assert b"ASPARA_MAX_DIFF_SIZE" in found

    def test_packages_are_those_installed(self):
        """By name and version."""
        assert b"\npytest==" in packages(0)


class TestChoosing:
    """All of it can be switched off."""

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            (None, set(PARTS)),
            (True, set(PARTS)),
            (False, set()),
            ("off", set()),
            ("git", {"git"}),
            (["git", "console"], {"git", "console"}),
            (["-console"], set(PARTS) - {"console"}),
            (["all", "-git", "-system"], set(PARTS) - {"git", "system"}),
        ],
    )
    def test_by_argument(self, given, expected, monkeypatch):
        """Names, all, off, and all but some."""
        monkeypatch.delenv("ASPARA_CAPTURE", raising=False)
        assert expected == CaptureOptions.of(given)

    def test_by_variable_and_by_wandbs_settings(self, capturing):
        """ASPARA_CAPTURE, less what wandb.Settings switches off."""
        capturing("git", "console", "system", "packages")
        assert {"git", "console", "system", "packages"} == CaptureOptions.of()
        options = {"console": "off", "x_disable_stats": True, "disable_git": True, "x_save_requirements": False}
        assert set() == CaptureOptions.of(None, options)
        assert {"console"} == CaptureOptions.of(
            None, SimpleNamespace(_disable_stats=True, disable_git=True, _save_requirements=False)
        )

    def test_an_unknown_part_is_named(self):
        """With those there are."""
        with pytest.raises(UsageError, match="'gpu'.*system, console"):
            aspara.init(capture="gpu")

    def test_off_is_off(self, disk, script, capturing):
        """No file, no thread, no metadata of the process."""
        capturing("off")
        with aspara.init(project="p", name="r") as run:
            run.log({"loss": 1})
            print("x")
        assert not (disk.folder / "p" / "r").exists()
        assert not {"command", "git", "environment", "captured_metrics"} & set(disk.meta("p", "r"))


SECRETS = [
    (["--token", "abcdef"], ["--token", "***"]),
    (["--api-key=abcdef"], ["--api-key=***"]),
    (["password=abcdef", "lr=0.1"], ["password=***", "lr=0.1"]),
    (["AWS_SECRET_ACCESS_KEY=abcdef"], ["AWS_SECRET_ACCESS_KEY=***"]),
    (["https://me:abcdef@host/x?token=abcdef&page=2"], ["https://me:***@host/x?token=***&page=2"]),
    (["hf_abcdefghijklmnopqrst"], ["***"]),
    (["--tokens", "5", "--lr", "0.1", "--tokens=10k"], ["--tokens", "5", "--lr", "0.1", "--tokens=10k"]),
    (["--tokens", "abcdef,ghijkl"], ["--tokens", "***"]),
    (["postgresql://u:p@ss@h/db"], ["postgresql://u:***@h/db"]),
    (["--db=postgresql+psycopg2://me@corp:p:a@s:s@h:5432/db"], ["--db=postgresql+psycopg2://me@corp:***@h:5432/db"]),
    (["http://localhost:8080/x@y", "redis://:a'b@h"], ["http://localhost:8080/x@y", "redis://:***@h"]),
    (["--pwd", "x", "--pass", "x", "--passwd", "x"], ["--pwd", "***", "--pass", "***", "--passwd", "***"]),
    (["--db-pass=x", "db.pwd=x", "DB_PASS=x"], ["--db-pass=***", "db.pwd=***", "DB_PASS=***"]),
    (["--passes", "3", "--single-pass", "x", "PWD=/home"], ["--passes", "3", "--single-pass", "x", "PWD=/home"]),
    (["+api.key=x", "++db.password=x", "~model=x"], ["+api.key=***", "++db.password=***", "~model=x"]),
    (['--data={"password": "X", "n": 1}', '{"token":12}'], ['--data={"password": "***", "n": 1}', '{"token": "***"}']),
    (
        ["{'pwd': 'a b', 'max_tokens': 5}", "db={pass:x,user:y}"],
        ["{'pwd': '***', 'max_tokens': 5}", "db={pass:***,user:y}"],
    ),
    ([r"{\"password\": \"X\"}"], [r"{\"password\": \"***\"}"]),
    ([r'{"db": "{\"password\": \"a \\\"X\\\" b\"}", "n":1}'], [r'{"db": "{\"password\": \"***\"}", "n":1}']),
    ([r"""cfg={'x': '{"password": "X", "n": 1}'}"""], [r"""cfg={'x': '{"password": "***", "n": 1}'}"""]),
    (['{"auth": {"of": ["X", 1, null]}, "tokens": 5}'], ['{"auth": {"of": ["***", "***", null]}, "tokens": 5}']),
    (["redis://:X/y@h:1/0", "s3://me:a/b@c@h/d"], ["redis://:***@h:1/0", "s3://me:***@h/d"]),
    (["http://h:80/@a/b", "http://{h}:{port}/a@b"], ["http://h:80/@a/b", "http://{h}:{port}/a@b"]),
    (["--tokenizer", "gpt2", "--max_new_tokens=5"], ["--tokenizer", "gpt2", "--max_new_tokens=5"]),
    (["--pad-token", "<pad>", "--author", "me"], ["--pad-token", "<pad>", "--author", "me"]),
    (["-H", "Authorization: Bearer abcdef", "X-Api-Key: abcdef"], ["-H", "Authorization: ***", "X-Api-Key: ***"]),
    (["--header={'Authorization': 'Bearer abcdef'}"], ["--header={'Authorization': 'Bearer ***'}"]),
    (["--verbose", "--data", "path/to/x"], ["--verbose", "--data", "path/to/x"]),
]


@pytest.mark.parametrize(("given", "expected"), SECRETS)
def test_secrets_in_a_command_line_are_blanked(given, expected):
    """By the name before them, and by their own form."""
    assert expected == redact_arguments(given)


def test_secrets_in_variables_and_code_are_blanked():
    """By name; in code what is assigned to it; numbers and calls stay."""
    given = {"AWS_ACCESS_KEY_ID": "x", "MY_TOKEN": "x", "RANK": "3", "URL": "s3://u:pw@h"}
    assert {"AWS_ACCESS_KEY_ID": "***", "MY_TOKEN": "***", "RANK": "3", "URL": "s3://u:***@h"} == redact_variables(
        given
    )
    code = 'api_key = "abcdef123"\nmax_tokens = 512\nloss = token_loss(x)\nkey: ghp_abcdefghijklmnop1234\n'
    assert 'api_key = "***"\nmax_tokens = 512\nloss = token_loss(x)\nkey: ***\n' == redact_code(code)
    assert "see https://host/path" == redact_text("see https://host/path")
