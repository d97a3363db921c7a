"""Bad input: whatever lies in a data directory, every other run stays readable and the run itself says what is wrong."""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import aspara
from aspara.catalog.catalog import Catalog
from aspara.catalog.files.table_pages import TablePages, TableQuery
from aspara.catalog.series.query import SeriesQuery
from aspara.cli.main import main as command
from aspara.errors import ArtifactNotFound, MediaNotFound, UsageError
from aspara.storage.layout import Layout
from aspara.storage.parquet_archive import archive_segment
from tests.catalog.conftest import Folder, row

META = {"status": "completed", "is_finished": True, "version": "1"}


def everything(data: Path, cache: Path | None = None) -> dict[str, Any]:
    """All that the catalog and the API of a data directory tell, as JSON holds it, by run."""
    catalog = Catalog(data, cache_dir=cache)
    found: dict[str, Any] = {}
    try:
        for project in catalog.projects():
            orjson.dumps(project.json())
            infos = catalog.runs(project.name)
            orjson.dumps([info.json() for info in infos])
            orjson.dumps(catalog.metric_names(project.name).json())
            orjson.dumps(catalog.versioned(project.name))
            catalog.project_metadata(project.name)
            for query in (
                SeriesQuery(points=10),
                SeriesQuery(x="relative", points=5, envelope=True),
                SeriesQuery(x="metric:acc", log=True, points=4, lttb=True),
            ):
                catalog.metrics(project.name, None, query).json_bytes()
                catalog.metrics(project.name, None, query).msgpack_bytes()
            for info in infos:
                detail = catalog.run(project.name, info.run).json()
                points = catalog.metrics(project.name, [info.run], SeriesQuery()).json_bytes()
                media = catalog.media(project.name, info.run)
                console = catalog.console(project.name, info.run)
                orjson.dumps([media, console])
                for value in (value for value in media if value["name"]):
                    with suppress(UsageError, MediaNotFound):  # one that is no table any more
                        tables = (TableQuery(), TableQuery(search="1", sort="-a", width=5))
                        orjson.dumps([catalog.media_rows(project.name, info.run, value["name"], t) for t in tables])
                found[info.run] = json.loads(orjson.dumps(detail)), json.loads(points)["metrics"]
        for run in (run for project in aspara.Api(data).projects() for run in aspara.Api(data).runs(project.name)):
            run.history()
            list(run.scan_history())
            run.frame()
            list(run.files())
            list(run.logged_artifacts())
    finally:
        catalog.close()
    return found


def kept(found: dict[str, Any], run: str) -> Any:
    """What must not change of a run when another one's files do."""
    detail, points = found[run]
    return {key: value for key, value in detail.items() if key not in ("last_update", "color")}, points


# -- one thing at a time -----------------------------------------------------------------------------------------------


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    # An address of a socket has at most a hundred bytes, which a folder of tests exceeds.
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(path.parent)
        try:
            made.bind(path.name)
        finally:
            os.chdir(here)


def a_folder(path: Path) -> None:
    path.mkdir()


def a_link_out(path: Path) -> None:
    outside = path.parents[2] / "outside"
    outside.write_bytes(row(1, 1, {"secret": 1}))
    path.symlink_to(outside)


