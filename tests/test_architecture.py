"""The layers hold: imports go down, neighbours leave each other alone."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Who may import whom: only rooms of a lower layer, and itself. (Everything that is a file directly under aspara/ is a word.)
LAYERS: dict[str, float] = {
    "words": 0,
    "aspara.util": 0.5,  # tools that know nothing of runs
    "aspara.storage": 1,
    "aspara.client": 1,
    "aspara.media": 1,
    "aspara.artifacts": 1.5,  # made of storage and media, used by both sides
    "aspara.recording": 2,
    "aspara.catalog": 2,
    "aspara.api": 2.5,
    "aspara.analysis": 2.7,  # questions to runs, for the command line and for agents
    "aspara": 2,  # aspara/__init__.py, the public face of the two sides
    "aspara.web": 3,
    "aspara.server": 4,
    "aspara_jupyter": 4,
    "aspara.tui": 4,
    "aspara.importers": 4,
    "aspara.exporters": 4,
    "aspara.doctor": 4,
    "aspara.integrations": 4,
    "aspara.compat": 4.2,  # wandb's further names, over the public face and the integrations
    "aspara.wandb": 4.5,  # the module wandb
    "aspara.cli": 5,
}
# Surfaces and commands use the public face, as any user does; nothing below them may.
FACE_USERS = {
    "aspara_jupyter",
    "aspara.tui",
    "aspara.importers",
    "aspara.exporters",
    "aspara.integrations",
    "aspara.compat",
    "aspara.wandb",
    "aspara.cli",
}

MODULES = sorted(
    path
    for package in ("aspara", "aspara_jupyter")
    for path in (ROOT / package).rglob("*.py")
    if "static" not in path.parts and "node_modules" not in path.parts
)


def room(module: str) -> str:
    """The room that a module's dotted name lies in."""
    parts = module.split(".")
    if parts[0] == "aspara_jupyter":
        return "aspara_jupyter"
    if len(parts) == 1:
        return "aspara"
    if parts[1] == "__main__":
        return "aspara.cli"
    return f"aspara.{parts[1]}" if (ROOT / "aspara" / parts[1]).is_dir() else "words"


