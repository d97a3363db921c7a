"""The HTML shell of the dashboard, its static files, and a page that explains the API."""

from __future__ import annotations

import html
import json
import mimetypes
import re
from typing import TYPE_CHECKING

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


def shell(service: Context, base: str) -> str:
    """The one HTML page that all routes of the dashboard share. `base` is the dashboard's root, ending in '/'."""
    manifest = service.manifest()
    context = json.dumps(
        {
            "base": base,
            "readOnly": service.read_only,
            "searchMode": service.search_mode,
            "host": service.host,
            "version": __version__,
            "plotly": manifest.get("plotly.js", ""),
            "figures": manifest.get("figures.js", ""),
        }
    )
    script, style = manifest.get("dashboard.js"), manifest.get("dashboard.css")
    root = html.escape(base, quote=True)
    if script is None:
        body = "<p>The dashboard's front end is not built. In a checkout run <code>make build</code>, then reload this page.</p>"
        links = ""
    else:
        body = (
            '<div id="app"><noscript>The dashboard needs JavaScript. The API under api/ works without.</noscript></div>'
        )
        links = f'<link rel="stylesheet" href="{root}static/{style}"><script type="module" src="{root}static/{script}"></script>'
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Aspara</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f'<meta name="aspara" content="{html.escape(context, quote=True)}">'
        f'<link rel="icon" href="{root}static/icon.svg" type="image/svg+xml">{links}</head><body>{body}</body></html>'
    )


def refusal(why: str, *, ask: bool) -> str:
    """A page for whom the server does not let in: why, and with `ask` a field for the token."""
    form = (
        '<form><label>Token <input name="token" type="password" autocomplete="off" required autofocus></label> '
        "<button>Open</button></form>"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Token required · Aspara</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        "<style>:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}main{max-width:34rem;margin:12vh auto;padding:0 16px}"
        "h1{font-size:20px}input,button{font:inherit;padding:4px 10px;min-height:32px}</style></head>"
        f"<body><main><h1>Token required</h1><p>{html.escape(why)}</p>{form if ask else ''}</main></body></html>"
    )


class HtmlPage(Endpoint):
    """A page of the dashboard; the front end finds out from the address which one."""

    async def get(self, project: str | None = None, run: str | None = None) -> None:
        """HTML, or the data behind it for ``Accept: application/json``."""
        status = 200
        catalog = self.service.catalog
        as_json = "application/json" in self.request.headers.get(
            "Accept", ""
        ) and "text/html" not in self.request.headers.get("Accept", "")
        try:
            if run is not None:
                found = (await self.service.off_loop(catalog.run, project or "", run)).json()
            elif project is not None:
                found = (await self.service.off_loop(catalog.project, project)).json()
                if as_json:
                    found["runs"] = [r.json() for r in await self.service.off_loop(catalog.runs, project)]
            else:
                found = (
                    {"projects": [p.json() for p in await self.service.off_loop(catalog.projects)]} if as_json else {}
                )
        except NotFound:
            if as_json:
                raise
            status, found = 404, {}
        if as_json:
            self.answer(found)
            return
        self.set_status(status)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(shell(self.service, self.settings["aspara_base"]))


class StaticFiles(Endpoint):
    """Built files of the front end."""

    async def get(self, name: str) -> None:
        """The file, compressed where it was built so; hashed names are kept by browsers for good."""
        path = self.service.static / name
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
        self.finish(await self.service.off_loop(content.read_bytes))


class ApiDescription(Endpoint):
    """The API described."""

    async def get(self) -> None:
        """OpenAPI 3.1."""
        from aspara.web.openapi import describe

        self.answer(describe(self.service.extras.get("routes", ()), self.settings["aspara_base"]))


class ApiPage(Endpoint):
    """The API described for people."""

    async def get(self) -> None:
        """One page without scripts."""
        from aspara.web.openapi import page

        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(page(self.service.extras.get("routes", ())))


class NotFoundPage(Endpoint):
    """Every other address."""

    async def get(self) -> None:
        """404: a page with the way back for who wants one, else in the shape that all errors have."""
        base: str = self.settings["aspara_base"]
        if self.request.path.startswith(f"{base}api/") or "text/html" not in self.request.headers.get("Accept", ""):
            raise web.HTTPError(404)
        self.set_status(404)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(shell(self.service, base))

    async def post(self) -> None:
        """Likewise."""
        raise web.HTTPError(404)

    async def patch(self) -> None:
        """Likewise."""
        raise web.HTTPError(404)

    async def put(self) -> None:
        """Likewise."""
        raise web.HTTPError(404)

    async def delete(self) -> None:
        """Likewise."""
        raise web.HTTPError(404)
