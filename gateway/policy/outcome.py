"""
What follows a call or a look-up for one message.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from gateway.errors import DeliveryError, Held, OutcomeUnknown, Rejected
from gateway.lifecycle import MessageEvent
from gateway.policy.backoff import ProbePolicy, RetryPolicy
from gateway.ports import Finding, Probe

PROBES = ProbePolicy()


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
CONNECTOR_FAULT = "connector-fault"
"""A connector raised what it promises not to raise: its call may have had its effect."""
UNKNOWN_OPERATION = "unknown-operation"
"""The connector of this release has no such operation; another's may."""


def after_failure(
    error: DeliveryError,
    *,
    attempts: int,
    since: datetime,
    now: datetime,
    retry: RetryPolicy,
    chance: Random,
    probes: ProbePolicy = PROBES,
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
        return Decision(MessageEvent.LOSE, at=now + probes.wait(attempts - 1, chance))
    wait = retry.backoff(attempts, chance)
    if error.retry_after is not None:
        wait = max(wait, error.retry_after)
    if now + wait > since + retry.horizon:
        return Decision(MessageEvent.REJECT, code=EXPIRED, text=f"[{error.code}] {error.text}")
    return Decision(MessageEvent.RETRY, at=now + wait)


def after_probe(probe: Probe, *, harmless: bool, since: datetime, now: datetime, retry: RetryPolicy) -> Decision:
    """
    Decide what a look-up means for a message whose outcome was unknown.

    What cannot be told, or differs from what was sent, is settled by sending again where that is harmless; otherwise a
    person decides, with the evidence: the gateway never guesses.
    """
    if probe.finding is Finding.APPLIED:
        return Decision(MessageEvent.APPLIED)
    if probe.finding is not Finding.ABSENT and not harmless:
        return Decision(MessageEvent.GIVE_UP, code=UNDECIDABLE, text=probe.evidence)
    if now > since + retry.horizon:
        return Decision(MessageEvent.GIVE_UP, code=EXPIRED, text=probe.evidence)
    return Decision(MessageEvent.ABSENT, at=now)


def after_failed_probe(
    error: DeliveryError,
    *,
    attempts: int,
    since: datetime,
    now: datetime,
    retry: RetryPolicy,
    chance: Random,
    probes: ProbePolicy = PROBES,
) -> Decision:
    """Decide what follows a look-up that got no answer: ask later, until the horizon."""
    wait = max(probes.wait(attempts, chance), error.retry_after or timedelta(0))
    if now + wait > since + retry.horizon:
        return Decision(MessageEvent.GIVE_UP, code=UNDECIDABLE, text=f"[{error.code}] {error.text}")
    return Decision(MessageEvent.DEFER, at=now + wait)
