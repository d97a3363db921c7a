"""What several commands ask for in the same words: the data directory, a run's address, JSON, ports."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from aspara.errors import UsageError
from aspara.util.durations import in_seconds

if TYPE_CHECKING:
    from aspara.api.provider import DataProvider
    from aspara.catalog.catalog import Catalog
    from aspara.catalog.runs.run_info import RunInfo


DEMO_DATA_DIR = "demo-data"
"""Where `aspara demo` puts its runs: apart from a user's own."""


def add_data_dir(parser: argparse.ArgumentParser) -> None:
    """``--data-dir``."""
    parser.add_argument(
        "--data-dir", metavar="DIR", help="where the runs are (default: ASPARA_DATA_DIR, else ~/.local/share/aspara)"
    )


def add_place(parser: argparse.ArgumentParser) -> None:
    """``--data-dir`` and ``--tracker``: here or far away."""
    add_data_dir(parser)
    parser.add_argument(
        "--tracker",
        "--tracker-uri",
        metavar="URI",
        help="read from a dashboard or tracker, with the token of its address or of ASPARA_TOKEN (default: "
        "ASPARA_TRACKER_URI, unless --data-dir is given)",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """``--json``."""
    parser.add_argument("--json", action="store_true", help="print JSON, in the shape of the dashboard's API")


def add_json_for_programs(parser: argparse.ArgumentParser) -> None:
    """``--json`` and ``--no-json``: without them a terminal gets text, and a program that reads the output gets JSON."""
    parser.add_argument(
        "--json",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="print JSON, or text (default: JSON unless the output is a terminal)",
    )


def wants_json(args: argparse.Namespace) -> bool:
    """What :func:`add_json_for_programs` comes to."""
    return not sys.stdout.isatty() if args.json is None else bool(args.json)


def add_target(parser: argparse.ArgumentParser, metavar: str) -> None:
    """The project, or the project and run, that the command is about."""
    parser.add_argument("target", metavar=metavar, help="a run is named by its file name or its id (see aspara runs)")


def port(text: str) -> int:
    """A port number out of an argument; 0 takes a free one."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; give a number from 1 to 65535, or 0 for a free one")
    return number


def count(text: str) -> int:
    """A whole number above 0 out of an argument."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no count; give a whole number above 0")
    return number


def whole(text: str) -> int:
    """A whole number of at least 0 out of an argument."""
    return 0 if text == "0" else count(text)


def seconds(text: str) -> float:
    """A span of time out of an argument: ``90``, ``90s``, ``5m``, ``2h``, ``7d``."""
    try:
        return in_seconds(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no span of time; write seconds, or 90s, 5m, 2h, 7d") from None


def split_target(target: str) -> tuple[str, str | None]:
    """``PROJECT/RUN`` or ``PROJECT`` as project and run (None)."""
    project, slash, run = target.partition("/")
    if not project or (slash and not run) or "/" in run:
        raise UsageError(f"{target!r} names no run: write PROJECT/RUN, for example digits/baseline.")
    return project, run or None


def run_target(target: str) -> tuple[str, str]:
    """``PROJECT/RUN`` as project and run; raises UsageError for a project alone."""
    project, run = split_target(target)
    if run is None:
        raise UsageError(f"{target!r} names no run: write PROJECT/RUN. `aspara runs {project}` lists its runs.")
    return project, run


def add_filter(parser: argparse.ArgumentParser) -> None:
    """``--filter``."""
    parser.add_argument(
        "--filter",
        metavar="EXPRESSION",
        help="only runs that match, for example 'loss < 0.1 and \"best\" in tags' (the dashboard's filter language)",
    )


def filtered(listed: list[RunInfo], expression: str | None) -> list[RunInfo]:
    """Those of the runs that meet `expression` (None: all); raises a UsageError that says where it makes no sense."""
    if expression is None:
        return listed
    import time

    from aspara.catalog.filters.expression import parse

    wanted, now = parse(expression), time.time() * 1000
    return [info for info in listed if wanted.matches(info.record(), now)]


@contextlib.contextmanager
def provider(args: argparse.Namespace) -> Iterator[DataProvider]:
    """The runs that the arguments name: of a server, or of a data directory."""
    from aspara.api.base_api import open_provider, tracker_by_default
    from aspara.api.provider import LocalProvider

    if args.tracker and args.data_dir:
        raise UsageError("--data-dir and --tracker name two places; give one of them.")
    if args.tracker:
        address = args.tracker if "://" in args.tracker else f"http://{args.tracker}"
        with contextlib.closing(open_provider(address)) as found:
            yield found
        return
    if not args.data_dir and tracker_by_default():
        with contextlib.closing(open_provider()) as found:
            yield found
        return
    with catalog(args) as here:
        yield LocalProvider(here)


@contextlib.contextmanager
def catalog(args: argparse.Namespace) -> Iterator[Catalog]:
    """The catalog of the data directory that the arguments name.

    A directory that was named and is not there is an error; the default one may be missing before the first run.
    """
    import os

    from aspara import settings
    from aspara.catalog.catalog import Catalog
    from aspara.errors import DataDirError

    data_dir = settings.data_dir(args.data_dir)
    named = args.data_dir or settings.get("ASPARA_DATA_DIR")
    try:
        os.scandir(data_dir).close()
    except FileNotFoundError:
        if named:
            raise DataDirError(
                f"There is no data directory {data_dir}. Name another with --data-dir or ASPARA_DATA_DIR."
            ) from None
    except OSError as error:
        raise DataDirError(
            f"The data directory {data_dir} cannot be read ({error.strerror}). Name another with --data-dir."
        ) from None
    found = Catalog(data_dir)
    try:
        yield found
    finally:
        found.close()
