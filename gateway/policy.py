"""
What to do after a call: pure decisions over plain values. Time and chance are arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from gateway.errors import AuthenticationFailed, Busy, DeliveryError, Held, OutcomeUnknown, Rejected, Unreachable
from gateway.lifecycle import MessageEvent
from gateway.ports import Finding, Probe


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """
    Exponential backoff with full jitter, up to a horizon.

    *horizon* counts from the acceptance or the last requeue; 14 days outlive a Tết closure without a person.
    """

    base: timedelta = timedelta(seconds=2)
    cap: timedelta = timedelta(hours=1)
    horizon: timedelta = timedelta(days=14)

    def backoff(self, attempt: int, chance: Random) -> timedelta:
        """Wait before the call after *attempt* calls: anything from zero to the doubled base, at most *cap*."""
        return _doubled(self.base, attempt, self.cap) * chance.random()


def _doubled(base: timedelta, times: int, cap: timedelta) -> timedelta:
    factor = 1 << min(times, 64)
    return cap if base.total_seconds() * factor >= cap.total_seconds() else base * factor


@dataclass(frozen=True, slots=True)
class Decision:
    """
    The event that a message undergoes, and when it may be touched again.

    *code* and *text* are the cause when the message goes dead.
    """

    event: MessageEvent
    at: datetime | None = None
    code: str = ""
    text: str = ""


EXPIRED = "expired"
UNDECIDABLE = "outcome-unknown"


def after_failure(
    error: DeliveryError, *, attempts: int, since: datetime, now: datetime, retry: RetryPolicy, chance: Random
) -> Decision:
    """
    Decide what follows a call that failed with *error*.

    *attempts* counts the calls made, this one included; *since* is when the horizon began.
    """
    if isinstance(error, Rejected):
        return Decision(MessageEvent.REJECT, code=error.code, text=error.text)
    if isinstance(error, Held):
        return Decision(MessageEvent.RELEASE, at=now + (error.retry_after or timedelta(0)))
    if isinstance(error, OutcomeUnknown):
        return Decision(MessageEvent.LOSE, at=now + retry.backoff(attempts - 1, chance))
    wait = retry.backoff(attempts, chance)
    if error.retry_after is not None:
        wait = max(wait, error.retry_after)
    if now + wait > since + retry.horizon:
        return Decision(MessageEvent.REJECT, code=EXPIRED, text=f"[{error.code}] {error.text}")
    return Decision(MessageEvent.RETRY, at=now + wait)


def after_probe(probe: Probe, *, harmless: bool, since: datetime, now: datetime, retry: RetryPolicy) -> Decision:
    """
    Decide what a look-up means for a message whose outcome was unknown.

    What cannot be told is settled by sending again where that is harmless; otherwise a person decides,
    with the evidence: the gateway never guesses.
    """
    if probe.finding is Finding.APPLIED:
        return Decision(MessageEvent.APPLIED)
    if now > since + retry.horizon:
        return Decision(MessageEvent.GIVE_UP, code=EXPIRED, text=probe.evidence)
    if probe.finding is Finding.CANNOT_TELL and not harmless:
        return Decision(MessageEvent.GIVE_UP, code=UNDECIDABLE, text=probe.evidence)
    return Decision(MessageEvent.ABSENT, at=now)


def after_failed_probe(
    error: DeliveryError, *, attempts: int, since: datetime, now: datetime, retry: RetryPolicy, chance: Random
) -> Decision:
    """Decide what follows a look-up that got no answer: ask later, until the horizon."""
    wait = max(retry.backoff(attempts, chance), error.retry_after or timedelta(0))
    if now + wait > since + retry.horizon:
        return Decision(MessageEvent.GIVE_UP, code=UNDECIDABLE, text=f"[{error.code}] {error.text}")
    return Decision(MessageEvent.DEFER, at=now + wait)


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
        return _doubled(self.base, failures - self.threshold, self.cap) * (0.5 + chance.random() / 2)


@dataclass(frozen=True, slots=True)
class PartnerState:
    """How a partner is doing: calls in a row without a sign of life, and until when it is left alone."""

    failures: int = 0
    hold_until: datetime | None = None

    def held(self, now: datetime) -> bool:
        return self.hold_until is not None and now < self.hold_until


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
        return PartnerState(hold_until=state.hold_until if state.held(now) else None)
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
    return PartnerState(failures, max(holds, default=None))
