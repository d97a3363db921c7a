"""The HTML page of the dashboard, its static files, and descriptions of the API."""

from __future__ import annotations

import html
import json
import mimetypes
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tornado import web

from aspara.errors import NotFound
from aspara.version import __version__
from aspara.web.endpoint import Endpoint

if TYPE_CHECKING:
    from aspara.web.context import Context

_FILE = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+\Z")
_HASHED = re.compile(r"\.[0-9a-zA-Z]{8,}\.(js|css|svg)\Z")
_PACKED = {"br": ".br", "gzip": ".gz"}
_YEAR = "public, max-age=31536000, immutable"
_HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
)


def root_of(path: str, base: str) -> str:
    """The address of the dashboard's root relative to the page at `path`: "./" or "../../".

    Relative addresses work behind any proxy, whatever path it serves the dashboard at.
    """
    return "../" * (path.count("/") - base.count("/")) or "./"


def shell(context: Context, root: str) -> str:
    """The HTML page that all routes of the dashboard share. `root` is its relative address of the root, ending in '/'."""
    manifest = context.manifest()
    settings = json.dumps(
        {
            "base": root,
            "readOnly": context.read_only,
            "searchMode": context.search_mode,
            "host": context.host,
            "version": __version__,
            "plotly": manifest.get("plotly.js", ""),
            "figures": manifest.get("figures.js", ""),
        }
    )
    script, style = manifest.get("dashboard.js"), manifest.get("dashboard.css")
    if script is None:
        body = "<p>The front end is not built. Run <code>make build</code> in the checkout, then reload this page.</p>"
        links = ""
    else:
        body = (
            '<div id="app"><noscript>The dashboard needs JavaScript. The API under api/ works without.</noscript></div>'
        )
        links = f'<link rel="stylesheet" href="{root}static/{style}"><script type="module" src="{root}static/{script}"></script>'
    return (
        f"{_HEAD}<title>Aspara</title>"
        f'<meta name="aspara" content="{html.escape(settings, quote=True)}">'
        f'<link rel="icon" href="{root}static/icon.svg" type="image/svg+xml">{links}</head><body>{body}</body></html>'
    )


def refusal(reason: str, *, ask: bool, query: Iterable[tuple[str, str]] = ()) -> str:
    """A page that says why access is refused; with `ask`, a form for the token that keeps `query` in the address."""
    kept = "".join(
        f'<input type="hidden" name="{html.escape(name, quote=True)}" value="{html.escape(value, quote=True)}">'
        for name, value in query
        if name != "token"
    )
    form = (
        f'<form>{kept}<label>Token <input name="token" type="password" autocomplete="off" required autofocus></label> '
        "<button>Open</button></form>"
    )
    title = "Token required" if ask else "Access denied"
    return (
        f"{_HEAD}<title>{title} · Aspara</title>"
        "<style>:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}main{max-width:34rem;margin:12vh auto;padding:0 16px}"
        "h1{font-size:20px}input,button{font:inherit;padding:4px 10px;min-height:32px}</style></head>"
        f"<body><main><h1>{title}</h1><p>{html.escape(reason)}</p>{form if ask else ''}</main></body></html>"
    )


class HtmlPage(Endpoint):
    """A page of the dashboard; the front end finds out from the address which one."""

    async def get(self, project: str | None = None, run: str | None = None) -> None:
        """HTML, or the data behind the page for ``Accept: application/json``."""
        accept = self.request.headers.get("Accept", "")
        if "application/json" in accept and "text/html" not in accept:
            self.answer(await self._data(project, run))
            return
        catalog = self.context.catalog
        # Whether it exists decides the status, and no more: the page would wait until all runs of a large project are read.
        try:
            if run is not None:
                await self.context.off_loop(catalog.stem, project or "", run)
            elif project is not None:
                await self.context.off_loop(catalog.require_project, project)
        except NotFound:
            self.send_shell(404)
        else:
            self.send_shell()

    async def _data(self, project: str | None, run: str | None) -> dict[str, Any]:
        """The data behind the page."""
        catalog = self.context.catalog
        if run is not None:
            return (await self.context.off_loop(catalog.run, project or "", run)).json()
        if project is None:
            return {"projects": [p.json() for p in await self.context.off_loop(catalog.projects)]}
        data = (await self.context.off_loop(catalog.project, project)).json()
        return data | {"runs": [r.json() for r in await self.context.off_loop(catalog.runs, project)]}

    def send_shell(self, status: int = 200) -> None:
        """Sends the HTML page."""
        self.set_status(status)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        page = shell(self.context, root_of(self.request.path, self.settings["aspara_base"])).encode()
        self.send(page, page)


class Favicon(Endpoint):
    """The icon that browsers ask for by themselves."""

    async def get(self) -> None:
        """Redirects to the built icon."""
        self.redirect("static/icon.svg")


class StaticFiles(Endpoint):
    """The files of the built front end."""

    async def get(self, name: str) -> None:
        """The file, compressed if the build made a compressed one; browsers keep files with hashed names for good."""
        path = self.context.static / name
        if _FILE.match(name) is None or not path.is_file() or path.is_symlink():
            raise web.HTTPError(404)
        content = path
        accepted = re.findall(r"[\w-]+", self.request.headers.get("Accept-Encoding", ""))
        for encoding, ending in _PACKED.items():
            packed = path.with_name(name + ending)
            if encoding in accepted and packed.is_file():
                self.set_header("Content-Encoding", encoding)
                content = packed
                break
        kind = (
            "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0] or "application/octet-stream"
        )
        self.set_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
        self.set_header("Vary", "Accept-Encoding")
        self.set_header("Cache-Control", _YEAR if _HASHED.search(name) else "no-cache")
        self.finish(await self.context.off_loop(content.read_bytes))


class ApiDescription(Endpoint):
    """The API as an OpenAPI document."""

    navigable = True

    async def get(self) -> None:
        """OpenAPI 3.1."""
        from aspara.web.openapi import describe

        self.answer(describe(self.context.routes, self.public_base))


class ApiPage(Endpoint):
    """The API as a page."""

    navigable = True

    async def get(self) -> None:
        """HTML without scripts."""
        from aspara.web.openapi import page

        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(page(self.context.routes))


class NotFoundPage(HtmlPage):
    """Every other address."""

    async def get(self, project: str | None = None, run: str | None = None) -> None:
        """404: the front end's page for people, the usual error for programs."""
        del project, run
        base: str = self.settings["aspara_base"]
        if self.request.path.startswith(f"{base}api/") or "text/html" not in self.request.headers.get("Accept", ""):
            raise web.HTTPError(404)
        self.send_shell(404)

    async def post(self) -> None:
        """404."""
        raise web.HTTPError(404)

    async def patch(self) -> None:
        """404."""
        raise web.HTTPError(404)

    async def put(self) -> None:
        """404."""
        raise web.HTTPError(404)

    async def delete(self) -> None:
        """404."""
        raise web.HTTPError(404)