def a_link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("made", [a_pipe, a_socket, a_folder, a_link_out, a_link_to_itself])
@pytest.mark.parametrize("name", ["r.jsonl", "r.meta.json", "r.wal.jsonl", "r/console.log", "r/writers/w.jsonl"])
def test_what_is_no_file_hides_no_run_and_nobody_waits_for_it(
    folder: Folder, made: Callable[[Path], None], name: str
) -> None:
    """A pipe, a socket, a folder or a link in place of any file of a run: the others are read, at once."""
    folder.run("r", [(0, {"loss": 1})], meta=META)
    folder.run("other", [(0, {"loss": 2})], meta=META)
    path = folder.path / "p" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    made(path)
    found = everything(folder.path)
    assert found["other"][1]["loss"]["other"]["values"] == [2]
    assert "secret" not in json.dumps(list(found.values()))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\0" * 4096, "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[1]", "holds list"),
        (b"[" * 100_000, "no JSON"),
        ('{"notes": "é"}'.encode("utf-16"), "no JSON"),
    ],
)
def test_metadata_that_cannot_be_understood_is_a_problem_with_its_file(
    folder: Folder, catalog: Catalog, content: bytes, reason: str
) -> None:
    """The run is listed with its points; the problem names the file and says why."""
    folder.run("r", [(0, {"loss": 1})])
    (folder.path / "p" / "r.meta.json").write_bytes(content)
    assert [info.problem_count for info in catalog.runs("p")] == [1]
    detail = catalog.run("p", "r").json()
    assert [(p["file"], p["reason"][: len(reason)]) for p in detail["problems"]] == [("r.meta.json", reason)]
    assert detail["summary"] == {"loss": 1}


def test_a_byte_order_mark_is_no_problem(folder: Folder, catalog: Catalog) -> None:
    """Metadata that an editor saved with a mark in front is metadata."""
    folder.run("r", [(0, {"loss": 1})])
    (folder.path / "p" / "r.meta.json").write_bytes(b"\xef\xbb\xbf" + json.dumps({**META, "notes": "hi"}).encode())
    assert [(info.notes, info.problem_count) for info in catalog.runs("p")] == [("hi", 0)]


def test_deep_metadata_is_shown_without_its_depths(folder: Folder, catalog: Catalog) -> None:
    """Two hundred levels are JSON, but no answer has them."""
    deep: Any = 1
    for _ in range(200):
        deep = {"a": deep}
    folder.run("r", [(0, {"loss": 1})], meta={**META, "config": {"lr": 1, "deep": deep}})
    (info,) = catalog.runs("p")
    assert info.config["lr"] == 1
    assert orjson.dumps(info.json())


ODD_VALUES: tuple[Any, ...] = (
    *(None, 0, -1, 1.5, True, 10**30, -(10**18), "", "x", "NaN", "\ud800", "2020-01-01T00:00:00"),
    *([], [1], [[]], [{"name": 1}], [{"name": "a"}], {}, {"a": 1}, {"loss": {}}, {"loss": 5}),
    {"loss": {"last": "x", "min": [], "count": {}}},
)


@pytest.mark.parametrize("value", ODD_VALUES, ids=lambda value: ascii(value)[:30])
def test_any_value_under_any_key_of_the_metadata(recorded: Path, tmp_path: Path, value: Any) -> None:
    """What a file says of a run may be of any kind: lists, details, charts and artifacts are answered all the same."""
    data = tmp_path / "data"
    shutil.copytree(recorded, data)
    before = kept(everything(data), "good")
    for name in ("p/bad.meta.json", "p/metadata.json", "p/.artifacts/collections/w/v0.json"):
        path = data / name
        content = json.loads(path.read_bytes())
        path.write_text(json.dumps(dict.fromkeys(content, value)), encoding="utf-8")
    assert kept(everything(data), "good") == before


def test_a_damaged_version_of_an_artifact_hides_no_other(recorded: Path, tmp_path: Path) -> None:
    """Manifests that cannot be read are left out; the others are listed and downloaded."""
    data = tmp_path / "data"
    shutil.copytree(recorded, data)
    folder = data / "p" / ".artifacts" / "collections" / "w"
    shutil.copy(folder / "v0.json", folder / "v1.json")
    (folder / "v0.json").write_bytes(b"{")
    found = aspara.Api(data).artifacts(None, "p/w")
    assert [artifact.version for artifact in found] == ["v1"]


