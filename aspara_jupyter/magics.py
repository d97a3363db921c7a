"""The magics of ``%load_ext aspara_jupyter``: ``%aspara`` and ``%%aspara``."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.display import display

import aspara
from aspara import settings
from aspara.errors import AsparaError
from aspara.recording.lifecycle.exception import describe
from aspara.recording.lifecycle.exit_code import code_of

_HELP = """%aspara                      the dashboard in this cell (of the project of this notebook's last run, if there is one)
%aspara dashboard [PROJECT]  the same, of a project; --height PIXELS
%aspara runs [PROJECT]       its runs as a table, the newest first
%aspara chart [PROJECT | PROJECT/RUN ...] [--metrics loss,val/*] [--height PIXELS]
                             runs compared in live charts; without names those of the last run's project
%aspara live                 the active run's live chart, here too; --height PIXELS
%aspara help                 this list
%%aspara [project=P] [name=N] [tags=A,B] [notes=N] [group=G] [job_type=J] [key=value ...]
                             a run around the cell: its config are the other values; failed if the cell raises"""

_F = TypeVar("_F", bound=Callable[..., Any])

# The page knows its server's address, the kernel does not; the frame is filled in by the page, behind whatever proxy. Where
# scripts do not run or no Jupyter server is there, the sentence stays.
_FRAME = """<div style="border:1px solid #8884;border-radius:6px;overflow:hidden">
<iframe title="Aspara" style="width:100%;height:{height}px;border:0;display:none"></iframe>
<p style="margin:10px 14px">The dashboard is drawn by the Jupyter server that this page comes from. It is not there: start it with
<code>aspara dashboard</code> in a terminal instead.</p>
<script>(() => {{
  const box = document.currentScript.parentElement, frame = box.querySelector("iframe"), note = box.querySelector("p");
  const config = document.getElementById("jupyter-config-data");
  if (!config) return;
  const base = new URL(JSON.parse(config.textContent).baseUrl || "/", location.href).href + "aspara/";
  fetch(base + "api/health").then((answer) => {{
    if (!answer.ok) return;
    frame.src = base + {path};
    frame.style.display = "block";
    note.remove();
  }}, () => {{}});
}})();</script></div>"""


def _explained(method: _F) -> _F:
    """Has ``%aspara?`` show all forms."""
    method.__doc__ = f"{method.__doc__}\n\n{_HELP}"
    return method


@magics_class
class AsparaMagics(Magics):  # type: ignore[misc,unused-ignore]
    """``%aspara`` shows the dashboard, runs and live charts; ``%%aspara`` makes a cell a run."""

    @line_magic("aspara")  # type: ignore[misc,untyped-decorator,unused-ignore]
    @_explained
    def line(self, line: str) -> Any:
        """The dashboard, runs or live charts in this cell."""
        words = _split(line)
        verb, rest = (words[0], words[1:]) if words else ("dashboard", [])
        form = {"dashboard": _dashboard, "runs": _runs, "chart": _chart, "live": _live, "help": _help}.get(verb)
        if form is None:
            raise UsageError(f"%aspara {verb}: there is no such form.\n{_HELP}")
        try:
            return form(rest)
        except AsparaError as error:
            raise UsageError(str(error)) from None

    @cell_magic("aspara")  # type: ignore[misc,untyped-decorator,unused-ignore]
    @_explained
    def cell(self, line: str, cell: str) -> None:
        """A run around the cell: ``%%aspara project=digits lr=0.1``."""
        options: dict[str, Any] = {"config": {}}
        for word in _split(line):
            key, equals, value = word.partition("=")
            if not equals or not key:
                raise UsageError(f"%%aspara {word}: give key=value, such as project=digits or lr=0.1.")
            if key in ("project", "name", "notes", "group", "job_type"):
                options[key] = value
            elif key == "tags":
                options[key] = [tag for tag in value.split(",") if tag]
            else:
                options["config"][key] = _literal(value)
        run = aspara.init(**options)
        result = self.shell.run_cell(cell)
        # The cell may have finished its run, or begun another, by itself.
        if run.status == "running":
            error = result.error_in_exec or result.error_before_exec
            run.end(code_of(error), describe(error))


class _Dashboard:
    """What a page makes a frame of, and a terminal a sentence."""

    def __init__(self, project: str | None, height: int) -> None:
        path = f"projects/{_quoted(project)}" if project else ""
        self._html = _FRAME.format(height=height, path=_script_text(path))

    def _repr_html_(self) -> str:
        return self._html

    def __repr__(self) -> str:
        return "The dashboard is shown by Jupyter's pages. Elsewhere: aspara dashboard, in a terminal."


def _dashboard(words: list[str]) -> _Dashboard:
    height = _number(words, "--height", "dashboard", low=160) or 640
    project = words[0] if words else _current_project()
    return _Dashboard(project, height)


def _runs(words: list[str]) -> Any:
    api = aspara.Api()
    project = words[0] if words else _current_project() or _newest_project(api)
    if project is None:
        print("There are no projects yet: aspara.init(project=...) makes one.")
        return None
    return api.runs(project, order="-created_at")


def _chart(words: list[str]) -> Any:
    from aspara_jupyter.live_chart import LiveChart

    height = _number(words, "--height", "chart", low=100)
    metrics = _option(words, "--metrics", "chart", "names of metrics, such as loss,val/*")
    project = None if words else _current_project() or _newest_project(aspara.Api())
    if not words and project is None:
        print("There are no projects yet: aspara.init(project=...) makes one.")
        return None
    names = None if metrics is None else [name for name in metrics.split(",") if name]
    return LiveChart(words or [project], names, height=height)


def _live(words: list[str]) -> None:
    run = _active()
    if run is None:
        raise UsageError("There is no active run. Call aspara.init() first, then %aspara live.")
    height = _number(words, "--height", "live", low=100)
    if height is None:
        display(run)  # type: ignore[no-untyped-call,unused-ignore]
    else:
        run.display(height=height)


def _help(words: list[str]) -> None:
    del words
    print(_HELP)


def _option(words: list[str], name: str, form: str, what: str) -> str | None:
    """The value of an option, which is taken out of the words; None where it is not there."""
    if name not in words:
        return None
    at = words.index(name)
    if at + 1 >= len(words):
        raise UsageError(f"%aspara {form} {name} takes {what}.")
    value = words[at + 1]
    del words[at : at + 2]
    return value


def _number(words: list[str], name: str, form: str, *, low: int) -> int | None:
    text = _option(words, name, form, "a number of pixels, such as 800")
    if text is None:
        return None
    try:
        return max(low, min(4000, int(text)))
    except ValueError:
        raise UsageError(f"%aspara {form} {name} takes a number of pixels, such as {name} 800.") from None


def _current_project() -> str | None:
    """The active run's project, or that of the last one in this notebook."""
    run = _active()
    if run is not None:
        return str(run.project)
    # Loaded where a run was shown, and heavy where none was.
    shown = sys.modules.get("aspara_jupyter.live_output")
    project: str | None = (shown and shown.latest_project()) or settings.get("ASPARA_PROJECT")
    return project


def _newest_project(api: aspara.Api) -> str | None:
    found = api.projects()
    return found[0].name if found else None


def _active() -> Any:
    from aspara.recording import registry

    return registry.current()


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(f"%aspara {line}: {error}. Quote texts that hold spaces.") from None


def _literal(value: str) -> Any:
    import ast

    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value


def _quoted(part: str) -> str:
    from urllib.parse import quote

    return quote(part, safe="")


def _script_text(value: str) -> str:
    """`value` as a JavaScript string that cannot end the script it stands in."""
    import json

    return json.dumps(value).replace("<", "\\u003c")
