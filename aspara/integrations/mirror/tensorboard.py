"""The mirror of TensorBoard: each writer has a run here, named after its log directory."""

from __future__ import annotations

import contextlib
import os
import weakref
from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType
from typing import Any

from aspara.integrations.mirror.mirrored_runs import MirroredRuns
from aspara.integrations.tensorboard import METHODS, WRITERS, SummaryWriter
from aspara.util.import_hook import when_imported
from aspara.util.wrap import wrap


def begin(options: Mapping[str, Any]) -> Callable[[], None]:
    """Wraps the writers of torch and tensorboardX, now or when they are imported; returns what ends the mirror."""
    return TensorboardMirror(options).begin()


class TensorboardMirror:
    """What is called behind the methods of a writer."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._runs = MirroredRuns("TensorBoard", options)
        self._ours: weakref.WeakKeyDictionary[Any, SummaryWriter] = weakref.WeakKeyDictionary()
        self._undo: list[Callable[[], None]] = []

    def begin(self) -> Callable[[], None]:
        """Wraps what is there, and what comes."""
        self._undo += [when_imported(name, self._wrap_module) for name in WRITERS]
        return self._end

    def _end(self) -> None:
        for undo in reversed(self._undo):
            undo()
        for writer in list(self._ours.values()):
            writer.close()
        self._runs.close()

    def _wrap_module(self, module: ModuleType) -> None:
        writer = getattr(module, "SummaryWriter", None)
        for name in METHODS:
            self._undo.append(wrap(writer, name, partial(self._record, name), failed=self._runs.failed))
        self._undo.append(wrap(writer, "close", self._close, failed=self._runs.failed))

    def _record(self, name: str, _: Any, args: tuple[Any, ...], options: dict[str, Any]) -> None:
        theirs, *rest = args
        getattr(self._writer(theirs), name)(*rest, **options)

    def _writer(self, theirs: Any) -> SummaryWriter:
        """The writer here that belongs to theirs."""
        ours = self._ours.get(theirs)
        if ours is None:
            folder = os.path.abspath(str(_folder(theirs)))
            run = self._runs.begin(
                id(theirs),
                name=os.path.basename(folder),
                project=os.path.basename(os.path.dirname(folder)) or None,
                config={"log_dir": folder},
            )
            ours = self._ours[theirs] = SummaryWriter(folder, run=run)
        return ours

    def _close(self, _: Any, args: tuple[Any, ...], __: dict[str, Any]) -> None:
        theirs = args[0]
        ours = self._ours.pop(theirs, None)
        if ours is not None:
            ours.close()
            self._runs.end(id(theirs))


def _folder(writer: Any) -> Any:
    # torch's word, and tensorboardX's.
    for name in ("log_dir", "logdir"):
        with contextlib.suppress(AttributeError):
            folder = getattr(writer, name)
            if folder is not None:
                return folder
    return "runs"