def test_a_damaged_archive_costs_only_itself(recorded: Path, tmp_path: Path) -> None:
    """Garbage in place of one Parquet part: the rows in files are read, and the problem names the part."""
    data = tmp_path / "data"
    shutil.copytree(recorded, data)
    (part,) = (data / "p" / "arch_archive").rglob("*.parquet")
    whole = part.read_bytes()
    for content in (b"", b"garbage", whole[:-9], whole[: len(whole) // 2], b"\0" * len(whole)):
        part.write_bytes(content)
        detail, points = everything(data)["arch"]
        assert [p["file"] for p in detail["problems"]] == [f"{part.parent.name}/{part.name}"]
        assert points["loss"]["arch"]["steps"] == [40]


@pytest.mark.parametrize("damage", ["{", "7", '"text"', "[" * 5000, '{"_type":"histogram","values":[1,2.]}'])
def test_damaged_media_in_an_archive_cost_only_themselves(recorded: Path, tmp_path: Path, damage: str) -> None:
    """A flipped bit in a Parquet part may spoil a reference and leave the file whole: the rest of it is read, and this is named."""
    data = Path(shutil.copytree(recorded, tmp_path / "data"))
    whole = everything(data)["arch"][1]
    (part,) = (data / "p" / "arch_archive").rglob("*.parquet")
    frame = pl.read_parquet(part)
    media = frame["metric_text"].str.starts_with("\0json:")
    spoilt = frame.with_columns(metric_text=pl.when(media).then(pl.lit("\0json:" + damage)).otherwise("metric_text"))
    spoilt.write_parquet(part)
    detail, points = everything(data)["arch"]
    assert points == whole
    assert detail["problems"] == [
        {
            "file": f"{part.parent.name}/{part.name}",
            "line": None,
            "reason": "media that cannot be understood",
            "count": media.sum(),
        }
    ]


def test_a_decoder_that_panics_costs_only_the_file(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Some damage of a Parquet file makes polars panic, which is no Exception: runs are listed, examined and resumed all the same."""
    data = Path(shutil.copytree(recorded, tmp_path / "data"))
    good = kept(everything(data), "good")

    def panics(*_: Any, **__: Any) -> Any:
        raise pl.exceptions.PanicException("invalid num_bits 116")

    for name in ("read_parquet", "scan_parquet"):
        monkeypatch.setattr(pl, name, panics)
    found = everything(data)
    assert kept(found, "good") == good
    assert [p["reason"] for p in found["arch"][0]["problems"]] == ["no readable Parquet: PanicException"]
    assert 1 == command(["doctor", "--data-dir", str(data)])
    assert "no readable Parquet: PanicException" in capsys.readouterr().out
    run = aspara.init(project="p", id=found["arch"][0]["id"], resume="must", dir=data)
    run.log({"loss": 0.5})
    run.finish()
    (part,) = (data / "p" / "arch_archive").rglob("*.parquet")
    assert 1 == command(["import", "parquet", str(part), "--data-dir", str(tmp_path / "other")])
    table = part.with_name("t.parquet")
    table.write_bytes(b"PAR1")
    with pytest.raises(UsageError, match="no table"):
        TablePages().rows(table, TableQuery())


@pytest.fixture
def foreign() -> Iterator[Folder]:
    """A data directory that is read by somebody who does not own it; root could read everything."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o777)
    yield Folder(place / "data")
    for path in place.rglob("*"):
        path.chmod(0o700)
    shutil.rmtree(place)


@contextmanager
def somebody_else() -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="Windows knows no such users")
@pytest.mark.parametrize("name", ["r.jsonl", "r.meta.json", "r", "../q", "../q/metadata.json"])
def test_what_may_not_be_read_hides_nothing_else(foreign: Folder, name: str) -> None:
    """Files and folders of somebody else's: the others are listed and drawn, and the run says which of its files it was."""
    foreign.run("r", [(0, {"loss": 1})], meta=META)
    foreign.run("other", [(0, {"loss": 2})], meta=META)
    foreign.run("far", [(0, {"loss": 3})], meta=META, project="q")
    (foreign.path / "q" / "metadata.json").write_text("{}")
    artifacts = foreign.path / "p" / "r" / "artifacts"
    artifacts.mkdir(parents=True)
    (artifacts / "a.txt").write_text("a")
    cache = foreign.path.parent / "cache"
    everything(foreign.path)  # whatever is imported late is imported now
    (foreign.path / "p" / name).resolve().chmod(0)
    with somebody_else():
        found = everything(foreign.path, cache)
    assert found["other"][1]["loss"]["other"]["values"] == [2]
    assert ("far" in found) == (name != "../q")
    if name in ("r.jsonl", "r.meta.json"):
        assert [p["file"] for p in found["r"][0]["problems"]] == [name]


def test_broken_metadata_does_not_make_a_run_a_running_one(folder: Folder, catalog: Catalog) -> None:
    """Nobody writes it: that its file has just changed is no sign of life."""
    folder.run("r", row(1, 0, {"loss": 1}))
    (folder.path / "p" / "r.meta.json").write_bytes(b'{"status": "comp')
    assert ["crashed"] == [info.status for info in catalog.runs("p")]
    assert "crashed" == catalog.run("p", "r").json()["status"]


def test_a_media_reference_that_no_file_can_have(folder: Folder, catalog: Catalog) -> None:
    """Found by damage at random: a name longer than file names are is one that is not kept."""
    folder.run("r", row(1, 0, {"loss": 1}), meta=META)
    (folder.path / "p" / "r" / "media").mkdir(parents=True)
    for name in ("9" * 300, "a\0b", "\udcff"):
        with pytest.raises(MediaNotFound):
            catalog.media_path("p", "r", name)


@pytest.mark.parametrize("behind", [".artifacts", ".artifacts/blobs", "blob", "content"])
def test_content_of_an_artifact_behind_a_link(folder: Folder, tmp_path: Path, catalog: Catalog, behind: str) -> None:
    """A link could lead anywhere out of the data directory: nothing behind it is given."""
    (tmp_path / "a.txt").write_text("a")
    with aspara.Run(project="p", name="r", dir=folder.path) as run:
        made = aspara.Artifact("w", "model")
        made.add_file(tmp_path / "a.txt")
        run.log_artifact(made)
    content = catalog.version_file("p", "w", "v0", "a.txt")
    place = {"blob": content.parent, "content": content}.get(behind) or folder.path / "p" / behind
    elsewhere = tmp_path / "elsewhere"
    place.rename(elsewhere)
    place.symlink_to(elsewhere)
    with pytest.raises(ArtifactNotFound):
        catalog.version_file("p", "w", "v0", "a.txt")
    with pytest.raises(ArtifactNotFound):
        catalog.version_files("p", "w", "v0")


def test_a_link_is_named_as_what_it_is(folder: Folder, tmp_path: Path, catalog: Catalog) -> None:
    """A run whose rows and metadata were moved away and linked has none of them, and says why."""
    folder.run("r", row(1, 0, {"loss": 1}), meta=META)
    folder.run("s", row(1, 0, {"loss": 1}), meta=META)
    (folder.path / "p" / "s").mkdir()
    for name in ("r.meta.json", "s.jsonl", "s"):
        place = folder.path / "p" / name
        place.rename(tmp_path / name)
        place.symlink_to(tmp_path / name)
    told = {run: {(p["file"], p["reason"]) for p in catalog.run("p", run).json()["problems"]} for run in "rs"}
    reason = "a link, which is not followed"
    assert {"r": {("r.meta.json", reason)}, "s": {("s.jsonl", reason), ("s", reason)}} == told


def test_a_problem_says_in_which_folder_its_file_lies(folder: Folder, tmp_path: Path) -> None:
    """A further writer's file is named with its folder, and so are rows on their way into Parquet."""
    folder.run("r", b"garbage\n" + row(1, 0, {"loss": 1}), meta=META)
    for part in ("writers", "segments"):
        (folder.path / "p" / "r" / part).mkdir(parents=True)
        (folder.path / "p" / "r" / part / "w.jsonl").write_bytes(b"garbage\n" + row(1, 0, {"loss": 1}))
    found = everything(folder.path, tmp_path / "cache")["r"][0]["problems"]
    assert {"r.jsonl", "writers/w.jsonl", "segments/w.jsonl"} == {problem["file"] for problem in found}


def test_a_line_of_a_gigabyte_costs_no_memory(tmp_path: Path) -> None:
    """It is skipped and counted; the row behind it is read, within a few hundred megabytes."""
    folder = Folder(tmp_path / "data")
    file = folder.run("r", row(1, 0, {"loss": 1.0}), meta=META)
    with file.open("r+b") as out:
        out.seek((1 << 30) + 7)  # a hole: it takes no space
        out.write(b"\n" + row(2, 1, {"loss": 0.5}))
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "import polars, numpy\n"
        "from aspara.catalog.catalog import Catalog\n"
        "from aspara.catalog.series.query import SeriesQuery\n"
        "catalog = Catalog(Path(sys.argv[1]))\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "found = catalog.metrics('p', ['r'], SeriesQuery()).metrics['loss']['r'].values.tolist()\n"
        "used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before\n"
        "print(found, used // 1024 < 200, catalog.run('p', 'r').json()['problems'])\n"
    )
    made = subprocess.run(
        [sys.executable, "-c", program, str(folder.path)], capture_output=True, text=True, check=False
    )
    problem = {"file": "r.jsonl", "line": 2, "reason": "longer than 4 MiB", "count": 1}
    assert made.stdout.strip() == f"[1.0, 0.5] True {[problem]}", made.stderr[-2000:]


def test_files_that_come_and_go_while_they_are_read(folder: Folder, tmp_path: Path) -> None:
    """Runs appear, change, vanish and come back under the readers; the run that stays is whole in every answer."""
    folder.run("stays", [(i, {"loss": i}) for i in range(100)], meta=META)
    stop = threading.Event()

    def stir() -> None:
        chance = random.Random(1)
        while not stop.is_set():
            run = f"r{chance.randrange(4)}"
            place = folder.path / "p"
            if chance.random() < 0.5:
                folder.run(run, [(i, {"loss": i}) for i in range(chance.randrange(50))], meta=META)
            else:
                for name in (f"{run}.jsonl", f"{run}.meta.json"):
                    (place / name).unlink(missing_ok=True)

    stirring = threading.Thread(target=stir)
    stirring.start()
    catalog = Catalog(folder.path, cache_dir=tmp_path / "cache")
    try:
        for _ in range(60):
            catalog.projects()
            assert "stays" in [info.run for info in catalog.runs("p")]
            answer = catalog.metrics("p", None, SeriesQuery())
            assert answer.metrics["loss"]["stays"].values.tolist() == list(range(100))
            catalog.metric_names("p")
    finally:
        stop.set()
        stirring.join()
        catalog.close()


# -- anything at all ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of three runs as the recorder leaves it: of both backends, with writers, media and artifacts."""
    folder = tmp_path_factory.mktemp("recorded")
    data = folder / "data"
    note = folder / "note.txt"
    note.write_text("kept")
    for name, backend in (("good", "jsonl"), ("bad", "jsonl"), ("arch", "polars")):
        run = aspara.Run(
            name, "p", dir=data, storage_backend=backend, config={"lr": 0.1, "net": {"layers": [1, 2]}}, tags=["a"]
        )
        for i in range(20):
            run.log({"loss": 1 / (i + 1), "acc": i, "note": f"text {i}"})
        run.log({"bars": aspara.Histogram([1, 2, 3]), "table": aspara.Table(columns=["a"], data=[[1], [2]])})
        run.log_artifact(str(note))
        artifact = aspara.Artifact("w", "model")
        artifact.add_file(str(note))
        run.log_artifact(artifact)
        run.finish()
    paths = Layout(data).run("p", "arch")
    paths.segments.mkdir(parents=True)
    paths.wal.rename(paths.segment("first"))
    archive_segment(paths, "first")
    paths.wal.write_bytes(row(1, 40, {"loss": 1}))
    bad = Layout(data).run("p", "bad")
    bad.writers.mkdir(parents=True, exist_ok=True)
    shutil.copy(bad.rows, bad.writer_rows("w1"))
    return data


GARBAGE = [
    *(b"", b"\n", b"\0" * 100, b"\xff\xfe\x00", b"\xef\xbb\xbf", b"{}", b"[]", b"null", b"NaN", b"1e999", b'"x"'),
    *(b"[" * 5000, b'{"a":' * 3000, b"9" * 5000, b"\\ud800", b"{" * 10),
    b'{"timestamp": 1, "step": 1, "metrics": {"loss": {"_type": "image"}}}\n',
    b'{"timestamp": 1, "step": 1, "metrics": {"loss": {"_type": "list", "items": [1, {"path": 3, "_type": 4}]}}}\n',
    b'{"timestamp": 9007199254740993, "step": -9007199254740993, "metrics": {"loss": 1}}\n',
    b'{"timestamp": -62135596800001, "step": 1, "metrics": {"loss": [1], "": "", "a\\u0000": 2}}\n',
]


def damage(path: Path, chance: random.Random) -> None:
    """One thing that disks, programs and people do to a file."""
    content = path.read_bytes()
    begin = chance.randint(0, len(content))
    end = min(len(content), begin + chance.randint(0, 40))
    kind = chance.randrange(10)
    if kind == 0:
        content = content[:begin]
    elif kind == 1:
        content = content[:begin] + chance.choice(GARBAGE) + content[end:]
    elif kind == 2:
        content = chance.choice(GARBAGE)
    elif kind == 3:
        content = chance.randbytes(200)
    elif kind == 4:
        content = content.decode("utf-8", "replace").encode(
            chance.choice(["utf-16", "latin-1", "utf-8-sig"]), "replace"
        )
    elif kind == 5:
        content += b"\0" * 4096
    elif kind == 6:
        content = content[:end] + content[begin:]
    elif kind == 7:
        lines = content.split(b"\n")
        chance.shuffle(lines)
        content = b"\n".join(lines)
    elif kind == 8:
        content = bytes(byte ^ (chance.random() < 0.01) << chance.randrange(8) for byte in content)
    elif kind == 9:
        path.unlink()
        made = chance.choice([a_pipe, a_folder, a_link_out, None])
        if made is not None:
            made(path)
        return
    path.write_bytes(content)


def survives(recorded: Path, place: Path, seed: int, before: Any) -> None:
    """Damages some files of a copy and reads it, then once more from the index that was left."""
    chance = random.Random(seed)
    data = place / "data"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(recorded, data)
    for round_ in range(2):
        whole = [f for f in sorted(data.rglob("*")) if f.is_file() and not f.is_symlink()]
        others = [f for f in whole if not f.relative_to(data).as_posix().startswith(("p/good", "p/.artifacts/blobs"))]
        for path in chance.sample(others, chance.randint(1, 3)):
            damage(path, chance)
        assert kept(everything(data, place / "cache"), "good") == before, (seed, round_)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 1 << 30))
def test_any_damage_leaves_the_other_runs_as_they_are(recorded: Path, tmp_path: Path, seed: int) -> None:
    """Files of a data directory cut, garbled, re-encoded, shuffled, replaced or gone: nothing raises, nobody waits, and the
    run that was left alone is told as before.
    """
    survives(recorded, tmp_path / "it", seed, kept(everything(recorded, tmp_path / "whole"), "good"))


@pytest.mark.soak
def test_any_damage_for_long(recorded: Path, tmp_path: Path) -> None:
    """The same, thousands of times; what fails says its number."""
    before = kept(everything(recorded), "good")
    begin = random.randrange(1 << 30)
    for seed in range(begin, begin + 5000):
        survives(recorded, tmp_path / "it", seed, before)
