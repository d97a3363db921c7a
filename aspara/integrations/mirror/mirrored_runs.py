"""The runs here that belong to another tracker's runs."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from aspara.recording.run import Run
from aspara.util.messages import say_once


class MirroredRuns:
    """By the other tracker's run; each begins once and ends once.

    Args:
        tool: The other tracker's name.
        options: What ``mirror()`` was given for every run.

    """

    def __init__(self, tool: str, options: Mapping[str, Any]) -> None:
        self._tool = tool
        self._options = dict(options)
        self._runs: dict[Hashable, Run] = {}
        self._lock = threading.RLock()
        self.before_end: Callable[[Hashable, Run], None] = lambda _key, _run: None
        """Called before a run ends, whatever ends it: the last chance to take over config and results."""

    def get(self, key: Hashable) -> Run | None:
        """The run that belongs to `key` and has not ended."""
        return self._runs.get(key)

    def begin(self, key: Hashable, **arguments: Any) -> Run:
        """The run that belongs to `key`, which begins with `arguments` if there is none. It does not become the active one."""
        with self._lock:
            run = self._runs.get(key)
            if run is None:
                # The hook that was registered last is called first: before the other tracker ends its run, which then
                # answers no more.
                atexit.unregister(self.end_all)
                wanted = {name: value for name, value in arguments.items() if value not in (None, "", [], ())}
                # The other tracker may capture what is printed, and must be able to undo that in its own order.
                defaults = {"capture": "-console"}
                run = self._runs[key] = Run(**{**defaults, **wanted, **self._options})
                atexit.register(self.end_all)
            return run

    def end(self, key: Hashable, exit_code: int | None = None) -> None:
        """Ends the run that belongs to `key`, if there is one."""
        with self._lock:
            run = self._runs.get(key)
            if run is None:
                return
            try:
                self.before_end(key, run)
            except Exception as error:  # at a border: another library's objects are read
                self.failed("finish", error)
            del self._runs[key]
        run.finish(exit_code)

    def end_all(self) -> None:
        """Ends every run that is left: as the program ends, or the mirror. How the program ends, each finds out by itself."""
        for key in list(self._runs):
            self.end(key)

    def close(self) -> None:
        """Ends every run, and forgets about the end of the program."""
        atexit.unregister(self.end_all)
        self.end_all()

    def failed(self, name: str, error: Exception) -> None:
        """Says that something could not be recorded here."""
        say_once(f"{name}() of {self._tool} could not be mirrored ({type(error).__name__}: {error}).")
