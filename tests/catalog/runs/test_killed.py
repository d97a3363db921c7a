"""What a kill leaves behind, in the middle of init() or of a deletion, is told as what it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

import pytest

from aspara.catalog.catalog import Catalog
from tests.catalog.conftest import Folder

ENDED = {"status": "completed", "version": "0.2.0", "is_finished": True}


def test_a_run_that_was_killed_inside_init_has_crashed(folder: Folder, catalog: Catalog) -> None:
    """It has a row file without a row, no metadata and no lock."""
    folder.run("r")
    (info,) = catalog.runs("p")
    assert info.status == "running"
    folder.age(60)
    (info,) = Catalog(folder.path).runs("p")
    assert info.status == "crashed"


@pytest.mark.parametrize("renames", range(5))
def test_a_deletion_that_was_killed_shows_nothing_of_the_run(folder: Folder, catalog: Catalog, renames: int) -> None:
    """Wherever the kill came; a new run of that name is shown, and the next deletion removes what was left."""
    folder.run("gone", [(0, {"a": 1})], meta=ENDED)
    folder.run("other", [(0, {"a": 1})], meta=ENDED)
    kept = folder.path / "p" / "gone" / "artifacts" / "x"
    kept.parent.mkdir(parents=True)
    kept.touch()
    code = f"""
        import os
        from pathlib import Path
        from aspara.catalog.catalog import Catalog
        rename, left = os.rename, [{renames}]
        def killed(a, b):
            if ".trash-" in str(b):
                if not left[0]:
                    os._exit(9)
                left[0] -= 1
            rename(a, b)
        os.rename = killed
        Catalog(Path({str(folder.path)!r})).delete_run("p", "gone")
        os._exit(9)
    """
    assert subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False).returncode == 9
    assert [info.run for info in catalog.runs("p")] == ["other"]
    folder.age(120)
    again = folder.path / "p" / "gone.jsonl"
    new = not again.exists()
    if new:
        folder.run("gone", [(5, {"b": 2})])
        assert {info.run for info in Catalog(folder.path).runs("p")} == {"gone", "other"}
    catalog.delete_run("p", "other")
    assert sorted(os.listdir(folder.path / "p")) == (["gone.jsonl"] if new else [])
    assert not new or json.loads(again.read_text())["step"] == 5
