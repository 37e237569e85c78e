"""A courier's work, told: counted by its observer, logged at level debug, traced."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from gateway.delivery.courier import Courier
from gateway.observe import Event, get_logger
from gateway.observe.tracing import span
from gateway.store.contract import Claim, Settled

log = get_logger(__name__)
_LEVELS = logging.getLogger(__name__)


def carry(courier: Courier, claims: Sequence[Claim]) -> list[Settled]:
    """``Courier.carry``, and whoever wants to know hears of it."""
    first = claims[0].messages[0]
    messages = sum(len(claim.messages) for claim in claims)
    told: dict[str, str | int] = {"partner": first.partner, "operation": first.operation, "messages": messages}
    with span(f"deliver {first.partner}", "consumer", told):
        settled = courier.carry(claims)
        for claim, item in zip(claims, settled, strict=True):
            events = [verdict.event for verdict in item.verdicts]
            courier.observer.carried(first.partner, claim.messages[0].operation, events)
            if _LEVELS.isEnabledFor(logging.DEBUG):
                keys = [message.key for message in claim.messages]
                log.debug(Event.MESSAGES_CARRIED, **told, keys=keys, events=[event.value for event in events])
    return settled
