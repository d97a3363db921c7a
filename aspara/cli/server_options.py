"""What dashboard, tracker and serve have in common: their options, the words at the start, a clean end."""

from __future__ import annotations

import argparse
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from aspara.cli.options import add_data_dir, port

if TYPE_CHECKING:
    from aspara.server.app import Server
    from aspara.web.route import Route

DASHBOARD_PORT = 3141
TRACKER_PORT = 3142
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  compared, not bound


def add_address(parser: argparse.ArgumentParser, default_port: int) -> None:
    """``--host``, ``--port``, ``--allow-host``, ``--token`` and ``--data-dir``."""
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1; another demands a token)"
    )
    parser.add_argument("--port", type=port, default=default_port, help=f"default: {default_port}; 0 takes a free one")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="also answer when addressed by this name, for example behind a proxy (may be repeated)",
    )
    parser.add_argument(
        "--base-url",
        default="/",
        metavar="PATH",
        help="the path that a reverse proxy serves this server at, such as /aspara/ (default: /). A proxy that removes the path "
        "does not need it",
    )
    parser.add_argument(
        "--token", help="what every request must show (default: ASPARA_TOKEN; beyond loopback else a random one)"
    )
    add_data_dir(parser)


def add_dashboard_options(parser: argparse.ArgumentParser) -> None:
    """What only a dashboard has: ``--read-only``, ``--open``, ``--project-search-mode``."""
    parser.add_argument(
        "--read-only", action="store_true", default=None, help="neither edits nor deletions (also: ASPARA_READ_ONLY=1)"
    )
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    parser.add_argument(
        "--project-search-mode",
        choices=("realtime", "manual"),
        help="filter the project list as you type (default), or on Enter",
    )


def make_server(args: argparse.Namespace, *, tracker: bool) -> Server:
    """The server that the arguments describe, listening already. A port in use raises, naming a free one."""
    from aspara import settings
    from aspara.errors import AsparaError, UsageError
    from aspara.server.app import Server

    data_dir = settings.data_dir(args.data_dir)
    routes: Sequence[Route] = ()
    closers: list[Callable[[], None]] = []
    if tracker:
        from aspara.server.tracker import ingest  # type: ignore[import-not-found,unused-ignore]

        routes, close = ingest(data_dir)
        closers.append(close)
    try:
        return Server(
            data_dir,
            host=args.host,
            port=args.port,
            token=args.token,
            read_only=getattr(args, "read_only", None),
            search_mode=getattr(args, "project_search_mode", None),
            allow_hosts=args.allow_host,
            base_url=args.base_url,
            extra=routes,
            on_close=closers,
        )
    except UsageError as error:
        # The command was right; the address is not to be had at this moment.
        raise AsparaError(str(error)) from None


def serve(args: argparse.Namespace, what: str, *, tracker: bool) -> int:
    """Serves until Ctrl-C or SIGTERM; says first where."""
    server = make_server(args, tracker=tracker)
    print(f"{what}: {server.url}", flush=True)
    here = socket.gethostname()
    beyond = server.url.replace("//localhost:", f"//{here}:") if server.host in _EVERYWHERE else server.url
    if beyond != server.url:
        print(f"From other machines: {beyond}")
    data_dir = server.context.catalog.data_dir
    note = ""
    if not data_dir.exists():
        note = " (there is no such folder yet; the first run that is recorded there makes it)"
    elif not server.context.catalog.layout.projects():
        note = " (nothing is recorded there yet)"
    print(f"Data:  {data_dir}{note}")
    if tracker:
        print(f"Runs come in with ASPARA_TRACKER_URI={beyond.partition('?')[0].rstrip('/')}", end="")
        print(f" ASPARA_TOKEN={server.token}" if server.token else "")
    print("Ctrl-C ends it.", flush=True)
    if getattr(args, "open", False):
        import webbrowser

        webbrowser.open(server.url)
    server.run()
    return 0
