"""`aspara import`."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aspara.cli.options import add_data_dir
from aspara.importers import KINDS, TABLE_KINDS

if TYPE_CHECKING:
    from aspara.importers.common.run_writer import ImportResult
    from aspara.importers.common.source import ImportReport, SourceRun

SUMMARY = "Import runs of other trackers, tables or another Aspara; a second import adds only what is new"
EXAMPLES = """
aspara import tensorboard ./logs --project digits
aspara import tensorboard ./logs --project digits --follow
aspara import wandb ./wandb
aspara import mlflow ./mlruns --dry-run
aspara import mlflow ./mlflow.db --project digits
aspara import trackio ~/.cache/huggingface/trackio
aspara import swanlab ./swanlog
aspara import clearml ~/.clearml/cache/offline
aspara import neptune ./exports/data
aspara import csv ./lightning_logs --project digits
aspara import csv results.csv --project digits --step-column epoch --run-column model
aspara import aspara /mnt/backup/runs
aspara import aspara http://gpu-box:3141 --project digits
aspara import auto ./old-runs --project digits --json
"""
SOURCES = (*KINDS, "auto")
_MOST_PROBLEMS = 50
_PAUSE = 1.0
"""Seconds between two looks at a source that is followed."""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument("source", choices=SOURCES, metavar="SOURCE", help=f"{', '.join(KINDS)}; auto finds out")
    parser.add_argument(
        "path", metavar="PATH", help="the file or folder with the runs, or a server's address; it is only read"
    )
    parser.add_argument(
        "--project",
        metavar="P",
        help="the project that takes the runs (default: what the source calls its project, else its folder's name)",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be imported, and write nothing")
    parser.add_argument(
        "--follow", action="store_true", help="go on, and bring what the source's files gain, until Ctrl-C"
    )
    parser.add_argument(
        "--step-column", metavar="NAME", help=f"{', '.join(TABLE_KINDS)}: the column of steps (default: by its name)"
    )
    parser.add_argument("--time-column", metavar="NAME", help=f"{', '.join(TABLE_KINDS)}: the column of times")
    parser.add_argument(
        "--run-column", metavar="NAME", help=f"{', '.join(TABLE_KINDS)}: the column that tells several runs apart"
    )
    add_data_dir(parser)
    parser.add_argument("--json", action="store_true", help="print what became of each run as JSON")


def run(args: argparse.Namespace) -> int:
    """Imports, and says what became of each run. Exit code 1 if a run could not be brought."""
    from aspara import settings
    from aspara.cli.progress import ProgressBar
    from aspara.importers.common.run_writer import RunWriter
    from aspara.importers.common.source import ImportReport

    path = Path(args.path).expanduser()
    report = ImportReport()
    kind = _kind(args, path)
    outcomes: list[ImportResult] = []
    with ProgressBar("Importing") as progress:
        progress.show(0, f"looking for runs in {args.path}")
        sources = _sources(args, kind, path, report)
        progress.of(len(sources))
        keeper = RunWriter(
            settings.data_dir(args.data_dir),
            progress=lambda name, rows: progress.show(len(outcomes), f"{name}, {rows} rows"),
        )
        try:
            for source in sources:
                progress.show(len(outcomes), source.facts.name)
                outcomes.append(keeper.keep(source, _project(args, source, path), dry=args.dry_run))
        finally:
            keeper.close()
    _tell(args, kind, outcomes, report)
    if args.follow:
        _follow(args, kind, path)
    return 1 if any(o.state == "failed" for o in outcomes) or (report.problems and not outcomes) else 0


def _follow(args: argparse.Namespace, kind: str, path: Path) -> None:
    """Imports again and again what has changed, until Ctrl-C."""
    import time

    from aspara import settings
    from aspara.importers.common.run_writer import RunWriter
    from aspara.importers.common.source import ImportReport

    pause = _PAUSE
    try:
        while True:
            time.sleep(pause)
            begun = time.monotonic()
            # A new one each time: the files here may be changed by others meanwhile.
            keeper = RunWriter(settings.data_dir(args.data_dir))
            try:
                for source in _sources(args, kind, path, ImportReport()):
                    outcome = keeper.keep(source, _project(args, source, path))
                    if outcome.state not in ("unchanged", "empty"):
                        print(
                            f"{outcome.project}/{outcome.run or ''}: {outcome.state}, {outcome.rows} rows", flush=True
                        )
            finally:
                keeper.close()
            # A file that grew is read from its beginning: at most a tenth of the time goes into that.
            pause = max(_PAUSE, 9 * (time.monotonic() - begun))
    except KeyboardInterrupt:
        return


def _kind(args: argparse.Namespace, path: Path) -> str:
    from aspara import settings
    from aspara.client.http_client import is_address
    from aspara.errors import UsageError

    if is_address(args.path):
        if args.source not in ("aspara", "auto"):
            raise UsageError(f"{args.path!r} is an address; {args.source} runs are brought from files.")
        return "aspara"
    if not path.exists():
        raise UsageError(f"There is no {args.path!r}. Name the file or folder that holds the runs.")
    if args.follow and args.dry_run:
        raise UsageError("--follow writes what comes: it cannot be a --dry-run.")
    named = [name for name in ("step_column", "time_column", "run_column") if getattr(args, name)]
    if args.source == "auto":
        found = [kind for kind in KINDS if importlib.import_module(f"aspara.importers.{kind}").recognizes(path)]
        if not found:
            raise UsageError(f"{args.path!r} looks like none of {', '.join(KINDS)}.")
        # A folder of runs may hold tables too; the trackers' own files come first.
        kind = found[0]
    else:
        kind = str(args.source)
        if kind == "csv":
            # One word for all tables: the file's name says which kind it is.
            kind = {".parquet": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl"}.get(path.suffix.lower(), kind)
    here = settings.data_dir(args.data_dir).resolve()
    if kind == "aspara" and here in (path.resolve(), path.resolve().parent):
        raise UsageError(f"The runs of {args.path!r} are here already: {here} is where they would go.")
    if named and kind not in TABLE_KINDS:
        raise UsageError(
            f"--{named[0].replace('_', '-')} is for csv, parquet and jsonl; {kind} says itself what is what."
        )
    return kind


def _sources(args: argparse.Namespace, kind: str, path: Path, report: ImportReport) -> list[SourceRun]:
    from aspara.client.http_client import is_address

    importer = importlib.import_module(f"aspara.importers.{kind}")
    options: dict[str, Any] = {}
    if kind in TABLE_KINDS:
        options = {"step": args.step_column, "time": args.time_column, "run": args.run_column}
    # An address is none of a file's: its slashes must stay.
    found: list[SourceRun] = importer.runs(args.path if is_address(args.path) else path, report, **options)
    return found


def _project(args: argparse.Namespace, source: SourceRun, path: Path) -> str:
    from aspara import names

    if args.project:
        return names.check_file_name(args.project, "project")
    folder = path.absolute() if path.is_dir() else path.absolute().parent
    return names.slug(source.project or folder.name or "default")


def _tell(args: argparse.Namespace, kind: str, outcomes: list[ImportResult], report: ImportReport) -> None:
    import sys

    from aspara.cli.formatting import as_json, clean, table

    if args.json:
        told = {
            "source": kind,
            "dry_run": args.dry_run,
            "runs": [outcome.json() for outcome in outcomes],
            "total": len(outcomes),
            "problems": dict(report.problems),
            "skipped": dict(report.skipped),
        }
        print(as_json(told))
        return
    words = {"new": "would be new", "grown": "would grow"} if args.dry_run else {}
    if outcomes:
        rows = [
            (f"{o.project}/{o.run or ''}", o.name, words.get(o.state, o.state), o.rows, o.points, o.detail)
            for o in outcomes
        ]
        titles = ["RUN", "NAME", "STATE", "ROWS", "POINTS", "DETAIL"]
        shown = titles if any(row[5] for row in rows) else titles[:5]
        print(table(shown, [row[: len(shown)] for row in rows], right=(3, 4)))
    else:
        print("There is no run to import.")
    problems = [("", sentence, count) for sentence, count in report.problems.items()]
    skipped: dict[str, int] = dict(report.skipped)
    for outcome in outcomes:
        label = f"run {outcome.name!r}: "
        problems += [(label, sentence, count) for sentence, count in outcome.problems.items()]
        for what, count in outcome.skipped.items():
            skipped[what] = skipped.get(what, 0) + count
    for label, sentence, count in problems[:_MOST_PROBLEMS]:
        times = f" ({count} times)" if count > 1 else ""
        print(f"Could not be read: {clean(label + sentence)}{times}.", file=sys.stderr)
    if len(problems) > _MOST_PROBLEMS:
        print(f"{len(problems) - _MOST_PROBLEMS} further problems; --json lists them all.", file=sys.stderr)
    if skipped:
        listed = ", ".join(f"{count} {what}" for what, count in sorted(skipped.items()))
        print(f"Left where they are: {clean(listed)}.", file=sys.stderr)
