"""Media in a run: logged like numbers, kept as files, never in the way of training."""

from __future__ import annotations

import hashlib
import io
import json
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import aspara
from aspara.catalog.catalog import Catalog
from aspara.recording.media_writer import MediaWriter


def test_media_are_logged_like_numbers(run, kept, tmp_path):
    """Beside a number, at its step; the file's name is its content's fingerprint, so equal content is kept once."""
    for step in range(3):
        run.log({"loss": 0.5, "sample": aspara.Image(np.zeros((4, 4)), caption=f"step {step}")})
    run.finish()
    found = kept()
    assert [("sample", s, "image", f"step {s}") for s in range(3)] == [
        (m.metric, m.step, m.type, m.caption) for m in found
    ]
    (file,) = (tmp_path / "p" / "r" / "media").iterdir()
    assert {file} == {m.file for m in found}
    assert found[0].value["sha256"] == file.stem
    history = aspara.Api(tmp_path).run("p/r").history(format="dict")
    assert [(s, 0.5, "image") for s in range(3)] == [
        (row["_step"], row["loss"], row["sample"]["_type"]) for row in history
    ]


def test_figures_frames_and_arrays_need_no_wrapping(run, kept):
    """matplotlib (also the plt module), plotly, Pillow, pandas, polars, arrays, and lists of media."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    import pandas as pd
    import plotly.graph_objects as go
    import polars as pl
    from PIL import Image

    plt.plot([1, 2])
    run.log(
        {
            "plt": plt,
            "figure": plt.gcf(),
            "plotly": go.Figure(go.Scatter(y=[1, 2])),
            "pillow": Image.new("RGB", (2, 2)),
            "pandas": pd.DataFrame({"a": [1]}),
            "polars": pl.DataFrame({"a": [1]}),
            "many": np.random.default_rng(0).normal(size=100),
            "pictures": [aspara.Image(np.zeros((2, 2))), aspara.Image(np.ones((2, 2)))],
            "nested": {"deep": aspara.Text("x")},
        }
    )
    plt.close("all")
    run.finish()
    expected = {
        ("plt", "image", 0),
        ("figure", "image", 0),
        ("plotly", "plotly", 0),
        ("pillow", "image", 0),
        ("pandas", "table", 0),
        ("polars", "table", 0),
        ("many", "histogram", 0),
        ("pictures", "image", 0),
        ("pictures", "image", 1),
        ("nested.deep", "text", 0),
    }
    assert expected == {(m.metric, m.type, m.index) for m in kept()}
    assert [1, 2] == json.loads(next(m for m in kept(type="plotly")).read())["data"][0]["y"]
    assert [{"a": 1}] == kept(keys=["pol*"])[0].table().to_dicts()


def test_short_arrays_stay_lists(run, tmp_path):
    """As wandb has them; a list of numbers too, NaN included."""
    run.log({"a": np.arange(3), "b": [1, float("nan")], "loss": 1})
    run.finish()
    (row,) = aspara.Api(tmp_path).run("p/r").history(format="dict")
    assert ([0, 1, 2], [1, "NaN"]) == (row["a"], row["b"])


def test_what_is_logged_is_what_was(run, kept):
    """A table that grows after it was logged was logged as it was."""
    table = aspara.Table(columns=["x"], data=[[1]])
    run.log({"t": table})
    table.add_data(2)
    run.log({"t": table})
    run.finish()
    assert [[1], [1, 2]] == [m.table()["x"].to_list() for m in kept()]


def test_numbers_are_safe_before_media_are(run, tmp_path):
    """The row of numbers is on disk when log() returns, whatever its media still need."""
    started, go_on = threading.Event(), threading.Event()

    class Slow(aspara.Text):
        def stored(self, shelf):
            started.set()
            go_on.wait(60)
            return super().stored(shelf)

    run.log({"loss": 0.25, "t": Slow("x")})
    assert started.wait(60)
    assert {"loss": 0.25} == json.loads((tmp_path / "p" / "r.jsonl").read_text())["metrics"]
    go_on.set()
    run.finish()
    assert 2 == len((tmp_path / "p" / "r.jsonl").read_text().splitlines())


KILL_ME = """
import sys
import numpy as np
import aspara
run = aspara.Run("r", "p", dir=sys.argv[1])
out = open(sys.argv[2], "w", buffering=1)
i = 0
while True:
    run.log({"n": i, "pic": aspara.Image(np.full((16, 16), i % 251, np.uint8), caption=str(i))})
    if i == 20:
        run.flush()
    out.write(f"{i}\\n")  # after log() returned, the 21st time after flush() too
    i += 1
