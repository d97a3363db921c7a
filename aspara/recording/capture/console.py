"""What a program prints, into a bounded file beside its run.

``sys.stdout.write`` and ``sys.stderr.write`` of this process are followed (also what logging handlers and progress bars
write to them); output of other processes, and of C code that bypasses Python, is not seen.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aspara.recording.capture.notebook import shell
from aspara.storage.layout import OLDER_CONSOLE, TURNED
from aspara.util import files, os_compat

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_PARTS = re.compile(
    r"\n|\r|\x08|\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])|[^\n\r\x08\x1b]+|\x1b"
)
_CONTROL = re.compile(r"\x1b\[(\d{0,5})([A-GJK])")
_INK = re.compile(r"\x1b\[([0-9;:]*)m")
_LONGEST_INK = 64
_BAR_LINES = 12
_LONGEST_LINE = 100_000
_MOST_WAITING = 100_000
_GLIMPSE = 10.0
_REST = 3.0
"""Seconds without output after which bars that move up and down are taken as done."""


class TerminalScreen:
    """Lines as a terminal would show them: a carriage return writes over the line, so of a progress bar its last state stays.

    ``take()`` gives the lines that are done. Each begins and ends plain; what is coloured in it has its colours as terminals
    write them (ESC ``[0;31m`` … ESC ``[0m``). No other control is left.
    """

    def __init__(self) -> None:
        self._lines: list[str] = [""]
        # The colour of each character, of the lines that have any.
        self._inks: list[list[str] | None] = [None]
        self._ink = ""
        self._row = 0
        self._column = 0
        self._goes_up = False

    def write(self, text: str) -> None:
        """Takes text as it was printed."""
        for part in _PARTS.findall(text):
            if part == "\n":
                self._row += 1
                self._column = 0
                if self._row == len(self._lines):
                    self._lines.append("")
                    self._inks.append(None)
            elif part == "\r":
                self._column = 0
            elif part == "\x08":
                self._column = max(0, self._column - 1)
            elif part[0] == "\x1b":
                self._control(part)
            else:
                self._put(part)

    def _control(self, sequence: str) -> None:
        """Obeys what moves the cursor, erases, or colours; other sequences say nothing about the text."""
        if ink := _INK.fullmatch(sequence):
            self._dip(ink[1])
            return
        found = _CONTROL.fullmatch(sequence)
        if found is None:
            return
        number, letter = int(found[1] or 0), found[2]
        if letter in "AF":
            self._goes_up = True
            self._row = max(0, self._row - max(1, number))
        elif letter in "BE":
            self._row = min(self._row + max(1, number), self._row + _BAR_LINES)
            while self._row >= len(self._lines):
                self._lines.append("")
                self._inks.append(None)
        elif letter == "C":
            self._column = min(self._column + max(1, number), _LONGEST_LINE)
        elif letter == "D":
            self._column = max(0, self._column - max(1, number))
        elif letter == "G":
            self._column = min(max(0, number - 1), _LONGEST_LINE)
        elif letter == "K":
            self._erase(self._row, number)
        elif letter == "J":
            self._erase(self._row, number)
            rows = (
                range(self._row + 1, len(self._lines))
                if number == 0
                else range(len(self._lines))
                if number == 2
                else ()
            )
            for row in rows:
                self._erase(row, 2)
        if letter in "EF":
            self._column = 0

    def _erase(self, row: int, how: int) -> None:
        """Erases a line from the cursor on (0), up to it (1), or all of it (2)."""
        line, inks = self._lines[row], self._inks[row]
        if how == 0:
            self._lines[row] = line[: self._column]
        elif how == 1:
            self._lines[row] = " " * min(len(line), self._column + 1) + line[self._column + 1 :]
        else:
            self._lines[row] = ""
        if inks is not None:
            self._inks[row] = (
                [*([""] * min(len(inks), self._column + 1)), *inks[self._column + 1 :]]
                if how == 1
                else inks[: len(self._lines[row])]
            )

    def _dip(self, codes: str) -> None:
        """Writes on in another colour: `codes` come to those before, unless they begin anew."""
        if codes in ("", "0"):
            self._ink = ""
        elif codes.startswith("0;"):
            self._ink = codes[2:]
        else:
            ink = f"{self._ink};{codes}" if self._ink else codes
            self._ink = ink if len(ink) <= _LONGEST_INK else codes[:_LONGEST_INK]

    def _put(self, text: str) -> None:
        line = self._lines[self._row]
        inks = self._inks[self._row]
        if self._ink or inks is not None:
            inks = [""] * len(line) if inks is None else inks
            inks += [""] * (self._column - len(inks))
            inks[self._column : self._column + len(text)] = [self._ink] * len(text)
            self._inks[self._row] = inks[:_LONGEST_LINE]
        if len(line) < self._column:
            line += " " * (self._column - len(line))
        line = line[: self._column] + text + line[self._column + len(text) :]
        self._column += len(text)
        self._lines[self._row] = line[:_LONGEST_LINE]

    def settle(self) -> None:
        """Nothing has been printed for a while: bars that moved up and down are done, and what comes next stands below them."""
        self._goes_up = False

    def take(self, *, all_of_it: bool = False) -> list[str]:
        """The finished lines, each once; with ``all_of_it`` the one that is being written too."""
        # Several bars move up and down: their lines are done when others have pushed them away, or when they rest (`settle`).
        done = len(self._lines) if all_of_it else self._row - (_BAR_LINES if self._goes_up else 0)
        if done <= 0:
            return []
        taken, self._lines = self._lines[:done], self._lines[done:] or [""]
        inks, self._inks = self._inks[:done], self._inks[done:] or [None]
        self._row = max(0, self._row - done)
        if all_of_it:
            self._column = 0
            while taken and not taken[-1]:
                taken.pop()
        return [_dyed(line.rstrip(), ink) for line, ink in zip(taken, inks, strict=False)]

    @property
    def unfinished(self) -> str:
        """The line that is being written."""
        return self._lines[self._row]


def _dyed(line: str, inks: list[str] | None) -> str:
    """A line with its colours in it, plain at both ends."""
    if inks is None:
        return line
    parts: list[str] = []
    start = 0
    for ink, same in itertools.groupby(inks[: len(line)]):
        end = start + sum(1 for _ in same)
        parts.append(f"\x1b[0;{ink}m{line[start:end]}\x1b[0m" if ink else line[start:end])
        start = end
    return "".join(parts) + line[start:]


class ConsoleLog:
    """The file: at most about `limit` bytes, in two halves of which the older one is dropped.

    Printing only appends to a queue; :meth:`flush`, called by a background thread, does the rest. Nothing here raises.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._older = path.with_name(OLDER_CONSOLE)
        self._half = max(4096, limit // 2)
        self._waiting: deque[tuple[str, str]] = deque(maxlen=_MOST_WAITING)
        self._screens: dict[str, TerminalScreen] = {}
        self._glimpsed: dict[str, str] = {}
        self._printed_at: dict[str, float] = {}
        self._last_glimpse = time.monotonic()
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def feed(self, stream: str, text: str) -> None:
        """Takes what was printed on `stream`."""
        if os.getpid() == self._pid:  # what a forked child prints is not this file's
            self._waiting.append((stream, text))

    def flush(self, *, last: bool = False) -> None:
        """Writes finished lines; a progress bar's state every ten seconds; at the ``last`` time everything."""
        with self._lock:
            lines: list[str] = []
            printed: set[str] = set()
            while self._waiting:
                stream, text = self._waiting.popleft()
                printed.add(stream)
                screen = self._screens.setdefault(stream, TerminalScreen())
                screen.write(text)
                lines += screen.take()
            glimpse = time.monotonic() - self._last_glimpse >= _GLIMPSE
            if glimpse:
                self._last_glimpse = time.monotonic()
            for stream, screen in self._screens.items():
                if stream in printed:
                    self._printed_at[stream] = time.monotonic()
                elif time.monotonic() - self._printed_at.get(stream, 0.0) > _REST:
                    # A killed program's last lines are to be there.
                    screen.settle()
                    lines += screen.take()
                if last:
                    lines += screen.take(all_of_it=True)
                elif glimpse and screen.unfinished.strip() and screen.unfinished != self._glimpsed.get(stream):
                    self._glimpsed[stream] = screen.unfinished
                    lines.append(screen.unfinished.rstrip())
            if lines:
                with contextlib.suppress(OSError):  # a full disk: the rows matter, the console does not
                    self._write("".join(line + "\n" for line in lines).encode("utf-8", "replace"))

    def _write(self, content: bytes) -> None:
        files.make_folder(self._path.parent)
        for start in range(0, len(content), self._half):
            part = content[start : start + self._half]
            if self._path.exists() and self._path.stat().st_size + len(part) > self._half:
                os_compat.replace(self._path, self._older)
                part = TURNED + part
            descriptor = files.open_append(self._path)
            try:
                view = memoryview(part)
                while view:
                    view = view[os.write(descriptor, view) :]
            finally:
                os.close(descriptor)


Sink = Callable[[str, str], None]
_sinks: list[Sink] = []
_hooks: list[_Hook] = []
_hook_lock = threading.RLock()
"""Re-entrant: a signal handler may finish a run, or begin one, in the middle of another one's beginning or end."""


class _Hook:
    """Follows one stream by standing before its ``write``, so that whoever holds the stream is heard too."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.stream: Any = getattr(sys, name, None)
        self._inside = threading.local()
        self._write: Any = None
        self._undo: Callable[[], None] = lambda: None
        self.active = False
        self.patch()

    def patch(self) -> None:
        """Stands before the stream's ``write``, if it does not already."""
        stream = self.stream
        original: Any = getattr(stream, "write", None)
        if original is None or original is self._write:
            return
        inside = self._inside
        patched_before = "write" in getattr(stream, "__dict__", {})

        def write(text: Any, *arguments: Any) -> Any:
            # Within itself it only hands on: somebody else's write may stand between two of ours, and a follower may print.
            if not self.active or getattr(inside, "busy", False):
                return original(text, *arguments)
            inside.busy = True
            try:
                result = original(text, *arguments)
                if isinstance(text, str):
                    try:
                        for sink in _sinks.copy():
                            sink(self.name, text)
                    except Exception:  # printing must work, whatever becomes of the copy
                        self.active = False
                return result
            finally:
                inside.busy = False

        def undo() -> None:
            if patched_before:
                stream.write = original
            else:
                del stream.write

        try:
            stream.write = write
        except (AttributeError, TypeError):  # a stream that allows no attributes is not followed
            return
        self._write, self._undo, self.active = write, undo, True

    def remove(self) -> None:
        """Gives the stream its own ``write`` back; where somebody else stands before it by now, it just falls silent."""
        if self.active and self.stream.write is self._write:
            with contextlib.suppress(AttributeError, TypeError):
                self._undo()
        self.active = False


def _again(*_: Any) -> None:
    for hook in _hooks:
        hook.patch()


def _each_cell(register: str) -> None:
    """IPython puts its own ``write`` before a cell and what was there before back behind it, so ours is put there in each."""
    found = shell()
    if found is not None:
        with contextlib.suppress(ValueError):  # not registered
            getattr(found.events, register)("pre_run_cell", _again)


def follow(sink: Sink) -> Callable[[], None]:
    """Has `sink` called with (stream name, text) for whatever is printed; returns what ends that."""
    with _hook_lock:
        _sinks.append(sink)  # first: then an end that comes in between leaves the hooks
        if not _hooks:
            _hooks.extend(_Hook(name) for name in ("stdout", "stderr"))
            _each_cell("register")

    def end() -> None:
        with _hook_lock:
            if sink in _sinks:
                _sinks.remove(sink)
            if not _sinks:
                _each_cell("unregister")
                for hook in _hooks:
                    hook.remove()
                _hooks.clear()

    return end


def _after_fork() -> None:
    """A forked child has none of the parent's followers, and a lock that nobody holds."""
    global _hook_lock  # noqa: PLW0603
    _hook_lock = threading.RLock()
    _sinks.clear()


os_compat.at_fork(after_in_child=_after_fork)
