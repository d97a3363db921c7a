"""Other trackers that take part: each under a Python of its own that has it, given or made."""

from __future__ import annotations

import argparse
import os
import subprocess
import venv
from pathlib import Path

from common.shapes import KEPT

PACKAGES = {
    "aspara01": "aspara[all]==0.1.0",
    "wandb": "wandb",
    "trackio": "trackio",
    "tensorboardX": "tensorboardX",
    "tensorboard": "tensorboard",
}
TITLES = {"aspara01": "aspara 0.1.0", "wandb": "wandb offline", "tensorboard": "TensorBoard"}


def add_rivals(parser: argparse.ArgumentParser, *names: str) -> None:
    """``--rival NAME=PYTHON`` and ``--rivals`` for those of `names`; ``BENCH_RIVALS`` takes the pairs, separated by commas."""
    parser.add_argument(
        "--rival", action="append", default=[], metavar="NAME=PYTHON", help=f"one of {', '.join(names)}, and its Python"
    )
    parser.add_argument(
        "--rivals",
        action="store_true",
        help="all of them, each in an environment of its own below .bench/rivals that pip makes",
    )
    parser.set_defaults(known_rivals=names)


def rivals_of(parser: argparse.ArgumentParser, options: argparse.Namespace) -> dict[str, str]:
    """Name to Python, in the order of ``known_rivals``."""
    names = options.known_rivals
    pairs = [*os.environ.get("BENCH_RIVALS", "").split(","), *options.rival]
    given = dict(text.split("=", 1) for text in pairs if "=" in text)
    # What the environment says is for all benchmarks: some take no part in this one.
    if unknown := {text.partition("=")[0] for text in options.rival} - set(names) or set(given) - set(PACKAGES):
        parser.error(f"unknown rival {unknown.pop()!r}: choose among {', '.join(names)}")
    if options.rivals:
        given = {name: given.get(name) or made(name) for name in names}
    return {name: given[name] for name in names if name in given}


def made(name: str, kept: Path = KEPT) -> str:
    """The Python of a rival's own environment, made if it is not there yet."""
    place = kept / "rivals" / name
    python = place / "bin" / "python"
    if not (place / "ready").is_file():
        print(f"pip install {PACKAGES[name]}", flush=True)
        venv.create(place, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", PACKAGES[name]], check=True)
        (place / "ready").touch()
    return str(python)


def title(name: str) -> str:
    """What tables call it."""
    return TITLES.get(name, name)
