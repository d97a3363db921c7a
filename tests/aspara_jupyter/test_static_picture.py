"""What a notebook holds once its runs have ended, made by a real kernel; and what plain IPython shows."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import nbformat
import pytest

import aspara

HOSTILE = "</script><img src=x onerror=alert(1)>"


@pytest.fixture
def execute(tmp_path, monkeypatch):
    """Executes cells in a new kernel and gives the notebook back; `fails` lets a cell raise."""
    monkeypatch.setenv("ASPARA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))

    def run(*cells: str, fails: bool = False) -> nbformat.NotebookNode:
        from nbconvert.preprocessors import ExecutePreprocessor

        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        ExecutePreprocessor(timeout=120, allow_errors=fails).preprocess(book, {"metadata": {"path": str(tmp_path)}})
        return book

    return run


def faces(book: nbformat.NotebookNode, cell: int = 0) -> list[dict[str, object]]:
    """The MIME bundles of a cell's outputs."""
    return [out["data"] for out in book.cells[cell].outputs if out.output_type in ("display_data", "execute_result")]


TEN = """
import aspara, math
run = aspara.init(project="p", name={name!r})
for i in range(3000):
    aspara.log({{f"group/metric{{k}}": math.sin(i / (10 + k)) for k in range(10)}})
aspara.finish()
"""


def test_a_finished_run_is_a_picture_of_at_most_150_kb(execute):
    """Ten metrics of three thousand steps are in the saved notebook, with no widget that would need a kernel."""
    book = execute(TEN.format(name="ten"))
    (kept,) = faces(book)
    assert {"application/vnd.plotly.v1+json", "image/svg+xml", "text/plain"} <= set(kept)
    assert not [mime for mime in kept if "widget" in mime]
    # Whoever executes notebooks without a page keeps the state of widgets in them.
    assert "widgets" not in book.metadata
    assert len(nbformat.writes(book)) <= 150_000
    figure = json.dumps(kept["application/vnd.plotly.v1+json"])
    assert all(f"metric{k}" in figure for k in range(10))


@pytest.mark.parametrize("show", ["", "from aspara_jupyter import LiveChart; LiveChart([run]).display()"])
def test_a_run_that_goes_on_at_the_end_is_a_picture_too(execute, show, capfd):
    """Executed to its end without finish(): as small as another, and the page made of it has the picture of all there was.

    The kernel ends without a complaint.
    """
    from nbconvert import HTMLExporter

    begin = f"import aspara, math\nrun = aspara.init(project='p', name='ten')\n{show}"
    train = "for i in range(3000):\n    run.log({f'metric{k}': math.sin(i / (10 + k)) for k in range(10)})"
    book = execute(begin, train, "1 + 1")
    kept = faces(book)
    assert len(kept) == (2 if show else 1)
    for face in kept:
        assert not [mime for mime in face if "widget" in mime]
        assert "metric9" in face["image/svg+xml"]
        assert "3\u202f000 steps" in face["text/plain"] or show
    assert "widgets" not in book.metadata
    assert len(nbformat.writes(book)) <= 150_000 * len(kept)
    page, _ = HTMLExporter().from_notebook_node(book)
    assert len(kept) == len(re.findall(r'src="data:image/svg\+xml;base64,', page))
    assert "Traceback" not in capfd.readouterr().err


def test_nbconvert_shows_the_picture_and_no_markup_of_a_name(execute):
    """The page made by nbconvert has the chart as SVG; a run's name is text in it."""
    from nbconvert import HTMLExporter

    book = execute(TEN.format(name=HOSTILE))
    (kept,) = faces(book)
    assert HOSTILE not in kept["image/svg+xml"]
    assert "&lt;/script&gt;&lt;img src=x" in kept["image/svg+xml"]
    # What makes a PDF of it reads it as XML, and fetches nothing.
    drawing = ElementTree.fromstring(kept["image/svg+xml"])
    assert HOSTILE in "".join(drawing.itertext())
    assert not [key for part in drawing.iter() for key in part.attrib if "href" in key or key.startswith("on")]
    page, _ = HTMLExporter().from_notebook_node(book)
    (svg,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]*)"', page)
    assert kept["image/svg+xml"] == base64.b64decode(svg).decode()
    assert HOSTILE not in page


@pytest.mark.parametrize("cell", ["raise ValueError('oh')", "import sys; sys.exit(3)", "raise KeyboardInterrupt"])
def test_a_cell_that_fails_in_a_run_keeps_its_picture(execute, tmp_path, cell):
    """`with aspara.init()` in a cell that raises: the run has failed, and what it logged is in the notebook."""
    code = f"import aspara\nwith aspara.init(project='p', name='r'):\n    aspara.log({{'loss': 1.0}})\n    {cell}"
    book = execute(code, fails=True)
    assert "image/svg+xml" in faces(book)[0]
    (run,) = aspara.Api(tmp_path / "data").runs("p")
    assert "failed" == run.state
    assert 1 == len(run.frame())


def test_a_run_goes_on_after_a_cell_that_failed_and_over_many_cells(execute, tmp_path):
    """A failing cell is not the end of the run; its picture stays under the cell that began it and is up to date."""
    book = execute(
        "import aspara\nrun = aspara.init(project='p', name='r')\nfor i in range(10): run.log({'loss': 1 / (i + 1)})",
        "run.log({'loss': 0.05}); raise ValueError('oh')",
        "for i in range(10): run.log({'loss': 0.01})",
        "run.finish()",
        fails=True,
    )
    (kept,) = faces(book)
    assert "completed" in kept["text/plain"]
    assert "21 steps" in kept["text/plain"]
    (run,) = aspara.Api(tmp_path / "data").runs("p")
    assert ("finished", 21) == (run.state, len(run.frame()))


