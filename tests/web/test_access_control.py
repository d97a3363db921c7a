"""The doors are shut from the first day: hosts, origins, tokens, paths, bodies."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
from urllib.parse import urljoin

import pytest
import requests

import aspara
from aspara.errors import Busy, DataDirError, UsageError
from aspara.server.app import Server
from aspara.web.read_pool import ReadPool

HOSTILE = [
    "..%2F..%2Fetc%2Fpasswd",
    "%2e%2e",
    "%252e%252e",
    "a%00b",
    "%2Fetc",
    ".hidden",
    "x" * 300,
    "a%0d%0aSet-Cookie:x",
    "%E6%97%A5",
    "con",
    "<b>",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_leaves_the_data_directory_or_breaks_the_server(site, name):
    """Every place a name can stand in: 400 or 404 in the one shape, and nothing is made."""
    aspara.Run("r", "p").finish()
    before = sorted(str(p) for p in site.data.rglob("*"))
    for method, path in (
        ("GET", f"api/projects/{name}/runs"),
        ("GET", f"api/projects/p/runs/{name}"),
        ("GET", f"api/projects/p/runs/r/artifacts/{name}"),
        ("GET", f"api/projects/p/runs/metrics?runs={name}&metrics={name}"),
        ("PUT", f"api/projects/{name}/metadata"),
        ("PUT", f"api/projects/p/runs/{name}/metadata"),
        ("DELETE", f"api/projects/{name}"),
        ("DELETE", f"api/projects/p/runs/{name}"),
    ):
        answer = site.ask(method, path, data=b'{"notes": "x"}' if method == "PUT" else None)
        assert answer.status_code in ((200,) if "metrics?" in path else (400, 403, 404, 405)), (
            method,
            path,
            answer.status_code,
            answer.text,
        )
        assert "root:" not in answer.text
    assert before == sorted(str(p) for p in site.data.rglob("*"))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"\xff\xfe", b'{"notes":' + b"[" * 5000 + b"]" * 5000 + b"}", b'{"notes": NaN}']
)
def test_a_body_that_is_no_json_object_is_answered_with_400(site, body):
    """Whatever its bytes."""
    aspara.Run("r", "p").finish()
    answer = site.ask("PUT", "api/projects/p/metadata", data=body)
    assert 400 == answer.status_code
    assert answer.json()["detail"]


def test_a_body_that_is_too_large_is_answered_with_413(site):
    """A megabyte is enough for notes and tags."""
    aspara.Run("r", "p").finish()
    assert 413 == site.ask("PUT", "api/projects/p/metadata", data=json.dumps({"notes": "x" * 2_000_000})).status_code


def test_every_answer_carries_the_headers_that_keep_a_page_from_harm(site):
    """Errors too."""
    aspara.Run("r", "p").finish()
    for path in ("api/projects", "api/projects/ghost", "", "static/none.js"):
        headers = site.get(path).headers
        assert "default-src 'self'" in headers["Content-Security-Policy"], path
        assert "unsafe-inline'; img" in headers["Content-Security-Policy"]
        assert "nosniff" == headers["X-Content-Type-Options"]
        # Jupyter names its own (empty) setting; nobody is let in by it.
        assert not headers.get("Access-Control-Allow-Origin")


def test_without_a_login_jupyter_answers_nothing(jupyter_server):
    """Every route of ours asks for it, streams and static files too."""
    base, _ = jupyter_server
    for path in (
        "api/projects",
        "api/health",
        "api/projects/p/runs/stream",
        "",
        "projects/p",
        "api/openapi.json",
        "docs",
    ):
        answer = requests.get(base + path, timeout=10, allow_redirects=False)
        assert answer.status_code in (302, 401, 403), path
        assert "projects" not in answer.text or answer.status_code == 302
    assert requests.put(f"{base}api/projects/p/metadata", json={}, timeout=10).status_code in (401, 403)


@pytest.fixture
def standalone(tmp_path, monkeypatch):
    """A standalone server on loopback without a token."""
    monkeypatch.setenv("ASPARA_DATA_DIR", str(tmp_path / "data"))
    server = Server(tmp_path / "data", port=0)
    thread = server.start_in_thread()
    aspara.Run("r", "p").finish()
    yield server
    server.stop()
    thread.join(10)


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "10.0.0.1", "127.0.0.1.evil.example", ""])
@pytest.mark.parametrize("path", ["", "api/projects", "api/projects/p/runs/stream", "static/x.js", "nothing"])
def test_a_foreign_host_is_refused_on_every_route(standalone, host, path):
    """No page can rebind its name to this address and read the runs."""
    assert 403 == requests.get(standalone.url + path, headers={"Host": host}, timeout=10).status_code


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.1:99", "[::1]:3141"])
def test_loopback_hosts_are_let_in(standalone, host):
    """By any port, for tunnels."""
    assert 200 == requests.get(standalone.url + "api/health", headers={"Host": host}, timeout=10).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Requested-With": "x", "Origin": "http://evil.example"},
        {"X-Requested-With": "x", "Origin": "null"},
        {"X-Requested-With": "x", "Sec-Fetch-Site": "cross-site"},
        {"X-Requested-With": "x", "Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_foreign_page_changes_nothing(standalone, headers):
    """Writes need our header and no foreign origin."""
    answer = requests.delete(f"{standalone.url}api/projects/p", headers=headers, timeout=10)
    assert 403 == answer.status_code
    assert 200 == requests.get(f"{standalone.url}api/projects/p", timeout=10).status_code


def test_a_token_is_asked_for_and_becomes_a_cookie(tmp_path):
    """As a bearer, or once in the address; a wrong one is 401 everywhere."""
    server = Server(tmp_path, port=0, token="s3cret")
    thread = server.start_in_thread()
    base = f"http://127.0.0.1:{server.port}/"
    try:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": f"aspara_token_{server.port}=wrong"}):
            assert 401 == requests.get(f"{base}api/projects", headers=headers, timeout=10).status_code
        assert (
            200
            == requests.get(f"{base}api/projects", headers={"Authorization": "Bearer s3cret"}, timeout=10).status_code
        )
        first = requests.get(f"{base}projects/p?token=s3cret&smooth=0.5", timeout=10, allow_redirects=False)
        assert (302, f"{base}projects/p?smooth=0.5") == (
            first.status_code,
            urljoin(first.url, first.headers["Location"]),
        )
        cookie = first.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert 200 == requests.get(f"{base}api/projects", cookies=first.cookies, timeout=10).status_code
        aside = requests.get(
            f"http://127.0.0.1:{server.port}//evil.example/?token=s3cret", timeout=10, allow_redirects=False
        )
        assert not aside.headers.get("Location", "/").startswith("//")
    finally:
        server.stop()
        thread.join(10)


@pytest.mark.parametrize(
    ("path", "host", "status", "said", "asks"),
    [
        ("projects/p", None, 401, "A token is needed", True),
        ("?token=wr<o>ng", None, 401, "That token is not the one of this server", True),
        ("", "evil.example", 403, "does not answer for the host", False),
    ],
)
def test_a_person_is_told_on_a_page_why_nobody_lets_in(tmp_path, path, host, status, said, asks):
    """With a field for the token where that is what is missing; programs and the API get JSON as before."""
    server = Server(tmp_path, port=0, token="s3cret")
    thread = server.start_in_thread()
    base = f"http://127.0.0.1:{server.port}/"
    headers = {"Host": host} if host else {}
    try:
        answer = requests.get(base + path, headers={"Accept": "text/html,*/*", **headers}, timeout=10)
        assert (status, True) == (answer.status_code, answer.headers["Content-Type"].startswith("text/html"))
        assert said in answer.text
        assert asks == ('name="token"' in answer.text)
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        for other, accept in ((path, "application/json"), ("api/projects", "text/html")):
            assert requests.get(base + other, headers={"Accept": accept, **headers}, timeout=10).json()["detail"]
    finally:
        server.stop()
        thread.join(10)


def test_beyond_loopback_a_token_is_made(tmp_path):
    """Nobody is exposed by accident."""
    server = Server(tmp_path, host="0.0.0.0", port=0)
    assert len(server.token or "") >= 20
    assert f"token={server.token}" in server.url
    for listener in server._sockets:
        listener.close()


def test_read_only_refuses_every_change_with_a_reason(tmp_path):
    """Reading goes on."""
    aspara.Run("r", "p", dir=str(tmp_path)).finish()
    server = Server(tmp_path, port=0, read_only=True)
    thread = server.start_in_thread()
    try:
        headers = {"X-Requested-With": "x"}
        for method, path in (
            ("PUT", "api/projects/p/metadata"),
            ("DELETE", "api/projects/p"),
            ("DELETE", "api/projects/p/runs/r"),
            ("POST", "api/projects/p/runs/r/stop"),
        ):
            answer = requests.request(method, server.url + path, json={"notes": "x"}, headers=headers, timeout=10)
            assert (403, True) == (answer.status_code, "read-only" in answer.json()["detail"])
        assert 200 == requests.get(f"{server.url}api/projects/p", timeout=10).status_code
    finally:
        server.stop()
        thread.join(10)


def test_a_data_directory_that_cannot_be_used_says_so(tmp_path):
    """With its path and the way out."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DataDirError, match="--data-dir"):
        Server(tmp_path / "file" / "x", port=0)
    with pytest.raises(DataDirError, match="There is no data directory"):
        Server(tmp_path / "none", port=0, read_only=True)


