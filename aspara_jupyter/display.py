"""How runs appear in notebooks: live under the cell that trains, and as a picture that stays when they end.

The live output has three faces, of which a page shows the first that it can: our own MIME type, drawn by the JupyterLab
extension (it needs no kernel: a page that was reloaded in mid-run asks the server); the widget; a line of text. At the end,
and whenever a cell ends while the run goes on, the output gets the picture too, so that the saved notebook has something to
show to whoever opens it with no kernel, no server and no extension.
"""

from __future__ import annotations

import contextlib
import sys
import time
import uuid
import weakref
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aspara.model import Row
from aspara_jupyter import picture
from aspara_jupyter.feed import Columns, Feed
from aspara_jupyter.widget import LiveWidget

if TYPE_CHECKING:
    from aspara.recording.run import Run

MIME = "application/vnd.aspara.run+json"
_SERIES_POINTS = 1000
_KEPT_WIDGETS = 20
_EPOCHS = ("epochs", "num_epochs", "n_epochs", "max_epochs", "num_train_epochs", "total_epochs")

_outputs: weakref.WeakKeyDictionary[Run, LiveOutput] = weakref.WeakKeyDictionary()
# A reloaded page asks for the widget of a run that has ended meanwhile; the oldest are let go.
_ended: deque[LiveWidget] = deque()


class LiveOutput:
    """The output of one run under the cell that began it."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.widget = LiveWidget(_info(run))
        self.feed = Feed(self.widget, lambda: _info(run))
        self.widget.renew = self.feed.snapshot
        self._display_id: str | None = None
        self._shell: Any = None

    def show(self) -> None:
        """Puts the widget under the cell."""
        if _in_marimo():
            import marimo  # type: ignore[import-not-found,unused-ignore]

            marimo.output.append(self.widget)
            return
        from IPython import get_ipython
        from IPython.display import publish_display_data

        self._display_id = uuid.uuid4().hex
        publish_display_data(**self.live(), transient={"display_id": self._display_id})
        self._shell = get_ipython()  # type: ignore[no-untyped-call,unused-ignore]
        if self._shell is not None:
            self._shell.events.register("post_run_cell", self._cell_ended)

    def live(self, still: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Data and metadata of the live output, with the faces of a picture beside it if given."""
        bundle, metadata = self.widget._repr_mimebundle_() or ({}, {})
        words = {"text/plain": picture.text(_subject(self._run, {}), {}, 0)}
        return {"data": {**bundle, **words, **(still or {}), MIME: reference(self._run)}, "metadata": metadata}

    def rows(self, rows: list[Row]) -> None:
        """New rows go to the page."""
        self.feed.rows(rows)

    def ended(self, status: str, exit_code: int | None) -> None:
        """The end goes to the page; then the output becomes a picture that needs no kernel."""
        self.feed.ended(status, exit_code)
        if self._shell is not None:
            with contextlib.suppress(ValueError):
                self._shell.events.unregister("post_run_cell", self._cell_ended)
        # Without the widget's view, which a saved notebook shows as an error. The widget itself lives on, so that a page that
        # was reloaded in mid-run can still ask for it.
        if self._display_id is not None:
            self._update({"data": {**self.still(), MIME: reference(self._run)}, "metadata": {}})
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
        if not self.feed.fresh:
            return
        with contextlib.suppress(Exception):  # a picture must never break the cell after the training
            self._run.flush()
            self.feed.fresh = False
            self._update(self.live(self.still()))

    def _update(self, content: dict[str, Any]) -> None:
        if self._display_id is None:
            return
        from IPython.display import publish_display_data

        publish_display_data(**content, transient={"display_id": self._display_id}, update=True)


def attach(run: Run) -> None:
    """Shows the live chart of `run` under the running cell and keeps it up to date until the run ends."""
    output = LiveOutput(run)
    output.show()
    _outputs[run] = output
    run.subscribe(output)


def mimebundle(run: Run) -> tuple[dict[str, Any], dict[str, Any]] | dict[str, Any]:
    """What a notebook shows for a run that is the value of a cell: its chart, live while the run goes on."""
    output = _outputs.get(run)
    if output is not None and run.status == "running":
        found = output.live(output.still())
        return found["data"], found["metadata"]
    still = output.still() if output is not None else _picture(run, _recorded(run))
    return {**still, MIME: reference(run)}


def reference(run: Run) -> dict[str, Any]:
    """Which run an output shows, for a page that can ask a server about it; `time` is when the output was written."""
    return {"version": 1, **_info(run)}


def _recorded(run: Run) -> dict[str, Columns]:
    """The series of a run that no live output has seen, from its files; none for a run that is kept elsewhere."""
    import numpy as np

    from aspara.catalog.catalog import Catalog
    from aspara.catalog.series import SeriesQuery
    from aspara.errors import AsparaError

    folder = getattr(run._identity, "path", None)
    if folder is None or run.disabled:
        return {}
    run.flush()
    catalog = Catalog(Path(folder).parent.parent)
    try:
        answer = catalog.metrics(run.project, [run.run], SeriesQuery(points=_SERIES_POINTS)).json()
    except AsparaError:
        return {}
    finally:
        catalog.close()
    found: dict[str, Columns] = {}
    for name, runs in answer["metrics"].items():
        for data in runs.values():
            values = np.array([np.nan if v is None else v for v in data["values"]], dtype=np.float64)
            found[name] = (np.asarray(data["timestamps"], float), np.asarray(data["steps"], float), values)
    return found


def _in_marimo() -> bool:
    module = sys.modules.get("marimo")
    return module is not None and bool(module.running_in_notebook())


def _subject(run: Run, series: Mapping[str, Columns]) -> picture.Subject:
    # A run that has ended lasted until its last point.
    last = max((float(times.max()) for times, _, _ in series.values() if len(times)), default=run.start_time * 1000)
    seconds = (time.time() if run.status == "running" else last / 1000) - run.start_time
    return picture.Subject(run.name, run.project, run.status, run.color, run.step, max(0.0, seconds))


def _picture(run: Run, series: Mapping[str, Columns]) -> dict[str, Any]:
    return picture.bundle(_subject(run, series), series)


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
        "epochs": _epochs(run),
        "tags": list(run.tags),
        "now": time.time_ns() // 1_000_000,
    }


def _epochs(run: Run) -> float | None:
    """How many epochs there will be, by the names that configs have for it."""
    for name in _EPOCHS:
        value = run.config.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return value
    return None
