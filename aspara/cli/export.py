"""`aspara export`."""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from aspara.cli.options import add_filter, add_place, add_target, filtered, provider, split_target
from aspara.exporters import BINARY, FOLDERS, FORMATS, WITH_POINTS
from aspara.util import os_compat

if TYPE_CHECKING:
    from aspara.api.run import ApiRun
    from aspara.exporters.selection import ExportSelection

SUMMARY = "Write runs as CSV, JSON lines, Parquet, TensorBoard event files or one HTML page"
EXAMPLES = """
aspara export digits/lr-0.1
aspara export digits --format parquet --output digits.parquet
aspara export digits/lr-0.1 --format jsonl --points --output - | head
aspara export digits --format tensorboard --output ./logs
aspara export digits --output best.html --metric 'val/*' --filter 'summary.acc > 0.9'
"""
_SOME = 20


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_target(parser, "PROJECT[/RUN]")
    parser.add_argument("--format", choices=FORMATS, help="default: as the output's name ends, else csv")
    parser.add_argument(
        "--output",
        metavar="PATH",
        help="the file to write, or the folder for tensorboard; what is there is replaced (default: stdout)",
    )
    add_filter(parser)
    parser.add_argument(
        "--metric", action="append", default=[], metavar="GLOB", help="only these metrics (may be repeated)"
    )
    parser.add_argument(
        "--points",
        action="store_true",
        help=f"{', '.join(WITH_POINTS)}: every point as it was logged, with its own time, not one row for each step",
    )
    parser.add_argument(
        "--raw-cells",
        action="store_true",
        help="csv: leave texts that begin with = + - @ as they are (default: an apostrophe in front, so that no spreadsheet runs "
        "them as formulas)",
    )
    add_place(parser)
    parser.add_argument("--json", action="store_true", help="print what was written as JSON (with --output PATH)")


def run(args: argparse.Namespace) -> int:
    """Writes the file; a failed export leaves an earlier one as it was."""
    from aspara.api.api import Api
    from aspara.cli.progress import ProgressBar
    from aspara.exporters.selection import ExportSelection

    project, name = split_target(args.target)
    output = None if args.output in (None, "-") else str(args.output)
    form = _format(args, output)
    with provider(args) as found:
        api = Api._of(found)
        runs = list(api.runs(project)) if name is None else [api.run(f"{project}/{name}")]
        if args.filter is not None:
            kept = {info.run for info in filtered(found.runs(project), args.filter)}
            runs = [run for run in runs if run.run in kept]
        _check_metrics(runs, args.metric)
        with ProgressBar("Exporting", len(runs)) as progress:
            selection = ExportSelection(runs, args.metric, points=args.points, progress=progress.show)
            count = _write(form, selection, output, raw_cells=args.raw_cells)
    if output is not None:
        what = "points" if form == "html" else "rows"
        told: dict[str, Any] = {"format": form, "output": output, "runs": len(runs), what: count}
        if args.json:
            from aspara.cli.formatting import as_json

            print(as_json(told))
        else:
            print(f"Wrote {count} {what} of {len(runs)} {'run' if len(runs) == 1 else 'runs'} to {output}.")
    return 0


def _check_metrics(runs: Sequence[ApiRun], globs: Sequence[str]) -> None:
    """Raises UsageError for a glob that means no metric of any of the runs: it is mistyped."""
    from aspara.errors import UsageError
    from aspara.util.suggestions import did_you_mean

    there: set[str] = set()
    left = set(globs)
    for run in runs:
        if not left:
            return
        names = run.metrics
        there.update(names)
        left = {glob for glob in left if not any(fnmatch.fnmatchcase(name, glob) for name in names)}
    if left and runs:
        some = ", ".join(sorted(there)[:_SOME]) + (f" and {len(there) - _SOME} more" if len(there) > _SOME else "")
        glob = min(left)
        raise UsageError(
            f"There is no metric {glob!r} to export.{did_you_mean(glob, there)} Metrics: {some or 'none'}."
        )


def _format(args: argparse.Namespace, output: str | None) -> str:
    from aspara.errors import UsageError

    ending = Path(output or "").suffix.removeprefix(".").lower()
    form: str = args.format or ({"htm": "html", "ndjson": "jsonl"}.get(ending, ending) if output else "csv")
    if form not in FORMATS:
        if output is not None and ending:
            raise UsageError(
                f"--output {output}: its ending is no format. Say which with --format {'|'.join(FORMATS)}."
            )
        form = "csv"
    if form in FOLDERS and output is None:
        raise UsageError(f"A {form} export is a folder: say where it goes with --output PATH.")
    if form in BINARY and output is None and sys.stdout.isatty():
        raise UsageError("Parquet is binary and stdout is a terminal: name a file with --output PATH.")
    if args.points and form not in WITH_POINTS:
        raise UsageError(f"--points is for {', '.join(WITH_POINTS)}; {form} has points of its own.")
    if args.raw_cells and form != "csv":
        raise UsageError(f"--raw-cells is for csv; {form} has no formulas.")
    if args.json and output is None:
        raise UsageError("--json tells what was written to a file; say which with --output PATH.")
    return form


def _write(form: str, selection: ExportSelection, output: str | None, *, raw_cells: bool) -> int:
    exporter = importlib.import_module(f"aspara.exporters.{form}")
    if form in FOLDERS:
        assert output is not None
        if Path(output).exists() and not Path(output).is_dir():
            raise NotADirectoryError(f"{output} is a file; a {form} export is a folder. Name another with --output.")
        return int(exporter.write_folder(selection, Path(output)))
    options: dict[str, Any] = {"plotly": _plotly()} if form == "html" else {"raw": raw_cells} if form == "csv" else {}
    with _opened(output) as file:
        return int(exporter.write(selection, file, **options))


def _plotly() -> Path:
    """The chart library that the dashboard serves too."""
    import aspara
    from aspara.errors import AsparaError

    static = Path(aspara.__file__).parent / "web" / "static"
    for path in sorted(static.glob("plotly.*.js")):
        return path
    raise AsparaError(
        "The chart library is not there: this is a checkout whose front end was not built; run `make build`."
    )


@contextlib.contextmanager
def _opened(output: str | None) -> Iterator[IO[bytes]]:
    if output is None:
        yield sys.stdout.buffer
        return
    # A link stays one: what it leads to is written.
    place = Path(os.path.realpath(output))
    if place.is_dir():
        raise IsADirectoryError(f"{output} is a folder; name a file with --output.")
    if not place.parent.is_dir():
        raise NotADirectoryError(
            f"There is no folder {place.parent} for {place.name}; make it, or name another with --output."
        )
    if place.exists() and not place.is_file():
        # A pipe or a device is written to, never replaced.
        with place.open("wb") as file:
            yield file
        return
    draft = place.with_name(f"{place.name}.{os.getpid()}.tmp")
    try:
        with draft.open("wb") as file:
            yield file
        os_compat.replace(draft, place)
    finally:
        os_compat.remove(draft, missing_ok=True)
