"""The reference says which errors a call raises: what a public function or method raises is in its `Raises:` section."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import aspara
from aspara import errors
from aspara.api import projects, run, run_file, runs

ERRORS = {name for name, value in vars(errors).items() if inspect.isclass(value)} | {"ValueError", "TypeError"}


def public() -> Iterator[tuple[str, Callable[..., Any], str]]:
    """(name, function, docstring) of every public function, method and property; a constructor has its class's too."""
    face = [getattr(aspara, name) for name in aspara.__all__]
    classes = [value for value in face if inspect.isclass(value) and not issubclass(value, Exception)]
    classes += [run.ApiRun, run_file.RunFile, run_file.LoggedArtifact, runs.ApiRuns, projects.ApiProject]
    for value in face:
        if inspect.isfunction(value):
            yield value.__name__, value, inspect.getdoc(value) or ""
    classes += [base for cls in classes for base in cls.__mro__ if base.__module__.startswith("aspara.api.")]
    for cls in dict.fromkeys(classes):
        for name, member in vars(cls).items():
            function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
            if not inspect.isfunction(function) or "aspara" not in Path(function.__code__.co_filename).parts:
                continue  # what dataclasses and protocols generate has no source here
            if name == "__init__":
                yield f"{cls.__name__}()", function, f"{inspect.getdoc(cls)}\n{inspect.getdoc(function)}"
            elif not name.startswith("_"):
                yield f"{cls.__name__}.{name}", function, inspect.getdoc(function) or ""


def raised(function: Callable[..., Any]) -> set[str]:
    """The names of the errors that a function's own body raises."""
    nodes = ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function))))
    raises = [node.exc for node in nodes if isinstance(node, ast.Raise) and node.exc is not None]
    named = [node.func if isinstance(node, ast.Call) else node for node in raises]
    return {node.id for node in named if isinstance(node, ast.Name)} & ERRORS


@pytest.mark.parametrize(
    ("function", "docstring"), [pytest.param(function, doc, id=name) for name, function, doc in public()]
)
def test_raised_errors_are_documented(function: Callable[..., Any], docstring: str):
    """Each error that the function raises is named in its Raises section."""
    section = docstring.partition("Raises:")[2]
    assert set() == {name for name in raised(function) if name not in section}
