"""`aspara best`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from aspara.cli.options import add_filter, add_json_for_programs, add_place, count, filtered, provider, wants_json

if TYPE_CHECKING:
    from aspara.analysis.best import Ranking
    from aspara.catalog.runs.run_info import RunInfo

SUMMARY = "Name the best run of a project, by how much it is ahead, and what tells it from the next one"
EXAMPLES = """
aspara best digits
aspara best digits --metric val/accuracy
aspara best digits --metric latency --goal minimize --by best
aspara best digits --filter 'config.model == "cnn" and status == "completed"' --top 10 --json
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument("project", metavar="PROJECT")
    parser.add_argument("--metric", metavar="NAME", help="the metric to go by (default: the one that says most)")
    parser.add_argument(
        "--goal",
        choices=("minimize", "maximize"),
        help="which values are good (default: as define_metric() said, else as the metric's name tells)",
    )
    parser.add_argument(
        "--by",
        choices=("summary", "best"),
        default="summary",
        help="compare what the summaries show, which is the last value unless the program says otherwise (summary, the "
        "default), or the best point of each run (best)",
    )
    parser.add_argument("--top", type=count, default=5, metavar="N", help="list the N best runs (default: 5)")
    add_filter(parser)
    add_place(parser)
    add_json_for_programs(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the best run."""
    from aspara.analysis.best import ranking
    from aspara.cli.formatting import print_json

    with provider(args) as source:
        infos = filtered(source.runs(args.project), args.filter)
        found = ranking(args.project, infos, args.metric, args.goal, args.by)
    if wants_json(args):
        print_json(_json(args.project, found, args.top))
        return 0 if found.runs else 1
    if not found.runs:
        print(f"No run of {args.project!r} has a finite value of {found.metric!r}.")
        return 1
    print(_text(found, args.top))
    return 0


def _json(project: str, found: Ranking, top: int) -> dict[str, Any]:
    best = found.runs[0] if found.runs else None
    return {
        "project": project,
        "metric": found.metric,
        "goal": found.goal,
        "by": found.by,
        "compared": len(found.runs),
        "without_value": found.without_value,
        "run": best and best.info.json(),
        "value": best and best.value,
        "step": best and best.step,
        "margin": found.margin,
        "differences": [difference.json() for difference in found.differences()],
        "ranking": [ranked.json() for ranked in found.runs[:top]],
    }


def _text(found: Ranking, top: int) -> str:
    from aspara.cli.formatting import clean, number, table

    best = found.runs[0]
    good = "lowest" if found.goal == "minimize" else "highest"
    kind = "best point" if found.by == "best" else "value"
    at = "" if best.step is None else f" at step {best.step}"
    lines = [
        f"{_name(best.info)}  {clean(found.metric)} {number(best.value)}{at}, the {good} {kind} of {len(found.runs)} runs."
    ]
    if found.margin is not None:
        lines.append(f"{number(found.margin)} ahead of {_name(found.runs[1].info)} ({number(found.runs[1].value)}).")
    if found.without_value:
        lines.append(f"{found.without_value} more runs have no finite value of it.")
    rows = [
        (d.key, *(number(d.values.get(f"{r.info.project}/{r.info.run}")) for r in found.runs[:2]))
        for d in found.differences()
    ]
    parts = ["\n".join(lines)]
    if rows:
        parts.append(table(("CONFIG", best.info.run, found.runs[1].info.run), rows))
    if len(found.runs) > 1:
        ranked = [
            (place + 1, _name(r.info), number(r.value), number(r.step)) for place, r in enumerate(found.runs[:top])
        ]
        parts.append(table(("", "RUN", found.metric, "STEP"), ranked, right=(0, 2, 3)))
    return "\n\n".join(parts)


def _name(info: RunInfo) -> str:
    from aspara.cli.formatting import clean

    return clean(info.run if info.name == info.run else f"{info.run} ({info.name})")
