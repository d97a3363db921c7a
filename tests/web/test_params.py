"""Parameters: what is declared is what the server does, what OpenAPI says, and what the documentation says."""

from __future__ import annotations

import json

import pytest

import aspara
from aspara.errors import UsageError
from aspara.web.params import Param, body_schema, parse_body, parse_query
from aspara.web.routes import DASHBOARD

PARTS = {"project": "p", "run": "r", "artifact": "a", "version": "v0", "path": "f.txt"}
# What a route needs besides the parameter that is looked at.
NEEDED = {"/runs/groups": {"by": "group"}, "/file": {"path": "f.txt"}}


def declared() -> list[tuple[str, str, Param]]:
    """Each parameter of each address that answers at once."""
    return [
        (route.path, method, param)
        for route in DASHBOARD
        for method in route.methods
        for param in route.params_of(method)
        if not route.path.endswith(("/stream", "/live")) and method != "DELETE"
    ]


def outside(param: Param, *, query: bool) -> list[object]:
    """Values that are not allowed."""
    if param.kind == "boolean":
        return ["2", "yes"] if query else [2, "yes", []]
    if param.kind == "list":
        values: list[object] = [",".join(["x"] * (int(param.high) + 1))] if query and param.high else []
        if not query:
            values += ["x", [1]] + ([["x"] * (int(param.high) + 1)] if param.high else [])
        return [*values, *(["bogus"] if query and param.choices else [])]
    if param.kind == "text":
        if param.choices or param.pattern:
            return ["bogus"] if query else ["bogus", 1]
        return ["x" * (int(param.high) + 1)] if param.high else []
    numbers: list[object] = ["x", "nan"] if query else ["5", True, [1]]
    if param.kind == "integer":
        numbers += ["1.5"] if query else [1.5]
    low, high = param.least, param.most
    numbers += [] if low is None else [low - 1]
    return numbers + ([] if high is None else [high + 1])


def inside(param: Param) -> list[object]:
    """Values at the bounds, and every choice."""
    if param.kind == "boolean":
        return ["0", "1", "true", "false"]
    if param.kind in ("list", "text"):
        return list(param.choices)
    bounds = [value for value in (param.least, param.high) if value is not None]
    return [*(int(v) if param.kind == "integer" else v for v in bounds if abs(v) < 1 << 20), *param.choices]


@pytest.fixture
def recorded(site, tmp_path):
    """A run with a point, a media table, a file and an artifact."""
    (tmp_path / "f.txt").write_text("hello")
    with aspara.Run("r", "p") as run:
        run.log({"loss": 1.0, "t": aspara.Table(columns=["a"], data=[[1]])})
        artifact = aspara.Artifact("a", "set")
        artifact.add_file(tmp_path / "f.txt")
        run.log_artifact(artifact)
        run.save(tmp_path / "f.txt", base_path=tmp_path)
    return site


def address(site, path: str) -> str:
    media = site.json("api/projects/p/runs/r/media?type=table")["media"]
    name = media[0]["value"]["path"].rpartition("/")[2] if "{name}" in path and "/media/" in path else "f.txt"
    return path.lstrip("/").format(**PARTS, name=name)


def test_what_is_declared_is_allowed_and_everything_else_refused(recorded):
    """Over HTTP, by GET and POST alike: values at the bounds are answered, those beyond are a 400 that names the parameter."""
    for path, method, param in declared():
        real = address(recorded, path)
        needed = next((query for ending, query in NEEDED.items() if path.endswith(ending)), {})
        if method == "GET":
            for value in inside(param):
                answer = recorded.get(real, params={**needed, param.name: value})
                assert answer.status_code in (200, 404), (path, param.name, value, answer.text)
            for value in outside(param, query=True):
                answer = recorded.get(real, params={**needed, param.name: value})
                assert (400, True) == (answer.status_code, param.name in answer.text), (path, param.name, value)
        else:
            needed = {name: value.split(",") for name, value in needed.items()}
            for value in outside(param, query=False):
                answer = recorded.ask("POST", real, json={**needed, param.name: value})
                assert (400, True) == (answer.status_code, param.name in answer.text), (path, param.name, value)


