"""The sender: brings a journal to its tracker, in order, each thing once."""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
from collections.abc import Callable
from typing import Any

from aspara.client.captured_files import CapturedFiles
from aspara.client.journal import Journal
from aspara.client.transport import Rejected, Transport, Unreachable
from aspara.util.wakeup import Wakeup

_BATCH = 5000
_TIMEOUT = 20.0
_PAUSES = (0.2, 30.0)
PING = 15.0


class Sender:
    """Sends what a journal holds. :meth:`step` sends once; :meth:`start` goes on in a thread until :meth:`stop`.

    The tracker's answers say how far it is, so a lost answer or a restart of either side costs a repetition that the
    tracker recognises, never a row. What it refuses for good is named by `warn` and set aside.
    """

    def __init__(self, journal: Journal, transport: Transport, warn: Callable[[str], None]) -> None:
        self._journal = journal
        self._transport = transport
        self._warn = warn
        self._about = journal.about()
        self._progress = journal.progress()
        self._beside = CapturedFiles(journal.folder)
        self.orphaned = False
        """True where nobody writes the journal any more: then what lies beside the run is not waited for."""
        self._bell = Wakeup()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._pause = _PAUSES[0]
        self._told = ""
        """What is to be said when the trouble that was told of is over."""
        self._beside_told = False
        self.stop_asked = False
        """Whether the tracker has said that somebody asks the run to stop."""
        self._last_contact = time.monotonic()
        self.rejected = 0

    @property
    def run(self) -> str | None:
        """The run's name at the tracker, once it exists there."""
        found = self._about.get("run")
        return found if isinstance(found, str) else None

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
        while not self.delivered() and time.monotonic() < deadline:
            try:
                with self._journal.sending() as mine:
                    if mine and self.step(min(_TIMEOUT, max(0.5, deadline - time.monotonic()))):
                        continue
            except Unreachable:
                pass
            except OSError as error:
                self.trouble(error)
            time.sleep(min(0.2, max(0.0, deadline - time.monotonic())))
        return self.delivered()

    def delivered(self) -> bool:
        """True when the tracker has everything."""
        return (
            self.run is not None
            and self._journal.item(self._progress["items"]) is None
            and not self._journal.rows(self._progress["bytes"], 1)
        )

    def items_delivered(self) -> bool:
        """True when the tracker has everything but rows: metadata, files, versions of artifacts."""
        return self.run is not None and self._journal.item(self._progress["items"]) is None

    def waiting(self) -> int:
        """Rows that the tracker does not have yet, counted up to a million."""
        return self._journal.count(self._progress["bytes"], 1_000_000)

    def _loop(self) -> None:
        with self._journal.sending() as mine:
            while mine and not self._stopping:
                try:
                    busy = self.step(_TIMEOUT)
                    self._pause = _PAUSES[0]
                    if self._told:
                        self._warn(self._told)
                        self._told = ""
                except OSError as error:  # Unreachable is one
                    busy = False
                    self._pause = min(self._pause * 2, _PAUSES[1])
                    self.trouble(error)
                if not busy:
                    # Jitter, so that a hundred workers do not all come back in the same moment.
                    self._bell.wait(self._pause * random.uniform(0.7, 1.3))  # noqa: S311

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
        if self.run is None:
            self._create(timeout)
            return True
        if self._beside.due() and self._send_beside(timeout):
            return True
        item = self._journal.item(self._progress["items"])
        before = None if item is None else item.get("after", 0)
        lines = self._journal.rows(
            self._progress["bytes"], _BATCH if before is None else min(_BATCH, max(0, before - self._progress["rows"]))
        )
        if lines:
            self._send_rows(lines, timeout)
            return True
        if (self.orphaned or (item is not None and item.get("kind") == "finish")) and self._send_beside(timeout):
            return True
        if item is not None:
            self._send_item(item, timeout)
            self._progress["items"] += 1
            self._journal.acknowledge(self._progress)
            return True
        if time.monotonic() - self._last_contact >= PING:
            with contextlib.suppress(Rejected):  # the run was deleted there, which its next rows tell of
                self._post(("ping",), {}, timeout)
            self._last_contact = time.monotonic()
        return False

    def _create(self, timeout: float) -> None:
        about = self._about
        try:
            found = self._transport.post(("projects", about["project"], "runs"), about["request"], timeout)
        except Rejected as error:
            # Nothing of this run can be delivered under this name; it must not stay in the way for ever.
            self._warn(
                f"The tracker refuses run {about['request'].get('name')!r}: {error}. Its data stays in {self._journal.folder}."
            )
            raise Unreachable(str(error)) from None
        about.update(run=found.get("run") or found.get("name"), run_id=found.get("run_id"), color=found.get("color", 0))
        self._journal.remember(about)
        self._last_contact = time.monotonic()

    def _post(self, parts: tuple[str, ...], body: dict[str, Any], timeout: float) -> dict[str, Any]:
        found = self._transport.post(("projects", self._about["project"], "runs", str(self.run), *parts), body, timeout)
        self._last_contact = time.monotonic()
        self.stop_asked = bool(found.get("stop", self.stop_asked))
        return found

    def _send_beside(self, timeout: float) -> bool:
        parts = ("projects", self._about["project"], "runs", str(self.run), "files")
        try:
            return self._beside.send(
                lambda content, fields: self._transport.post_content(parts, content, fields, timeout)
            )
        except Rejected as error:
            self._beside.give_up()
            self._warn(f"The tracker refuses what lies beside run {self.run!r}: {error} Everything else is sent.")
        except Unreachable:
            raise
        except OSError as error:
            if not self._beside_told:
                self._beside_told = True
                self._warn(f"What lies beside run {self.run!r} cannot be sent now ({error.strerror or error}).")
        return False

    def _send_rows(self, lines: list[bytes], timeout: float) -> None:
        parts = ("projects", self._about["project"], "runs", str(self.run), "metrics")
        first = self._progress["rows"]
        try:
            found = self._transport.post_rows(parts, self._about["writer"], first, lines, timeout)
            taken = int(found.get("next", first + len(lines))) - first
            self.stop_asked = bool(found.get("stop"))
        except Rejected as error:
            if error.status == 404:
                self._warn(f"Run {self.run!r} was deleted at the tracker; what it logs is not kept there.")
                taken = len(lines)
            elif len(lines) > 1:
                # One bad row must not take its neighbours with it.
                self._send_rows(lines[: len(lines) // 2], timeout)
                return
            else:
                self.rejected += 1
                self._warn(f"The tracker refuses a row: {error} It is left out.")
                self._transport.post_rows(parts, self._about["writer"], first, [b"null"], timeout)
                taken = 1
        self._last_contact = time.monotonic()
        taken = max(0, min(taken, len(lines)))
        self._progress["rows"] += taken
        self._progress["bytes"] += sum(len(line) for line in lines[:taken])
        self._journal.acknowledge(self._progress)

    def _send_item(self, item: dict[str, Any], timeout: float) -> None:
        kind = item.get("kind")
        try:
            if kind == "update":
                self._post(("metadata",), item["changes"], timeout)
            elif kind == "finish":
                self._post(
                    ("finish",),
                    {"status": item["status"], "exit_code": item["exit_code"], "finish_time": item.get("finish_time")},
                    timeout,
                )
            elif kind == "version":
                self._post(("versions",), item["manifest"], timeout)
            elif kind in ("artifact", "file"):
                path = self._journal.folder / "files" / item["file"]
                fields = {
                    k: str(item[k])
                    for k in ("name", "description", "category", "original_path")
                    if item.get(k) is not None
                }
                if path.is_file():
                    self._transport.post_file(
                        ("projects", self._about["project"], "runs", str(self.run), f"{kind}s"), path, fields, 600.0
                    )
                    path.unlink(missing_ok=True)
        except (Rejected, KeyError, TypeError) as error:
            self.rejected += 1
            self._warn(
                f"The tracker refuses {kind} of run {self.run!r}: {error} It is left out; everything else is sent."
            )


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
    }
