"""Access control of the standalone server: allowed hosts and origins, and the token."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest

from aspara.errors import Forbidden, Unauthorized

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
    """Who may use the server.

    Args:
        address: The address that the server is bound to.
        port: Its port. Browsers send a cookie to all ports of a host, so the name of ours holds the port.
        token: What requests must show; None lets every request in.
        hosts: Host names that the server answers for besides its address.

    """

    address: str
    port: int
    token: str | None = None
    hosts: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, address: str, port: int, token: str | None, hosts: Iterable[str] = ()) -> AccessControl:
        """The rules for an address; beyond loopback this machine's own names are allowed as hosts too."""
        own = set() if is_loopback(address) else {socket.gethostname().lower(), socket.getfqdn().lower()}
        return cls(address, port, token, frozenset(own | {host.lower() for host in hosts}))

    @property
    def cookie(self) -> str:
        """The name of the cookie that holds the token."""
        return f"aspara_token_{self.port}"

    def check(self, request: HTTPServerRequest, query_token: str | None, cookie: str | None) -> None:
        """Checks host, token and, for requests that change something, origin.

        Raises:
            Unauthorized: The token is missing or wrong.
            Forbidden: The host or origin is not allowed.

        """
        self._check_host(request)
        tokens = self._tokens(request, query_token, cookie)
        if self.token is not None and not any(hmac.compare_digest(t.encode(), self.token.encode()) for t in tokens):
            raise Unauthorized(
                f"{'That token is not the one of this server' if tokens else 'A token is needed'}. The server printed it when it "
                "started. In a program, set ASPARA_TOKEN or send `Authorization: Bearer <token>`."
            )
        if request.method in WRITES:
            # A foreign page cannot set this header without asking first; a token in a header proves the same.
            by_header = self.token is not None and "Authorization" in request.headers
            self._check_origin(request)
            if not by_header and not request.headers.get("X-Requested-With"):
                raise Forbidden(
                    "A request that changes something needs the header X-Requested-With (any value), or a token in Authorization."
                )

    def _check_host(self, request: HTTPServerRequest) -> None:
        header = request.headers.get("Host")
        if not header:
            raise Forbidden("The request has no Host header.")
        host = host_of(header)
        if host in self.hosts or host == self.address.strip("[]").lower():
            return
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            if host == "localhost":
                return
            raise Forbidden(
                f"This server does not answer for the host {host[:80]!r}. Open it as localhost or 127.0.0.1, "
                "or start it with --allow-host and this name."
            ) from None
        # A page of another host cannot make a browser send an address that it does not own, so beyond loopback addresses are safe.
        if is_loopback(self.address) and not address.is_loopback:
            raise Forbidden(f"This server does not answer for the address {host!r}.")

    @staticmethod
    def _check_origin(request: HTTPServerRequest) -> None:
        site = request.headers.get("Sec-Fetch-Site")
        if site == "same-origin":
            return  # said by the browser, which knows the public host where a proxy has replaced Host
        origin = request.headers.get("Origin")
        foreign = origin is not None and urlsplit(origin).netloc.lower() != request.headers.get("Host", "").lower()
        if site not in (None, "none") or foreign:
            raise Forbidden("A page of another site may not change anything here.")

    @staticmethod
    def _tokens(request: HTTPServerRequest, query_token: str | None, cookie: str | None) -> list[str]:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        bearer = value.strip() if scheme.lower() in ("bearer", "token") else None
        return [token for token in (bearer, query_token, cookie) if token]


def host_of(header: str) -> str:
    """The host in a Host header, without its port, in lower case; IPv6 without brackets."""
    header = header.strip().lower()
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.rpartition(":")[0] if header.count(":") == 1 else header
