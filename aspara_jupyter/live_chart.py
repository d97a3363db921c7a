"""``LiveChart``: runs of the past and of this moment compared in one output."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Sequence
from typing import Any

from aspara.catalog.series.query import SeriesQuery
from aspara.errors import UsageError
from aspara_jupyter import environment
from aspara_jupyter.follower import Follower
from aspara_jupyter.mimebundles import CHART_MIME, heading, picture_of
from aspara_jupyter.multi_run_feed import MultiRunFeed
from aspara_jupyter.picture_bundle import bundle
from aspara_jupyter.run_selection import MOST, RunSelection, chosen, colors, info_of
from aspara_jupyter.widget import LiveWidget


class LiveChart:
    """Charts that compare runs, finished and running ones alike, as the output of a cell.

    ```python
    from aspara_jupyter import LiveChart

    LiveChart([run, "digits/calm-heron-4821"], metrics=["val/*"])
    LiveChart("digits")  # the newest runs of a project, and those to come
    LiveChart(aspara.Api().runs("digits", filters={"config.lr": {"$lt": 0.1}}))
    ```

    Runs that are running grow in the chart. The page asks the Jupyter server for the points, where it has the same runs;
    elsewhere the kernel reads the files and pushes what is new, also while a cell is running. Once all have ended, the output
    becomes a picture that needs neither.

    Args:
        runs: A run, ``"project/run"``, a project or its name (its newest runs), ``Api().runs(...)``, or a list of these.
        metrics: Names or globs of those that are shown, in one text or a list; all by default.
        height: The most pixels that the charts take; beyond them they scroll.
        title: What stands above them.

    Raises:
        UsageError: Something names no run, or its files are elsewhere.
        NotFound: There is no such project or run.

    """

    def __init__(
        self,
        runs: Any,
        metrics: str | Sequence[str] | None = None,
        *,
        height: int | None = None,
        title: str = "",
    ) -> None:
        self._selection: RunSelection = chosen(runs)
        if not self._selection.runs:
            raise UsageError("There is no run to show. Give a run, 'project/run', a project, or Api().runs(...).")
        if len(self._selection.runs) > MOST:
            raise UsageError(
                f"{len(self._selection.runs)} runs in one chart tell nothing: give {MOST} at most, "
                "such as Api().runs(...)[:20], or look at them in the dashboard."
            )
        named = (metrics,) if isinstance(metrics, str) else None if metrics is None else tuple(metrics)
        if named is not None and not all(isinstance(name, str) for name in named):
            raise UsageError(f"metrics={metrics!r}: give names or globs of metrics, like ['loss', 'val/*'].")
        self._metrics = named
        self.height = checked_height(height)
        self._title = title
        self._id = uuid.uuid4().hex
        self._display_id: str | None = None
        self._shell: Any = None
        self._widget: LiveWidget | None = None
        self._follower: Follower | None = None
        self._gathered: MultiRunFeed | None = None
        self._shown: list[Any] = []

    @property
    def runs(self) -> list[str]:
        """The runs as ``project/run``."""
        return [run.key for run in self._selection.runs]

    def __repr__(self) -> str:
        return f"<LiveChart of {', '.join(self.runs[:5])}{', …' if len(self.runs) > 5 else ''}>"

    def display(self) -> None:
        """Shows it in the running cell; shown again, the first output stays as it is."""
        from IPython import get_ipython
        from IPython.display import publish_display_data

        self.close()
        self._id = self._display_id = uuid.uuid4().hex
        shell = get_ipython()  # type: ignore[no-untyped-call,unused-ignore]
        if getattr(shell, "kernel", None) is not None and any(
            not info.is_finished for info in self._selection.look().values()
        ):
            if environment.watched():
                self._follow()
            self._shell = shell
            shell.events.register("post_run_cell", self._cell_ended)
        publish_display_data(**self._bundle(), transient={"display_id": self._display_id})

    def close(self) -> None:
        """No longer follows the runs; what is shown stays."""
        if self._shell is not None:
            with contextlib.suppress(ValueError):
                self._shell.events.unregister("post_run_cell", self._cell_ended)
            self._shell = None
        if self._follower is not None:
            self._follower.stop()
            self._follower = None

    def _ipython_display_(self) -> None:
        self.display()

    def _repr_mimebundle_(self, **_filter: Any) -> Any:
        return self._still()

    def _display_(self) -> Any:
        return self.follow()  # what marimo shows

    def follow(self) -> LiveWidget:
        """The widget by itself, for a layout of widgets; it follows the runs until they have ended, or :meth:`close`."""
        if self._follower is None or self._widget is None:
            return self._follow()
        return self._widget

    def _follow(self) -> LiveWidget:
        # Where the server has one run of a project, it has the others.
        samples = [members[0] for members in self._selection.groups()]
        pushed = not all(environment.reaches(run.project, run.run, run.look().id) for run in samples)
        self._widget = LiveWidget(self._reference())
        self._follower = Follower(self._selection, self._metrics, changed=self._changed, ended=self._all_ended)
        gathered = MultiRunFeed(self._widget, self._wanted) if pushed else None
        self._gathered = gathered
        self._follower.start(gathered)
        if gathered is not None:
            self._widget.renew = gathered.snapshot
            gathered.publish()
        return self._widget

    def _wanted(self, metric: str) -> bool:
        return bool(SeriesQuery(self._metrics).wanted([metric]))

    # -- what is shown ------------------------------------------------------------------------------------------------

    def _reference(self) -> dict[str, Any]:
        """Which runs the output shows, for a page that can ask a server about them."""
        infos = list(self._selection.look().values())
        return {
            "version": 1,
            "id": self._id,
            "title": self._title or heading(infos),
            "runs": [{**info_of(info), "color": slot} for info, slot in zip(infos, colors(infos), strict=True)],
            "projects": [whole.project for whole in self._selection.projects],
            "metrics": None if self._metrics is None else list(self._metrics),
            "height": self.height,
        }

    def _still(self) -> dict[str, Any]:
        found = self._selection.look()
        made = picture_of(list(found), list(found.values()), self._metrics, self._title or heading(found.values()))
        return {**bundle(made), CHART_MIME: self._reference()}

    def _bundle(self) -> dict[str, Any]:
        """Data and metadata of the output as it is now; with the widget's view while the runs are followed."""
        if self._follower is None or self._widget is None:
            return {"data": self._still(), "metadata": {}}
        data, metadata = self._widget._repr_mimebundle_() or ({}, {})
        return {"data": {**data, **self._still()}, "metadata": metadata}

    # -- while runs go on ---------------------------------------------------------------------------------------------

    def _changed(self, infos: list[dict[str, Any]]) -> None:
        if self._gathered is not None:
            self._gathered.infos(infos)

    def _all_ended(self) -> None:
        if self._gathered is not None:
            self._gathered.publish()
        self.close()
        self._update()
        if self._display_id is not None and self._widget is not None:
            self._widget.lighten()

    def _cell_ended(self, result: Any = None) -> None:
        del result
        with contextlib.suppress(Exception):  # a picture must never break the cell after the training
            infos = list(self._selection.look().values())
            shown = [(info.status, info.last_step, info.last_update) for info in infos]
            over = all(info.is_finished for info in infos)
            if shown != self._shown and not (over and self._follower):
                self._shown = shown
                self._update()
            if over and self._follower is None:
                self.close()

    def _update(self) -> None:
        if self._display_id is None:
            return
        from IPython.display import publish_display_data

        publish_display_data(**self._bundle(), transient={"display_id": self._display_id}, update=True)


def checked_height(height: Any) -> int | None:
    """A height in pixels, or None for as much as the charts take."""
    if height is None or (isinstance(height, int | float) and not isinstance(height, bool) and 100 <= height <= 10_000):
        return None if height is None else int(height)
    raise UsageError(f"height={height!r}: give a number of pixels from 100 to 10000.")
