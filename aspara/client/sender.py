"""The sender: brings a journal to its tracker, in order, each thing once."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable
from typing import Any

from aspara.client.delivery import Delivery
from aspara.client.journal import Journal
from aspara.client.transport import Transport, Unreachable
from aspara.util.wakeup import Wakeup

_TIMEOUT = 20.0
_PAUSES = (0.2, 30.0)
PING = 15.0


class Sender:
    """Sends what a journal holds. :meth:`step` sends once; :meth:`start` goes on in a thread until :meth:`stop`.

    The tracker's answers say how far it is, so a lost answer or a restart of either side costs a repetition that the
    tracker recognises, never a row.
    """

    def __init__(
        self, journal: Journal, transport: Transport, warn: Callable[[str], None], *, fresh: bool = False
    ) -> None:
        self._journal = journal
        self._warn = warn
        self._delivery = Delivery(journal, transport, warn, fresh=fresh)
        self._bell = Wakeup()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._pause = _PAUSES[0]
        self._told = ""
        """What is to be said when the trouble that was told of is over."""
        self._last_contact = time.monotonic()

    @property
    def run(self) -> str | None:
        """The run's name at the tracker, once it exists there."""
        return self._delivery.run

    @property
    def stop_asked(self) -> bool:
        """Whether the tracker has said that somebody asks the run to stop."""
        return self._delivery.stop_asked

    @property
    def rejected(self) -> int:
        """How many things the tracker refused for good."""
        return self._delivery.rejected

    @property
    def deleted(self) -> bool:
        """Whether a person has deleted the run at the tracker."""
        return self._delivery.deleted

    def orphan(self) -> None:
        """Nobody writes the journal any more: what lies beside the run is not waited for."""
        self._delivery.orphaned = True

    def start(self) -> None:
        """Sends in a background thread."""
        self._thread = threading.Thread(target=self._loop, name="aspara-sender", daemon=True)
        self._thread.start()

    def nudge(self) -> None:
        """There is something new."""
        self._bell.ring()

    def stop(self, timeout: float) -> bool:
        """Sends what is left for at most `timeout` seconds; True if everything was delivered."""
        deadline = time.monotonic() + timeout
        self._stopping = True
        self._bell.ring()
        if self._thread is not None:
            self._thread.join(timeout)
            if self._thread.is_alive():
                return False
        while not self.settled() and time.monotonic() < deadline:
            pause = 0.2
            try:
                with self._journal.sending() as mine:
                    if mine and self.end(min(_TIMEOUT, max(0.5, deadline - time.monotonic()))):
                        continue
            except Unreachable as error:
                pause = max(pause, error.retry_after)
            except OSError as error:
                self.trouble(error)
            if not self.settled():
                time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
        return self.delivered()

    def delivered(self) -> bool:
        """True when the tracker has confirmed that it durably holds everything."""
        return self._delivery.confirmed

    def settled(self) -> bool:
        """True when there is nothing more to do: everything is delivered, or the run was deleted at the tracker."""
        return self._delivery.confirmed or self._delivery.deleted

    def items_delivered(self) -> bool:
        """True when the tracker has everything but rows: metadata, files, versions of artifacts."""
        return self._delivery.items_sent()

    def waiting(self) -> int:
        """Rows that the tracker does not have yet, counted up to a million."""
        return self._delivery.waiting()

    def _loop(self) -> None:
        with self._journal.sending() as mine:
            while mine and not self._stopping:
                wait, until = _PAUSES[0], 0.0
                try:
                    busy = self.step(_TIMEOUT)
                    self._pause = _PAUSES[0]
                    if self._told:
                        self._warn(self._told)
                        self._told = ""
                except OSError as error:  # Unreachable is one
                    busy = False
                    self._pause = min(self._pause * 2, _PAUSES[1])
                    wait = max(self._pause, getattr(error, "retry_after", 0.0))
                    until = time.monotonic() + wait
                    self.trouble(error)
                if busy:
                    continue
                # Jitter, so that a hundred workers do not all come back in the same moment.
                self._bell.wait(wait * random.uniform(0.7, 1.3))  # noqa: S311
                # New rows ring too, and are no reason to ask a tracker in trouble any sooner.
                while not self._stopping and (left := until - time.monotonic()) > 0:
                    self._bell.wait(left)

    def trouble(self, error: OSError) -> None:
        """Says what keeps it from sending, once."""
        if self._told:
            return
        if isinstance(error, Unreachable):
            self._told = "The tracker answers again; what was kept is being sent."
            self._warn(
                f"{error} Training goes on; everything is kept in {self._journal.folder} and sent as soon as it answers."
            )
        else:
            self._told = f"The disk under {self._journal.folder} works again; what was kept is being sent."
            self._warn(
                f"What is to be sent from {self._journal.folder} meets a disk that refuses ({error.strerror or error}). "
                "Training goes on; it is tried again."
            )

    def step(self, timeout: float) -> bool:
        """Sends the next thing; False if there was nothing. Raises Unreachable, or another OSError for the journal's disk."""
        contacts = self._delivery.contacts
        busy = self._delivery.step(timeout)
        if self._delivery.deleted:
            return busy
        now = time.monotonic()
        if self._delivery.contacts != contacts:
            self._last_contact = now
        elif not busy and now - self._last_contact >= PING:
            self._delivery.ping(timeout)
            self._last_contact = now
        return busy

    def end(self, timeout: float) -> bool:
        """As :meth:`step`, for the last things: once everything is sent, the tracker is asked whether it has it."""
        return self.step(timeout) or (not self.settled() and self._delivery.confirm(timeout)) or self._more()

    def _more(self) -> bool:
        return not self.settled() and not self._delivery.all_sent()


def describe(request: Any) -> dict[str, Any]:
    """A run request as the tracker's create call takes it."""
    return {
        "name": request.name,
        "id": request.id,
        "resume": request.resume,
        "rewind_to": request.rewind_to,
        "config": json.loads(json.dumps(dict(request.config))),
        "tags": list(request.tags),
        "notes": request.notes,
        "project_tags": list(request.project_tags),
        "group": request.group,
        "job_type": request.job_type,
        "total_steps": request.total_steps,
        "details": dict(request.details),
        "project_name": request.project_name,
        "program": request.program,
        "new_id": request.new_id,
        "new_name": request.new_name,
        "ended_writers": list(request.ended_writers),
    }
