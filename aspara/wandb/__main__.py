"""``python -m aspara.wandb script.py …`` runs a program that imports wandb, unchanged, with Aspara in wandb's place."""

from __future__ import annotations

import os
import sys

from aspara.util import os_compat
from aspara.wandb.install import path_for_children

_USAGE = """Runs a program that imports wandb with Aspara in wandb's place; the program stays as it is.

    python -m aspara.wandb script.py [ARGUMENT ...]
    python -m aspara.wandb -m module [ARGUMENT ...]"""


def main() -> int:
    """Replaces this process by the program."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_USAGE, file=sys.stdout if arguments else sys.stderr)
        return 0 if arguments else 2
    # A process of its own, so that the program is `__main__` in every respect: for pickle, spawn and tracebacks.
    os.environ["PYTHONPATH"] = path_for_children(os.environ.get("PYTHONPATH"))
    command = [sys.executable, *_interpreter_options(), *arguments]
    sys.stdout.flush()
    return os_compat.become(command)


def _interpreter_options() -> list[str]:
    """What Python itself was given, such as ``-u``: everything before ``-m aspara.wandb``."""
    given = sys.orig_argv[1:]
    for position, word in enumerate(given):
        if word == "-m":
            return given[:position]
        if word.startswith("-m"):
            return given[:position]
    return []


if __name__ == "__main__":
    sys.exit(main())
