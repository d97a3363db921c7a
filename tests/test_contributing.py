"""CONTRIBUTING.md is true: what it names is there, and the lists for adding something are complete."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import aspara
from aspara import importers
from aspara.cli import import_, main
from aspara.media.base import BlobStore, Media

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_paths_exist():
    """Every file and folder that it names is in the repository."""
    paths = set(re.findall(r"`((?:aspara|aspara_jupyter|js|docs|tests|bench|examples)/[\w./-]+)`", TEXT))
    assert len(paths) > 40
    assert [] == sorted(path for path in paths if not (ROOT / path).exists())


def test_every_room_is_on_the_map():
    """Each package of aspara has its line."""
    rooms = {path.parent.name for path in (ROOT / "aspara").glob("*/__init__.py")}
    assert set() == {room for room in rooms if f"`aspara/{room}`" not in TEXT}


def test_verbs_exist():
    """Each `make` verb that it names is one."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    verbs = {verb for call in re.findall(r"`make ([\w -]+)`", TEXT) for verb in call.split()}
    assert set() == {verb for verb in verbs if not re.search(rf"^{verb}:", makefile, re.MULTILINE)}


def test_an_importer_is_a_module_and_a_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A module with recognizes() and runs(), registered by its name, is all that `aspara import` needs."""
    from aspara.importers.common.source import RunMetadata, SourceRun

    module = ModuleType("aspara.importers.notes")
    module.recognizes = lambda path: path.suffix == ".notes"  # type: ignore[attr-defined]
    module.runs = lambda path, report: [  # type: ignore[attr-defined]
        SourceRun("notes", str(path), lambda _: iter([(1, 0, {"loss": 0.5})]), RunMetadata(name="taken"))
    ]
    monkeypatch.setitem(sys.modules, "aspara.importers.notes", module)
    kinds = (*importers.KINDS, "notes")
    for owner in (importers, import_):
        monkeypatch.setattr(owner, "KINDS", kinds)
    monkeypatch.setattr(import_, "SOURCES", (*kinds, "auto"))
    source = tmp_path / "a.notes"
    source.write_text("anything")
    arguments = ["import", "auto", str(source), "--project", "p", "--data-dir", str(tmp_path / "data")]
    assert 0 == main.main(arguments)
    assert 0.5 == aspara.Api(tmp_path / "data").run("p/taken").summary["loss"]


def test_a_media_kind_is_a_class(tmp_path: Path):
    """A subclass of Media is logged, kept and found again under its kind, with no other code than its own."""

    class Score(Media):
        kind = "score"

        def stored(self, shelf: BlobStore) -> dict[str, object]:
            return self._described(**shelf.keep(b"C D E", "txt"))

    with aspara.Run(project="p", name="r", dir=tmp_path) as run:
        run.log({"tune": Score()})
    (tune,) = aspara.Api(tmp_path).run("p/r").media()
    assert ("tune", "score") == (tune.metric, tune.type)


def test_an_export_format_is_a_module():
    """Each format is a module with the function that its table promises."""
    from aspara import exporters

    for name in exporters.FORMATS:
        module = importlib.import_module(f"aspara.exporters.{name}")
        assert hasattr(module, "write_folder" if name in exporters.FOLDERS else "write")
