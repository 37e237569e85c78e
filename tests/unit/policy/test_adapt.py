"""Slowing down before a partner breaks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy import AdaptPolicy, Pulse, after_answer, shares

NOW = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)
POLICY = AdaptPolicy()


def told(pulse: Pulse, seconds: float, count: int, *, busy: bool = False, apart_s: float = 0.1) -> tuple[Pulse, float]:
    """*count* answers that took so long, and the greatest slow-down meanwhile."""
    most, now = pulse.slowdown, pulse.changed_at or NOW
    for _ in range(count):
        now += timedelta(seconds=apart_s)
        pulse = after_answer(pulse, timedelta(seconds=seconds), busy=busy, now=now, policy=POLICY)
        most = max(most, pulse.slowdown)
    return pulse, most


@pytest.mark.parametrize("seconds", [0.002, 0.2, 5.0])
def test_a_steady_partner_is_not_slowed_down(seconds: float) -> None:
    """
    Slow from the first day is no sign of trouble.
    """
    assert told(Pulse(), seconds, 500)[1] == 1.0


def test_too_many_requests_slow_down_once_for_each_second() -> None:
    """
    Fifty refusals within a second are one message, not fifty.
    """
    pulse, _ = told(Pulse(), 0.01, 50, busy=True, apart_s=0.01)

    assert pulse.slowdown == POLICY.step


def test_growing_latency_slows_down_and_a_recovery_speeds_up_again() -> None:
    """
    Answers of 50 ms become answers of two seconds, and quick again: slowed, then back to full speed.
    """
    calm, _ = told(Pulse(), 0.05, 300)
    slow, _ = told(calm, 2.0, 100)
    assert slow.slowdown > 2

    well, _ = told(slow, 0.05, 1500)

    assert well.slowdown == 1.0


def test_the_slow_down_has_an_end() -> None:
    """
    A day of refusals leaves a trickle, not nothing.
    """
    pulse, _ = told(Pulse(), 0.01, 5000, busy=True, apart_s=1.1)

    assert pulse.slowdown == POLICY.most


@given(st.lists(st.integers(0, 40), min_size=20, max_size=200), st.floats(0.05, 0.95))
def test_live_and_the_rest_get_their_shares_in_the_long_run(wants: list[int], live: float) -> None:
    """
    However small each turn is, over all of them the shares are right to less than one lane.
    """
    credit, first = 0.0, 0
    for want in wants:
        now, rest, credit = shares(want, live, credit)
        assert now + rest == want
        assert now >= 0
        assert rest >= 0
        first += now
    assert abs(first - live * sum(wants)) <= 1 + 1e-6