def test_a_busy_port_names_a_free_one(standalone, tmp_path):
    """So that the next try works."""
    with pytest.raises(UsageError, match=r"Port \d+ is free"):
        Server(tmp_path, port=standalone.port)


@pytest.mark.parametrize("length", [1 << 16, 1 << 18])
def test_an_address_that_is_too_long_is_answered_with_the_way_out(standalone, length):
    """A browser that asks for thousands of runs by name must hear why it gets nothing."""
    answer = requests.get(f"{standalone.url}api/projects/p/runs/metrics?runs={'r' * length}", timeout=20)
    assert 414 == answer.status_code
    assert "POST" in answer.json()["detail"]


def test_a_request_of_old_http_without_a_host_is_refused(standalone):
    """HTTP/1.0 may leave Host out; then nothing says which page asked."""
    from tests.web.conftest import Site

    site = Site("standalone", standalone.url, None, {})
    assert b" 403 " in site.raw(b"GET /api/projects HTTP/1.0\r\n\r\n").split(b"\r\n")[0]


@pytest.mark.parametrize("site_header", ["cross-site", "same-site"])
@pytest.mark.parametrize("destination", ["image", "script", "iframe", "empty"])
def test_other_sites_cannot_use_the_api(site, site_header, destination):
    """Not even by an image, whose answer the page cannot read: it would cost the server the work. A followed link works."""
    aspara.Run("r", "p").finish()
    headers = {"Sec-Fetch-Site": site_header, "Sec-Fetch-Dest": destination, "Authorization": None}
    query = "?token=secret" if site.kind == "jupyter" else ""
    answer = site.get(f"api/projects/p/runs/metrics{query}", headers=headers)
    assert (403, True) == (answer.status_code, "other sites" in answer.json()["detail"])
    link = {**headers, "Sec-Fetch-Dest": "document", "Sec-Fetch-User": "?1", "Sec-Fetch-Mode": "navigate"}
    for path in ("projects/p", "docs", "api/projects"):
        assert 200 == site.get(path + query, headers=link).status_code
    assert 200 == site.get(f"api/projects{query}", headers={**headers, "Sec-Fetch-Site": "same-origin"}).status_code