def test_an_unknown_parameter_is_refused_by_get_and_post_alike(recorded):
    """With the names that are allowed, and the one that was probably meant."""
    for route in DASHBOARD:
        for method in {"GET", "POST", "DELETE"} & route.methods.keys():
            if route.path.endswith("/live"):
                continue
            answer = recorded.ask(method, address(recorded, route.path), params={"bogus": "1"}, json={})
            assert (400, True) == (answer.status_code, "'bogus'" in answer.json()["detail"]), (method, route.path)
    answer = recorded.get("api/projects/p/runs/metrics?metric=loss")
    assert answer.json()["detail"].endswith("Did you mean 'metrics'?")
    answer = recorded.ask("POST", "api/projects/p/runs/metrics", json={"metric": ["loss"]})
    assert answer.json()["detail"].endswith("Did you mean 'metrics'?")


@pytest.mark.parametrize("query", ["?1700000000000", "?_=17"])
def test_what_keeps_an_answer_from_a_cache_is_no_parameter(recorded, query):
    """Libraries add a time to addresses."""
    assert 200 == recorded.get(f"api/projects{query}").status_code


def test_openapi_says_what_is_declared(site):
    """Bounds and choices, in the query and in the body, come from the same declaration; the page for people too."""
    paths = site.json("api/openapi.json")["paths"]
    page = site.get("docs").text
    for route in DASHBOARD:
        for method in route.methods:
            params = route.params_of(method)
            operation = paths[route.path][method.lower()]
            query = {p["name"]: p["schema"] for p in operation["parameters"] if p["in"] == "query"}
            if method == "POST":
                assert {} == query
                if params:
                    schema = operation["requestBody"]["content"]["application/json"]["schema"]
                    assert body_schema(params) == schema
            else:
                assert {param.name: param.schema(query=True) for param in params} == json.loads(json.dumps(query))
            assert all(f"<code>{param.name}</code>" in page for param in params)


def test_groups_have_the_bound_that_is_documented(recorded):
    """One bound for GET, POST and the description."""
    paths = recorded.json("api/openapi.json")["paths"]["/api/projects/{project}/runs/groups"]
    query = next(p["schema"] for p in paths["get"]["parameters"] if p["name"] == "points")
    body = paths["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]["points"]
    assert query == body == {"type": "integer", "minimum": 1, "maximum": 10_000}
    for points, status in ((10_000, 200), (10_001, 400), ("all", 400)):
        assert status == recorded.get(f"api/projects/p/runs/groups?by=group&points={points}").status_code
        answer = recorded.ask("POST", "api/projects/p/runs/groups", json={"by": ["group"], "points": points})
        assert status == answer.status_code


@pytest.mark.parametrize("fields", ["name,nonsense", "shape"])
def test_unknown_fields_are_named(recorded, fields):
    """As unknown runs are; the others are returned."""
    found = recorded.json(f"api/projects/p/runs?fields={fields}")
    assert [fields.rpartition(",")[2]] == found["unknown_fields"]
    found = recorded.json(f"api/projects/p/runs?shape=columns&fields={fields},own")
    assert fields.split(",") == found["unknown_fields"]
    assert "own" in found
    assert "unknown_fields" not in recorded.json("api/projects/p/runs?fields=name,state,metric_summary,git")


@pytest.mark.parametrize(
    ("param", "values", "expected"),
    [
        (Param("n", "integer", "", 1, 9, 5), [], 5),
        (Param("n", "integer", "", 1, 9, 5), [""], 5),
        (Param("n", "integer", "", 1, 9, 5), ["2", "7"], 7),
        (Param("n", "integer", "", 1, choices=("all",)), ["all"], "all"),
        (Param("n", "list", ""), ["a,b", "c"], ["a", "b", "c"]),
        (Param("n", "list", ""), [""], []),
        (Param("n", "list", ""), [], None),
        (Param("n", "number", ""), ["1e3"], 1000.0),
        (Param("n", "boolean", "", default=False), [], False),
        (Param("n", "text", "", pattern="a|b"), ["b"], "b"),
    ],
)
def test_a_query_is_parsed(param, values, expected):
    assert expected == parse_query([param], {"n": values} if values else {})["n"]


def test_null_in_a_body_is_the_default():
    """As an absent key is."""
    params = [Param("n", "integer", "", default=3), Param("l", "list", "")]
    assert {"n": 3, "l": None} == parse_body(params, {"n": None, "l": None}) == parse_body(params, {})


def test_a_required_list_says_how_many():
    with pytest.raises(UsageError, match="by: give 1 to 8 names"):
        parse_query([Param("by", "list", "Fields", 1, 8)], {})
