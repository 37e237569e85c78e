"""``Retry-After`` obeyed by all threads of a client, on the gateway's own clock."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.national_portal.quiet import Quiet
from gateway.errors import Held
from tests.clocks import TestClock


def test_nobody_calls_before_the_moment_the_portal_named() -> None:
    """
    Sent away for a minute: held for a minute with the time that is left, then free again.
    """
    clock = TestClock()
    quiet = Quiet(clock.now)
    quiet.keep(timedelta(minutes=1))
    clock.advance(timedelta(seconds=59))

    with pytest.raises(Held) as held:
        quiet.check("cong")
    assert held.value.retry_after == timedelta(seconds=1)

    clock.advance(timedelta(seconds=1))
    quiet.check("cong")


def test_a_shorter_wait_does_not_cut_a_longer_one() -> None:
    """
    Two threads were sent away: the later moment counts; a busy answer without a time changes nothing.
    """
    clock = TestClock()
    quiet = Quiet(clock.now)
    quiet.keep(timedelta(minutes=10))
    quiet.keep(timedelta(seconds=1))
    quiet.keep(None)
    clock.advance(timedelta(minutes=9))

    with pytest.raises(Held):
        quiet.check("cong")
