"""Delivery: brings a journal to its tracker, in order, each thing once, and asks whether all of it has arrived.

How far the tracker is, the tracker says: at the beginning, whenever it turns out to have lost something, and at the end. It may
have been restored from an older copy, come back with an empty disk, or be another one.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable
from typing import Any

from aspara.client.captured_files import CapturedFiles
from aspara.client.journal import Journal
from aspara.client.transport import Rejected, Transport, Unreachable, tracker_base

_BATCH = 5000


class Delivery:
    """Sends what a journal holds, a :meth:`step` at a time. What the tracker refuses for good is named by `warn` and left out."""

    def __init__(self, journal: Journal, transport: Transport, warn: Callable[[str], None], *, fresh: bool) -> None:
        self.journal = journal
        self._transport = transport
        self._warn = warn
        self._about = journal.about()
        self._writer = str(self._about.get("writer") or "direct")
        self._progress = journal.progress()
        self.beside = CapturedFiles(journal.folder)
        self._at_home = tracker_base(str(self._about["tracker"])) == transport.base
        self._asked = fresh
        """Whether the tracker has said how far it is; `fresh` if it has just made the run."""
        self._again = False
        """Whether the tracker is to make a run that it does not know, though it was made before, there or elsewhere."""
        self._went_back: dict[str, int] | None = None
        self._run: str | None = self._about.get("run") if self._at_home else None
        if not isinstance(self._run, str):
            self._run = None
        self.stop_asked = False
        """Whether the tracker has said that somebody asks the run to stop."""
        self.orphaned = False
        """True where nobody writes the journal any more: then what lies beside the run is not waited for."""
        self.deleted = False
        """Whether a person has deleted the run at the tracker: then nothing more is sent."""
        self.confirmed = False
        """Whether the tracker has said that it durably holds everything."""
        self.contacts = 0
        self.rejected = 0
        self._told: set[str] = set()
        self._mean()

    @property
    def run(self) -> str | None:
        """The run's name at the tracker, once it exists there."""
        return self._run

    def items_sent(self) -> bool:
        """True when the tracker has taken everything but rows: metadata, files, versions of artifacts."""
        return self._run is not None and self.journal.item(self._progress["items"]) is None

    def all_sent(self) -> bool:
        """True when the tracker has taken everything."""
        return self._asked and self.items_sent() and not self.journal.rows(self._progress["bytes"], 1)

    def waiting(self) -> int:
        """Rows that the tracker has not taken yet, counted up to a million."""
        return self.journal.count(self._progress["bytes"], 1_000_000)

    # -- sending ------------------------------------------------------------------------------------------------------

    def step(self, timeout: float) -> bool:
        """Sends the next thing; False if there was nothing. Raises Unreachable, or another OSError for the journal's disk."""
        if self.deleted:
            return False
        if not self._asked:
            self._ask(timeout)
            return True
        if self.beside.due() and self._send_beside(timeout):
            return True
        item = self.journal.item(self._progress["items"])
        before = None if item is None else item.get("after", 0)
        lines = self.journal.rows(
            self._progress["bytes"], _BATCH if before is None else min(_BATCH, max(0, before - self._progress["rows"]))
        )
        if lines:
            self._send_rows(lines, timeout)
            return True
        if (self.orphaned or (item is not None and item.get("kind") == "finish")) and self._send_beside(timeout):
            return True
        if item is not None:
            self._send_item(item, timeout)
            return True
        return False

    def confirm(self, timeout: float) -> bool:
        """Asks, once everything is sent, whether the tracker durably holds it; what it does not hold is sent by further steps."""
        if self.all_sent() and not self.deleted:
            before = dict(self._progress)
            self._ask(timeout)
            self.confirmed = self.all_sent() and self._progress == before
        return self.confirmed

    def ping(self, timeout: float) -> None:
        """A sign of life."""
        try:
            found = self._post(("ping",), {}, timeout)
        except Rejected as error:
            self._about_run(error)
        else:
            self.stop_asked = bool(found.get("stop", self.stop_asked))

    # -- where the tracker stands -------------------------------------------------------------------------------------

    def _ask(self, timeout: float) -> None:
        run_id = self._about.get("run_id")
        if run_id is None or self._again:
            self._create(timeout)
            return
        self._mean()
        parts = ("projects", self._about["project"], "runs", self._run or str(run_id), "confirm")
        try:
            found = self._transport.post(parts, {}, timeout)
        except Rejected as error:
            if error.status == 404 and error.kind != "RunNotFound":
                self._ask_older(timeout)
            elif not self._about_run(error):
                raise Unreachable(f"The tracker does not say how far it is: {error}") from None
            return
        self.contacts += 1
        self._run = str(found.get("run") or self._run)
        self._stand(int(found.get("rows", 0)), int(found.get("items", 0)))

    def _ask_older(self, timeout: float) -> None:
        """Asks a tracker that cannot be asked for counts: a batch of no rows is taken only where it is due."""
        if self._run is None:
            self._again = True  # known here by the name that the tracker gives it
            self._create(timeout)
            return
        rows = self._progress["rows"]
        try:
            self._transport.post_rows(self._parts("metrics"), self._writer, rows, [], timeout)
        except Rejected as error:
            told = error.answer.get("next")
            if error.status == 409 and isinstance(told, int):
                self._stand(told, 0)
            elif not self._about_run(error):
                raise Unreachable(f"The tracker does not say how far it is: {error}") from None
            return
        self.contacts += 1
        self._asked = True

    def _create(self, timeout: float) -> None:
        about, request = self._about, dict(self._about["request"])
        again = self._again or about.get("run_id") is not None
        if again:
            request.update(id=about["run_id"], resume="allow", again=True)
        self._mean()
        try:
            found = self._transport.post(("projects", about["project"], "runs"), request, timeout)
        except Rejected as error:
            if error.status == 410:
                self._about_run(error)
                return
            # Nothing of this run can be delivered under this name; it must not stay in the way for ever.
            self._say(
                f"The tracker refuses run {request.get('name')!r}: {error}. Its data stays in {self.journal.folder}."
            )
            raise Unreachable(str(error)) from None
        self.contacts += 1
        self._again = False
        self._run = str(found.get("run") or found.get("name"))
        if self._at_home or not again:
            about["project"] = found.get("project") or about["project"]
            about.update(run=self._run, run_id=found.get("run_id"), color=found.get("color", 0))
            about["tracker"] = about["tracker"] if self._at_home else self._transport.base
            self._at_home = True
            self.journal.remember(about)
        self._mean()
        if again:
            self.beside.ask_again()
        if "next" in found:
            self._stand(int(found["next"]), int(found.get("items", 0)))
        elif again:
            self._stand(0, 0)
            self._ask_older(timeout)  # it may have some of the rows
        else:
            self._asked = True

    def _stand(self, rows: int, items: int) -> None:
        """Goes on from where the tracker is."""
        self._asked = True
        if (rows, items) == (self._progress["rows"], self._progress["items"]):
            return
        offset = self.journal.offset(rows)
        if offset is None or (items and self.journal.item(items - 1) is None):
            raise Unreachable(
                f"The tracker has more of run {self._run!r} than {self.journal.folder} holds ({rows} rows, {items} other items); "
                "nothing is sent."
            )
        if rows < self._progress["rows"] or items < self._progress["items"]:
            self.beside.ask_again()
        self._progress = {"rows": rows, "bytes": offset, "items": items}
        self.journal.acknowledge(self._progress)

    def _about_run(self, error: Rejected) -> bool:
        """Whether a refusal is about the run, or about how far it is, and not about what was sent; then the next steps mend it."""
        rows, items = error.answer.get("next"), error.answer.get("items")
        if error.status == 410:
            self.deleted = True
            self._say(
                f"Run {self._run or self._about['request'].get('name')!r} was deleted at the tracker; what it logs is not kept "
                f"there. What it has logged is set aside when it ends."
            )
        elif error.status == 404 and error.kind in ("", "RunNotFound"):
            self._asked, self._again = False, True
            self._say(
                f"The tracker {self._transport.base} does not know run {self._run or self._about.get('run_id')!r}; it is sent there "
                "from the beginning."
            )
            self._lost_at(dict(self._progress))
        elif error.status == 409 and (isinstance(rows, int) or isinstance(items, int)):
            self._go_back(
                rows if isinstance(rows, int) else self._progress["rows"],
                items if isinstance(items, int) else self._progress["items"],
            )
        else:
            return False
        return True

    def _go_back(self, rows: int, items: int) -> None:
        self._lost_at(dict(self._progress))
        self._stand(rows, items)

    def _lost_at(self, progress: dict[str, int]) -> None:
        before, self._went_back = self._went_back, progress
        if before == progress:
            # It forgets again what it has just taken: that must not become a busy loop.
            self._went_back = None
            raise Unreachable(f"The tracker {self._transport.base} does not keep what it acknowledges.")

    # -- what is sent -------------------------------------------------------------------------------------------------

    def _parts(self, *rest: str) -> tuple[str, ...]:
        return ("projects", self._about["project"], "runs", str(self._run), *rest)

    def _post(self, parts: tuple[str, ...], body: dict[str, Any], timeout: float) -> dict[str, Any]:
        found = self._transport.post(self._parts(*parts), body, timeout)
        self.contacts += 1
        return found

    def _mean(self, item: int | None = None) -> None:
        self._transport.mean(self._about.get("run_id"), self._writer, item)

    def _send_beside(self, timeout: float) -> bool:
        try:
            return self.beside.send(
                lambda content, fields: self._transport.post_content(self._parts("files"), content, fields, timeout)
            )
        except Rejected as error:
            if self._about_run(error):
                return True
            self.beside.give_up()
            self._warn(f"The tracker refuses what lies beside run {self.run!r}: {error} Everything else is sent.")
        except Unreachable:
            raise
        except OSError as error:
            self._say(f"What lies beside run {self.run!r} cannot be sent now ({error.strerror or error}).")
        return False

    def _send_rows(self, lines: list[bytes], timeout: float) -> None:
        first, writer = self._progress["rows"], self._writer
        try:
            found = self._transport.post_rows(self._parts("metrics"), writer, first, lines, timeout)
            taken = int(found.get("next", first + len(lines))) - first
            self.stop_asked = bool(found.get("stop"))
        except Rejected as error:
            if self._about_run(error):
                return
            if error.kind == "BatchDiffers":
                raise Unreachable(
                    f"The tracker has other rows of run {self._run!r} under this journal's numbers."
                ) from None
            if len(lines) > 1:
                # One bad row must not take its neighbours with it.
                self._send_rows(lines[: len(lines) // 2], timeout)
                return
            self.rejected += 1
            self._warn(f"The tracker refuses a row: {error} It is left out.")
            self._transport.post_rows(self._parts("metrics"), writer, first, [b"null"], timeout)
            taken = 1
        self.contacts += 1
        if taken < 0:
            self._go_back(first + taken, self._progress["items"])
            return
        taken = min(taken, len(lines))
        self._progress["rows"] += taken
        self._progress["bytes"] += sum(len(line) for line in lines[:taken])
        self.journal.acknowledge(self._progress)

    def _send_item(self, item: dict[str, Any], timeout: float) -> None:
        kind = item.get("kind")
        number = self._progress["items"]
        self._mean(number)
        try:
            self._send_kind(kind, item, timeout)
        except (Rejected, KeyError, TypeError, FileNotFoundError) as error:
            if isinstance(error, Rejected) and self._about_run(error):
                return
            self.rejected += 1
            self._warn(
                f"The tracker refuses {kind} of run {self.run!r}: {error} It is left out; everything else is sent."
                if isinstance(error, Rejected)
                else f"{kind} of run {self.run!r} cannot be read in {self.journal.folder} ({error}). It is left out."
            )
            # It keeps its number, so that the tracker can count the others.
            with contextlib.suppress(Rejected):
                self._post(("metadata",), {}, timeout)
        finally:
            self._mean()
        self.contacts += 1
        self._progress["items"] = number + 1
        self.journal.acknowledge(self._progress)

    def _send_kind(self, kind: Any, item: dict[str, Any], timeout: float) -> None:
        if kind == "update":
            self._post(("metadata",), item["changes"], timeout)
        elif kind == "finish":
            end = {key: item.get(key) for key in ("status", "exit_code", "finish_time")}
            self._post(("finish",), end, timeout)
        elif kind == "version":
            self._post(("versions",), item["manifest"], timeout)
        elif kind in ("artifact", "file"):
            names = ("name", "description", "category", "original_path")
            fields = {key: str(item[key]) for key in names if item.get(key) is not None}
            path = self.journal.folder / "files" / item["file"]
            if not path.is_file():
                raise FileNotFoundError(errno.ENOENT, "a file is gone", str(path))
            self._transport.post_file(self._parts(f"{kind}s"), path, fields, 600.0)
        else:
            raise TypeError("what it is, is not known")

    def _say(self, sentence: str) -> None:
        """Warns once."""
        if sentence not in self._told:
            self._told.add(sentence)
            self._warn(sentence)
