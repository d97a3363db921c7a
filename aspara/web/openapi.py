"""Descriptions of the API, made from the table of routes: an OpenAPI document, and a page for people."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from aspara.names import MAX_NAME
from aspara.version import __version__
from aspara.web import schemas
from aspara.web.params import Param, body_schema

if TYPE_CHECKING:
    from aspara.web.route import Route

_ERROR = {
    "description": "What is wrong, and how to fix it.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}


def describe(routes: Iterable[Route], base: str = "/") -> dict[str, Any]:
    """An OpenAPI 3.1 document of `routes`, whose bounds are those that the server enforces."""
    paths: dict[str, Any] = {}
    bodies = schemas.bodies()
    for route in routes:
        operations = paths.setdefault(route.path, {})
        segments = [
            {
                "name": name,
                "in": "path",
                "required": True,
                "schema": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": {"name": 255, "path": 4096}.get(name, MAX_NAME),
                },
            }
            for name in re.findall(r"\{(\w+)\}", route.path)
        ]
        for method, meaning in route.methods.items():
            params = route.params_of(method)
            in_query = [] if method == "POST" else [_parameter(param) for param in params]
            operation: dict[str, Any] = {
                "summary": meaning,
                "operationId": f"{method.lower()}{re.sub(r'[^A-Za-z0-9]+', '_', route.path).rstrip('_')}",
                "parameters": segments + in_query,
                "responses": {"200": {"description": meaning}, "4XX": _ERROR, "5XX": _ERROR},
            }
            schema = body_schema(params) if method == "POST" and params else bodies.get((method, route.path))
            body = _body(schema, route.path) if method in ("POST", "PUT") else None
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


def _parameter(param: Param) -> dict[str, Any]:
    schema = param.schema(query=True)
    style = {"style": "form", "explode": False} if param.kind == "list" else {}
    return {
        "name": param.name,
        "in": "query",
        "required": bool(param.low) and param.kind in ("list", "text"),
        "description": param.description(),
        "schema": schema,
        **style,
    }


def _body(schema: schemas.Schema | None, path: str) -> dict[str, Any] | None:
    """The request body: JSON, a form for uploads, or none."""
    if path.endswith(("/artifacts", "/files")):
        return {"required": True, "content": {"multipart/form-data": {"schema": schemas.upload()}}}
    if schema is None:
        return None
    return {"required": not path.endswith("/finish"), "content": {"application/json": {"schema": schema}}}


def page(routes: Iterable[Route]) -> str:
    """A page that lists the endpoints, in plain HTML that loads nothing."""
    rows = "".join(
        f"<tr><td><code>{method}</code></td><td><code>{html.escape(route.path)}</code></td><td>{html.escape(meaning)}"
        + "".join(
            f"<br><code>{html.escape(param.name)}</code> {html.escape(param.description())}"
            for param in route.params_of(method)
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
        '<p>Answers are JSON. Errors have the form <code>{"detail": "…"}</code>. Requests that change something need a header '
        "<code>X-Requested-With</code> with any value, or a token. For programs: "
        '<a href="api/openapi.json"><code>api/openapi.json</code></a>.</p>'
        f"<table>{rows}</table></body></html>"
    )
