"""The journal by itself: items whole and in order, nothing half begun, and what became of it meanwhile."""

from __future__ import annotations

import contextlib
import resource
import signal
from collections.abc import Iterator

import pytest

from aspara.client.journal import Journal, outbox
from aspara.client.sync import sync

ABOUT = {"tracker": "http://127.0.0.1:9", "project": "p", "request": {"name": "r"}}


@contextlib.contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file of this process grows beyond `size` bytes: a write across that is short, the next one fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, previous)


def test_items_are_found_by_their_number():
    """In any order, those that come later too; one that nobody understands keeps its number, half of one is none yet."""
    journal = Journal.create("k", ABOUT)
    assert journal.item(0) is None
    for number in range(3):
        journal.add({"kind": "update", "number": number})
    assert [2, 0, 1] == [(journal.item(number) or {}).get("number") for number in (2, 0, 1)]
    assert journal.item(3) is None
    with (journal.folder / "items.jsonl").open("ab") as file:
        file.write(b'no item\n{"kind": "fi')
    assert {} == journal.item(3)
    assert journal.item(4) is None
    with (journal.folder / "items.jsonl").open("ab") as file:
        file.write(b'nish"}\n')
    assert {"kind": "finish"} == journal.item(4)
    journal.discard()


def test_rows_come_in_bites_and_a_row_longer_than_a_bite_alone():
    """Whole ones only; as many as are asked for."""
    journal = Journal.create("k", ABOUT)
    rows = [b'{"a": 1}\n', b'{"a": "' + b"x" * 100 + b'"}\n', b'{"a": 3}\n', b'{"a": 4}\n']
    (journal.folder / "rows.jsonl").write_bytes(b"".join(rows) + b'{"a": ')
    assert rows == journal.rows(0, 10)
    assert rows[:2] == journal.rows(0, 2)
    assert rows[:1] == journal.rows(0, 10, 50)
    assert rows[1:2] == journal.rows(len(rows[0]), 10, 50)
    assert (4, 2) == (journal.count(0, 10), journal.count(0, 2))
    journal.discard()


def test_on_a_full_disk_an_item_is_kept_whole_or_not_at_all():
    """The one that comes when there is space again does not stand on its line."""
    journal = Journal.create("k", ABOUT)
    journal.add({"kind": "update", "number": 0})
    size = (journal.folder / "items.jsonl").stat().st_size
    with full_disk(size + 10), pytest.raises(OSError, match="space|large"):
        journal.add({"kind": "update", "number": 1})
    journal.add({"kind": "update", "number": 2})
    assert [0, 2] == [(journal.item(number) or {})["number"] for number in (0, 1)]
    journal.discard()


def test_a_journal_that_cannot_be_begun_leaves_nothing():
    """Its place is free for the next try."""
    with full_disk(10), pytest.raises(OSError, match="large"):
        Journal.create("k", ABOUT)
    assert [] == list(outbox().iterdir())
    Journal.create("k", ABOUT).discard()


def test_what_was_delivered_while_others_were_sent_is_no_broken_journal():
    """Its own process has brought it meanwhile: there is nothing to say of it."""
    first, second = (Journal.create(key, ABOUT) for key in ("1", "2"))
    first.open_rows(print).abandon()
    found = sync(timeout=0.1, progress=lambda done, _of, _name: second.discard() if done == 0 else None)
    assert ["kept"] == [result.state for result in found]
    first.discard()
