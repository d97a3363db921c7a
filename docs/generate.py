"""The parts of the documentation that are made from the program: settings, command line, endpoints.

A page says ``<!-- generated: settings -->`` where such a part belongs; MkDocs calls the hooks below while it builds.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from typing import Any

from aspara import errors, settings
from aspara.web.route import Route
from aspara.web.routes import DASHBOARD, PAGES
from aspara.web.tracker import routes

_MARK = re.compile(r"<!-- generated: ([\w-]+) -->")
# Docstrings name classes and methods in Sphinx's way, which editors understand; here they become links.
_ROLE = re.compile(r":(meth|class|func|attr):<code>([\w.]+)</code>")
_HOMES = {name: f"aspara.errors.{name}" for name in vars(errors) if name[0].isupper()}
_HOMES |= {name: f"aspara.{name}" for name in ("Run", "Config", "Summary", "Api")}
_HOMES |= {
    name: f"aspara.api.{module}.{name}"
    for module, name in (("run", "ApiRun"), ("runs", "ApiRuns"), ("projects", "ApiProject"))
}


def settings_table() -> str:
    """All environment variables."""
    rows = []
    for setting in settings.TABLE.values():
        default = "" if setting.default is None else f"`{_plain(setting.default)}`"
        kind = " or ".join(f"`{choice}`" for choice in setting.choices) or setting.kind
        rows.append((f"`{setting.name}`", kind, default, setting.meaning))
    return _table(("Variable", "Kind", "Default", "Meaning"), rows)


def commands() -> str:
    """The help of every command."""
    from aspara.cli.main import COMMANDS, make_parser

    columns, os.environ["COLUMNS"] = os.environ.get("COLUMNS"), "100"
    try:
        parsers: dict[str, Any] = next(a.choices for a in make_parser()._actions if isinstance(a.choices, dict))
        parts = [
            f"## aspara {name}\n\n{command.SUMMARY}.\n\n```text\n{parsers[name].format_help().strip()}\n```"
            for name, command in COMMANDS.items()
        ]
    finally:
        if columns is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = columns
    return "\n\n".join(parts)


def dashboard_endpoints() -> str:
    """The dashboard's API."""
    return endpoints(DASHBOARD)


def tracker_endpoints() -> str:
    """The tracker's API."""
    return endpoints(routes.ROUTES)


def dashboard_pages() -> str:
    """The dashboard's pages."""
    return endpoints(PAGES)


def endpoints(routes: Iterable[Route]) -> str:
    """A table of addresses, each method in a row, with its parameters."""
    rows = []
    for route in routes:
        for method, meaning in route.methods.items():
            params = [f"`{param.name}` {param.description()}" for param in route.params_of(method)]
            rows.append((method, f"`{route.path}`", meaning, "<br>".join(params)))
    return _table(("Method", "Path", "Meaning", "Parameters"), rows)


def magics() -> str:
    """What a notebook's magics say of themselves."""
    from aspara_jupyter.magics import _HELP

    return f"```text\n{_HELP}\n```"


def traitlets() -> str:
    """What can be configured of the server extension."""
    from aspara_jupyter.extension import AsparaApp

    rows = [
        (f"`c.AsparaApp.{name}`", str(trait.help))
        for name, trait in AsparaApp.class_own_traits(config=True).items()
        if trait.this_class is AsparaApp and trait.help
    ]
    return _table(("Setting", "Meaning"), rows)


PARTS: dict[str, Callable[[], str]] = {
    "magics": magics,
    "traitlets": traitlets,
    "settings": settings_table,
    "commands": commands,
    "dashboard-endpoints": dashboard_endpoints,
    "tracker-endpoints": tracker_endpoints,
    "dashboard-pages": dashboard_pages,
}


def on_page_markdown(markdown: str, **_: Any) -> str:
    """MkDocs: fills the generated parts in."""
    return _MARK.sub(lambda mark: PARTS[mark[1]](), markdown)


def on_page_content(html: str, **_: Any) -> str:
    """MkDocs: makes links of the names in docstrings."""

    def link(role: re.Match[str]) -> str:
        head, dot, rest = role[2].partition(".")
        home = role[2] if head == "aspara" else _HOMES.get(head, head) + dot + rest
        return f'<autoref optional identifier="{home}"><code>{role[2]}</code></autoref>'

    return _ROLE.sub(link, html)


def _table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [titles, ("---",) * len(titles), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _plain(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
