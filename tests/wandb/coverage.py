"""Which files of the corpus are served: a file is, when each name and keyword that it uses exists.

Run with the module's name and the corpus' path; prints a JSON object from each file that is not served to what it lacks.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import Any

from aspara.api.run import ApiRun


def resolved(root: Any, path: str) -> Any:
    """The object at a dotted path below `root`; of ``config`` and ``summary`` themselves, whose items a program names."""
    found = root
    for part in path.split("."):
        found = getattr(found, part)
    return found


def takes(function: Any, keyword: str) -> bool:
    """Whether a function, or the constructor of a class, has such an argument."""
    if keyword in ("*", "**"):
        return True
    parameters = inspect.signature(function).parameters
    return keyword in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def missing(module: Any, run: Any, uses: dict[str, Any], *, imports: bool) -> list[str]:
    """What a file uses and the module does not have."""
    found: list[str] = []

    def look(root: Any, path: str, what: str) -> Any:
        # A variable `run` may be one that is read, too.
        for each in (root, ApiRun) if root is run else (root,):
            try:
                return resolved(each, path)
            except AttributeError:
                continue
        found.append(what)
        return None

    def place(name: str) -> tuple[Any, str] | None:
        first, _, rest = name.partition(".")
        if first == "run" or name.startswith("wandb.run."):
            path = rest if first == "run" else name.removeprefix("wandb.run.")
            return (run, path.partition(".")[0] if path.startswith(("config", "summary")) else path) if path else None
        if name.startswith(("wandb.config", "wandb.summary")):
            return module, name.split(".")[1]
        return (module, rest) if rest else None

    for name in [*uses["names"], *(f"run.{name}" for name in uses["run"])]:
        where = place(name)
        if where is not None:
            look(*where, name)
    for name, keywords in uses["calls"].items():
        where = place(name)
        if where is None or name.startswith(("wandb.config.", "wandb.summary.", "run.config.", "run.summary.")):
            continue
        function = look(*where, name)
        found += [
            f"{name}({keyword}=)" for keyword in keywords if function is not None and not takes(function, keyword)
        ]
    for line in uses["imports"] if imports else ():
        for node in ast.parse(line).body:
            if isinstance(node, ast.Import):
                names: list[tuple[str, str | None]] = [(alias.name, None) for alias in node.names]
            else:
                assert isinstance(node, ast.ImportFrom)
                names = [(node.module or "", alias.name) for alias in node.names]
            for home, name_ in names:
                try:
                    imported = importlib.import_module(home)
                    if name_ is not None and name_ != "*":
                        getattr(imported, name_)
                except (ImportError, AttributeError):
                    found.append(line)
    return sorted(set(found))


if __name__ == "__main__":
    chosen, corpus = sys.argv[1:]
    wandb = importlib.import_module(chosen)
    with wandb.init(mode="disabled", project="coverage") as active:
        files = json.loads(Path(corpus).read_text(encoding="utf-8"))["files"]
        answers = {name: missing(wandb, active, uses, imports=chosen == "wandb") for name, uses in files.items()}
    print(json.dumps({"files": len(files), "missing": {name: lacks for name, lacks in answers.items() if lacks}}))
