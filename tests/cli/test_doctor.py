"""`aspara doctor`: every kind of damage is named, and repaired so that nothing is lost; a second repair finds nothing."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import aspara


@pytest.fixture
def doctor(cli):
    """``doctor("--fix")``: exit code, and the findings by kind."""

    def call(*arguments: str):
        answer = cli("doctor", "--json", *arguments)
        told = json.loads(answer.out)
        kinds: dict[str, list[dict]] = {}
        for finding in told["findings"]:
            kinds.setdefault(finding["kind"], []).append(finding)
        return answer.code, kinds

    return call


def everything(data: Path) -> set[bytes]:
    """Every line that any file below `data` holds, wherever it has been moved."""
    return {line for path in data.rglob("*") if path.is_file() for line in path.read_bytes().splitlines() if line}


def mended(doctor, data: Path) -> None:
    """After --fix no problem remains, a second --fix changes no byte, and every line there was is still somewhere."""
    before = everything(data)
    assert 0 == doctor("--fix")[0]
    lost = before - everything(data)
    assert set() == {line for line in lost if b'"status"' not in line and b'"finish_time"' not in line}
    state = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    assert 0 == doctor("--fix")[0]
    assert state == {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    assert 0 == doctor()[0]


def test_in_order(cli, data):
    """A directory without damage is in order, exit code 0, and nothing in it changes, with --fix neither."""
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*")}
    assert (0, f"{data} is in order.\n", "") == cli("doctor")
    assert (0, f"{data} is in order.\n", "") == cli("doctor", "--fix")
    assert before == {path: path.stat().st_mtime_ns for path in data.rglob("*")}


def test_lines_that_are_no_rows(doctor, cli, data):
    """Torn and garbage lines are named with file and line; --fix moves them, the rows and the file's time stay."""
    path = data / "digits" / "fast.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:10], b'{"timestamp": 1, "st\n', b"\xff\x00rubbish\n", *lines[10:], b'{"torn']))
    os.utime(path, ns=(10**18, 10**18))
    code, found = doctor()
    assert (1, "digits/fast.jsonl", 11, 3) == (
        code,
        found["line"][0]["where"],
        found["line"][0]["line"],
        sum(f["count"] for f in found["line"]),
    )
    assert "digits/fast.jsonl:11: no row: no JSON (3 times)" in cli("doctor").out
    mended(doctor, data)
    assert b"".join(lines) == path.read_bytes()
    assert 10**18 == path.stat().st_mtime_ns
    kept = next(data.glob(".doctor-*/digits/fast.jsonl.lines"))
    assert [b'{"timestamp": 1, "st', b"\xff\x00rubbish", b'{"torn'] == kept.read_bytes().splitlines()
    assert 50 == len(aspara.Api(data).run("digits/fast").frame())
    assert [] == aspara.Api(data).run("digits/fast").problems


def test_a_line_longer_than_memory_is_kept_whole(doctor, data):
    """What is taken out of a file is all of it, to the last byte, also where a line is longer than what is read at once."""
    path = data / "digits" / "fast.jsonl"
    rows = path.read_bytes()
    line = b"".join(b"%09d " % i for i in range(2_000_000))
    path.write_bytes(line + b"\n" + rows + line[:-7])
    doctor("--fix")
    assert rows == path.read_bytes()
    kept = next(data.glob(".doctor-*/digits/fast.jsonl.lines")).read_bytes()
    assert [line, line[:-7]] == kept.splitlines()


def test_half_bad_rows_stay(doctor, data):
    """A row whose time is bad is read, so it is a note and stays where it is."""
    path = data / "digits" / "fast.jsonl"
    with path.open("ab") as file:
        file.write(b'{"timestamp": "yesterday", "step": 99, "metrics": {"loss": 0.5}}\n')
    code, found = doctor("--fix")
    assert (0, "note", 51) == (code, found["row"][0]["severity"], found["row"][0]["line"])
    assert 51 == len(aspara.Api(data).run("digits/fast").frame())


def test_endless_line(doctor, data):
    """A line too long to be read is moved away whole; the rows around it stay."""
    path = data / "digits" / "fast.jsonl"
    content = path.read_bytes()
    path.write_bytes(content + b"x" * (5 << 20) + b"\n" + content.splitlines(keepends=True)[0])
    code, found = doctor()
    assert (1, 51, "no row: longer than 4 MiB") == (code, found["line"][0]["line"], found["line"][0]["what"])
    mended(doctor, data)
    assert b"x" * (5 << 20) in next(data.glob(".doctor-*/digits/fast.jsonl.lines")).read_bytes()


def test_metadata_that_cannot_be_read(doctor, data):
    """Broken metadata of a run and of a project is set aside whole; the run stays visible."""
    (data / "digits" / "fast.meta.json").write_text('{"run_id": "abc", "tags"')
    (data / "digits" / "metadata.json").write_bytes(b"\x00\x00")
    code, found = doctor()
    assert (1, {"digits/fast.meta.json", "digits/metadata.json"}) == (code, {f["where"] for f in found["metadata"]})
    mended(doctor, data)
    assert '{"run_id": "abc", "tags"' == next(data.glob(".doctor-*/digits/fast.meta.json")).read_text()
    assert {"fast", "slow"} == {run.run for run in aspara.Api(data).runs("digits")}


def test_a_killed_run(doctor, data):
    """A killed run is no problem of the directory: it is noted, and --fix marks it as crashed; it can still be continued."""
    script = f"import aspara, os, signal\nr = aspara.init(project='digits', name='killed', dir={str(data)!r})\nr.log({{'loss': 1}})\nos.kill(os.getpid(), signal.SIGKILL)"
    assert (
        -signal.SIGKILL == subprocess.run([sys.executable, "-c", script], check=False, capture_output=True).returncode
    )
    code, found = doctor()
    (status,) = found["status"]
    assert (0, "digits/killed.meta.json", "note") == (code, status["where"], status["severity"])
    mended(doctor, data)
    assert "maybe_failed" == json.loads((data / "digits" / "killed.meta.json").read_text())["status"]
    with aspara.Run(project="digits", name="killed", resume="must", dir=data) as run:
        run.log({"loss": 2})
    assert "finished" == aspara.Api(data).run("digits/killed").state


def test_a_running_run_is_left_alone(doctor, data):
    """While a run is written none of its files is touched, whatever is wrong in them."""
    with aspara.Run(project="digits", name="live", dir=data) as run:
        run.log({"loss": 1})
        path = data / "digits" / "live.jsonl"
        with path.open("ab") as file:
            file.write(b"rubbish\n")
        run.log({"loss": 2})
        content = path.read_bytes()
        code, found = doctor("--fix")
        assert (1, None, None) == (code, found["line"][0]["fix"], found["line"][0]["fixed"])
        assert content == path.read_bytes()
        assert "status" not in found
    mended(doctor, data)
    assert 2 == len(aspara.Api(data).run("digits/live").frame())


def test_leftovers(doctor, data):
    """Old drafts and the trash of an interrupted deletion are moved, not deleted; a fresh draft is somebody's."""
    old = data / "digits" / ".fast.meta.json.123-4.tmp"
    old.write_text("half")
    os.utime(old, (1, 1))
    (data / "digits" / ".slow.meta.json.124-4.tmp").write_text("just being written")
    trash = data / "digits" / ".trash-abc"
    trash.mkdir()
    (trash / "gone.jsonl").write_text("deleted rows\n")
    code, found = doctor()
    assert (1, "digits/.fast.meta.json.123-4.tmp", "digits/.trash-abc") == (
        code,
        found["draft"][0]["where"],
        found["trash"][0]["where"],
    )
    mended(doctor, data)
    assert "deleted rows\n" == next(data.glob(".doctor-*/digits/.trash-abc/gone.jsonl")).read_text()
    assert (data / "digits" / ".slow.meta.json.124-4.tmp").exists()
    assert "note" == doctor()[1]["quarantine"][0]["severity"]
    moved = [json.loads(line) for line in next(data.glob(".doctor-*/moved.jsonl")).read_text().splitlines()]
    assert {"digits/.fast.meta.json.123-4.tmp", "digits/.trash-abc"} == {entry["moved"] for entry in moved}


def test_links(doctor, data, tmp_path):
    """A link that leaves the directory is named, not followed and not touched."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "x.jsonl").write_text("rubbish\n")
    (data / "digits" / "out").symlink_to(tmp_path / "secret")
    (data / "digits" / "inside").symlink_to(data / "words")
    code, found = doctor("--fix")
    assert 1 == code
    assert {"digits/out": "problem", "digits/inside": "note"} == {f["where"]: f["severity"] for f in found["link"]}
    assert str(tmp_path / "secret") in next(f["what"] for f in found["link"] if f["where"] == "digits/out")
    assert (data / "digits" / "out").is_symlink()
    assert "line" not in found


def test_permissions(doctor, data):
    """Files that anybody may change are closed for them."""
    path = data / "digits" / "fast.jsonl"
    path.chmod(0o666)
    code, found = doctor()
    assert (1, "digits/fast.jsonl") == (code, found["permissions"][0]["where"])
    mended(doctor, data)
    assert 0o664 == path.stat().st_mode & 0o777


def test_an_archive_without_its_run(doctor, data):
    """Rows in an archive whose run's own files are gone are shown again."""
    with aspara.Run(project="digits", name="pol", dir=data, storage_backend="polars") as run:
        for step in range(20_000):
            run.log({"loss": step})
    (data / "digits" / "pol.jsonl").unlink()
    (data / "digits" / "pol.meta.json").unlink()
    (data / "digits" / "pol.wal.jsonl").unlink(missing_ok=True)
    code, found = doctor()
    assert (1, "digits/pol_archive") == (code, found["orphan"][0]["where"])
    mended(doctor, data)
    assert 20_000 == len(aspara.Api(data).run("digits/pol").frame())


def test_segments_are_archived(doctor, data):
    """A segment that a killed process left is archived; its rows are the same before and after."""
    with aspara.Run(project="digits", name="pol", dir=data, storage_backend="polars") as run:
        for step in range(100):
            run.log({"loss": step})
    wal = data / "digits" / "pol.wal.jsonl"
    segment = data / "digits" / "pol" / "segments" / "1-abc.jsonl"
    segment.parent.mkdir(parents=True)
    wal.rename(segment)
    before = aspara.Api(data).run("digits/pol").frame()
    code, found = doctor()
    assert (0, "note") == (code, found["segments"][0]["severity"])
    assert 0 == doctor("--fix")[0]
    assert not segment.exists()
    assert before.equals(aspara.Api(data).run("digits/pol").frame())


def test_broken_parquet_is_named(doctor, data):
    """A damaged part of an archive is named; nobody can mend it, so it stays."""
    part = data / "digits" / "fast_archive" / "date=2026-01-01" / "part-x.parquet"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"PAR1 broken")
    code, found = doctor("--fix")
    assert (1, None) == (code, found["archive"][0]["fixed"])
    assert part.exists()


