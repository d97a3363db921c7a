"""aspara.Api with a server far away: what is special about it. What it has in common with a folder is in test_api.py."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import aspara
from aspara.errors import (
    ArtifactNotFound,
    Forbidden,
    InvalidName,
    NotFound,
    ProjectNotFound,
    ReadOnly,
    TrackerError,
    Unauthorized,
    UsageError,
)
from aspara.server.app import Server
from tests.catalog.conftest import Folder


@pytest.fixture
def serve(folder: Folder) -> Iterator[Any]:
    """Starts servers of the folder."""
    started: list[tuple[Server, threading.Thread]] = []
    folder.path.mkdir(parents=True, exist_ok=True)

    def start(**options: Any) -> Server:
        server = Server(folder.path, port=0, **options)
        started.append((server, server.start_in_thread()))
        return server

    yield start
    for server, thread in started:
        server.stop()
        thread.join(10)


class Stranger:
    """Answers every connection with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self._socket.accept()
            except OSError:
                return
            with link:
                link.recv(65536)
                link.sendall(self._answer)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)


def answered(content: bytes, kind: bytes = b"application/json", length: int | None = None) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
    return head % (kind, len(content) if length is None else length) + content


@pytest.fixture
def stranger(request: pytest.FixtureRequest) -> Iterator[str]:
    found = Stranger(request.param)
    yield found.url
    found.close()


def test_an_address_in_any_form(folder: Folder, serve: Any):
    """As it was printed, as a tracker's, with and without a slash; in ASPARA_TRACKER_URI too."""
    folder.run("r", [(0, {"loss": 1.0})])
    base = serve().url.rstrip("/")
    for address in (base, f"{base}/", f"{base}/tracker", f"{base}/tracker/api/v1/", base.replace("http", "HTTP")):
        assert ["p"] == [p.name for p in aspara.Api(address).projects()], address


