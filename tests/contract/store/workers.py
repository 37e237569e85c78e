"""Workers that share one store, for tests of what they are lent and what bounds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from gateway.lifecycle import MessageEvent
from gateway.policy import PartnerState
from gateway.store.base import SqlStore
from gateway.store.contract import Claim, Settled, Turn, Verdict, Wish
from tests.builders import a_dossier
from tests.clocks import TestClock
from tests.contract.store.telling import change
from tests.partners import ScriptedPartner

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@dataclass
class Workers:
    """Workers that share one store, and the hands that move their clock."""

    store: SqlStore
    partner: ScriptedPartner = field(default_factory=ScriptedPartner)
    clock: TestClock = field(default_factory=TestClock)

    def accept(self, count: int, *, first: int = 0, backfill: bool = False) -> None:
        changes = [change(a_dossier(code=f"H99.01.01-260302-{n:04d}"), f"{n}") for n in range(first, first + count)]
        self.store.accept(changes, [self.partner], now=self.clock.now(), backfill=backfill)

    def turn(
        self, worker: str, lanes: int = 0, *settled: Settled, state: PartnerState | None = None, **wish: Any
    ) -> Turn:
        return self.store.exchange(
            "partner", self.partner.operations, worker=worker, settled=settled, state=state,
            wish=Wish(lanes, **{"lease": MINUTE, **wish}) if lanes else None, now=self.clock.now(),
        )  # fmt: skip

    def dossiers(self, turn: Turn) -> list[int]:
        return [int(claim.messages[0].dossier[-4:]) for claim in turn.claims]


def delivered(claims: Sequence[Claim]) -> list[Settled]:
    return [ended(claim, MessageEvent.DELIVER) for claim in claims]


def ended(claim: Claim, event: MessageEvent, **more: Any) -> Settled:
    return Settled(claim.lane, claim.token, tuple(Verdict(m.id, event, **more) for m in claim.messages))
