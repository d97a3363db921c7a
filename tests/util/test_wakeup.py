"""What wakes the background threads."""

from __future__ import annotations

import signal
import threading
import time

from aspara.util.wakeup import Wakeup


def test_a_ring_wakes_who_waits_and_who_will_wait():
    """Once: rings that come before somebody looks are one."""
    bell = Wakeup()
    for _ in range(3):
        bell.ring()
    began = time.monotonic()
    bell.wait(60)
    woken = threading.Event()
    thread = threading.Thread(target=lambda: (bell.wait(60), woken.set()))
    thread.start()
    bell.ring()
    assert woken.wait(60)
    thread.join()
    assert time.monotonic() - began < 60


def test_a_signal_handler_may_ring_in_the_middle_of_a_ring():
    """An event would hang now and then: its lock is held while it is being set."""
    bell, rung = Wakeup(), []

    def handle(*_) -> None:
        bell.ring()
        rung.append(1)
        if len(rung) < 2000:
            signal.setitimer(signal.ITIMER_REAL, 0.00002)

    previous = signal.signal(signal.SIGALRM, handle)
    waiting = threading.Thread(target=lambda: [bell.wait(1) for _ in iter(lambda: len(rung) < 2000, False)])
    waiting.start()
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.00002)
        while len(rung) < 2000:
            bell.ring()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    bell.ring()
    waiting.join(60)
    assert not waiting.is_alive()
