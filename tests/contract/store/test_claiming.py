"""What every store promises about claims, limits and records; real databases, a clock that is told what time it is."""

from __future__ import annotations

from datetime import timedelta

from gateway.policy import PartnerState
from gateway.store.base import SqlStore
from tests.contract.store.telling import CLOCK, PARTNER


def test_a_process_that_did_not_hear_of_a_hold_does_not_end_it(store: SqlStore) -> None:
    """
    One process is told to wait for an hour; another, with a clean answer on its way, records that all is well.
    """
    now, hour = CLOCK.now(), timedelta(hours=1)

    def record(state: PartnerState) -> PartnerState:
        return store.exchange(
            "partner", PARTNER.operations, worker="w", settled=[], state=state, wish=None, now=now
        ).partner

    record(PartnerState(failures=1, hold_until=now + hour))

    assert record(PartnerState()) == PartnerState(failures=0, hold_until=now + hour)
    assert record(PartnerState(hold_until=now + 2 * hour)).hold_until == now + 2 * hour
