"""`aspara doctor`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from aspara.cli.options import add_data_dir, catalog

if TYPE_CHECKING:
    from aspara.doctor.findings import Finding

SUMMARY = "Check a data directory, and repair what can be repaired without losing anything"
EXAMPLES = """
aspara doctor
aspara doctor --project digits
aspara doctor --fix
aspara doctor --json --data-dir /srv/runs
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument("--project", metavar="P", help="only this project")
    parser.add_argument(
        "--fix",
        action="store_true",
        help="repair: nothing is deleted, what has to go moves to a folder .doctor-<date> in the data directory",
    )
    add_data_dir(parser)
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def run(args: argparse.Namespace) -> int:
    """Examines, repairs if asked to, and reports. Exit code 1 if problems remain."""
    from aspara.cli.progress import ProgressBar
    from aspara.doctor.examination import examine
    from aspara.doctor.findings import Quarantine

    with catalog(args) as found:
        if args.project is not None:
            found.project(args.project)
        done = 0
        with ProgressBar("Examining") as progress:

            def tell(what: str) -> None:
                nonlocal done
                done += 1
                progress.show(done, what)

            findings = list(examine(found, args.project, progress=tell))
        quarantine = Quarantine(found.data_dir)
        if args.fix:
            for finding in findings:
                finding.mend(quarantine)
        told = {
            "data_dir": str(found.data_dir),
            "findings": [finding.json() for finding in findings],
            "total": len(findings),
            "problems": sum(finding.remains for finding in findings),
            "fixed": sum(finding.fixed is not None for finding in findings),
            "quarantine": str(quarantine.folder) if quarantine.folder.exists() else None,
        }
    if args.json:
        from aspara.cli.formatting import as_json

        print(as_json(told))
    else:
        _print(findings, told, fix=args.fix)
    return 1 if told["problems"] else 0


def _print(findings: list[Finding], told: dict[str, Any], *, fix: bool) -> None:
    from aspara.cli.formatting import clean

    for severity in ("problem", "note"):
        for finding in findings:
            if finding.severity != severity:
                continue
            place = clean(finding.where) + (f":{finding.line}" if finding.line is not None else "")
            times = f" ({finding.count} times)" if finding.count > 1 else ""
            print(f"{severity:<8} {place}: {clean(finding.what)}{times}.")
            if finding.fixed is not None:
                print(f"{'':<8} fixed: {clean(finding.fixed)}.")
            elif finding.failed is not None:
                print(f"{'':<8} not fixed: {clean(finding.failed)}.")
            elif finding.fix is not None and not fix:
                print(f"{'':<8} --fix: {clean(finding.fix)}.")
    if findings:
        print()
    mendable = sum(finding.remains and finding.repair is not None for finding in findings)
    if told["quarantine"]:
        print(f"What was moved or changed is kept in {told['quarantine']}.")
    if not told["problems"]:
        print(f"{told['data_dir']} is in order.")
    else:
        some = "1 problem remains" if told["problems"] == 1 else f"{told['problems']} problems remain"
        hint = f"; `aspara doctor --fix` repairs {mendable} of them" if mendable and not fix else ""
        print(f"{some} in {told['data_dir']}{hint}.")
