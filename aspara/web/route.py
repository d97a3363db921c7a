"""A row of the table of routes, and what hosts it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from tornado.web import RequestHandler

from aspara.web.endpoint import Endpoint
from aspara.web.params import Param


@dataclass(frozen=True)
class Route:
    """A path, its endpoint, and what each method does.

    Args:
        path: The path; ``{name}`` stands for one segment, ``{path}`` for several.
        endpoint: The class that answers.
        methods: What each HTTP method does, a sentence for the documentation.
        params: The parameters; None where any are allowed.

    """

    path: str
    endpoint: type[Endpoint]
    methods: dict[str, str]
    params: tuple[Param, ...] | None = ()

    def params_of(self, method: str) -> tuple[Param, ...]:
        """The parameters that `method` takes: in the query, for POST in the JSON body."""
        return tuple(param for param in self.params or () if method in param.methods)

    def pattern(self, base: str) -> str:
        """The regular expression for Tornado, which decodes the segments after it has matched."""
        parts = re.split(r"(\{\w+\})", self.path)
        return (
            re.escape(base.rstrip("/"))
            + "".join("(.+)" if p == "{path}" else "([^/]+)" if p.startswith("{") else re.escape(p) for p in parts)
            + "$"
        )


class Host(Protocol):
    """A server that the dashboard runs in: it makes handler classes of endpoints, with its own login and checks."""

    def concrete(self, endpoint: type[Endpoint]) -> type[RequestHandler]:
        """A handler class that Tornado can serve."""
