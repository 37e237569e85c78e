"""The rate limit: never more calls than it says, and never none for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy import Limits, RateLimit, draw, eased

NOW = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
LIMITS = st.builds(
    RateLimit,
    st.integers(1, 500),
    st.timedeltas(min_value=timedelta(milliseconds=10), max_value=timedelta(hours=1)),
    st.integers(1, 50),
)
ASKS = st.lists(
    st.tuples(st.timedeltas(timedelta(0), timedelta(seconds=20)), st.integers(0, 80), st.booleans()), max_size=30
)


def test_a_full_bucket_gives_its_burst_and_then_the_rate() -> None:
    """
    Ten a second, three at once: three now, then one every tenth of a second.
    """
    starts, arrival = draw(RateLimit(10, SECOND, 3), None, NOW, 5, SECOND)

    assert [(start - NOW).total_seconds() for start in starts] == [0, 0, 0, 0.1, 0.2]
    assert draw(RateLimit(10, SECOND, 3), arrival, NOW, 1, timedelta(milliseconds=299)) == ((), arrival)


@given(LIMITS, ASKS)
def test_no_stretch_of_time_sees_more_than_burst_and_rate(
    limit: RateLimit, asks: list[tuple[timedelta, int, bool]]
) -> None:
    """
    However workers ask, and however far ahead: between any two starts no more calls than the bucket holds and fills.
    """
    now, arrival = NOW, None
    starts: list[datetime] = []
    for later, want, far in asks:
        now += later
        given_out, arrival = draw(limit, arrival, now, want, SECOND if far else timedelta(0))
        assert all(start >= now for start in given_out)
        starts += given_out
    for first in range(len(starts)):
        for last in range(first, len(starts)):
            passed = starts[last] - starts[first]
            assert last - first + 1 <= limit.burst + passed / timedelta(microseconds=limit.apart_us)


@given(LIMITS, st.timedeltas(HOUR, timedelta(days=4000)))
def test_a_clock_that_is_set_back_does_not_block_for_ever(limit: RateLimit, back: timedelta) -> None:
    """
    The machine's clock was years ahead and is put right: calls go on within the time that a burst takes to fill.
    """
    _, arrival = draw(limit, None, NOW + back, limit.burst, timedelta(0))

    _, arrival = draw(limit, arrival, NOW, 1, timedelta(0))
    starts, _ = draw(limit, arrival, NOW + 2 * HOUR, 1, timedelta(0))

    assert starts


def test_nothing_wanted_and_nothing_free_change_nothing() -> None:
    """
    Asking in vain costs no one's turn.
    """
    limit = RateLimit(1, timedelta(minutes=1), 1)
    _, arrival = draw(limit, None, NOW, 1, timedelta(0))

    assert draw(limit, arrival, NOW, 5, SECOND) == ((), arrival)
    assert draw(limit, arrival, NOW, 0, SECOND) == ((), arrival)


@pytest.mark.parametrize("slowdown", [1.0, 1.5, 4.0, 64.0])
def test_a_slowed_partner_gets_fewer_calls_but_some(slowdown: float) -> None:
    """
    The limits shrink with the slow-down, never to nothing.
    """
    limits = eased(Limits(RateLimit(100, SECOND, 10), 8), slowdown)

    assert limits.rate is not None
    assert limits.in_flight is not None
    assert limits.rate.apart_us == pytest.approx(10_000 * slowdown, rel=0.01)
    assert 1 <= limits.rate.burst <= 10 / slowdown + 1
    assert 1 <= limits.in_flight <= max(1, 8 / slowdown)


@pytest.mark.parametrize("per", [timedelta(microseconds=1), timedelta(days=366_000)], ids=["short", "long"])
@pytest.mark.parametrize("calls", [1, 10**9])
def test_no_limit_is_beyond_the_calendar(per: timedelta, calls: int) -> None:
    """
    The largest burst and the longest period that a configuration may name, slowed down: calls are allotted all the
    same.
    """
    limit = RateLimit(calls, per, 10**9)

    starts, arrival = draw(limit, None, NOW, 5, SECOND)

    assert starts[0] == NOW
    assert draw(limit, arrival, NOW, 1, timedelta(days=370_000))[0]