def name_of(path: Path) -> str:
    """The dotted name of the module at `path`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, wherever in it, with the line; types-only imports too: they are knowledge."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative imports hide where a module lies"
            module = node.module or ""
            for alias in node.names:
                below = ROOT.joinpath(*module.split("."), alias.name)
                is_module = below.is_dir() or below.with_suffix(".py").is_file()
                yield (f"{module}.{alias.name}" if is_module else module), node.lineno


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_imports_go_down(path: Path):
    """A room imports from rooms below it and from itself; its neighbours it leaves alone."""
    own = room(name_of(path))
    assert own in LAYERS, f"{own} is a new room: give it its layer here"
    for module, line in imported(path):
        if module.split(".")[0] not in ("aspara", "aspara_jupyter"):
            continue
        other = room(module)
        where = f"{ids(path)}:{line}"
        if other == own or (other == "aspara" and own in FACE_USERS):
            continue
        assert other in LAYERS, f"{where}: {other} is a new room: give it its layer in this test"
        # The face is made of the two sides, so it may import its own layer.
        limit = LAYERS[own] + 1 if own == "aspara" else LAYERS[own]
        assert LAYERS[other] < limit, f"{where}: {own} must not know {other}"


@pytest.mark.parametrize("path", [p for p in MODULES if room(name_of(p)) in ("words", "aspara.util")], ids=ids)
def test_words_are_standard_library_only(path: Path):
    """Layer 0 imports the standard library and its own kind, nothing else."""
    for module, line in imported(path):
        top = module.split(".")[0]
        assert top in sys.stdlib_module_names or room(module) in ("words", "aspara.util"), (
            f"{ids(path)}:{line} imports {module}"
        )


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("aspara/storage", {"tornado", "requests", "http", "urllib"}),
        ("aspara/catalog", {"tornado", "requests", "http"}),
        ("aspara/web", {"jupyter_server", "requests"}),
        ("aspara/server", {"jupyter_server", "requests"}),
        ("aspara", {"IPython", "ipywidgets", "anywidget", "jupyter_server", "jupyterlab"}),
    ],
)
def test_rooms_know_nothing_of(package: str, forbidden: set[str]):
    """Storage knows no HTTP, the catalog no network, endpoints no Jupyter, aspara no notebook."""
    for path in sorted((ROOT / package).rglob("*.py")):
        for module, line in imported(path):
            assert module.split(".")[0] not in forbidden, f"{ids(path)}:{line} imports {module}"


def test_one_owner_of_environment_variables():
    """Names of environment variables stand in settings.py alone; others ask it (or name them in messages)."""
    for path in MODULES:
        if path.name == "settings.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"):
                text = ast.get_source_segment(path.read_text(encoding="utf-8"), node) or ""
                assert "ASPARA_" not in path.read_text(encoding="utf-8").splitlines()[node.lineno - 1], (
                    f"{ids(path)}:{node.lineno}: {text}"
                )


def cycles(graph: dict[str, set[str]]) -> list[set[str]]:
    """The groups of modules that reach each other."""
    reached: dict[str, set[str]] = {}
    for start, targets in graph.items():
        seen: set[str] = set()
        waiting = list(targets)
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += graph[name] - seen
        reached[start] = seen
    groups = {frozenset(b for b in reached[a] if a in reached[b]) for a in graph if a in reached[a]}
    return [set(group) for group in groups]


def graph_of_imports() -> dict[str, set[str]]:
    """What each module imports of our own, late imports and those for types included."""
    names = {name_of(path): path for path in MODULES}
    return {name: {module for module, _ in imported(path) if module in names} - {name} for name, path in names.items()}


def test_no_import_cycles():
    """No module reaches itself through imports of any kind: each file can be read after those that it imports."""
    assert [] == cycles(graph_of_imports())


def test_cycles_are_found():
    """A cycle over three modules is one; who merely imports it has no part in it."""
    assert [{"a", "b", "c"}] == cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": set()})


# Layers inside a room: what stands in a line imports only from lines above it, and from itself.
INNER_LAYERS = {
    "aspara.catalog": [
        {"parsing", "columns", "runs"},
        {"index", "filters", "edits"},
        {"series", "files"},
        {"data_directory"},
        {"editing", "run_files"},
        {"catalog"},
        {"live"},
    ],
    "aspara.web": [
        {"params", "schemas", "read_pool", "projects_watch"},
        {"context", "query_params"},
        {"endpoint"},
        {"route", "file_response"},
        {"openapi"},
        {"pages", "endpoints", "tracker"},
        {"routes"},
    ],
}


@pytest.mark.parametrize("package", INNER_LAYERS)
def test_layers_inside_a_room(package: str):
    """Within catalog and web, imports go down too."""
    levels = {name: level for level, names in enumerate(INNER_LAYERS[package]) for name in names}
    prefix = package + "."
    for module, targets in graph_of_imports().items():
        if not module.startswith(prefix):
            continue
        own = module[len(prefix) :].split(".")[0]
        assert own in levels, f"{module} is new: give it its layer here"
        for target in targets:
            other = target[len(prefix) :].split(".")[0]
            if target.startswith(prefix) and other != own:
                assert levels[other] < levels[own], f"{module} must not know {target}"


_TYPESCRIPT = ROOT / "js" / "src"
_IMPORTED = re.compile(r"""(?:from|import\(|import)\s*["'](\.{1,2}/[^"']+)["']""")


def typescript_imports() -> dict[str, set[str]]:
    """Each TypeScript file with those that it imports, types included; by their paths below ``js/src``."""
    graph = {}
    for path in [*_TYPESCRIPT.rglob("*.ts"), *_TYPESCRIPT.rglob("*.tsx")]:
        targets = set()
        for name in _IMPORTED.findall(path.read_text(encoding="utf-8")):
            place = (path.parent / name).resolve()
            found = [place.with_name(place.name + ending) for ending in ("", ".ts", ".tsx")]
            found += [place / "index.ts", place / "index.tsx"]
            targets |= {str(file.relative_to(_TYPESCRIPT)) for file in found if file.is_file()}
        graph[str(path.relative_to(_TYPESCRIPT))] = targets
    return graph


def test_typescript_has_no_import_cycles():
    """Type imports included."""
    graph = typescript_imports()
    assert graph["dashboard/run/media/card.tsx"] >= {"dashboard/run/media/histogram.tsx", "core/media.ts"}
    assert [] == cycles({name: {target for target in targets if target in graph} for name, targets in graph.items()})


# The rooms of the front end: each imports from those of earlier lines, and from itself.
TYPESCRIPT_LAYERS = [{"styles", "core"}, {"source", "chart"}, {"state"}, {"panel"}, {"dashboard", "widget", "lab"}]


def test_typescript_imports_go_down():
    """Pages know everything, pure functions nothing; pages leave each other alone."""
    heights = {room: height for height, rooms in enumerate(TYPESCRIPT_LAYERS) for room in rooms}
    wrong = [
        f"{name} must not know {target}"
        for name, targets in typescript_imports().items()
        for target in targets
        if "/" in name and "/" in target
        for own, other in [(name.split("/")[0], target.split("/")[0])]
        if own != other and heights[other] >= heights[own]
    ]
    assert [] == wrong