def test_api_reads_from_where_init_writes(folder: Folder, serve: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """ASPARA_TRACKER_URI is what it reads by default, unless a folder is given or the mode is offline."""
    folder.run("r", [(0, {"loss": 1.0})])
    address = serve().url.rstrip("/")
    monkeypatch.setenv("ASPARA_DATA_DIR", str(tmp_path / "own"))
    monkeypatch.setenv("ASPARA_TRACKER_URI", address.removeprefix("http://"))
    assert repr(aspara.Api()) == f"Api({address!r})"
    assert ["r"] == [r.run for r in aspara.Api().runs("p")]
    assert [] == aspara.Api(tmp_path / "own").projects()
    monkeypatch.setenv("ASPARA_MODE", "offline")
    assert [] == aspara.Api().projects()


def test_a_token_opens_the_server(folder: Folder, serve: Any, monkeypatch: pytest.MonkeyPatch):
    """By argument, in the address or in the environment; without it or with another one the error says how to give it."""
    folder.run("r", [(0, {"loss": 1.0})])
    url = serve(token="secret").url
    base = url.partition("?")[0]
    assert "r" == aspara.Api(url).run("p/r").run
    assert "r" == aspara.Api(base, token="secret").run("p/r").run
    with pytest.raises(Unauthorized, match=r"demands a token.*ASPARA_TOKEN"):
        aspara.Api(base).projects()
    with pytest.raises(Unauthorized, match="demands another token"):
        aspara.Api(base, token="wrong").run("p/r")
    monkeypatch.setenv("ASPARA_TOKEN", "secret")
    assert "r" == aspara.Api(base).run("p/r").run
    with pytest.raises(UsageError, match="A token opens a server"):
        aspara.Api(folder.path, token="secret")


@pytest.mark.parametrize("address", ["http://", "http://host:port", "http://host:99999", "ftp://host/x", "s3://bucket"])
def test_no_address(address: str):
    """What is no address is named at once."""
    with pytest.raises(UsageError, match=address):
        aspara.Api(address)


def test_nobody_there():
    """An address without a server: what was asked, why not, and what to look at."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(TrackerError, match=rf"127.0.0.1:{port} cannot be reached.*aspara dashboard"):
        aspara.Api(f"http://127.0.0.1:{port}").projects()


@pytest.mark.parametrize(
    "stranger",
    [
        answered(b"<html>hello</html>", b"text/html"),
        answered(b"[]"),
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["html", "list", "nothing"],
    indirect=True,
)
def test_somebody_else_there(stranger: str):
    """A server that is no Aspara: the error says so, and how addresses look inside Jupyter."""
    with pytest.raises(TrackerError, match="not as an Aspara server.*/aspara"):
        aspara.Api(stranger).projects()


@pytest.mark.parametrize(
    "stranger",
    [answered(b"\x10\0\0\0\0\0\0\0half", length=1000), answered(b"\x10\0\0\0\0\0\0\0half"), answered(b"")],
    ids=["cut off", "framed short", "empty"],
    indirect=True,
)
def test_half_a_history_is_no_history(stranger: str):
    """An answer that breaks off is an error, never a shorter history."""
    from aspara.api.remote_provider import RemoteProvider
    from aspara.catalog.series.history import HistoryQuery
    from aspara.client.http_client import HttpClient

    with pytest.raises(TrackerError, match="broke off"):
        list(RemoteProvider(HttpClient(stranger)).history("p", "r", HistoryQuery()))


@pytest.mark.parametrize(
    "stranger",
    [answered(b"{}"), answered(b"\x03\0\0\0\0\0\0\0abc" + bytes(8)), answered(b'{"step": 1}\n\xff\n')],
    ids=["empty object", "no arrow", "no row"],
    indirect=True,
)
def test_answers_that_make_no_sense(stranger: str):
    """Whatever is sent, the error is a TrackerError that says that this is no Aspara."""
    from aspara.api.remote_provider import RemoteProvider
    from aspara.catalog.series.history import HistoryQuery
    from aspara.catalog.series.query import SeriesQuery
    from aspara.client.http_client import HttpClient

    library = RemoteProvider(HttpClient(stranger))
    for ask in (
        library.projects,
        lambda: library.runs("p"),
        lambda: library.run("p", "r"),
        lambda: list(library.history("p", "r", HistoryQuery())),
        lambda: list(library.rows("p", "r")),
        lambda: library.metrics("p", ["r"], SeriesQuery()),
        lambda: library.files("p", "r"),
        lambda: library.collections("p").names(),
    ):
        with pytest.raises(TrackerError):
            ask()


def test_what_may_not_be_changed(folder: Folder, serve: Any):
    """A read-only server refuses with the same error as everywhere."""
    folder.run("r", [(0, {"loss": 1.0})], meta={"status": "completed", "version": "1", "is_finished": True})
    run = aspara.Api(serve(read_only=True).url).run("p/r")
    run.notes = "x"
    with pytest.raises(ReadOnly):
        run.update()
    with pytest.raises(Forbidden):
        run.delete()


def test_a_file_leads_nowhere_else(folder: Folder, serve: Any, tmp_path: Path):
    """Only listed files are served, whatever the name says."""
    folder.run("r", [(0, {"loss": 1.0})])
    (tmp_path / "secret").write_text("secret")
    (folder.path / "p" / "r").mkdir()
    (folder.path / "p" / "r" / "link").symlink_to(tmp_path / "secret")
    (folder.path / "p" / "r" / "out").symlink_to(tmp_path)
    (folder.path / "p" / "r" / ".hidden").write_text("hidden")
    run = aspara.Api(serve().url).run("p/r")
    assert [] == run.files()
    for name in (
        "link",
        "out/secret",
        "../r.jsonl",
        "..",
        ".",
        ".hidden",
        "/etc/hostname",
        "%2e%2e/r.jsonl",
        "a\0b",
        "",
    ):
        with pytest.raises((ArtifactNotFound, NotFound, TrackerError)):
            run.file(name)
        with pytest.raises((NotFound, TrackerError, UsageError)):
            run._library.file("p", "r", name).path()


@pytest.mark.parametrize("name", ["../over", "/tmp/over", "a/../../over", "a\\b", "a\0b"])
def test_a_server_cannot_choose_where_files_go(name: str, tmp_path: Path):
    """A name that leads out of the folder that was given is refused before anything is written."""
    from aspara.api.run_file import RunFile
    from aspara.catalog.files.content import RemoteContent

    content = RemoteContent(name, lambda target: target.write_text("x") and None, lambda: tmp_path)
    with pytest.raises(InvalidName):
        RunFile(name, 1, content).download(tmp_path / "in", replace=True)
    assert content.path().parent == tmp_path
    assert not (tmp_path.parent / "over").exists()


def test_names_from_anywhere_arrive_whole(serve: Any, monkeypatch: pytest.MonkeyPatch, folder: Folder):
    """Slashes, commas, blanks, percent signs and foreign letters in metrics and files."""
    names = ["a,b", "train/loss", "50 %", "größe", "a&b=c#d?"]
    folder.run("r", [(i, dict.fromkeys(names, float(i))) for i in range(3)])
    (folder.path / "p" / "r" / "sub dir").mkdir(parents=True)
    for name in ("50%.txt", "größe, a&b#c?.txt"):
        (folder.path / "p" / "r" / "sub dir" / name).write_text(name)
    api = aspara.Api(serve().url)
    run = api.run("p/r")
    for name in names:
        assert [0.0, 1.0, 2.0] == run.frame([name])[name].to_list()
    for file in run.files():
        assert file.name == f"sub dir/{file.path.read_text()}"
    fetched = run.files()[0].path
    assert fetched.is_file()
    api.close()
    assert not fetched.exists()
    with pytest.raises(ProjectNotFound):
        api.runs("größe")


def test_more_runs_than_a_page(folder: Folder, serve: Any, monkeypatch: pytest.MonkeyPatch):
    """All of them come, once, in order."""
    from aspara.api import remote_provider

    monkeypatch.setattr(remote_provider, "_PAGE", 7)
    for i in range(25):
        folder.run(
            f"r{i:02}", [(0, {"loss": float(i)})], meta={"start_time": 1000 + i, "version": "1", "status": "failed"}
        )
    assert [f"r{i:02}" for i in range(25)] == [r.run for r in aspara.Api(serve().url).runs("p")]
