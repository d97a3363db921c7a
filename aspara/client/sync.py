"""Sending what dead processes left behind."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from aspara import settings
from aspara.client.journal import Journal, journals
from aspara.client.sender import Sender
from aspara.client.transport import Transport


@dataclass(frozen=True)
class SyncResult:
    """What became of one journal: ``state`` is ``sent`` (the tracker has confirmed that it durably holds all of it), ``busy`` (its own
    process is at it), ``kept``, ``deleted`` (a person deleted the run at the tracker; the journal is set aside) or ``broken``.
    """

    run: str
    tracker: str
    state: str
    detail: str = ""


def sync(
    *,
    tracker_uri: str | None = None,
    timeout: float = 60.0,
    warn: Callable[[str], None] = print,
    progress: Callable[[int, int, str], None] = lambda _done, _of, _name: None,
) -> list[SyncResult]:
    """Sends every journal that no living process is sending, to its own tracker or to `tracker_uri`; one result each.

    `progress` is told of each journal before it is looked at: how many were, how many there are, its run.
    """
    results: list[SyncResult] = []
    waiting = journals()
    for number, path in enumerate(waiting):
        journal = Journal(path)
        try:
            about = journal.about()
            name = f"{about['project']}/{about.get('run') or about['request'].get('name')}"
            tracker = tracker_uri or str(about["tracker"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            if path.is_dir():  # else it was delivered since
                results.append(SyncResult(path.name, "", "broken", str(error)))
            continue
        progress(number, len(waiting), name)
        if journal.being_written():
            results.append(SyncResult(name, tracker, "busy", "its process still runs and sends it"))
            continue
        with journal.sending() as mine:
            if not mine:
                if path.is_dir():
                    results.append(SyncResult(name, tracker, "busy", "another process is sending it"))
                continue
            results.append(_send(journal, name, tracker, timeout, warn))
    return results


def send_children(parent: str, deadline: float, warn: Callable[[str], None]) -> None:
    """Sends what the dead forked children of the process with the journal `parent` left, until `deadline` (monotonic seconds)."""
    for path in journals():
        journal = Journal(path)
        try:
            about = journal.about()
        except (OSError, ValueError):
            continue  # `aspara sync` tells of it
        left = deadline - time.monotonic()
        if about.get("parent") != parent or journal.being_written() or left <= 0:
            continue
        with journal.sending() as mine:
            if mine and _send(journal, path.name, str(about["tracker"]), left, warn).state == "kept":
                return  # the tracker is away: it stays for `aspara sync`


def _send(journal: Journal, name: str, tracker: str, timeout: float, warn: Callable[[str], None]) -> SyncResult:
    sender = Sender(journal, Transport(tracker, settings.get("ASPARA_TOKEN")), warn)
    sender.orphan()
    deadline = time.monotonic() + timeout
    try:
        while (left := deadline - time.monotonic()) > 0 and not sender.settled():
            sender.end(min(20.0, max(0.5, left)))
        if sender.deleted:
            return SyncResult(
                name, tracker, "deleted", f"deleted there by a person; set aside in {journal.set_aside()}"
            )
    except OSError as error:  # Unreachable is one
        return SyncResult(name, tracker, "kept", str(error))
    if not sender.delivered():
        return SyncResult(name, tracker, "kept", f"{sender.waiting()} rows are left; run it again")
    journal.discard()
    return SyncResult(name, tracker, "sent")
