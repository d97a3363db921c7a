"""init() of the module wandb: its defaults, its arguments, and the environment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import aspara
from tests.wandb.conftest import answer

SHOW = """
import json, wandb
run = wandb.init({arguments})
wandb.log({{"a": 1}})
print(json.dumps([run.project, run.disabled, run.offline, run.entity, run.sweep_id, len(run.id)]))
wandb.finish()
"""


@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        ({}, ["uncategorized", False, True, "", None, 8]),
        ({"WANDB_MODE": "disabled"}, ["uncategorized", True, True, "", None, 8]),
        ({"WANDB_DISABLED": "true"}, ["uncategorized", True, True, "", None, 8]),
        ({"WANDB_MODE": "dryrun"}, ["uncategorized", False, True, "", None, 8]),
        ({"WANDB_PROJECT": "p", "WANDB_ENTITY": "team"}, ["p", False, True, "team", None, 8]),
        ({"WANDB_SWEEP_ID": "s1", "WANDB_RUN_ID": "r1"}, ["uncategorized", False, True, "", "s1", 2]),
    ],
    ids=str,
)
def test_the_environment_counts(variables: dict[str, str], shown: list, program):
    """Project, mode, entity, sweep and id come out of WANDB_ variables where nothing is given."""
    assert shown == answer(program(SHOW.format(arguments=""), **variables))


def test_arguments_beat_the_environment(program):
    """What a script says itself counts, then its settings, then the environment."""
    done = program(
        """
        import json, wandb
        settings = wandb.Settings(project="settings", run_group="settings", run_tags=["s"])
        run = wandb.init(project="argument", settings=settings)
        print(json.dumps([run.project, run.group, list(run.tags), run.notes]))
        """,
        WANDB_PROJECT="env",
        WANDB_RUN_GROUP="env",
        WANDB_TAGS="e",
        WANDB_NOTES="env",
    )
    assert ["argument", "settings", ["s"], "env"] == answer(done)


def test_further_variables(program, data: Path):
    """Without git and console, with the code, under the notebook's name, with configs from files: as the variables say."""
    (program.folder / "more.yaml").write_text("depth:\n  value: 4\n")
    program(
        "import wandb\nwandb.init(project='p', id='r', config={'lr': 1}).finish()",
        WANDB_DISABLE_GIT="true",
        WANDB_CONSOLE="off",
        WANDB_SAVE_CODE="true",
        WANDB_NOTEBOOK_NAME="train.ipynb",
        WANDB_CONFIG_PATHS="more.yaml",
        WANDB_API_KEY="x" * 40,
        WANDB_BASE_URL="http://nowhere.invalid",
        WANDB_DIR="elsewhere",
        WANDB_CACHE_DIR="elsewhere",
        WANDB_DATA_DIR="elsewhere",
        WANDB_INIT_TIMEOUT="1",
        WANDB_IGNORE_GLOBS="*.tmp",
        WANDB_QUIET="true",
        ASPARA_CAPTURE="all",
    )
    run = aspara.Api(data).run("p/r")
    assert {"depth": 4, "lr": 1} == run.config
    assert ("train.ipynb", None) == (run.metadata.get("notebook"), run.metadata.get("git"))
    assert ["script.py"] == [artifact.name for artifact in run.logged_artifacts()]
    assert not (program.folder / "elsewhere").exists()


def test_no_code_where_it_is_forbidden(program, data: Path):
    """WANDB_DISABLE_CODE beats WANDB_SAVE_CODE."""
    program("import wandb\nwandb.init(project='p', id='r').finish()", WANDB_SAVE_CODE="true", WANDB_DISABLE_CODE="true")
    assert [] == aspara.Api(data).run("p/r").logged_artifacts()


def test_dir_never_moves_the_runs(program, data: Path):
    """`dir=` leaves a run where the dashboard and the Api look."""
    program("import wandb\nwandb.init(project='p', id='r', dir='.').finish()")
    assert "r" == aspara.Api(data).run("p/r").id


def test_reinit(program):
    """True and finish_previous end the run before; create_new leaves it alone; return_previous gives it."""
    done = program(
        """
        import json, wandb
        a = wandb.init(project="p")
        b = wandb.init(project="p", reinit=True)
        c = wandb.init(project="p", reinit="create_new")
        d = wandb.init(reinit="return_previous")
        print(json.dumps([a.id == b.id, a.status, wandb.run is b, c is b, d is b]))
        c.finish()
        """
    )
    assert [False, "completed", True, False, True] == answer(done)


def test_a_project_that_cannot_stand_on_disk(program, data: Path):
    """A project of any text is kept under a name that files may have, which is said."""
    done = program("import wandb\nwandb.init(project='my first/project!').finish()")
    assert ["project"] == [project.name for project in aspara.Api(data).projects()]
    assert "'my first/project!'" in done.stderr


def test_old_arguments_are_taken(program):
    """Every argument of wandb's init() is taken, of older releases too."""
    program(
        """
        import wandb
        run = wandb.init(project="p", entity="e", allow_val_change=True, force=True, anonymous="allow", magic=True,
                         save_code=False, tensorboard=False, monitor_gym=False, resume=False, reinit=False,
                         config_exclude_keys=["a"], config={"a": 1, "b": 2}, settings={"start_method": "thread"})
        assert dict(run.config) == {"b": 2}
        wandb.log({"a": 1}, sync=False)
        run.log({"a": 1}, sync=True)
        wandb.log()
        """
    )


def test_resume(program):
    """A run is continued by its id, and its steps go on."""
    program("import wandb\nwandb.init(project='p', id='r')\nwandb.log({'a': 1})")
    done = program(
        "import json, wandb\nrun = wandb.init(project='p', id='r', resume='must')\n"
        "print(json.dumps([run.resumed, run.step, run.starting_step]))"
    )
    assert [True, 1, 1] == answer(done)


def test_sweeps_say_what_they_come_with(program):
    """sweep() and agent() say in a sentence what they come with."""
    done = program(
        """
        import json, wandb
        said = []
        for call in (lambda: wandb.sweep({}), lambda: wandb.agent("id", function=print), lambda: wandb.Api().sweep("x")):
            try:
                call()
            except wandb.Error as error:
                said.append("aspara[sweep]" in str(error))
        print(json.dumps(said))
        """
    )
    assert [True, True, True] == answer(done)
    assert json.loads("true")