def test_rows_of_a_full_disk_are_put_back(doctor, data, own_surroundings):
    """Rows that found no place until the end of their run are put back into it, each once."""
    script = f"""
import aspara, os, resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
run = aspara.init(project="digits", name="full", dir={str(data)!r})
for step in range(20):
    run.log({{"loss": step}})
size = os.path.getsize({str(data / "digits" / "full.jsonl")!r})
resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
for step in range(20, 30):
    run.log({{"loss": step}})
resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
from aspara.util.append_file import AppendFile
close = AppendFile.close
def with_room(self, timeout):
    left = close(self, timeout)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return left
AppendFile.close = with_room
run.finish()
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "ASPARA_EXIT_TIMEOUT": "0.2"},
    )
    assert "aspara doctor --fix" in done.stderr
    assert 20 == len(aspara.Api(data).run("digits/full").frame())
    code, found = doctor()
    assert (1, "are put back into the run") == (code, found["spill"][0]["fix"])
    mended(doctor, data)
    frame = aspara.Api(data).run("digits/full").frame()
    assert [float(step) for step in range(30)] == frame["loss"].to_list()
    assert [] == list((own_surroundings / "state").rglob("*-*.jsonl"))


def test_damaged_versions_of_artifacts_are_named(doctor, cli, data, tmp_path):
    """Descriptions that cannot be understood, lost aliases, and content that is missing or cut off: each by its file."""
    (tmp_path / "weights").write_text("whole")
    for n, name in enumerate("abcd"):
        with aspara.Run(name=f"made{n}", project="digits", dir=data) as run:
            artifact = aspara.Artifact(name, "model")
            (tmp_path / "own").write_text(name)
            artifact.add_file(str(tmp_path / "own"))
            run.log_artifact(artifact)
    assert 0 == doctor()[0]
    folder = data / "digits" / ".artifacts"
    (folder / "collections" / "a" / "v0.json").write_text("[" * 500)
    (folder / "collections" / "b" / "aliases.json").write_bytes(b"\0" * 100)
    entries = {n: json.loads((folder / "collections" / n / "v0.json").read_text())["entries"][0] for n in "cd"}
    blobs = {n: folder / "blobs" / entry["sha256"][:2] / entry["sha256"] for n, entry in entries.items()}
    blobs["c"].unlink()
    blobs["d"].write_text("longer")
    code, kinds = doctor("--fix")
    assert 1 == code
    told = {finding["where"]: finding["what"] for finding in kinds["artifact"]}
    assert {
        "digits/.artifacts/collections/a/v0.json",
        "digits/.artifacts/collections/b/aliases.json",
        *(str(path.relative_to(data)) for path in blobs.values()),
    } == told.keys()
    assert "is missing, the content of own in c:v0" == told[str(blobs["c"].relative_to(data))]
    assert "holds 6 bytes, not the 1 of own in d:v0" == told[str(blobs["d"].relative_to(data))]


def test_one_project(doctor, data):
    """--project looks at one project alone; an unknown one is an error."""
    (data / "words" / "broken.jsonl").write_text("rubbish\n")
    assert 0 == doctor("--project", "digits")[0]
    assert 1 == doctor("--project", "words")[0]


def test_unknown_project(cli):
    """An unknown project is one line that names those there are."""
    answer = cli("doctor", "--project", "ghost")
    assert (1, "") == answer[:2]
    assert "Projects: digits, words" in answer.err


def test_interrupted_import_is_named(doctor, data):
    """An import that did not end is named, with the way out."""
    path = data / "digits" / "fast.meta.json"
    content = json.loads(path.read_text())
    content["imported"] = {"source": "wandb", "key": "x", "complete": False}
    path.write_text(json.dumps(content))
    code, found = doctor("--fix")
    assert 1 == code
    assert "import again" in found["import"][0]["what"]


def test_random_damage_never_raises(doctor, data):
    """Whatever bytes stand in whatever file, the doctor reports, repairs what it can, and comes to rest."""
    import random

    chance = random.Random(1)
    for round_ in range(10):
        victims = sorted(p for p in data.rglob("*") if p.is_file() and ".doctor" not in str(p))
        path = chance.choice(victims)
        content = bytearray(path.read_bytes())
        for _ in range(5):
            if content:
                content[chance.randrange(len(content))] = chance.randrange(256)
        path.write_bytes(content[: chance.randrange(len(content) + 1)] if chance.random() < 0.5 else content)
        doctor("--fix")
        first = {p: p.read_bytes() for p in data.rglob("*") if p.is_file()}
        doctor("--fix")
        assert first == {p: p.read_bytes() for p in data.rglob("*") if p.is_file()}, f"round {round_}: {path}"


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no file size limits here")
def test_a_repair_on_a_full_disk_changes_nothing(data):
    """When there is no room for the repair, it says so and everything is as before."""
    path = data / "digits" / "fast.jsonl"
    with path.open("ab") as file:
        file.write(b"rubbish\n")
    before = path.read_bytes()
    script = f"""
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from aspara.cli.main import main
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
sys.exit(main(["doctor", "--fix", "--data-dir", {str(data)!r}]))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert 1 == done.returncode
    assert "not fixed: File too large" in done.stdout
    assert before == path.read_bytes()
    assert [] == list(data.rglob("*.tmp"))
