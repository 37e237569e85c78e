"""A courier's work, told under the id of what led to it: counted by its observer, logged at level debug, traced."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from gateway.delivery.courier import Courier
from gateway.observe import NOBODY, Event, correlated, get_logger
from gateway.observe.tracing import led_to, recording, span
from gateway.store.contract import Claim, Settled

log = get_logger(__name__)
_LEVELS = logging.getLogger(__name__)


def carry(courier: Courier, claims: Sequence[Claim]) -> list[Settled]:
    """``Courier.carry``, and whoever wants to know hears of it."""
    traces = [message.trace for claim in claims for message in claim.messages if message.trace]
    if not traces:
        return _carry(courier, claims, ())
    correlation, before = led_to(traces)
    with correlated(correlation):
        return _carry(courier, claims, before)


def _carry(courier: Courier, claims: Sequence[Claim], before: Sequence[str]) -> list[Settled]:
    settled = _traced(courier, claims, before) if recording() else courier.carry(claims)
    if courier.observer is not NOBODY:
        for claim, item in zip(claims, settled, strict=True):
            first = claim.messages[0]
            courier.observer.carried(first.partner, first.operation, [verdict.event for verdict in item.verdicts])
    if _LEVELS.isEnabledFor(logging.DEBUG):
        _log(claims, settled)
    return settled


def _traced(courier: Courier, claims: Sequence[Claim], before: Sequence[str]) -> list[Settled]:
    first = claims[0].messages[0]
    messages = sum(len(claim.messages) for claim in claims)
    told: dict[str, str | int] = {"partner": first.partner, "operation": first.operation, "messages": messages}
    with span(f"deliver {first.partner}", "consumer", told, after=before):
        return courier.carry(claims)


def _log(claims: Sequence[Claim], settled: Sequence[Settled]) -> None:
    """One record for each message: those of one call may come from many requests."""
    for claim, item in zip(claims, settled, strict=True):
        for message, verdict in zip(claim.messages, item.verdicts, strict=True):
            correlation, _ = led_to([message.trace])
            with correlated(correlation):
                log.debug(
                    Event.MESSAGE_CARRIED, partner=message.partner, operation=message.operation, key=message.key,
                    became=verdict.event.value,
                )  # fmt: skip
