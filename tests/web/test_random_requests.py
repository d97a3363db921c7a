"""Whatever a request asks, the answer is no 5xx, and no error tells where files lie."""

from __future__ import annotations

import json
import random
from urllib.parse import quote

import aspara
from aspara.web.routes import DASHBOARD

SEEDS = 12
EACH = 25
TEXTS = [
    "",
    "0",
    "1",
    "-1",
    "x",
    "nan",
    "inf",
    "1e400",
    "9" * 30,
    "a,b",
    ",",
    "*",
    "[",
    "日本",
    "\x00",
    "%",
    "../..",
    "{}",
    "loss",
    "=",
    "'",
    "metric:",
    "metric:loss",
    "time",
]
VALUES = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    2**63,
    1e308,
    "",
    "x",
    "loss",
    [],
    ["loss"],
    [1],
    [None],
    [[]],
    {},
    {"a": 1},
    {"r": {}},
    {"r": {"tags": [" "]}},
]


def segments(chooser: random.Random) -> dict[str, str]:
    known = {"project": "p", "run": "r", "name": "t", "path": "f", "artifact": "a", "version": "v0"}
    return {
        name: quote(value if chooser.random() < 0.8 else chooser.choice(TEXTS[4:]), safe="")
        for name, value in known.items()
    }


def test_no_request_breaks_the_server(site):
    """Of addresses, parameters and bodies as they are declared, with any values; what is written stays readable."""
    with aspara.Run("r", "p") as run:
        run.log({"loss": 1.0, "t": aspara.Table(columns=["a"], data=[[1]])})
    routes = [route for route in DASHBOARD if not route.path.endswith(("/stream", "/live"))]
    for seed in range(SEEDS):
        chooser = random.Random(seed)
        for number in range(EACH):
            route = chooser.choice(routes)
            method = chooser.choice([m for m in route.methods if m != "DELETE"])
            params = route.params_of(method)
            names = [p.name for p in chooser.sample(params, chooser.randint(0, len(params)))] if params else []
            path = route.path.lstrip("/").format(**segments(chooser))
            if method == "GET":
                answer = site.get(path, params={name: chooser.choice(TEXTS) for name in names})
            else:
                keys = names or chooser.sample(
                    ["runs", "change", "notes", "tags", "color", "config", "metadata", "aliases", "x"], 3
                )
                body = (
                    {key: chooser.choice(VALUES) for key in keys} if chooser.random() < 0.9 else chooser.choice(VALUES)
                )
                answer = site.ask(method, path, data=json.dumps(body))
            assert answer.status_code < 500, (seed, number, method, answer.url, answer.text)
            assert str(site.data) not in answer.text or answer.status_code < 400, answer.text
            if answer.status_code >= 400 and answer.headers["Content-Type"].startswith("application/json"):
                assert answer.json()["detail"]
    assert "p" in [project["name"] for project in site.json("api/projects")["projects"]]
