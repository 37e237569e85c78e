"""What the tests of the store tell it."""

from __future__ import annotations

from datetime import timedelta

from gateway.model import Change, Dossier, Matter, Notice, ProcessingStep
from gateway.ports import Receipt
from gateway.store.base import SqlStore
from tests.builders import a_dossier, a_step
from tests.clocks import TestClock
from tests.partners import ScriptedPartner

CLOCK = TestClock()
PARTNER = ScriptedPartner()


def change(body: Dossier | ProcessingStep | Notice | Matter, source_id: str = "1") -> Change:
    return Change(source="test", source_id=source_id, body=body)


def accept(store: SqlStore, *changes: Change, connection: object | None = None) -> list[Receipt]:
    return store.accept(changes, [PARTNER], now=CLOCK.now(), connection=connection)


def a_history(count: int = 3) -> tuple[Dossier, list[ProcessingStep]]:
    dossier = a_dossier()
    steps = [
        a_step(
            dossier=dossier.code,
            at=dossier.status_at + timedelta(hours=n),
            status=dossier.status,
            content=f"Bước {n}",
        )
        for n in range(count)
    ]
    return dossier, steps
