"""The magics of ``%load_ext aspara_jupyter``: ``%aspara`` and ``%%aspara``."""

from __future__ import annotations

import html
import shlex
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.display import HTML, display

import aspara
from aspara import settings
from aspara.catalog.catalog import Catalog
from aspara.catalog.runs import RunInfo
from aspara.errors import AsparaError

_HELP = """%aspara                      the dashboard in this cell (of the active run's project, if there is one)
%aspara dashboard [PROJECT]  the same, of a project; --height PIXELS
%aspara runs [PROJECT]       the newest runs as a table
%aspara live                 the active run's live chart, here too
%%aspara [project=P] [name=N] [key=value ...]
                             a run around the cell: its config are the other values; failed if the cell raises"""

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


@magics_class
class AsparaMagics(Magics):  # type: ignore[misc,unused-ignore]
    """``%aspara`` shows the dashboard, runs and live charts; ``%%aspara`` makes a cell a run."""

    @line_magic("aspara")  # type: ignore[misc,untyped-decorator,unused-ignore]
    def line(self, line: str) -> Any:
        """The dashboard, runs or live chart in this cell; ``%aspara help`` lists the forms."""
        words = _split(line)
        verb, rest = (words[0], words[1:]) if words else ("dashboard", [])
        if verb == "dashboard":
            return _dashboard(rest)
        if verb == "runs":
            return _runs(rest)
        if verb == "live":
            run = _active()
            if run is None:
                raise UsageError("There is no active run. Call aspara.init() first, then %aspara live.")
            display(run)  # type: ignore[no-untyped-call,unused-ignore]
            return None
        if verb == "help":
            print(_HELP)
            return None
        raise UsageError(f"%aspara {verb}: there is no such form.\n{_HELP}")

    @cell_magic("aspara")  # type: ignore[misc,untyped-decorator,unused-ignore]
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
            failed = result.error_in_exec or result.error_before_exec
            run.finish(0 if failed is None else 130 if isinstance(failed, KeyboardInterrupt) else 1)


def _dashboard(words: list[str]) -> HTML:
    height = 640
    if "--height" in words:
        at = words.index("--height")
        try:
            height = max(160, min(4000, int(words[at + 1])))
        except (IndexError, ValueError):
            raise UsageError("%aspara dashboard --height takes a number of pixels, such as --height 800.") from None
        del words[at : at + 2]
    run = _active()
    project = words[0] if words else run.project if run is not None else None
    path = f"projects/{_quoted(project)}" if project else ""
    return HTML(_FRAME.format(height=height, path=_script_text(path)))  # type: ignore[no-untyped-call,unused-ignore]


def _runs(words: list[str]) -> HTML | None:
    run = _active()
    project = words[0] if words else run.project if run is not None else settings.get("ASPARA_PROJECT")
    catalog = Catalog(settings.data_dir())
    try:
        if not project:
            found = catalog.projects()
            if not found:
                print("There are no projects yet: aspara.init(project=...) makes one.")
                return None
            project = found[0].name
        runs = catalog.runs(project)
    except AsparaError as error:
        raise UsageError(str(error)) from None
    finally:
        catalog.close()
    return HTML(_table(project, runs[:50], len(runs)))  # type: ignore[no-untyped-call,unused-ignore]


def _table(project: str, runs: list[RunInfo], total: int) -> str:
    """The runs as a table; every text escaped."""
    listed = [run.json() for run in runs]
    metrics = sorted({k for r in listed for k, v in r["summary"].items() if isinstance(v, int | float)})[:6]
    head = "".join(f"<th>{html.escape(name)}</th>" for name in ["run", "status", "step", *metrics])
    body = ""
    for r in listed:
        values = [r["summary"].get(name) for name in metrics]
        cells = [r["name"], r["status"], "-" if r["last_step"] is None else r["last_step"]]
        cells += [f"{v:.4g}" if isinstance(v, int | float) else "-" for v in values]
        body += "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells) + "</tr>"
    more = f"<p>{total - len(listed)} older ones are in the dashboard.</p>" if total > len(listed) else ""
    return (
        f"<p><b>{html.escape(project)}</b>: {total} run{'' if total == 1 else 's'}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"
    )


def _active() -> Any:
    from aspara.recording import active

    return active.current()


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
