"""Realistic uses of aspara that nobody runs: the type checker reads them, so that users' code type-checks too."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import aspara


def script() -> None:
    run = aspara.init(project="digits", name="first", config={"lr": 1e-3}, tags=["a"], notes="why")
    for step in range(10):
        aspara.log({"loss": 1 / (step + 1), "lr": np.float32(0.1), "note": "text"})
    aspara.log({"late": 1}, step=3)
    aspara.log({"part": 1}, commit=False)
    aspara.log({"rest": 2.0}, timestamp="2026-01-01T00:00:00Z")
    aspara.finish()
    url: str | None = run.url
    print(url, run.id, run.step + 1, run.tags, run.path)


def context() -> None:
    with aspara.init("digits", dir=Path("runs"), storage_backend="polars", total_steps=100) as run:
        run.log({"a": {"b": 1}})
        run.config.lr = 0.1
        run.config["lr"] = 0.1
        run.config.update({"depth": 3}, width=2)
        run.summary["best"] = 0.97
        run.tags = ("a", "b")
        run.notes = "more"
        run.log_artifact("model.pt", description="weights", category="model")
        run.define_metric("val/*", step_metric="epoch")
        best: float = run.summary.get("best", 0.0)
        print(best)


@dataclass
class Settings:
    lr: float = 0.1


def configs() -> None:
    aspara.init(config=argparse.Namespace(lr=0.1)).finish()
    aspara.init(config=Settings()).finish(exit_code=0)
    aspara.init(config="config.yaml").finish()
    aspara.Run(name="direct", project="digits", resume="allow", id="abc").finish()


def live_views() -> None:
    aspara.config.lr = 1e-3
    aspara.summary["best"] = 1
    active: aspara.Run | None = aspara.run
    config: aspara.Config | None = aspara.config()
    if active is not None and config is not None:
        print(active.name, config["lr"])


def errors() -> None:
    try:
        aspara.init(project="no/slashes")
    except aspara.AsparaError as error:
        print(error)


def remote() -> None:
    aspara.init(tracker_uri="http://gpu-box:3142", mode="online", group="sweep", job_type="train").finish()


def reading() -> None:
    api = aspara.Api("runs")
    for run in api.runs("digits"):
        print(run.name, run.state, run.config, run.summary["loss"])
        for row in run.scan_history():
            print(row["_step"])


def pictures() -> None:
    from aspara_jupyter import LiveChart

    api = aspara.Api()
    with aspara.init("digits") as run:
        shown: bool = run.display(height=400)
        run.plot("loss", "val/*", smoothing=0.6, x="relative").show()
    project = api.project("digits")
    newest = project.runs(order="-created_at")
    newest.plot("loss", x="epoch", points=500).write_html("loss.html")
    chart = LiveChart([run, newest[0], "digits/calm-heron-4821"], metrics=["val/*"], height=500)
    print(shown, chart.runs, [p.name for p in api.projects()])
    chart.close()
