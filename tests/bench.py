"""The delivery engine on a real SQLite file, with a scripted partner and a clock that is set."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random

from gateway.delivery import Engine
from gateway.delivery.engine import Pace
from gateway.errors import OutcomeUnknown, Unreachable
from gateway.model import Change, Dossier, ProcessingStep
from gateway.policy import BreakerPolicy, RetryPolicy
from gateway.store.sqlite import SqliteStore
from tests.builders import a_step
from tests.clocks import TestClock
from tests.partners import ScriptedPartner

LOST = OutcomeUnknown("partner", "timeout", "no answer")


DOWN = Unreachable("partner", "refused", "connection refused")


class Bench:
    """A store, a partner, a clock and engines on them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = TestClock()
        self.partner = ScriptedPartner()
        self.store = SqliteStore(path, tenant="H99")

    def submit(self, *bodies: Dossier | ProcessingStep) -> None:
        changes = [Change(source="test", source_id=f"{n}:{body!r}", body=body) for n, body in enumerate(bodies)]
        receipts = self.store.accept(changes, [self.partner], now=self.clock.now())
        assert [r.refusal for r in receipts] == [None] * len(bodies)

    def engine(self, *, concurrency: int = 4, breaker: int = 1000, horizon: timedelta = timedelta(days=14)) -> Engine:
        return Engine(
            self.store,
            self.partner,
            self.clock,
            pace=Pace(concurrency=concurrency, poll=timedelta(milliseconds=20)),
            retry=RetryPolicy(horizon=horizon),
            breaker=BreakerPolicy(threshold=breaker),
            chance=Random(7),
        )

    def told(self) -> list[tuple[str, int]]:
        return [(operation, len(ids)) for _, operation, ids in self.partner.calls]


def steps_of(dossier: Dossier, count: int) -> list[ProcessingStep]:
    first = dossier.status_at
    return [
        a_step(dossier=dossier.code, at=first + timedelta(hours=n), status=dossier.status, content=f"Bước {n}")
        for n in range(count)
    ]
