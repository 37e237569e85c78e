"""A clock that does not wait."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from gateway.sandbox import VirtualClock
from gateway.sandbox.clock import START

DAY = timedelta(days=1)


def test_a_wait_of_nine_days_takes_no_time() -> None:
    """
    Nobody is busy: the clock jumps to the end of the wait.
    """
    clock = VirtualClock()

    clock.wait(Event(), START + 9 * DAY)

    assert clock.now() == START + 9 * DAY


def test_a_wake_up_ends_a_wait_without_time_passing() -> None:
    """
    Work arrived.
    """
    clock = VirtualClock()
    wake = Event()
    wake.set()

    clock.wait(wake, START + DAY)

    assert clock.now() == START


def test_a_wait_for_the_past_returns() -> None:
    """
    Time never goes back.
    """
    clock = VirtualClock()

    clock.wait(Event(), START - DAY)

    assert clock.now() == START


def test_time_stands_still_while_somebody_is_busy() -> None:
    """
    A call is going on; the wait ends once it is over.
    """
    clock = VirtualClock()
    clock.busy(True)
    waiter = threading.Thread(target=clock.wait, args=(Event(), START + DAY))
    waiter.start()
    waiter.join(0.05)
    assert waiter.is_alive()
    assert clock.now() == START

    clock.busy(False)
    waiter.join(5)

    assert clock.now() == START + DAY


def test_several_waits_end_in_the_order_of_their_times() -> None:
    """
    The clock jumps to the earliest moment that anybody waits for.
    """
    clock = VirtualClock()
    clock.busy(True)
    ended: list[tuple[int, datetime]] = []

    def wait(days: int) -> None:
        clock.wait(Event(), START + days * DAY)
        ended.append((days, clock.now()))
        clock.busy(True)

    waiters = [threading.Thread(target=wait, args=(days,)) for days in (3, 1, 2)]
    for waiter in waiters:
        waiter.start()
    for expected in (1, 2, 3):
        clock.busy(False)
        while len(ended) < expected:
            waiters[0].join(0.001)

    assert ended == [(days, START + days * DAY) for days in (1, 2, 3)]


def test_a_ticking_clock_passes_by_itself_and_can_be_advanced() -> None:
    """
    For a sandbox that stands beside real programs.
    """
    start = datetime(2026, 11, 20, tzinfo=UTC)
    clock = VirtualClock(start, ticking=True)
    first = clock.now()

    clock.advance(DAY)

    assert start <= first < start + timedelta(minutes=1)
    assert clock.now() >= first + DAY
    clock.wait(Event(), clock.now() + timedelta(milliseconds=5))


def test_time_does_not_go_back_and_nobody_is_less_than_idle() -> None:
    """
    Both would be a mistake of the caller.
    """
    clock = VirtualClock()

    with pytest.raises(ValueError, match="back"):
        clock.advance(-DAY)
    with pytest.raises(ValueError, match="busy"):
        clock.busy(False)
