"""The pictures of the documentation: each page with the same sample data, taken anew with `make pictures`."""

from __future__ import annotations

import io
import math
import os
import random
from pathlib import Path

import numpy as np
import pytest

import aspara
from aspara.storage import metadata
from tests.browser.conftest import served
from tests.browser.lab import Lab, Notebook

pytestmark = pytest.mark.browser

WIDTH = 1200
MOST = 150_000

# What is opened, what must be there, and how high the picture is.
PICTURES: dict[str, tuple[str, str, int]] = {
    "projects": ("", ".sparkline path", 260),
    "project": ("projects/digits?smooth=0.6", '[data-metric="val/loss"] .js-plotly-plot', 720),
    "runs": ("projects/digits/runs", "text=wide-3", 300),
    "compare": ("projects/digits/compare?runs=wide-1,wide-2,wide-3", ".diff-table", 700),
    "parameters": ("projects/sweep/compare?tab=parameters&scope=all", ".importance", 1000),
    "run-charts": ("projects/digits/runs/wide-3", '[data-metric="val/loss"] .js-plotly-plot', 720),
    "run-overview": ("projects/digits/runs/wide-3#overview", ".patch-file", 840),
    "run-summary": ("projects/digits/runs/wide-3#summary", ".own", 360),
    "run-config": ("projects/digits/runs/wide-3#config", ".tree-key", 420),
    "run-media": ("projects/digits/runs/wide-3#media", ".heat canvas", 1240),
    "run-table": ("projects/digits/runs/wide-3#media?search=predictions", ".media-table .thumb", 620),
    "run-artifacts": ("projects/digits/runs/wide-3#artifacts", ".version", 480),
    "run-console": ("projects/digits/runs/wide-3#console", ".portion", 620),
}
# What is unfolded before.
CLICKS = {"run-artifacts": ".version .fold"}


