"""The API described, for programs (OpenAPI 3.1) and for people, out of the table of routes."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from aspara.names import MAX_NAME
from aspara.version import __version__
from aspara.web import schemas

if TYPE_CHECKING:
    from aspara.web.route import Route

_ERROR = {
    "description": "What is wrong, and what would be right.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}


def describe(routes: Iterable[Route], base: str = "/") -> dict[str, Any]:
    """An OpenAPI 3.1 document of `routes`, with the bounds that the server keeps to."""
    paths: dict[str, Any] = {}
    taken = schemas.bodies()
    for route in routes:
        operations = paths.setdefault(route.path, {})
        parts = [
            {
                "name": part,
                "in": "path",
                "required": True,
                "schema": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": {"name": 255, "path": 4096}.get(part, MAX_NAME),
                },
            }
            for part in re.findall(r"\{(\w+)\}", route.path)
        ]
        for method, meaning in route.methods.items():
            query = (
                []
                if method == "PUT"
                else [
                    _parameter(route.path, name, text)
                    for name, text in route.query.items()
                    if ("(DELETE)" in text) == (method == "DELETE")
                ]
            )
            operation: dict[str, Any] = {
                "summary": meaning,
                "operationId": f"{method.lower()}{re.sub(r'[^A-Za-z0-9]+', '_', route.path).rstrip('_')}",
                "parameters": parts + query,
                "responses": {"200": {"description": meaning}, "4XX": _ERROR, "5XX": _ERROR},
            }
            body = _body(taken.get((method, route.path)), route.path) if method in ("POST", "PUT") else None
            if body is not None:
                operation["requestBody"] = body
            operations[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Aspara", "version": __version__},
        "servers": [{"url": base.rstrip("/") or "/"}],
        "paths": paths,
        "components": {
            "schemas": {
                "Error": {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}}
            }
        },
    }


def _parameter(path: str, name: str, meaning: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": meaning, **schemas.parameter(path, name)}


def _body(schema: schemas.Schema | None, path: str) -> dict[str, Any] | None:
    """What is sent there: JSON, or a form where a file goes up; nothing for a bare request."""
    if path.endswith(("/artifacts", "/files")):
        return {"required": True, "content": {"multipart/form-data": {"schema": schemas.upload()}}}
    if schema is None:
        return None
    return {"required": not path.endswith("/finish"), "content": {"application/json": {"schema": schema}}}


def page(routes: Iterable[Route]) -> str:
    """A page that lists the endpoints: plain HTML, nothing loaded from anywhere."""
    rows = "".join(
        f"<tr><td><code>{method}</code></td><td><code>{html.escape(route.path)}</code></td><td>{html.escape(meaning)}"
        + "".join(
            f"<br><code>{html.escape(n)}</code> {html.escape(t)}" for n, t in route.query.items() if method != "PUT"
        )
        + "</td></tr>"
        for route in routes
        for method, meaning in route.methods.items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Aspara API</title>'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><style>'
        "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
        "table{border-collapse:collapse;width:100%}td{border-top:1px solid #8884;padding:.4rem .6rem;vertical-align:top}"
        "td:first-child{white-space:nowrap}code{font-size:.9em;overflow-wrap:anywhere}"
        "@media(max-width:40rem){td{display:block;border:0;padding:0 0 .2rem}tr{display:block;border-top:1px solid #8884;padding:.5rem 0}}"
        "</style></head><body><h1>Aspara API</h1>"
        '<p>Answers are JSON; errors have the shape <code>{"detail": "…"}</code>. Writes need a header '
        "<code>X-Requested-With</code> with any value, or a token. Machine-readable: <code>api/openapi.json</code>.</p>"
        f"<table>{rows}</table></body></html>"
    )
