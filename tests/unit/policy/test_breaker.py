"""What several workers know of one partner, put together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Busy, Unreachable
from gateway.policy import BreakerPolicy, PartnerState, after_call, half_open, may_try, merge

NOW = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)
BREAKER = BreakerPolicy(threshold=3)
MOMENTS = st.none() | st.timedeltas(timedelta(hours=-1), timedelta(hours=1)).map(lambda off: NOW + off)
STATES = st.builds(PartnerState, st.integers(0, 9), MOMENTS, MOMENTS, st.floats(1, 64))


@given(STATES, STATES)
def test_no_worker_shortens_a_hold_of_another(stored: PartnerState, news: PartnerState) -> None:
    """
    A Retry-After that one worker heard binds all, whatever another one tells meanwhile.
    """
    merged = merge(stored, news, NOW)

    for said in (stored, news):
        if said.held(NOW):
            assert merged.hold_until is not None
            assert said.hold_until is not None
            assert merged.hold_until >= said.hold_until


@given(STATES, STATES)
def test_a_sign_of_life_closes_the_breaker_for_all(stored: PartnerState, news: PartnerState) -> None:
    """
    One clean answer: nobody waits for a trial any more.
    """
    merged = merge(stored, PartnerState(0, news.hold_until, None, news.slowdown), NOW)

    assert merged.failures == 0
    assert merged.trial_until is None
    assert not half_open(merged, NOW, BREAKER)


@given(STATES, STATES)
def test_telling_the_same_again_changes_nothing(stored: PartnerState, news: PartnerState) -> None:
    """
    A record that came twice is one.
    """
    once = merge(stored, news, NOW)

    assert merge(once, news, NOW) == once


def test_after_its_rest_a_breaker_lends_one_trial() -> None:
    """
    Three calls without an answer; after the rest one worker may try, the others not, until the trial fails or ends.
    """
    state = PartnerState()
    for _ in range(3):
        state = after_call(state, Unreachable("p", "connect", "no"), now=NOW, breaker=BREAKER, chance=Random(1))
    assert state.hold_until is not None
    rested = state.hold_until

    assert may_try(state, rested, BREAKER)
    lent = PartnerState(state.failures, state.hold_until, rested + timedelta(minutes=1))
    assert half_open(lent, rested, BREAKER)
    assert not may_try(lent, rested, BREAKER)
    assert may_try(lent, rested + timedelta(minutes=1), BREAKER)
    failed = after_call(state, Busy("p", "503", "busy"), now=rested, breaker=BREAKER, chance=Random(1))
    assert merge(lent, failed, rested).trial_until is None
    assert merge(lent, failed, rested).held(rested)
