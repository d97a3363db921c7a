"""What a config may be made of: the very objects that programs have, from the libraries they have them from."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest

import aspara
from aspara.errors import UsageError

WANTED = {"lr": 0.1, "name": "net", "model": {"layers": [1, 2], "width": 8}}


@pytest.fixture
def kept(disk):
    """What is on disk of a config given to init()."""

    def keep(config) -> dict:
        run = aspara.init("p", config=config)
        run.finish()
        return disk.meta("p", run.run)["config"]

    return keep


def test_a_yaml_file(kept, tmp_path):
    """By its path, as text or Path; wandb's form with `value` keys too."""
    yaml = pytest.importorskip("yaml")
    for name, content in (("a.yaml", WANTED), ("b.yml", {k: {"value": v, "desc": None} for k, v in WANTED.items()})):
        (tmp_path / name).write_text(yaml.safe_dump(content))
        assert WANTED == kept(tmp_path / name) == kept(str(tmp_path / name))


def test_numbers_in_yaml_are_numbers(kept, tmp_path):
    """1e-4 too, which YAML 1.1 takes for a text."""
    pytest.importorskip("yaml")
    (tmp_path / "c.yaml").write_text("a: 1e-4\nb: 1.5e3\nc: 3E+2\nd: -2e5\ne: 7\nf: e5\ng: '1e-4'\n")
    found = kept(tmp_path / "c.yaml")
    assert {"a": 1e-4, "b": 1500.0, "c": 300.0, "d": -2e5, "e": 7, "f": "e5", "g": "1e-4"} == found


def test_a_json_file(kept, tmp_path):
    """By its path."""
    (tmp_path / "c.json").write_text(json.dumps(WANTED))
    assert WANTED == kept(tmp_path / "c.json")


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("missing.yaml", None, "cannot be read"),
        ("broken.json", "{", "not valid"),
        ("broken.yaml", "a: [", "not valid"),
        ("list.yaml", "[1]", "list, not a mapping"),
        ("code.yaml", "!!python/object/apply:os.getcwd []", "not valid"),
    ],
)
def test_a_file_that_is_no_config_is_named_with_what_is_wrong(disk, tmp_path, name, content, what):
    """And nothing in it is run."""
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(UsageError, match=what) as caught:
        aspara.init("p", config=tmp_path / name)
    assert name in str(caught.value)
    assert not disk.folder.exists()


def test_flags_of_absl(kept):
    """FLAGS, parsed."""
    flags = pytest.importorskip("absl.flags")
    values = flags.FlagValues()
    flags.DEFINE_float("lr", 0.5, "", flag_values=values)
    flags.DEFINE_list("layers", ["1"], "", flag_values=values)
    flags.DEFINE_enum("kind", "a", ["a", "b"], "", flag_values=values)
    flags.DEFINE_bool("amp", False, "", flag_values=values)
    values(["program", "--lr=0.25", "--layers=1,2", "--amp"])
    assert {"lr": 0.25, "layers": ["1", "2"], "kind": "a", "amp": True} == kept(values)


def test_configs_of_hydra(kept, disk):
    """omegaconf's dicts and lists, whole or inside of other dicts; references are put in, missing ones stay as written."""
    omegaconf = pytest.importorskip("omegaconf")
    made = omegaconf.OmegaConf.create({**WANTED, "same": "${lr}", "must": "???"})
    assert {**WANTED, "same": 0.1, "must": "???"} == kept(made)
    found = kept({"all": made, "some": made.model.layers})
    assert ({**WANTED, "same": 0.1, "must": "???"}, [1, 2]) == (found["all"], found["some"])
    assert {"lost": "${nowhere}", "a": 1} == kept(omegaconf.OmegaConf.create({"lost": "${nowhere}", "a": 1}))

    @dataclasses.dataclass
    class Options:
        lr: float = 0.5

    run = aspara.init("p", config=omegaconf.OmegaConf.structured(Options))
    run.config.update(made)
    run.config.one = made.model
    run.finish()
    assert {"layers": [1, 2], "width": 8} == disk.meta("p", run.run)["config"]["one"]


def test_namespaces_and_dataclasses(kept):
    """With others inside."""

    @dataclasses.dataclass
    class Model:
        layers: tuple = (1, 2)
        width: int = 8

    @dataclasses.dataclass
    class Options:
        lr: float = 0.1
        name: str = "net"
        model: Model = dataclasses.field(default_factory=Model)

    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float)
    parser.add_argument("--name")
    parsed = parser.parse_args(["--lr", "0.1", "--name", "net"])
    parsed.model = argparse.Namespace(layers=[1, 2], width=np.int64(8))
    assert WANTED == kept(Options()) == kept(parsed)


@pytest.mark.parametrize("config", [3, [1], object(), Path, b"x"], ids=["int", "list", "object", "class", "bytes"])
def test_what_is_no_config_raises(disk, config):
    """Saying what is one; nothing is written."""
    with pytest.raises(UsageError, match="config"):
        aspara.init("p", config=config)
    assert not disk.folder.exists()


def test_nan_and_infinity_are_numbers_wherever_they_stand(disk):
    """For the program that set them, when it resumes the run, and for readers; in the file they stand by their names."""
    inf, nan = math.inf, math.nan
    run = aspara.init("p", "r", id="r", config={"start": inf, "inside": [{"low": -inf}]})
    run.config.late = nan
    run.summary["best"] = np.float64(inf)
    run.summary.update({"deep": {"worst": -inf}})
    run.log({"loss": nan})
    run.define_metric("loss", summary="last,max")

    def check(config, summary) -> None:
        assert (inf, -inf, True) == (config["start"], config["inside"][0]["low"], math.isnan(config["late"]))
        assert (inf, -inf) == (summary["best"], summary["deep"]["worst"])
        assert math.isnan(summary["loss"]["last"])

    check(run.config, run.summary)
    run.finish()
    kept = disk.meta("p", "r")
    assert {"start": "Infinity", "inside": [{"low": "-Infinity"}], "late": "NaN"} == kept["config"]
    summary = {"best": "Infinity", "deep": {"worst": "-Infinity"}, "loss": {"last": "NaN", "max": None}}
    assert summary == kept["summary"]
    again = aspara.init("p", id="r")
    check(again.config, again.summary)
    again.config.more = 1
    again.finish()
    assert {**kept["config"], "more": 1} == disk.meta("p", "r")["config"]
    assert summary == disk.meta("p", "r")["summary"]
    api = aspara.Api().run("p/r")
    check(api.config, api.summary)


def test_a_list_that_was_appended_to_is_saved(tmp_path):
    """By persist(), and at the end of the run, however deep it stands."""
    with aspara.init("p", "r", dir=tmp_path, config={"a": [1], "b": {"c": [{"d": [1]}]}}) as run:
        run.config.a.append(2)
        run.config.persist()
        assert [1, 2] == aspara.Api(tmp_path).run("p/r").config["a"]
        run.config.b.c[0]["d"].append(2)
    assert {"a": [1, 2], "b": {"c": [{"d": [1, 2]}]}} == aspara.Api(tmp_path).run("p/r").config
