"""Secrets in a config are the program's own: it works with them, and they are written nowhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import aspara

SECRETS = {
    "api_key": "k-111111",
    "wandb": {"token": "t-222222", "mode": "offline"},
    "db": "postgres://me:p-333333@db/runs",
    "passwords": ["p-444444"],
    "headers": {"Authorization": "Bearer b-555555555555"},
    "hub": "hf_abcdefghijklmnop666666",
    "password": 777777,
    "launch": '{"secret": "s-888888"}',
}
PARTS = ("111111", "222222", "333333", "444444", "555555", "666666", "777777", "888888")
HARMLESS = {
    "max_token": 512,
    "tokenizer": {"name": "gpt2", "pad_token": "<pad>"},
    "tokens": ["a", "b"],
    "auth_loss_weight": 0.5,
    "author": "me",
    "passes": 3,
    "data": "s3://bucket/path",
    "token_type": "bpe",
    "secret": None,
    "api_key_given": True,
}


def written(data: Path) -> str:
    """All that stands in a data directory."""
    return "\n".join(file.read_text("utf-8", "replace") for file in data.rglob("*") if file.is_file())


def test_secrets_of_a_config_reach_no_file_and_stay_with_the_program(tmp_path, capsys):
    run = aspara.init("p", "r", dir=tmp_path, config={**SECRETS, **HARMLESS}, capture=False)
    assert {**SECRETS, **HARMLESS} == run.config.as_dict()
    run.config.late = {"api-key": "k-999999"}
    run.config["lr"] = 0.1
    run.log({"loss": 1.0})
    run.finish()
    text = written(tmp_path)
    assert [] == [part for part in (*PARTS, "999999") if part in text]
    kept = aspara.Api(tmp_path).run("p/r").config
    assert HARMLESS == {name: kept[name] for name in HARMLESS}
    assert ("***", "postgres://me:***@db/runs", "offline") == (kept["api_key"], kept["db"], kept["wandb"]["mode"])
    said = capsys.readouterr().err
    assert "config api_key, wandb.token, db" in said
    assert "ASPARA_REDACT=off" in said
    assert [] == [part for part in PARTS if part in said]


def test_a_resumed_run_has_its_secrets_again(tmp_path):
    aspara.init("p", dir=tmp_path, id="a", config=SECRETS, capture=False).finish()
    run = aspara.init("p", dir=tmp_path, id="a", resume="must", config={**SECRETS, "lr": 2}, capture=False)
    assert SECRETS["api_key"] == run.config.api_key
    assert SECRETS["wandb"] == run.config.wandb
    run.finish()
    assert [] == [part for part in PARTS if part in written(tmp_path)]


def test_a_setting_keeps_them(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ASPARA_REDACT", "off")
    aspara.init("p", "r", dir=tmp_path, config=SECRETS, capture=False).finish()
    assert SECRETS == dict(aspara.Api(tmp_path).run("p/r").config)
    assert "looks secret" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["token", "hf_token", "OPENAI_API_KEY", "db.password", "smtp_pass", "client-secret"])
def test_names_of_secrets(tmp_path, name):
    aspara.init("p", "r", dir=tmp_path, config={name: "value-123"}, capture=False).finish()
    assert {name: "***"} == json.loads((tmp_path / "p" / "r.meta.json").read_text())["config"]