def test_several_runs_of_one_cell_each_have_their_picture(execute):
    """A loop over learning rates leaves one picture a run, in their order."""
    book = execute(
        "import aspara\nfor lr in (0.1, 0.2, 0.3):\n"
        "    with aspara.init(project='p', name=f'lr={lr}'):\n        aspara.log({'loss': lr})"
    )
    kept = faces(book)
    assert ["lr=0.1", "lr=0.2", "lr=0.3"] == [re.search(r"lr=0\.\d", face["text/plain"])[0] for face in kept]
    assert not [face for face in kept if "image/svg+xml" not in face]


def test_a_cell_run_again_makes_another_run_and_the_first_one_ends(execute, tmp_path):
    """The same cell twice: two runs of that name, both ended, none mixed with the other."""
    cell = "import aspara\nrun = aspara.init(project='p', name='again')\nfor i in range(5): run.log({'loss': i})"
    book = execute(cell, cell, "aspara.finish()")
    runs = aspara.Api(tmp_path / "data").runs("p")
    assert [("again", "finished", 5)] * 2 == [(run.name, run.state, len(run.frame())) for run in runs]
    assert not [cell for cell in (0, 1) if "image/svg+xml" not in faces(book, cell)[0]]


def test_plain_ipython_prints_text(tmp_path):
    """No kernel, no page: a run shows itself as a line of text, and nothing breaks."""
    code = "import aspara; run = aspara.init(project='p', name='plain'); aspara.log({'loss': 1.0}); display(run); aspara.finish()"
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "-c", f"from IPython.display import display; {code}"],
        capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path,
        env={**os.environ, "ASPARA_DATA_DIR": str(tmp_path / "data"), "IPYTHONDIR": str(tmp_path / "ipython")},
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr
    assert "plain" in done.stdout
    assert "<svg" not in done.stdout
    assert "Traceback" not in done.stderr


def traces(output) -> dict[str, dict]:
    """The lines of a kept figure, by metric."""
    return {trace["meta"]["metric"]: trace for trace in output["data"]["application/vnd.plotly.v1+json"]["data"]}


def numbers(array: dict) -> list[float]:
    """The numbers of a typed array as Plotly keeps it."""
    kinds = {"i1": "b", "i4": "i", "f4": "f", "f8": "d"}
    return [float(n) for n in memoryview(base64.b64decode(array["bdata"])).cast(kinds[array["dtype"]])]


def test_the_picture_draws_metrics_as_their_definitions_say(execute):
    """Over the step metric, and without the hidden ones; the same in a LiveChart."""
    book = execute(
        "import aspara, aspara_jupyter\n"
        "run = aspara.init(project='p', capture=False)\n"
        "run.define_metric('val/*', step_metric='epoch')\n"
        "run.define_metric('secret', hidden=True)\n"
        "for i in range(6):\n"
        "    run.log({'loss': 1.0 / (i + 1), 'secret': i})\n"
        "    if i % 2: run.log({'epoch': i // 2, 'val/loss': i})\n"
        "run.finish()",
        "aspara_jupyter.LiveChart(run)",
    )
    pictures = [output for cell in book.cells for output in cell.outputs if "image/svg+xml" in output.get("data", {})]
    assert 2 == len(pictures)
    for picture in pictures:
        drawn = traces(picture)
        assert {"epoch", "loss", "val/loss"} == set(drawn)
        assert [0, 1, 2] == numbers(drawn["val/loss"]["x"])
        assert "val/loss over epoch" in picture["data"]["image/svg+xml"]


def test_every_finite_value_is_seen_in_the_picture(execute):
    """Also one between values that are none, and a single one: as dots."""
    book = execute(
        "import aspara\n"
        "run = aspara.init(project='p', capture=False)\n"
        "for i in range(400):\n"
        "    run.log({'gaps': i if i % 10 == 0 else float('nan'), 'many': i})\n"
        "run.log({'once': 1})\n"
        "run.finish()",
    )
    (picture,) = [o for cell in book.cells for o in cell.outputs if "image/svg+xml" in o.get("data", {})]
    drawn = traces(picture)
    assert "lines" == drawn["many"]["mode"]
    assert "lines+markers" == drawn["once"]["mode"] == drawn["gaps"]["mode"]
    sizes, values = numbers(drawn["gaps"]["marker"]["size"]), numbers(drawn["gaps"]["y"])
    assert [value == value for value in values] == [size > 0 for size in sizes]
    assert 40 == sum(size > 0 for size in sizes)
    assert 41 == picture["data"]["image/svg+xml"].count("h0")


LOOP = """
from IPython.display import clear_output
for epoch in range(3):
    clear_output(wait=True)
    for i in range(50): run.log({"loss": 1.0 / (epoch + 1)})
    print("epoch", epoch)
"""


@pytest.mark.parametrize("finish", ["run.finish()", ""])
def test_the_picture_comes_back_when_a_program_clears_its_output(execute, finish):
    """clear_output(wait=True) in each epoch takes the chart away; the saved notebook has it, once."""
    book = execute(f"import aspara\nrun = aspara.init(project='p', capture=False){LOOP}{finish}")
    outputs = [o for o in book.cells[0].outputs if "image/svg+xml" in o.get("data", {})]
    assert 1 == len(outputs)
    assert {"loss"} == set(traces(outputs[0]))


def test_clearing_another_cells_output_leaves_the_picture_alone(execute):
    book = execute("import aspara\nrun = aspara.init(project='p', capture=False)", LOOP + "run.finish()")
    shown = [sum("image/svg+xml" in o.get("data", {}) for o in cell.outputs) for cell in book.cells]
    assert [1, 0] == shown
