"""
From a worker's clock to the one that rules leases, and back: every moment of an exchange, moved by as much.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from gateway.policy import PartnerState
from gateway.store.contract import Settled, Turn


def later(moment: datetime | None, by: timedelta) -> datetime | None:
    return None if moment is None else moment + by


def state_later(state: PartnerState | None, by: timedelta) -> PartnerState | None:
    if state is None or not by:
        return state
    return replace(state, hold_until=later(state.hold_until, by), trial_until=later(state.trial_until, by))


def settled_later(item: Settled, by: timedelta) -> Settled:
    return item._replace(
        verdicts=tuple(
            verdict if verdict.not_before is None else verdict._replace(not_before=verdict.not_before + by)
            for verdict in item.verdicts
        ),
    )


def turn_later(turn: Turn, by: timedelta) -> Turn:
    partner = state_later(turn.partner, by)
    assert partner is not None
    return replace(
        turn,
        claims=tuple(
            claim._replace(lease_until=claim.lease_until + by, start=later(claim.start, by)) for claim in turn.claims
        ),
        partner=partner,
        until=later(turn.until, by),
    )