def test_no_answer_names_the_software(site):
    """Errors and files neither."""
    for path in ("", "api/projects", "api/none", "static/none.js"):
        assert "Server" not in site.get(path).headers


def test_the_icon_is_behind_the_token_too(tmp_path):
    """As everything is."""
    server = Server(tmp_path, port=0, token="s3cret")
    thread = server.start_in_thread()
    try:
        address = f"http://127.0.0.1:{server.port}/favicon.ico"
        assert 401 == requests.get(address, timeout=10).status_code
        headers = {"Authorization": "Bearer s3cret"}
        assert requests.get(address, headers=headers, timeout=10).headers["Content-Type"].startswith("image/svg")
    finally:
        server.stop()
        thread.join(10)


def test_two_servers_of_one_host_do_not_sign_each_other_out(tmp_path):
    """Browsers send a cookie to every port."""
    servers = [Server(tmp_path, port=0, token=token) for token in ("one", "two")]
    threads = [server.start_in_thread() for server in servers]
    try:
        with requests.Session() as browser:
            for server in servers:
                browser.get(server.url, timeout=10)
            for server in servers:
                assert 200 == browser.get(f"http://127.0.0.1:{server.port}/api/projects", timeout=10).status_code
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.stop()
            thread.join(10)


def test_the_page_that_asks_for_the_token_keeps_the_rest_of_the_address(tmp_path):
    """Its form sends the other parameters along."""
    server = Server(tmp_path, port=0, token="s3cret")
    thread = server.start_in_thread()
    try:
        address = f"http://127.0.0.1:{server.port}/projects/p?runs=a,b&smooth=0.5&q=%22%3Cx%3E&token=wrong"
        page = requests.get(address, headers={"Accept": "text/html"}, timeout=10).text
        kept = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))
        assert {"runs": "a,b", "smooth": "0.5", "q": "&quot;&lt;x&gt;"} == kept
    finally:
        server.stop()
        thread.join(10)


