"""Retry, look-up and breaker decisions: tables and properties over plain values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import (
    AuthenticationFailed,
    Busy,
    DeliveryError,
    Faulted,
    Held,
    OutcomeUnknown,
    Rejected,
    Unreachable,
)
from gateway.lifecycle import MessageEvent
from gateway.policy import (
    BreakerPolicy,
    PartnerState,
    RetryPolicy,
    after_call,
    after_failed_probe,
    after_failure,
    after_probe,
)
from gateway.ports import Finding, Probe

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
RETRY = RetryPolicy()
BREAKER = BreakerPolicy()

attempts = st.integers(1, 10_000)
seeds = st.integers(0, 2**32)
waits = st.timedeltas(timedelta(0), timedelta(days=10))


@pytest.mark.parametrize(
    ("error", "event"),
    [
        pytest.param(Unreachable("p", "refused", ""), MessageEvent.RETRY, id="never left: again"),
        pytest.param(Busy("p", "http-503", ""), MessageEvent.RETRY, id="busy: again"),
        pytest.param(Held("p", "held", ""), MessageEvent.RELEASE, id="not asked: as if nothing was"),
        pytest.param(Faulted("p", "-1", ""), MessageEvent.RETRY, id="failed by its own word: again"),
        pytest.param(AuthenticationFailed("p", "-2", ""), MessageEvent.RETRY, id="bad credentials: again, later"),
        pytest.param(Rejected("p", "4", ""), MessageEvent.REJECT, id="refused: a person"),
        pytest.param(OutcomeUnknown("p", "timeout", ""), MessageEvent.LOSE, id="may have happened: look it up"),
    ],
)
def test_the_class_of_the_error_is_the_decision(error: DeliveryError, event: MessageEvent) -> None:
    """
    Text and code never decide, the class does.
    """
    decision = after_failure(error, attempts=1, since=NOW, now=NOW, retry=RETRY, chance=Random(1))

    assert decision.event is event


@given(attempts, seeds, waits)
def test_a_retry_never_comes_before_retry_after_nor_after_the_horizon(n: int, seed: int, wait: timedelta) -> None:
    """
    Whatever chance says: Retry-After is obeyed in full, and what would come too late goes to a person now.
    """
    error = Busy("p", "http-429", "", retry_after=wait)

    decision = after_failure(error, attempts=n, since=NOW, now=NOW, retry=RETRY, chance=Random(seed))

    if decision.event is MessageEvent.RETRY:
        assert decision.at is not None
        assert NOW + wait <= decision.at <= NOW + RETRY.horizon
    else:
        assert decision.code == "expired"


@given(attempts, seeds)
def test_backoff_is_jittered_and_capped(n: int, seed: int) -> None:
    """
    Anything between nothing and the doubled base, never more than the cap, for any number of attempts.
    """
    wait = RETRY.backoff(n, Random(seed))

    assert timedelta(0) <= wait <= min(RETRY.cap, RETRY.base * 2 ** min(n, 30))


def test_two_workers_do_not_come_back_together() -> None:
    """
    Full jitter spreads a herd over the whole interval.
    """
    chance = Random(3)
    spread = sorted(RETRY.backoff(6, chance).total_seconds() for _ in range(1000))

    assert spread[100] < 20
    assert spread[900] > 100


@pytest.mark.parametrize(
    ("finding", "harmless", "event"),
    [
        (Finding.APPLIED, True, MessageEvent.APPLIED),
        (Finding.APPLIED, False, MessageEvent.APPLIED),
        (Finding.ABSENT, False, MessageEvent.ABSENT),
        (Finding.DIFFERS, True, MessageEvent.ABSENT),
        (Finding.DIFFERS, False, MessageEvent.GIVE_UP),
        (Finding.CANNOT_TELL, True, MessageEvent.ABSENT),
        (Finding.CANNOT_TELL, False, MessageEvent.GIVE_UP),
    ],
)
def test_a_look_up_decides(finding: Finding, harmless: bool, event: MessageEvent) -> None:
    """
    What cannot be told, or looks other than it was sent, is sent again only where that is harmless.
    """
    decision = after_probe(Probe(finding, "seen"), harmless=harmless, since=NOW, now=NOW, retry=RETRY)

    assert decision.event is event


def test_an_endless_game_of_lost_answers_ends_at_the_horizon() -> None:
    """
    Sent, lost, absent, sent, lost: after fourteen days a person decides.
    """
    late = NOW + RETRY.horizon + timedelta(seconds=1)

    decision = after_probe(Probe(Finding.ABSENT, "not there"), harmless=True, since=NOW, now=late, retry=RETRY)

    assert (decision.event, decision.code) == (MessageEvent.GIVE_UP, "expired")


@given(attempts, seeds)
def test_a_failed_look_up_is_asked_again_until_the_horizon(n: int, seed: int) -> None:
    """
    A look-up is a question: it costs nothing to ask again, and it never turns into sending.
    """
    error = Unreachable("p", "refused", "")
    late = NOW + RETRY.horizon

    soon = after_failed_probe(error, attempts=n, since=NOW, now=NOW, retry=RETRY, chance=Random(seed))
    at_the_end = after_failed_probe(
        error, attempts=n, since=NOW, now=late + timedelta(hours=1), retry=RETRY, chance=Random(seed)
    )

    assert soon.event is MessageEvent.DEFER
    assert at_the_end.event is MessageEvent.GIVE_UP


def test_the_breaker_opens_at_the_threshold_and_closes_with_a_sign_of_life() -> None:
    """
    Five calls in a row without an answer hold the partner; one answer, even a refusal, ends that.
    """
    state, chance = PartnerState(), Random(5)
    for _ in range(BREAKER.threshold - 1):
        state = after_call(state, Unreachable("p", "refused", ""), now=NOW, breaker=BREAKER, chance=chance)
    assert not state.held(NOW)

    state = after_call(state, Unreachable("p", "refused", ""), now=NOW, breaker=BREAKER, chance=chance)
    assert state.held(NOW)

    later = NOW + BREAKER.cap
    state = after_call(state, Rejected("p", "4", ""), now=later, breaker=BREAKER, chance=chance)
    assert state == PartnerState()


def test_calls_that_end_together_open_the_breaker_once() -> None:
    """
    A blip hits sixteen calls under way at once: that is one outage of a moment, no reason to rest for a quarter hour.
    """
    state, chance = PartnerState(), Random(5)
    for _ in range(16):
        state = after_call(state, Unreachable("p", "refused", ""), now=NOW, breaker=BREAKER, chance=chance)

    assert state.held(NOW)
    assert not state.held(NOW + BREAKER.base)


@given(st.integers(0, 10_000), st.timedeltas(timedelta(microseconds=1), timedelta(days=366)), seeds)
def test_any_configured_wait_can_be_doubled_for_ever(n: int, base: timedelta, seed: int) -> None:
    """
    A long base and many attempts reach the cap, not the end of the calendar.
    """
    cap = timedelta(days=366)
    breaker = BreakerPolicy(base=base, cap=cap)

    assert RetryPolicy(base=base, cap=cap).backoff(n, Random(seed)) <= cap
    assert breaker.pause(breaker.threshold + n, Random(seed)) <= cap


@given(seeds, waits, st.integers(0, 60))
def test_a_hold_never_gets_shorter_while_it_lasts(seed: int, wait: timedelta, failures: int) -> None:
    """
    A success that was already on its way does not cut Retry-After short.
    """
    state, chance = PartnerState(failures), Random(seed)
    state = after_call(state, Busy("p", "http-429", "", retry_after=wait), now=NOW, breaker=BREAKER, chance=chance)
    held_until = state.hold_until
    for error in (None, Unreachable("p", "refused", ""), Busy("p", "http-503", "", retry_after=timedelta(0))):
        state = after_call(state, error, now=NOW, breaker=BREAKER, chance=chance)
        if held_until is not None and held_until > NOW:
            assert state.hold_until is not None
            assert state.hold_until >= held_until


def test_refused_credentials_open_the_breaker_at_once() -> None:
    """
    More logins would lock the account.
    """
    state = after_call(PartnerState(), AuthenticationFailed("p", "-2", ""), now=NOW, breaker=BREAKER, chance=Random(1))

    assert state.held(NOW)
