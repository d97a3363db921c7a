"""The `aspara` command: finds the command asked for, runs it, and turns errors into one line and an exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any, Protocol, cast

from aspara.cli import (
    ascii_output,
    best,
    compare,
    dashboard,
    delete,
    demo,
    doctor,
    export,
    import_,
    note,
    projects,
    runs,
    serve,
    show,
    sql,
    stop,
    summary,
    sync,
    tag,
    tail,
    tracker,
    wait,
    watch,
)
from aspara.errors import AsparaError, UsageError
from aspara.util import os_compat
from aspara.util.suggestions import did_you_mean
from aspara.version import __version__

DONE, FAILED, USAGE = 0, 1, 2


class Command(Protocol):
    """What a command's module offers. Its name on the command line is the module's, without the `_` that a keyword needs."""

    SUMMARY: str
    """One sentence, without a full stop."""
    EXAMPLES: str
    """Command lines that work, one a line."""

    @staticmethod
    def add(parser: argparse.ArgumentParser) -> None:
        """Adds the command's arguments. Imports nothing heavy: it runs for every `aspara` call."""

    @staticmethod
    def run(args: argparse.Namespace) -> int:
        """Does the work; returns the exit code. Heavy modules are imported in here."""


COMMANDS: dict[str, Command] = {
    module.__name__.rpartition(".")[2].rstrip("_"): cast("Command", module)
    for module in (
        *(dashboard, tracker, serve, demo),
        *(projects, runs, show, summary, best, compare, sql, tail),
        *(watch, wait, note, tag, stop),
        *(export, import_, sync, delete, doctor),
    )
}


class _ArgumentParser(argparse.ArgumentParser):
    _intermixes = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[argparse.Namespace, list[str]]:  # type: ignore[override]
        """The arguments, in whatever order options and the others stand."""
        # Before Python 3.13 argparse gives up on an argument that may be left out at the first option: `note RUN --json TEXT`.
        if self._intermixes or not any(action.nargs in ("?", "*", "+") for action in self._get_positional_actions()):
            return super().parse_known_args(args, namespace)
        self._intermixes = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._intermixes = False

    def error(self, message: str) -> None:  # type: ignore[override]
        """One line that says what is wrong, and where the help is."""
        sentence = message if message.endswith("?") else f"{message.rstrip('.')}."
        self.exit(USAGE, f"{self.prog}: {sentence} See {self.prog} --help.\n")

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Refuses what is none of an argument's choices; argparse calls it for commands and for options alike."""
        choices = action.choices
        if choices is None or value in choices:
            return
        names = [str(choice) for choice in choices]
        raise argparse.ArgumentError(
            action,
            f"invalid choice: {value!r}.{did_you_mean(str(value), names)} Choose from {', '.join(names)}",
        )

    def refuse(self, unknown: Sequence[str]) -> None:
        """Ends the program over arguments that no command takes."""
        options = [option for option in self._option_string_actions if option.startswith("--")]
        hint = did_you_mean(unknown[0].partition("=")[0], options) if unknown[0].startswith("-") else ""
        self.error(f"unrecognized arguments: {' '.join(unknown)}.{hint}")


def make_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    return _make_parsers()[0]


def _make_parsers() -> tuple[_ArgumentParser, dict[str, _ArgumentParser]]:
    """The parser of the whole command line, and those of its commands."""
    parser = _ArgumentParser(
        prog="aspara",
        description="Aspara, the experiment tracker that lives where you train.",
        epilog="Exit codes: 0 done, 1 failed, 2 wrong usage; watch, wait and stop: 3 the run has ended, 4 the time was over. "
        "`aspara COMMAND --help` has examples.",
    )
    parser.add_argument("--version", action="version", version=f"aspara {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", required=True)
    parsers: dict[str, _ArgumentParser] = {}
    for name, command in COMMANDS.items():
        parsers[name] = commands.add_parser(
            name,
            help=command.SUMMARY,
            description=f"{command.SUMMARY}.",
            epilog=f"examples:\n{_indented(command.EXAMPLES)}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add(parsers[name])
    return parser, parsers


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs `aspara ARGUMENTS` (those of this process by default) and returns the exit code."""
    handler = ascii_output.register()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=handler)  # a terminal without Unicode is no reason for a traceback
    parser, parsers = _make_parsers()
    args, unknown = parser.parse_known_args(_joined(sys.argv[1:] if arguments is None else arguments))
    if unknown:
        parsers[args.command].refuse(unknown)
    try:
        code = COMMANDS[args.command].run(args)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader (`head`, a pager) has what it wanted. Python would complain once more when it flushes at exit.
        os.dup2(os_compat.open_file(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        print(f"aspara {args.command}: interrupted", file=sys.stderr)
        return 128 + 2
    except UsageError as error:
        return _say(args.command, error, USAGE)
    except (AsparaError, OSError) as error:
        return _say(args.command, error, FAILED)


def _joined(arguments: Sequence[str]) -> list[str]:
    """The arguments with ``--sort -loss`` written as ``--sort=-loss``, since argparse takes ``-loss`` for an option."""
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] == "--sort" and argument.startswith("-") and not argument.startswith("--"):
            joined[-1] = f"--sort={argument}"
        else:
            joined.append(argument)
    return joined


def _say(command: str, error: Exception, code: int) -> int:
    text = str(error)
    if isinstance(error, OSError) and error.errno is not None:
        # Without the number, and the place before what is wrong with it.
        text = f"{error.filename}: {error.strerror}" if error.filename else f"{error.strerror}"
    print(f"aspara {command}: {' '.join(text.split())}", file=sys.stderr)
    return code


def _indented(lines: str) -> str:
    return "\n".join(f"  {line}" for line in lines.strip().splitlines())


if __name__ == "__main__":
    sys.exit(main())
