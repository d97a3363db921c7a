"""The dashboard behind a reverse proxy at a path, as jupyter-server-proxy, nginx and others serve it."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urljoin, urlsplit

import pytest
import requests

import aspara
from aspara.errors import UsageError
from aspara.server.app import Server

PREFIX = "/proxy/18131/"
# What the proxies do: whether they remove the path, and what they say about it.
KINDS = {
    "silent": (True, {}),
    "jupyter-server-proxy": (
        True,
        {"X-Forwarded-Context": PREFIX.rstrip("/"), "X-ProxyContextPath": PREFIX.rstrip("/")},
    ),
    "nginx": (True, {"X-Forwarded-Prefix": PREFIX}),
    "keeps the path": (False, {}),
}


class Proxy(BaseHTTPRequestHandler):
    """Passes requests below a path on to a server, and nothing else."""

    protocol_version = "HTTP/1.1"
    server: ProxyServer

    def do_GET(self) -> None:
        if not self.path.startswith(PREFIX):
            self.send_error(404)
            return
        strips, headers = KINDS[self.server.kind]
        path = self.path[len(PREFIX) - 1 :] if strips else self.path
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=20)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        sent = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
        upstream.request(self.command, path, body or None, {**sent, **headers})
        answer = upstream.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        upstream.close()

    do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, *args: object) -> None:
        """Silent."""


class ProxyServer(ThreadingHTTPServer):
    """A proxy of one kind in front of one port."""

    def __init__(self, kind: str, upstream: int) -> None:
        super().__init__(("127.0.0.1", 0), Proxy)
        self.kind, self.upstream = kind, upstream


@pytest.fixture(params=list(KINDS))
def proxied(request, tmp_path) -> Iterator[str]:
    """The address of a dashboard with a token behind each kind of proxy."""
    aspara.Run("r", "p", dir=str(tmp_path)).finish()
    base_url = "/" if KINDS[request.param][0] else PREFIX
    server = Server(tmp_path, port=0, token="s3cret", base_url=base_url)
    thread = server.start_in_thread()
    proxy = ProxyServer(request.param, server.port)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{proxy.server_address[1]}{PREFIX}"
    proxy.shutdown()
    proxy.server_close()
    server.stop()
    thread.join(10)


@pytest.mark.parametrize("page", ["", "projects/p", "projects/p/runs/r", "no/such/page/at/all"])
def test_all_that_a_page_loads_is_reached_through_the_proxy(proxied, page):
    """Scripts, styles, icon and the root that the front end works with are relative to the page."""
    headers = {"Authorization": "Bearer s3cret", "Accept": "text/html"}
    answer = requests.get(proxied + page, headers=headers, timeout=20)
    assert answer.status_code == (404 if page.startswith("no/") else 200)
    loaded = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert len(loaded) == 3
    for name in loaded:
        address = urljoin(answer.url, name)
        assert address.startswith(f"{proxied}static/")
        assert 200 == requests.get(address, headers=headers, timeout=20).status_code, address
    base = re.search(r"&quot;base&quot;: &quot;([^&]+)&quot;", answer.text)
    assert base is not None
    assert proxied == urljoin(answer.url, base[1])


def test_a_token_in_the_address_signs_in_through_the_proxy(proxied):
    """Page, query and cookie survive; nothing leads out of the path."""
    with requests.Session() as session:
        page = session.get(f"{proxied}projects/p?token=s3cret&smooth=0.5", headers={"Accept": "text/html"}, timeout=20)
        assert (200, f"{proxied}projects/p?smooth=0.5") == (page.status_code, page.url)
        assert 200 == session.get(f"{proxied}api/projects", timeout=20).status_code


def test_writes_go_through_the_proxy(proxied):
    """A browser says that the page is of the same origin, although the proxy replaced Host."""
    site = f"http://{urlsplit(proxied).netloc}"
    headers = {"Authorization": "Bearer s3cret", "Origin": site, "Sec-Fetch-Site": "same-origin"}
    answer = requests.put(f"{proxied}api/projects/p/metadata", json={"notes": "x"}, headers=headers, timeout=20)
    assert (200, "x") == (answer.status_code, answer.json()["notes"])


def test_the_cookie_is_for_the_path_that_a_proxy_names(tmp_path):
    """So that another user's server on the same host does not get it."""
    server = Server(tmp_path, port=0, token="s3cret")
    thread = server.start_in_thread()
    try:
        for said, path in (
            ({}, "/"),
            ({"X-Forwarded-Prefix": "/user/a/proxy/1"}, "/user/a/proxy/1/"),
            ({"X-Forwarded-Prefix": "/x;y"}, "/"),
        ):
            answer = requests.get(server.url, headers=said, allow_redirects=False, timeout=20)
            assert f"Path={path}" in answer.headers["Set-Cookie"].split("; ")
        secure = requests.get(server.url, headers={"X-Forwarded-Proto": "https"}, allow_redirects=False, timeout=20)
        assert "Secure" in secure.headers["Set-Cookie"]
    finally:
        server.stop()
        thread.join(10)


def test_the_description_names_the_public_path(proxied):
    """Where it is known."""
    spec = requests.get(f"{proxied}api/openapi.json", headers={"Authorization": "Bearer s3cret"}, timeout=20).json()
    assert spec["servers"][0]["url"] in (PREFIX.rstrip("/"), "/")


@pytest.mark.parametrize("base_url", ["http://example.org/x", "/a b/", "/a?b"])
def test_a_base_url_is_a_path(tmp_path, base_url):
    with pytest.raises(UsageError, match="--base-url"):
        Server(tmp_path, port=0, base_url=base_url)
