"""What `import aspara` costs and shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import aspara

HEAVY = {
    "polars",
    "numpy",
    "pandas",
    "tornado",
    "requests",
    "plotly",
    "IPython",
    "psutil",
    "asyncio",
    "ipywidgets",
    "yaml",
}


def loaded_after(code: str) -> set[str]:
    """The top-level modules that a fresh Python has loaded after `code`."""
    show = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.split()}


def test_import_is_light():
    """`import aspara` loads nothing heavy."""
    assert set() == HEAVY & loaded_after("import aspara")


def test_a_whole_run_is_light(tmp_path: Path):
    """So does recording a run to local files."""
    script = f"import aspara\nwith aspara.init(dir={str(tmp_path)!r}) as run:\n  aspara.log({{'loss': 1.0}})"
    assert set() == (HEAVY - {"psutil"}) & loaded_after(script)


def test_import_leaves_the_run_for_later():
    """`import aspara` alone loads neither the codec nor what writes: a program pays for them when it begins a run."""
    shown = subprocess.run(
        [sys.executable, "-c", "import aspara, sys\nprint(*sys.modules)"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert set() == {"orjson", "dataclasses", "pathlib", "aspara.recording.run", "aspara.storage"} & set(shown)


@pytest.mark.parametrize("name", ["run", "config", "summary", "log", "init", "finish"])
def test_no_module_shadows_a_public_name(name: str):
    """No file under aspara/ has the name of something public: importing it would replace the public thing."""
    package = Path(aspara.__file__).parent
    assert not (package / f"{name}.py").exists()
    assert not (package / name).exists()


@pytest.mark.parametrize("name", aspara.__all__)
def test_everything_in_all_is_there(name: str):
    """Each public name can be had; aspara.run is None without a run."""
    found = getattr(aspara, name)
    assert found is None if name == "run" else found is not None


def test_unknown_names_raise():
    """A name that is not there is an AttributeError, as everywhere."""
    with pytest.raises(AttributeError, match="nonsense"):
        _ = aspara.nonsense


def test_public_names_are_listed():
    """dir(aspara) shows all public names, those made on demand too."""
    assert set(aspara.__all__) <= set(dir(aspara))
