"""
When a partner as a whole is left alone, and who may try it again.

A breaker that has rested is *half open*: one worker of all processes may make one call, the trial.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from gateway.errors import AuthenticationFailed, Busy, DeliveryError, Held, OutcomeUnknown, Unreachable
from gateway.policy.backoff import doubled


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """
    When a partner as a whole is left alone.

    After *threshold* calls in a row without a sign of life, nothing is sent for a growing, jittered time; then one
    message goes as a trial. Waiting costs no attempt.
    """

    threshold: int = 5
    base: timedelta = timedelta(seconds=5)
    cap: timedelta = timedelta(minutes=15)

    def pause(self, failures: int, chance: Random) -> timedelta:
        """Between half and the whole of the doubled base, so that a trial is never immediate."""
        return doubled(self.base, failures - self.threshold, self.cap) * (0.5 + chance.random() / 2)


@dataclass(frozen=True, slots=True)
class PartnerState:
    """
    How a partner is doing: calls in a row without a sign of life, until when it is left alone, until when a trial is
    lent to some worker, and by how much it is slowed down.
    """

    failures: int = 0
    hold_until: datetime | None = None
    trial_until: datetime | None = None
    slowdown: float = 1.0

    def held(self, now: datetime) -> bool:
        return self.hold_until is not None and now < self.hold_until


def half_open(state: PartnerState, now: datetime, breaker: BreakerPolicy) -> bool:
    """Whether only a trial may go: the breaker has opened, its time is over, and no call has shown a sign of life."""
    return state.failures >= breaker.threshold and not state.held(now)


def may_try(state: PartnerState, now: datetime, breaker: BreakerPolicy) -> bool:
    """Whether the trial is free: a worker that took it and vanished holds it until its lease ends."""
    return half_open(state, now, breaker) and (state.trial_until is None or now >= state.trial_until)


def after_call(
    state: PartnerState, error: DeliveryError | None, *, now: datetime, breaker: BreakerPolicy, chance: Random
) -> PartnerState:
    """
    The partner's state after one call; *error* is None for a clean answer.

    ``Retry-After`` holds the whole partner, in full. Refused credentials open the breaker at once: more logins
    would lock the account.
    """
    if isinstance(error, Held):
        return state
    if error is None or not isinstance(error, Unreachable | Busy | OutcomeUnknown | AuthenticationFailed):
        hold = state.hold_until if state.held(now) else None
        if (state.failures, state.hold_until, state.trial_until) == (0, hold, None):
            return state
        return PartnerState(0, hold, None, state.slowdown)
    # While the breaker is open nothing is sent: what ends now began before, and is no news of the partner.
    is_open = state.held(now) and state.failures >= breaker.threshold
    failures = state.failures if is_open else state.failures + 1
    if isinstance(error, AuthenticationFailed):
        failures = max(failures, breaker.threshold)
    holds = [at for at in (state.hold_until,) if at is not None and at > now]
    if error.retry_after is not None:
        holds.append(now + error.retry_after)
    if failures >= breaker.threshold and not is_open:
        holds.append(now + breaker.pause(failures, chance))
    hold = max(holds, default=None)
    return replace(state, failures=failures, hold_until=hold, trial_until=None if hold else state.trial_until)


def merge(stored: PartnerState, news: PartnerState, now: datetime) -> PartnerState:
    """
    What all workers know, once one of them tells what its own calls have shown.

    The longer hold counts: a worker that did not hear of one does not end it. A sign of life closes the breaker and
    ends the trial. A worker that counts failures on its own never lowers the count of the others.
    """
    holds = [at for at in (stored.hold_until, news.hold_until) if at is not None and at > now]
    hold = max(holds, default=None)
    if news.failures == 0:
        return PartnerState(0, hold, None, news.slowdown)
    new_hold = news.hold_until is not None and news.hold_until > now and news.hold_until != stored.hold_until
    return PartnerState(
        max(stored.failures, news.failures), hold, None if new_hold else stored.trial_until, news.slowdown
    )
