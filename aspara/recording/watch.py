"""Watching models: histograms of their gradients and parameters while they train.

A hook is called at every pass and counts; only each ``log_freq``-th pass looks at numbers. The counting of bins is done
where the tensor lies, so that a GPU sends back 64 numbers and not the tensor. Hooks hold the run weakly and go when it ends.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from aspara.errors import UsageError, WrongType
from aspara.media.histogram import Histogram

_BINS = 64
_KINDS = ("gradients", "parameters", "all", None)
# Put in front of parameters' names by wrappers that change nothing about the model.
_WRAPPERS = {
    "DataParallel": "module.",
    "DistributedDataParallel": "module.",
    "FullyShardedDataParallel": "_fsdp_wrapped_module.",
    "OptimizedModule": "_orig_mod.",
}

Log = Callable[..., None]


class ModelWatch:
    """The models that one run watches. `log` is the run's; it is held weakly."""

    def __init__(self, log: Callable[[], Log | None]) -> None:
        self._log = log
        self._models: list[tuple[weakref.ref[Any], list[Any]]] = []
        self._count = 0

    def watch(self, models: Any, log: str | None = "gradients", log_freq: int = 1000, idx: int | None = None) -> None:
        """Hooks into each of `models`. A model that is watched already is watched anew, as asked now."""
        if log not in _KINDS:
            raise UsageError(f"log={log!r}: choose 'gradients', 'parameters', 'all' or None.")
        if not isinstance(log_freq, int) or log_freq < 1:
            raise UsageError(f"log_freq={log_freq!r}: give how many passes lie between two histograms, 1 or more.")
        listed = list(models) if isinstance(models, list | tuple) else [models]
        for model in listed:
            if not callable(getattr(model, "named_parameters", None)):
                raise WrongType(f"watch() takes PyTorch models (torch.nn.Module), not {type(model).__name__}.")
        for position, model in enumerate(listed):
            number = self._count if idx is None else idx + position
            self.unwatch(model)
            handles: list[Any] = []
            prefix = f"graph_{number}" if number else ""
            if log in ("parameters", "all"):
                handles += self._hook_parameters(model, prefix, log_freq)
            if log in ("gradients", "all"):
                handles += self._hook_gradients(model, prefix, log_freq)
            self._models.append((weakref.ref(model), handles))
            self._count = max(self._count, number) + 1

    def unwatch(self, models: Any = None) -> None:
        """Takes the hooks out of `models`, or of all."""
        listed = None if models is None else list(models) if isinstance(models, list | tuple) else [models]
        kept = []
        for known, handles in self._models:
            model = known()
            if listed is None or model is None or any(model is each for each in listed):
                for handle in handles:
                    handle.remove()
            else:
                kept.append((known, handles))
        self._models = kept

    def _hook_gradients(self, model: Any, prefix: str, log_freq: int) -> Iterator[Any]:
        for name, parameter in _named(model):
            if not getattr(parameter, "requires_grad", False):
                continue
            yield parameter.register_hook(_GradientHook(self._log, f"gradients/{prefix}{name}", log_freq))

    def _hook_parameters(self, model: Any, prefix: str, log_freq: int) -> Iterator[Any]:
        yield model.register_forward_hook(_ForwardHook(self._log, f"parameters/{prefix}", log_freq))


class _GradientHook:
    __slots__ = ("_left", "_log", "_name", "_period")

    def __init__(self, log: Callable[[], Log | None], name: str, period: int) -> None:
        self._log, self._name, self._period, self._left = log, name, period, period

    def __call__(self, gradient: Any) -> None:
        self._left -= 1
        if self._left:
            return
        self._left = self._period
        log = self._log()
        if log is not None:
            found = histogram(gradient)
            if found is not None:
                log({self._name: found}, commit=False)


class _ForwardHook:
    __slots__ = ("_left", "_log", "_period", "_prefix")

    def __init__(self, log: Callable[[], Log | None], prefix: str, period: int) -> None:
        self._log, self._prefix, self._period, self._left = log, prefix, period, period

    def __call__(self, model: Any, inputs: Any, outputs: Any) -> None:
        del inputs, outputs
        self._left -= 1
        if self._left:
            return
        self._left = self._period
        log = self._log()
        if log is not None:
            row = {f"{self._prefix}{name}": histogram(parameter) for name, parameter in _named(model)}
            log({name: found for name, found in row.items() if found is not None}, commit=False)


def histogram(tensor: Any) -> Histogram | None:
    """The distribution of a tensor's finite values; None where it has none."""
    if not (hasattr(tensor, "detach") and hasattr(tensor, "device")):
        try:
            return Histogram(tensor, num_bins=_BINS)
        except UsageError:
            return None
    import torch

    with torch.no_grad():
        values = tensor.detach()
        if values.is_sparse:
            values = values.coalesce().values()
        values = values.flatten().float()
        values = values[torch.isfinite(values)]
        if not values.numel():
            return None
        low, high = (float(edge) for edge in torch.aminmax(values))
        if low == high:
            # As numpy.histogram does where all values are one.
            low, high = low - 0.5, high + 0.5
        counts = torch.histc(values, bins=_BINS, min=low, max=high).tolist()
    width = (high - low) / _BINS
    return Histogram(np_histogram=(counts, [low + width * i for i in range(_BINS)] + [high]))


def _named(model: Any) -> Iterable[tuple[str, Any]]:
    """The parameters by the names that they have in the plain model, whatever wraps it."""
    prefix = ""
    inner = model
    while (part := _WRAPPERS.get(type(inner).__name__)) is not None:
        prefix += part
        inner = getattr(inner, part[:-1], None)
    return [(name.removeprefix(prefix), parameter) for name, parameter in model.named_parameters()]
