"""How runs appear in notebooks: live under the cell that trains, and as a picture that stays when they end.

The live output has three faces, of which a page shows the first that it can: our own MIME type, drawn by the JupyterLab
extension (it needs no kernel: a page that was reloaded in mid-run asks the server); the widget; a line of text. At the end,
and whenever a cell ends while the run goes on, the output gets the picture too, so that the saved notebook has something to
show to whoever opens it with no kernel, no server and no extension. A notebook that nobody watches has the picture alone.
"""

from __future__ import annotations

import contextlib
import sys
import time
import uuid
import weakref
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aspara.errors import AsparaError
from aspara.types import Block, Row
from aspara_jupyter import environment, static_picture
from aspara_jupyter.metric_definitions import definitions_of, fields_of
from aspara_jupyter.mimebundles import RUN_MIME
from aspara_jupyter.output_area import OutputArea, current_area, watch_clearing
from aspara_jupyter.picture_bundle import bundle
from aspara_jupyter.point_buffer import Columns, blocks_of
from aspara_jupyter.run_feed import NoWidget, RunFeed
from aspara_jupyter.run_selection import SelectedRun, columns_of, epochs, folder_of, points_of
from aspara_jupyter.widget import LiveWidget

if TYPE_CHECKING:
    from aspara.recording.run import Run

_SERIES_POINTS = 1000
_KEPT_WIDGETS = 20
_RETURN_INTERVAL = 1.0

_outputs: weakref.WeakKeyDictionary[Run, LiveOutput] = weakref.WeakKeyDictionary()
# A reloaded page asks for the widget of a run that has ended meanwhile; the oldest are let go.
_ended: deque[LiveWidget] = deque()
# By the shell of a notebook, the project of its last run.
_projects: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()


class LiveOutput:
    """The output of one run under the cell that began it, and wherever else it is shown."""

    def __init__(self, run: Run, height: int | None = None) -> None:
        self._run = run
        self.widget = LiveWidget(_info(run)) if environment.watched() else None
        self.feed = RunFeed(self.widget or NoWidget(), lambda: _info(run))
        if self.widget is not None:
            self.widget.renew = self.feed.snapshot
        self._height = height
        self._next_return = 0.0
        self._views: dict[str, _View] = {}
        self._shell: Any = None
        self._unwatch: Callable[[], None] | None = None
        # The step up to which the picture has the run.
        self._drawn = run.step

    def show(self) -> None:
        """Puts the widget under the cell."""
        if _in_marimo() and self.widget is not None:
            import marimo  # type: ignore[import-not-found,unused-ignore]

            marimo.output.append(self.widget)
            return
        self._shell = _shell()
        self._display(self._height, None)
        if self._shell is not None:
            self._shell.events.register("post_run_cell", self._cell_ended)
            self._unwatch = watch_clearing(self._shell, self._cleared)

    def also(self, height: int | None) -> None:
        """Shows it in the running cell too."""
        self._display(height, self.still())

    def _display(self, height: int | None, still: Mapping[str, Any] | None) -> None:
        from IPython.display import publish_display_data

        display_id = uuid.uuid4().hex
        self._views[display_id] = _View(height, current_area(_shell()))
        publish_display_data(**self.live(still, height), transient={"display_id": display_id})

    def live(self, still: Mapping[str, Any] | None = None, height: int | None = None) -> dict[str, Any]:
        """Data and metadata of the live output, with the faces of a picture beside it if given."""
        bundle, metadata = (self.widget and self.widget._repr_mimebundle_()) or ({}, {})
        words = {"text/plain": static_picture.text(static_picture.of_run(_subject(self._run, {}), {}, {}))}
        return {
            "data": {**bundle, **words, **(still or {}), RUN_MIME: reference(self._run, height)},
            "metadata": metadata,
        }

    def blocks(self, blocks: Sequence[Block]) -> None:
        """New rows go to the page."""
        self.feed.blocks(blocks)
        self._return()

    def rows(self, rows: list[Row]) -> None:
        """The same, one by one."""
        self.blocks(blocks_of(rows))

    def ended(self, status: str, exit_code: int | None) -> None:
        """The end goes to the page; then the output becomes a picture that needs no kernel."""
        self.feed.ended(status, exit_code)
        if self._shell is not None:
            with contextlib.suppress(ValueError):
                self._shell.events.unregister("post_run_cell", self._cell_ended)
        if self._unwatch is not None:
            with contextlib.suppress(ValueError):  # another thread ends the run: hooks are each thread's own
                self._unwatch()
        # Without the widget's view, which a saved notebook shows as an error. The widget itself lives on, so that a page that
        # was reloaded in mid-run can still ask for it.
        if self._views:
            still = self.still()
            with environment.last_words():
                self._update(lambda height: {"data": {**still, RUN_MIME: reference(self._run, height)}, "metadata": {}})
        if self.widget is None:
            return
        if self._views:
            self.widget.lighten()
        _ended.append(self.widget)
        if len(_ended) > _KEPT_WIDGETS:
            _ended.popleft().close()

    def still(self) -> dict[str, Any]:
        """The picture of the run as it stands."""
        return _picture(self._run, self.feed.series(_SERIES_POINTS))

    def _cell_ended(self, result: Any = None) -> None:
        # By its end, by an exception or by an interrupt: what the cell has done so far stays in the notebook.
        del result
        step = self._run.step
        gone = any(view.cleared for view in self._views.values())
        if not gone and step == self._drawn and not self.feed.fresh:
            return
        with contextlib.suppress(Exception):  # a picture must never break the cell after the training
            self._run.flush()
            self._drawn, self.feed.fresh = step, False
            still = self.still()
            self._update(lambda height: self.live(still, height))

    def _cleared(self, area: OutputArea) -> None:
        """The program has cleared an output area: what stood there is gone with the next output."""
        for view in self._views.values():
            view.cleared = view.cleared or view.area == area

    def _return(self) -> None:
        """Shows again what the running cell has cleared, not more often than somebody can look."""
        now = time.monotonic()
        if now < self._next_return or not any(view.cleared for view in self._views.values()):
            return
        self._next_return = now + _RETURN_INTERVAL
        self._update(lambda height: self.live(None, height), only_cleared=True)

    def _update(self, content: Callable[[int | None], dict[str, Any]], *, only_cleared: bool = False) -> None:
        from IPython.display import publish_display_data

        area = current_area(_shell()) if self._views else None
        for display_id, view in self._views.items():
            # What was cleared is gone: it is shown anew, in its own cell only.
            anew = view.cleared and view.area == area
            if anew or not only_cleared:
                publish_display_data(**content(view.height), transient={"display_id": display_id}, update=not anew)
            view.cleared = view.cleared and not anew


