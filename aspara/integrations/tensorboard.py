"""TensorBoard's writers: what they are given becomes rows of the active run.

:class:`SummaryWriter` stands in for the one of ``torch.utils.tensorboard`` or ``tensorboardX`` and writes no event files.
:func:`patch` has those two record here as well, which is what ``init(sync_tensorboard=True)`` does.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType
from typing import Any

import aspara
from aspara.recording import registry
from aspara.recording.run import Run
from aspara.util.import_hook import when_imported
from aspara.util.messages import say_once
from aspara.util.wrap import wrap

WRITERS = ("torch.utils.tensorboard.writer", "tensorboardX.writer")
"""The modules with a class SummaryWriter of these methods."""
METHODS = (
    "add_audio",
    "add_figure",
    "add_histogram",
    "add_hparams",
    "add_image",
    "add_images",
    "add_scalar",
    "add_scalars",
    "add_text",
    "add_video",
)

_last_steps: weakref.WeakKeyDictionary[Run, int] = weakref.WeakKeyDictionary()
"""The ``global_step`` that each run's current row belongs to."""


class SummaryWriter:
    """Takes what TensorBoard's writer takes. Values of one ``global_step`` make one row, which holds it under that name.

    Args:
        log_dir: Accepted; nothing is written there.
        comment: Accepted.
        run: The run; by default the active one, which begins if there is none.
        **ignored: TensorBoard's further arguments.

    """

    def __init__(self, log_dir: Any = None, comment: str = "", run: Run | None = None, **ignored: Any) -> None:
        del comment, ignored
        self.log_dir = log_dir
        self._given = run

    def _run(self) -> Run:
        found = self._given or registry.running
        return found if found is not None else aspara.init()

    def _log(self, values: Mapping[str, Any], global_step: Any) -> None:
        run = self._run()
        step = 0 if global_step is None else int(global_step)
        row = dict(values)
        if _last_steps.get(run) != step:
            if run in _last_steps:
                run.log()  # the row before is complete
            _last_steps[run] = step
            row["global_step"] = step
        run.log(row, commit=False)

    def add_scalar(self, tag: str, scalar_value: Any, global_step: Any = None, *_: Any, **__: Any) -> None:
        """Logs a number."""
        self._log({tag: scalar_value}, global_step)

    def add_scalars(
        self, main_tag: str, tag_scalar_dict: Mapping[str, Any], global_step: Any = None, *_: Any, **__: Any
    ) -> None:
        """Logs several numbers, as ``<main_tag>/<tag>``."""
        self._log({f"{main_tag}/{tag}": value for tag, value in tag_scalar_dict.items()}, global_step)

    def add_histogram(self, tag: str, values: Any, global_step: Any = None, *_: Any, **__: Any) -> None:
        """Logs a histogram."""
        self._log({tag: aspara.Histogram(values)}, global_step)

    def add_image(self, tag: str, img_tensor: Any, global_step: Any = None, *_: Any, **__: Any) -> None:
        """Logs a picture."""
        self._log({tag: aspara.Image(img_tensor)}, global_step)

    def add_images(self, tag: str, img_tensor: Any, global_step: Any = None, *_: Any, **__: Any) -> None:
        """Logs a batch of pictures as one."""
        self._log({tag: aspara.Image(img_tensor)}, global_step)

    def add_figure(self, tag: str, figure: Any, global_step: Any = None, *_: Any, **__: Any) -> None:
        """Logs a figure of matplotlib, or several."""
        self._log({tag: figure}, global_step)

    def add_text(self, tag: str, text_string: str, global_step: Any = None, *_: Any, **__: Any) -> None:
        """Logs a text."""
        self._log({tag: aspara.Text(text_string)}, global_step)

    def add_audio(
        self, tag: str, snd_tensor: Any, global_step: Any = None, sample_rate: int = 44100, *_: Any, **__: Any
    ) -> None:
        """Logs a sound of one channel."""
        sound = snd_tensor.reshape(-1) if hasattr(snd_tensor, "reshape") else snd_tensor
        self._log({tag: aspara.Audio(sound, sample_rate=sample_rate)}, global_step)

    def add_video(self, tag: str, vid_tensor: Any, global_step: Any = None, fps: int = 4, *_: Any, **__: Any) -> None:
        """Logs the videos of a batch."""
        videos = [aspara.Video(video, fps=fps) for video in vid_tensor]
        self._log({tag: videos if len(videos) != 1 else videos[0]}, global_step)

    def add_hparams(self, hparam_dict: Mapping[str, Any], metric_dict: Mapping[str, Any], *_: Any, **__: Any) -> None:
        """Keeps parameters in the config, and metrics in the summary."""
        run = self._run()
        run.config.update(dict(hparam_dict))
        run.summary.update(dict(metric_dict))

    def add_graph(self, *_: Any, **__: Any) -> None:
        """Accepted; graphs are not kept."""

    add_embedding = add_mesh = add_custom_scalars = add_graph

    def flush(self) -> None:
        """Makes everything durable."""
        self._run().flush()

    def close(self) -> None:
        """Ends the row; the run goes on."""
        run = self._given or registry.running
        if run is not None and _last_steps.pop(run, None) is not None:
            run.log()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_undo: list[Callable[[], None]] = []
"""What takes :func:`patch` back, while it is on."""


def patch(*_: Any, **__: Any) -> None:
    """Has the writers of torch and tensorboardX record in the active run what they are given, also if imported later.

    wandb's arguments are accepted. They go on writing their event files.
    """
    if not _undo:
        _undo.extend(when_imported(name, _patch_module) for name in WRITERS)


def unpatch() -> None:
    """Undoes :func:`patch`."""
    while _undo:
        _undo.pop()()


def _patch_module(module: ModuleType) -> None:
    writer = getattr(module, "SummaryWriter", None)
    _undo.extend(wrap(writer, method, partial(_record, method), failed=_failed) for method in METHODS)


def _record(name: str, _: Any, args: tuple[Any, ...], options: dict[str, Any]) -> None:
    if registry.running is not None:
        getattr(_active, name)(*args[1:], **options)


def _failed(name: str, error: Exception) -> None:
    say_once(f"{name}() of TensorBoard could not be recorded ({type(error).__name__}: {error}).")


_active = SummaryWriter()
"""Writes to the run that is active when it is called."""
