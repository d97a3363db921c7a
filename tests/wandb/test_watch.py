"""Watching a model: histograms of its gradients and parameters."""

from __future__ import annotations

import gc
import importlib
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import aspara


class Handle:
    def __init__(self, hooks: list[Any], hook: Any) -> None:
        self.hooks, self.hook = hooks, hook

    def remove(self) -> None:
        if self.hook in self.hooks:
            self.hooks.remove(self.hook)


class Parameter:
    """A parameter with a parameter's hooks."""

    requires_grad = True

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values, np.float64)
        self.hooks: list[Any] = []

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.values

    def tolist(self) -> Any:
        return self.values.tolist()

    shape = property(lambda self: self.values.shape)
    dtype = property(lambda self: self.values.dtype)

    def register_hook(self, hook: Any) -> Handle:
        self.hooks.append(hook)
        return Handle(self.hooks, hook)


class Model:
    """A model with a model's hooks."""

    def __init__(self) -> None:
        self.weight = Parameter([1.0, 2.0, 3.0])
        self.hooks: list[Any] = []

    def named_parameters(self) -> list[tuple[str, Parameter]]:
        return [("weight", self.weight)]

    def register_forward_hook(self, hook: Any) -> Handle:
        self.hooks.append(hook)
        return Handle(self.hooks, hook)

    def train(self) -> None:
        for hook in list(self.hooks):
            hook(self, (), None)
        for hook in list(self.weight.hooks):
            hook(np.array([0.5, 0.25]))


class OptimizedModule(Model):
    """What torch.compile() makes of a model."""

    def __init__(self, inner: Model) -> None:
        super().__init__()
        self._orig_mod = inner
        self.weight = inner.weight

    def named_parameters(self) -> list[tuple[str, Parameter]]:
        return [("_orig_mod.weight", self.weight)]


def keys(path: str) -> list[list[str]]:
    rows = aspara.Api().run(path).scan_history()
    return [sorted(key for key in row if not key.startswith("_")) for row in rows]


def test_histograms_join_the_step_that_is_logged_next(data: Path):
    """Every `log_freq` passes, gradients and parameters stand beside the loss."""
    model = Model()
    with aspara.init(project="p", id="r") as run:
        aspara.watch(model, log="all", log_freq=2)
        for _ in range(4):
            model.train()
            run.log({"loss": 1.0})
    watched = ["gradients/weight", "loss", "parameters/weight"]
    assert [["loss"], watched, ["loss"], watched] == keys("p/r")


def test_a_compiled_model_has_its_plain_names(data: Path):
    """What wraps a model shows in no name; a second model is numbered."""
    with aspara.init(project="p", id="r") as run:
        first, second = OptimizedModule(Model()), Model()
        run.watch([first, second], log_freq=1)
        first.train()
        second.train()
        run.log({"loss": 1.0})
    assert [["gradients/graph_1weight", "gradients/weight", "loss"]] == keys("p/r")


def test_hooks_go_and_hold_nothing(data: Path):
    """unwatch() takes the hooks out; watching twice hooks once; neither model nor run is held; after the end nothing is logged."""
    model = Model()
    run = aspara.init(project="p", id="r")
    run.watch(model, log="all", log_freq=1)
    run.watch(model, log="all", log_freq=1)
    assert (1, 1) == (len(model.hooks), len(model.weight.hooks))
    run.unwatch(model)
    assert ([], []) == (model.hooks, model.weight.hooks)
    run.watch(model, log_freq=1)
    run.finish()
    model.train()
    known_run, known_model = weakref.ref(run), weakref.ref(model)
    del run
    gc.collect()
    assert known_run() is None
    del model
    gc.collect()
    assert known_model() is None


def test_what_is_no_model_is_refused(data: Path):
    """A wrong model is a TypeError; a wrong choice names the right ones."""
    with aspara.init(project="p") as run:
        with pytest.raises(TypeError, match="torch.nn.Module"):
            run.watch("model")
        with pytest.raises(aspara.UsageError, match="'gradients', 'parameters', 'all'"):
            run.watch(Model(), log="everything")


def test_a_model_of_torch(data: Path):
    """A real model: histograms of 64 bins that count each finite value."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    importlib.import_module("torch.nn")
    model = torch.nn.Linear(3, 2)
    with aspara.init(project="p", id="r") as run:
        run.watch(model, log="all", log_freq=1)
        model(torch.ones(4, 3)).sum().backward()
        run.log({"loss": 1.0})
    row = next(iter(aspara.Api().run("p/r").scan_history()))
    assert {"gradients/weight", "gradients/bias", "parameters/weight", "parameters/bias", "loss"} <= set(row)