TRAINING = """
import aspara, math, time

run = aspara.init(project="digits", name="wide-4", config={"lr": 0.03}, total_steps=300, capture=False)
for step in range(300):
    left = math.exp(-step / 60)
    aspara.log({
        "train/loss": 2.2 * left + 0.1 + 0.05 * math.sin(step * 1.7),
        "val/loss": 2.3 * left + 0.15,
        "val/accuracy": 0.97 - 0.88 * left,
    })
    time.sleep(0.02 if step < 200 else 0.2)
aspara.finish()
""".strip()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A dashboard on sample data that is the same each time."""
    data = tmp_path_factory.mktemp("pictures") / "data"
    random.seed(4)
    rng = np.random.default_rng(4)
    for project, tags in (("speech", ["audio"]), ("translation", ["text", "wmt"])):
        _curve(data, project, "first", 0.04, [])
        metadata.edit(data / project / "metadata.json", lambda content, tags=tags: content.update(tags=tags))
    for i, lr in enumerate((0.005, 0.01, 0.02, 0.03)):
        _curve(data, "digits", f"wide-{i}", lr, ["sweep"], rng if i == 3 else None)
    _sweep(data)
    metadata.edit(data / "digits" / "metadata.json", lambda c: c.update(notes="Which **width** reads digits best?"))
    with served(data) as server:
        yield server


def _curve(data: Path, project: str, name: str, rate: float, tags: list[str], rng=None) -> None:
    config = {
        "lr": rate,
        "optimizer": {"name": "adamw", "betas": [0.9, 0.99]},
        "model": {"width": 64, "blocks": [{"channels": 32}, {"channels": 64}]},
    }
    run = aspara.Run(name, project, dir=data, config=config, tags=tags, notes="The **wide** one." if rng else "")
    run.define_metric("val/accuracy", goal="maximize")
    for step in range(120):
        left = math.exp(-step * rate)
        row: dict = {
            "train/loss": 2.2 * left + 0.1 + random.gauss(0, 0.04),
            "train/accuracy": 1 - 0.9 * left + random.gauss(0, 0.01),
            "val/loss": 2.3 * left + 0.15 + random.gauss(0, 0.03),
            "val/accuracy": 0.97 - 0.88 * left,
        }
        if rng is not None:
            row["weights/first"] = aspara.Histogram(rng.normal(step / 80, 0.4 + step / 150, 800))
            row["weights/last"] = aspara.Histogram(np.r_[rng.normal(-1, 0.3, 400), rng.normal(step / 50, 0.4, 400)])
            if step % 20 == 19:
                row |= _media(rng, step)
        run.log(row)
    if rng is not None:
        _files(run, data)
    run.finish()
    if rng is not None:
        _captured(data / project, run.run)


def _sweep(data: Path) -> None:
    for i in range(60):
        lr, depth, act = 10 ** random.uniform(-4, -1), random.randint(2, 8), random.choice(("relu", "gelu"))
        loss = 0.2 + 0.15 * abs(math.log10(lr) + 2.5) + 0.3 / depth + (act == "relu") * 0.08 + random.gauss(0, 0.02)
        run = aspara.Run(f"trial-{i}", "sweep", dir=data, config={"lr": lr, "depth": depth, "act": act, "seed": i % 5})
        for left in (2.0, 1.0):
            run.log({"val/loss": loss * left})
        run.finish()


def _digit(shift: float) -> np.ndarray:
    y, x = np.mgrid[0:20, 0:20]
    ring = np.hypot(x - 9.5 - 2 * math.cos(shift), y - 9.5 - 2 * math.sin(shift))
    return np.exp(-((ring - 5) ** 2) / 3)


def _media(rng, step: int) -> dict:
    digits = [aspara.Image(_digit(step / 20 + k), caption=f"reads {k}") for k in range(8)]
    rows = [[i, digits[i % 8], int(i % 8), int(rng.integers(10)), float(rng.random())] for i in range(200)]
    picture = np.zeros((90, 160, 3))
    picture[..., 0], picture[..., 2] = np.linspace(0.1, 0.6, 160), np.linspace(0.5, 0.2, 90)[:, None]
    boxes = {
        "found": {
            "box_data": [
                {"position": {"minX": 0.2, "maxX": 0.45, "minY": 0.3, "maxY": 0.8}, "class_id": 1},
                {"position": {"minX": 0.6, "maxX": 0.85, "minY": 0.2, "maxY": 0.7}, "class_id": 2},
            ],
            "class_labels": {1: "three", 2: "eight"},
        }
    }
    cloud = np.c_[rng.normal(size=(900, 3)) * [2, 1, 0.6], np.arange(900) % 3]
    return {
        "digits": digits,
        "page": aspara.Image(picture, boxes=boxes),
        "predictions": aspara.Table(columns=["id", "image", "label", "guess", "confidence"], data=rows),
        "embedding": aspara.Object3D(cloud),
    }


def _files(run, data: Path) -> None:
    folder = data.parent / "files"
    folder.mkdir()
    (folder / "scores.csv").write_text("digit,recall\n" + "".join(f"{i},{0.9 + i / 200}\n" for i in range(10)))
    (folder / "model.bin").write_bytes(bytes(4000))
    run.log_artifact(folder / "scores.csv", category="data", description="recall of each digit")
    made = aspara.Artifact("digits-model", type="model", description="the wide one")
    made.add_file(folder / "model.bin")
    run.log_artifact(made, aliases=["best"])
    run.summary["verdict"] = "wide enough"


def _captured(project: Path, run: str) -> None:
    """What a machine, a terminal and a work tree would have told, the same on every machine."""
    folder = project / run
    (folder / "diff.patch").write_text(
        "diff --git a/train.py b/train.py\n--- a/train.py\n+++ b/train.py\n@@ -4,4 +4,5 @@ def main():\n"
        "     model = make(depth=4)\n-    train(model, lr=1e-2)\n+    model.widen(2)\n+    train(model, lr=3e-2)\n     test(model)\n"
    )
    lines = (f"\x1b[32mepoch {i:2d}\x1b[0m  loss \x1b[1m{2.2 * math.exp(-i / 8):.3f}\x1b[0m\n" for i in range(24))
    (folder / "console.log").write_text("reading digits\n" + "".join(lines) + "\x1b[33msaved model.bin\x1b[0m\n")

    def change(content: dict) -> None:
        content["git"] = {"commit": "8f3c1a5d" * 5, "branch": "wider", "dirty": True, "untracked": 0}
        content["command"] = ["train.py", "--width", "64"]
        content["host"], content["pid"] = "workstation", 4711
        content["environment"] = {
            "python": "3.12.4",
            "os": "Linux",
            "cpu": "AMD EPYC 7313",
            "cpu_count": 16,
            "gpus": ["NVIDIA L4"],
        }

    metadata.edit(project / f"{run}.meta.json", change)


@pytest.mark.parametrize("name", list(PICTURES))
def test_a_picture_of_each_page_is_taken(site, browser, name):
    """Kept under screenshots/, or where PICTURES says; none is larger than a page of documentation should carry."""
    path, there, height = PICTURES[name]
    folder = Path(os.environ.get("PICTURES") or Path(__file__).parents[2] / "screenshots" / "pictures")
    folder.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(viewport={"width": WIDTH, "height": height}, color_scheme="light")
    page = context.new_page()
    page.goto(site.url + path)
    page.locator(there).first.wait_for(state="attached", timeout=60_000)
    if name in CLICKS:
        page.locator(CLICKS[name]).first.click()
    page.wait_for_timeout(1000)
    content = page.screenshot()
    context.close()
    _keep(folder, name, content)


def test_a_picture_of_a_notebook_that_trains_is_taken(browser, tmp_path):
    """The live chart under its cell, while the cell runs."""
    folder = Path(os.environ.get("PICTURES") or Path(__file__).parents[2] / "screenshots" / "pictures")
    folder.mkdir(parents=True, exist_ok=True)
    lab = Lab(tmp_path).start()
    try:
        lab.notebook("digits.ipynb", TRAINING)
        page = browser.new_page(viewport={"width": WIDTH, "height": 660}, color_scheme="light")
        notebook = Notebook(lab, page, "digits.ipynb").open()
        notebook.execute("application:toggle-left-area")
        notebook.run_cell()
        notebook.wait_for_points(600)
        content = page.screenshot()
        lab.end_kernels()
        page.close()
    finally:
        lab.stop()
    _keep(folder, "notebook", content)


def _keep(folder: Path, name: str, content: bytes) -> None:
    from PIL import Image

    out = io.BytesIO()
    _few_colours(Image.open(io.BytesIO(content)).convert("RGB")).save(out, "PNG", optimize=True)
    assert len(out.getvalue()) < MOST
    (folder / f"{name}.png").write_bytes(out.getvalue())


def _few_colours(picture):
    """In 256 colours: grounds and texts, of which there is most, just as they are, and the nearest to all others."""
    from PIL import Image

    known = [colour for _, colour in sorted(picture.getcolors(picture.width * picture.height), reverse=True)[:160]]
    others = picture.quantize(256 - len(known), Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).getpalette()
    palette = np.r_[np.array(known, int), np.array(others, int).reshape(-1, 3)][:256]
    pixels = np.asarray(picture).astype(int) @ (1 << 16, 1 << 8, 1)
    packed, places = np.unique(pixels, return_inverse=True)
    colours = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=1)
    # The squares of the distances, without what is the same for all of the palette.
    nearest = ((palette**2).sum(axis=1) - 2 * colours @ palette.T).argmin(axis=1).astype(np.uint8)
    few = Image.fromarray(nearest[places].reshape(picture.height, picture.width), "P")
    few.putpalette(palette.astype(np.uint8).tobytes())
    return few
