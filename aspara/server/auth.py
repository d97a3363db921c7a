"""The doors of the standalone server: which hosts and origins may ask, and with which token."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest

from aspara.errors import Forbidden, Unauthorized

COOKIE = "aspara_token"
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def is_loopback(host: str) -> bool:
    """True for an address or name that only this machine can reach."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class AccessControl:
    """The rules: ``address`` is what the server is bound to, ``token`` what requests must show (None: nothing)."""

    address: str
    token: str | None = None
    names: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, address: str, token: str | None, names: Iterable[str] = ()) -> AccessControl:
        """Doors that also let in this machine's own name and `names`, where it is bound beyond loopback."""
        own = set() if is_loopback(address) else {socket.gethostname().lower(), socket.getfqdn().lower()}
        return cls(address, token, frozenset(own | {n.lower() for n in names}))

    def check(self, request: HTTPServerRequest, query_token: str | None, cookie: str | None) -> None:
        """Raises Forbidden or Unauthorized unless the request may come in."""
        self._check_host(request)
        shown = self._shown(request, query_token, cookie)
        if self.token is not None and not any(hmac.compare_digest(s.encode(), self.token.encode()) for s in shown):
            raise Unauthorized(
                f"{'That token is not the one of this server' if shown else 'A token is needed'}: open the address that was printed "
                "at the start, or send its token as `Authorization: Bearer <token>`."
            )
        if request.method in WRITES:
            # A header that a foreign page cannot set without asking first; a token in a header proves the same.
            by_header = self.token is not None and "Authorization" in request.headers
            self._check_origin(request)
            if not by_header and not request.headers.get("X-Requested-With"):
                raise Forbidden(
                    "A request that changes something needs the header X-Requested-With (any value), or a token in Authorization."
                )

    def _check_host(self, request: HTTPServerRequest) -> None:
        given = request.headers.get("Host")
        if not given:
            raise Forbidden("A request without a Host header is not answered here.")
        host = host_of(given)
        if host in self.names or host == self.address.strip("[]").lower():
            return
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            if host == "localhost":
                return
            raise Forbidden(
                f"This server does not answer for the host {host[:80]!r}. Open it as localhost or 127.0.0.1, "
                "or start it with --allow-host to add a name."
            ) from None
        # A page on another host cannot make a browser send an address it does not own, so addresses are safe beyond loopback.
        if is_loopback(self.address) and not address.is_loopback:
            raise Forbidden(f"This server does not answer for the address {host!r}.")

    @staticmethod
    def _check_origin(request: HTTPServerRequest) -> None:
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None and site not in ("same-origin", "none"):
            raise Forbidden("A page of another site may not change anything here.")
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc.lower() != request.headers.get("Host", "").lower():
            raise Forbidden("A page of another site may not change anything here.")

    @staticmethod
    def _shown(request: HTTPServerRequest, query_token: str | None, cookie: str | None) -> list[str]:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        bearer = value.strip() if scheme.lower() in ("bearer", "token") else None
        return [s for s in (bearer, query_token, cookie) if s]


def host_of(header: str) -> str:
    """The host of a Host header, without its port, in lower case; IPv6 without brackets."""
    header = header.strip().lower()
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.rpartition(":")[0] if header.count(":") == 1 else header
