"""The module wandb, made of Aspara: how programs come to it, and what it is to those that look at it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import aspara
from aspara.compat.modules import VIRTUAL
from tests.wandb.conftest import answer


def test_a_script_runs_unchanged(program):
    """`python -m aspara.wandb script.py` runs a script that says `import wandb`, with its arguments, as the main program."""
    done = program(
        """
        import json, sys, wandb
        run = wandb.init(project="digits")
        wandb.log({"loss": 1.0})
        print(json.dumps([sys.argv, __name__, wandb.__version__, run.path, wandb.__name__]))
        """,
        "--lr",
        "0.1",
    )
    argv, name, version, path, module = answer(done)
    assert (["script.py", "--lr", "0.1"], "__main__", "0.31.0", "aspara.wandb") == (argv, name, version, module)
    assert [1.0] == [row["loss"] for row in aspara.Api().run(path).scan_history(["loss"])]


def test_the_exit_code_is_the_scripts(program):
    """What the script ends with is what the command ends with, and the run failed."""
    done = program("import sys, wandb\nwandb.init(project='p', id='r')\nsys.exit(3)", check=False)
    assert (3, "failed") == (done.returncode, aspara.Api().run("p/r").state)


def test_a_module_runs_unchanged(program, data: Path):
    """`python -m aspara.wandb -m package.module` runs a module, and Python's own options are kept."""
    (program.folder / "job.py").write_text(
        "import sys, wandb\nprint(wandb.__version__, sys.flags.dont_write_bytecode, sys.argv[1:])"
    )
    command = [sys.executable, "-B", "-m", "aspara.wandb", "-m", "job", "7"]
    done = subprocess.run(command, cwd=program.folder, capture_output=True, text=True, check=True)
    assert "0.31.0 1 ['7']" == done.stdout.strip()


def test_without_a_script_it_says_how_it_is_used():
    """Without arguments the command says how it is used, and ends with 2."""
    done = subprocess.run([sys.executable, "-m", "aspara.wandb"], capture_output=True, text=True, check=False)
    assert (2, True) == (done.returncode, "script.py" in done.stderr)


def test_frameworks_find_a_package(program):
    """Those that look for wandb before they import it find it: its spec, its metadata, its version."""
    done = program(
        """
        import importlib.metadata, importlib.util, json
        found = [importlib.util.find_spec("wandb") is not None, importlib.metadata.version("wandb")]
        import wandb
        found += [importlib.util.find_spec("wandb") is not None, importlib.util.find_spec("wandb.sdk.lib") is not None]
        found += [importlib.util.find_spec("wandb.nonsense") is None, wandb.__spec__ is not None]
        print(json.dumps(found))
        """
    )
    assert [True, "0.31.0", True, True, True, True] == answer(done)


@pytest.mark.parametrize("start", ["spawn", "fork"])
def test_children_get_it_too(program, start: str):
    """Processes that a script starts import the same module: by multiprocessing and by a command."""
    done = program(
        f"""
        import json, multiprocessing, subprocess, sys
        import wandb

        def name(queue):
            import wandb
            queue.put(wandb.__name__)

        if __name__ == "__main__":
            context = multiprocessing.get_context("{start}")
            queue = context.Queue()
            child = context.Process(target=name, args=(queue,))
            child.start()
            first = queue.get(timeout=120)
            child.join()
            code = "from wandb.errors.term import termlog; import wandb; print(wandb.__name__)"
            second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
            print(json.dumps([first, second.strip()]))
        """
    )
    assert ["aspara.wandb", "aspara.wandb"] == answer(done)


def test_an_installed_wandb_is_never_imported(program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A wandb that is installed is not touched, by whichever of the three ways, nor by a child."""
    real = tmp_path / "installed" / "wandb"
    real.mkdir(parents=True)
    (real / "__init__.py").write_text("raise SystemExit('the installed wandb was imported')")
    monkeypatch.setenv("PYTHONPATH", str(real.parent))
    program("import wandb, wandb.plot\nfrom wandb.sdk.lib import RunDisabled")
    code = "import aspara.wandb, subprocess, sys, wandb.util\nsubprocess.run([sys.executable, '-c', 'import wandb'], check=True)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_aspara_alone_leaves_wandb_alone(tmp_path: Path):
    """`import aspara as wandb` serves wandb's names, and `import wandb` stays what it was."""
    (tmp_path / "wandb.py").write_text("real = True")
    code = "import aspara\naspara.login()\naspara.plot.line, aspara.sdk.lib\nimport wandb\nassert wandb.real"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(tmp_path)})


def test_one_module_by_every_name(program):
    """Whatever a module is asked for by, it is one object: types compare, and state is shared."""
    program(
        """
        import wandb, aspara, aspara.wandb
        import wandb.plot, wandb.sdk.wandb_run, wandb.apis.public, wandb.data_types
        from wandb.sdk.lib.config_util import ConfigError
        from wandb.integration.keras import WandbMetricsLogger
        assert wandb is aspara.wandb
        assert wandb.plot is aspara.plot
        assert wandb.Run is wandb.sdk.wandb_run.Run is aspara.Run
        assert wandb.Image is wandb.data_types.Image is aspara.Image
        assert issubclass(ConfigError, wandb.Error)
        assert wandb.keras.WandbMetricsLogger is WandbMetricsLogger
        assert wandb.run is None
        with wandb.init(project="p") as run:
            assert wandb.run is aspara.run is run
        """
    )


def test_all_names_can_be_imported(program):
    """`from wandb import *` gives everything, and each module of the table imports with each of its names."""
    program("from wandb import *\nassert login() and init and log and plot")
    modules = {path: sorted(names) for path, names in VIRTUAL.items()}
    program(
        f"""
        import importlib, json
        for path, names in json.loads({json.dumps(json.dumps(modules))}).items():
            module = importlib.import_module("wandb." + path)
            for name in names:
                getattr(module, name)
        """
    )


def test_nothing_heavy_is_imported():
    """The module costs little: no framework, no numpy, no reading side."""
    code = "import aspara.wandb, sys\nprint(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "polars", "pandas", "tornado", "requests", "sklearn", "torch", "keras", "yaml", "plotly"}
    assert set() == heavy & set(done.stdout.split())