def test_a_body_that_does_not_arrive_ends_the_connection(standalone, tmp_path):
    """A client that sends a byte now and then holds no connection for ever."""
    server = Server(tmp_path, port=0)
    server.body_timeout = 0.2
    thread = server.start_in_thread()
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as link:
            link.sendall(b"PUT /api/projects/p/metadata HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
            assert b"" == link.recv(1000)
    finally:
        server.stop()
        thread.join(10)


def test_an_unchanged_answer_is_not_sent_again(site):
    """Series too, although each answer has a new cursor; new points and edits change the validator."""
    with aspara.Run("done", "p") as done:
        done.log({"loss": 0.5})
    for path in (
        "api/projects/p/runs",
        "api/projects/p/runs/metrics",
        "api/projects/p/metrics",
        "api/projects/p/runs/done/metrics",
    ):
        first = site.get(path)
        again = site.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (304, b"") == (again.status_code, again.content), path
    before = site.get("api/projects/p/runs/metrics").headers["ETag"]
    with aspara.Run("r", "p") as run:
        run.log({"loss": 1.0})
        run.log({"loss": 2.0})
    answer = site.get("api/projects/p/runs/metrics", headers={"If-None-Match": before})
    assert (200, [1.0, 2.0]) == (answer.status_code, answer.json()["metrics"]["loss"]["r"]["values"])


def test_one_clients_reads_leave_a_thread_to_others(tmp_path):
    """And short answers have threads of their own."""
    pool = ReadPool(threads=2)
    release = threading.Event()

    async def check() -> None:
        held = [asyncio.ensure_future(pool.run("greedy", lambda: False, release.wait, 20)) for _ in range(8)]
        assert 1 == await asyncio.wait_for(pool.run("modest", lambda: False, lambda: 1), 20)
        release.set()
        assert all(await asyncio.gather(*held))

    try:
        asyncio.run(check())
    finally:
        pool.close()


def test_a_read_whose_client_has_gone_is_not_begun():
    pool = ReadPool(threads=1, waiting=1)

    async def check() -> None:
        with pytest.raises(ConnectionAbortedError):
            await pool.run("a", lambda: True, lambda: pytest.fail("it was begun"))
        release = threading.Event()
        first = asyncio.ensure_future(pool.run("a", lambda: False, release.wait, 20))
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="the limit"):
            await pool.run("a", lambda: False, lambda: 1)
        release.set()
        await first

    try:
        asyncio.run(check())
    finally:
        pool.close()
