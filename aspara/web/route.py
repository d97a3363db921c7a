"""One row of the table of addresses, and who serves it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Protocol

from tornado.web import RequestHandler

from aspara.web.endpoint import Endpoint


@dataclass(frozen=True)
class Route:
    """An address (``{name}`` marks a part, ``{path}`` several), its endpoint, and per method a sentence for the description."""

    path: str
    endpoint: type[Endpoint]
    methods: dict[str, str]
    query: dict[str, str] = field(default_factory=dict)

    def pattern(self, base: str) -> str:
        """The regular expression that Tornado matches; parts are decoded once, by Tornado, after matching."""
        parts = re.split(r"(\{\w+\})", self.path)
        return (
            re.escape(base.rstrip("/"))
            + "".join("(.+)" if p == "{path}" else "([^/]+)" if p.startswith("{") else re.escape(p) for p in parts)
            + "$"
        )


class Host(Protocol):
    """Who is asking: makes a concrete handler class from an endpoint, with its own login and checks around it."""

    def concrete(self, endpoint: type[Endpoint]) -> type[RequestHandler]:
        """A handler class that Tornado can serve."""
