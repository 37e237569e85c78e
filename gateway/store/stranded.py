"""
Steps that arrived late, and lose the later step which let them be told.

A portal takes its status from the latest step that it knows, so the ledger tells a late step only behind a later one.
When a person cancels that one, what is late behind it would move the public status back: it stays in the ledger, and
is told to nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from gateway.lifecycle import Advance, MessageState
from gateway.model import ProcessingStep
from gateway.model.change import read_body
from gateway.store.moments import to_us
from gateway.store.sql import Statements

_CANCELLED = MessageState.CANCELLED.value
_WAITING = (MessageState.PENDING.value, MessageState.DEAD.value)


class Step(NamedTuple):
    """A step that a partner was told, or is to be: which message, whether it was late, and when it was done."""

    id: int
    version: int
    operation: str
    state: str
    late: bool
    at: datetime


class Stranded(NamedTuple):
    """What must not be told any more, and the latest step that the partner knows or will know: before, and now."""

    steps: tuple[Step, ...]
    was: datetime | None
    latest: datetime | None


def stranded(steps: Sequence[Step], cancelled: Collection[int]) -> Stranded:
    """What loses its later step as the messages *cancelled* go; *steps* of one lane in their order."""
    lost: list[Step] = []
    was: datetime | None = None
    latest: datetime | None = None
    for step in steps:
        if step.state == _CANCELLED:
            continue
        if step.id not in cancelled:
            if step.late and step.state in _WAITING and _hides(was, step) and not _hides(latest, step):
                lost.append(step)
                continue
            latest = step.at if latest is None else max(latest, step.at)
        was = step.at if was is None else max(was, step.at)
    return Stranded(tuple(lost), was, latest)


def _hides(latest: datetime | None, step: Step) -> bool:
    return latest is not None and step.at <= latest


def strand(sql: Statements, partner: str, dossier_id: int, cancelled: Collection[int]) -> tuple[Step, ...]:
    """The steps that go with those *cancelled*; the dossier forgets that partners know of a later one."""
    found = stranded(_steps(sql, partner, dossier_id), cancelled)
    if found.was is not None and found.latest != found.was:
        sql.run(
            "lower_step_at",
            dossier_id=dossier_id,
            was=to_us(found.was),
            step_at=None if found.latest is None else to_us(found.latest),
        )
    return found.steps


def _steps(sql: Statements, partner: str, dossier_id: int) -> list[Step]:
    steps: list[Step] = []
    for id_, version, operation, state, advance, text in sql.rows("steps_told", partner=partner, dossier_id=dossier_id):
        body = read_body(bytes(text))
        assert isinstance(body, ProcessingStep)
        steps.append(Step(id_, version, operation, state, advance == Advance.LATE.value, body.at))
    return steps