@dataclass
class _View:
    """One place where the output is shown."""

    height: int | None
    area: OutputArea | None
    cleared: bool = False


def attach(run: Run, height: int | None = None) -> None:
    """Shows the live chart of `run` under the running cell and keeps it up to date until the run ends."""
    output = LiveOutput(run, height)
    if run.step > run.starting_step:  # the run was begun without a chart
        output.feed.begin(_recorded(run))
    output.show()
    _outputs[run] = output
    if (shell := _shell()) is not None:
        _projects[shell] = run.project
    run.subscribe(output)


def latest_project() -> str | None:
    """The project of the run that was shown live last in this notebook; None where there was none."""
    shell = _shell()
    return None if shell is None else _projects.get(shell)


def _shell() -> Any:
    from IPython import get_ipython

    return get_ipython()  # type: ignore[no-untyped-call,unused-ignore]


def mimebundle(run: Run) -> tuple[dict[str, Any], dict[str, Any]] | dict[str, Any]:
    """What a notebook shows for a run that is the value of a cell: its chart, live while the run goes on."""
    output = _outputs.get(run)
    if output is not None and run.status == "running":
        found = output.live(output.still())
        return found["data"], found["metadata"]
    still = output.still() if output is not None else _picture(run, _recorded(run))
    return {**still, RUN_MIME: reference(run)}


def display_run(run: Run, height: int | None) -> bool:
    """Shows a run's charts in the running cell, at most `height` pixels high; live ones as a further view of the same widget."""
    from IPython.display import publish_display_data

    from aspara_jupyter.live_chart import checked_height

    height = checked_height(height)
    output = _outputs.get(run)
    if output is not None and run.status == "running":
        output.also(height)
    elif run.status == "running" and not run.disabled:
        attach(run, height)
    else:
        still = output.still() if output is not None else _picture(run, _recorded(run))
        publish_display_data({**still, RUN_MIME: reference(run, height)}, {})
    return True


def reference(run: Run, height: int | None = None) -> dict[str, Any]:
    """Which run an output shows, for a page that can ask a server about it; `now` is when the output was written."""
    return {"version": 1, **_info(run), **({} if height is None else {"height": height})}


def _recorded(run: Run) -> dict[str, Columns]:
    """The series of a run that no live output has seen, from its files; none for a run that is kept elsewhere."""
    from aspara.api.provider import local
    from aspara.catalog.series.query import SeriesQuery
    from aspara.errors import UsageError

    try:
        folder = folder_of(run)
    except UsageError:
        return {}
    if folder is None:
        return {}
    run.flush()
    library = local(folder)
    try:
        found = points_of([SelectedRun(library, run.project, run.run)], SeriesQuery(points=_SERIES_POINTS))
    except AsparaError:
        return {}
    finally:
        library.close()
    return {name: columns_of(series) for name, by_run in found.items() for series in by_run.values()}


def _in_marimo() -> bool:
    module = sys.modules.get("marimo")
    return module is not None and bool(module.running_in_notebook())


def _subject(run: Run, series: Mapping[str, Columns]) -> static_picture.PictureHead:
    # A run that has ended lasted until its last point.
    last = max((float(times.max()) for times, _, _ in series.values() if len(times)), default=run.start_time * 1000)
    seconds = (time.time() if run.status == "running" else last / 1000) - run.start_time
    return static_picture.PictureHead(run.name, run.project, run.status, run.color, run.step, max(0.0, seconds))


def _picture(run: Run, series: Mapping[str, Columns]) -> dict[str, Any]:
    return bundle(static_picture.of_run(_subject(run, series), series, definitions_of(run)))


def _info(run: Run) -> dict[str, Any]:
    return {
        "project": run.project,
        "run": run.run,
        "id": run.id,
        "name": run.name,
        "color": run.color,
        "status": run.status,
        "start_time": int(run.start_time * 1000),
        "step": run.step,
        "total_steps": run._identity.metadata.get("total_steps"),
        "epochs": epochs(run.config),
        "tags": list(run.tags),
        **fields_of(definitions_of(run)),
        "now": time.time_ns() // 1_000_000,
    }