"""


@pytest.mark.parametrize("seed", range(3))
def test_a_kill_costs_no_number_and_only_media_that_were_still_waiting(tmp_path, seed):
    """Those before a flush() are there, of the others a beginning; none is torn, and no row tells of a file that is not there."""
    said = tmp_path / "said"
    program = tmp_path / "program.py"
    program.write_text(KILL_ME)
    process = subprocess.Popen([sys.executable, str(program), str(tmp_path / "data"), str(said)])
    try:
        deadline = time.monotonic() + 60
        while not (said.exists() and said.read_text().count("\n") > 25) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(random.Random(seed).uniform(0, 0.2))
    finally:
        process.kill()
        process.wait()
    returned = int(said.read_text().split("\n")[-2])
    api = aspara.Api(tmp_path / "data").run("p/r")
    numbers = [row["n"] for row in api.scan_history(keys=["n"])]
    assert len(numbers) in (returned + 1, returned + 2)
    assert list(range(len(numbers))) == numbers
    media = api.media()
    assert 21 <= len(media) <= len(numbers)
    assert [(i, str(i)) for i in range(len(media))] == [(m.step, m.caption) for m in media]
    for one in media:
        assert one.file.stem == hashlib.sha256(one.read()).hexdigest()
    assert ("crashed", []) == (api.state, Catalog(tmp_path / "data").run("p", "r").problems)


def test_a_value_that_cannot_be_kept_stops_nothing(run, kept, capsys):
    """A broken encoder, a figure that cannot be drawn, an object: one warning each, the others are kept."""

    class Broken(aspara.Text):
        def stored(self, shelf):
            raise RuntimeError("no such codec")

    for _ in range(3):
        run.log({"broken": Broken("x"), "odd": object(), "good": aspara.Text("y"), "loss": 1})
    run.finish()
    assert ["good"] * 3 == [m.metric for m in kept()]
    told = capsys.readouterr().err
    assert (1, 1, True) == (told.count("no such codec"), told.count("'odd'"), "3 media values" in told)


def test_a_large_one_is_refused_with_its_size(run, kept, capsys, monkeypatch, tmp_path):
    """ASPARA_MAX_MEDIA_SIZE is named in the message."""
    run.finish()
    monkeypatch.setenv("ASPARA_MAX_MEDIA_SIZE", "1000")
    with aspara.Run("r2", "p", dir=str(tmp_path)) as small:
        small.log({"t": aspara.Text("x" * 1001), "u": aspara.Text("x" * 1000)})
    assert "1001 bytes, more than the 1000 that ASPARA_MAX_MEDIA_SIZE allows" in capsys.readouterr().err
    assert ["u"] == [m.metric for m in aspara.Api(tmp_path).run("p/r2").media()]


def test_a_full_queue_loses_nothing(run, kept):
    """Whoever logs faster than the encoder takes a part of its work."""
    run._desk = MediaWriter(run._recorder, run._write_media, limit=1000)
    for step in range(200):
        run.log({"t": aspara.Text(f"{step}" * 100)})
    run.finish()
    assert list(range(200)) == [m.step for m in kept()]


def test_media_wait_for_a_disk_that_refuses(run, kept, tmp_path, monkeypatch):
    """Where the folder cannot be written for a while, media are kept and written when it can."""
    (tmp_path / "p" / "r").mkdir(exist_ok=True)
    (tmp_path / "p" / "r" / "media").write_text("in the way")
    # Not capsys: reading it empties it, and what another thread says at that moment would be lost.
    told = io.StringIO()
    monkeypatch.setattr("sys.stderr", told)
    run.log({"t": aspara.Text("kept all the same")})
    while "tried again" not in told.getvalue():
        time.sleep(0.01)
    (tmp_path / "p" / "r" / "media").unlink()
    run.finish()
    assert [b"kept all the same"] == [m.read() for m in kept()]


def test_a_disabled_run_takes_media_and_keeps_none(tmp_path):
    """mode="disabled" writes nothing."""
    with aspara.Run("r", "p", dir=str(tmp_path), mode="disabled") as run:
        run.log({"t": aspara.Text("x"), "i": aspara.Image(np.zeros((2, 2)))})
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("backend", ["jsonl", "polars"])
def test_references_survive_the_archive(tmp_path, backend, monkeypatch):
    """In JSON lines and in Parquet the same."""
    monkeypatch.setenv("ASPARA_ARCHIVE_ROWS", "5")
    with aspara.Run("r", "p", dir=str(tmp_path), storage_backend=backend) as run:
        for i in range(20):
            run.log({"t": aspara.Text(f"text {i}"), "loss": i})
    found = aspara.Api(tmp_path).run("p/r").media()
    assert [(i, f"text {i}".encode()) for i in range(20)] == [(m.step, m.read()) for m in found]


def test_a_download_is_named_after_metric_and_step(run, kept, tmp_path):
    """And never overwrites unasked."""
    run.log({"a/b": aspara.Text("x")})
    run.finish()
    (media,) = kept()
    target: Path = media.download(tmp_path / "out")
    assert ("a_b_0.txt", "x") == (target.name, target.read_text())
    with pytest.raises(aspara.AsparaError, match="replace=True"):
        media.download(tmp_path / "out")


def test_a_value_that_its_encoder_refuses_costs_no_other(run, kept, capsys):
    """Also where the library raises OSError, as Pillow does, or what is no Exception at all."""
    from aspara.media.base import Media

    class Refused(Media):
        kind = "image"

        def __init__(self, error: BaseException) -> None:
            self.error = error

        def stored(self, shelf):
            raise self.error

    class Panic(BaseException):
        pass

    run.log({"odd": Refused(OSError("cannot write mode XY as PNG")), "panic": Refused(Panic())})
    for _ in range(5):
        run.log({"good": aspara.Image(np.zeros((2, 2)))})
    run.flush()
    assert 5 == len(kept())
    run.finish()
    said = capsys.readouterr().err
    assert 1 == said.count("'odd' cannot be kept")
    assert 1 == said.count("'panic' cannot be kept")


@pytest.mark.parametrize(
    "mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "LA", "PA", "La", "I;16"]
)
@pytest.mark.parametrize("file_type", ["png", "jpg"])
def test_pillow_images_of_every_mode_are_kept(shelf, mode, file_type):
    """Modes that a file cannot have are converted."""
    from PIL import Image

    found = aspara.Image(Image.new(mode, (3, 2)), file_type=file_type).stored(shelf)
    assert (3, 2) == Image.open(io.BytesIO(shelf[found])).size


def test_a_wide_integer_image_keeps_its_contrast(shelf):
    """Mode I with values beyond 16 bits: the least is black, the greatest white."""
    from PIL import Image

    picture = Image.fromarray(np.arange(16, dtype=np.int32).reshape(4, 4) * 100_000)
    pixels = np.asarray(Image.open(io.BytesIO(shelf[aspara.Image(picture).stored(shelf)])))
    assert (0, 255) == (pixels.min(), pixels.max())


def test_media_are_kept_where_no_thread_can_be_started(run, kept, monkeypatch):
    """log() writes them itself."""
    start = threading.Thread.start

    def refuse(thread):
        if thread.name == "aspara-media":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    run.log({"a": aspara.Image(np.zeros((2, 2)))})
    assert 1 == len(kept())
