"""What ``run.display()`` does in a notebook."""

from __future__ import annotations

from typing import Any

from aspara import Run


def show(thing: Any, height: int | None = None) -> bool:
    """Shows charts of a run in the running cell; False where nothing can show them."""
    try:
        from IPython import get_ipython

        from aspara_jupyter.live_chart import LiveChart
        from aspara_jupyter.live_output import display_run
    except ImportError:  # the extra is not installed
        return False
    if get_ipython() is None:  # type: ignore[no-untyped-call,unused-ignore]
        return False
    if isinstance(thing, Run):
        display_run(thing, height)
    else:
        LiveChart(thing, height=height).display()
    return True
