"""The order of a dossier's steps, and whether the law knows such an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby, permutations

from gateway.errors import IllegalTransition
from gateway.lifecycle import Advance, advance
from gateway.model import DossierStatus, ProcessingStep

_MOST_TIED = 6

PULL_BACKS = frozenset(
    {
        (DossierStatus.PROCESSING, DossierStatus.ACCEPTED),
        (DossierStatus.FINISHED, DossierStatus.PROCESSING),
    }
)
"""Legal moves back (class rollback of ``transitions.csv``): true only when somebody dated them."""


@dataclass(frozen=True, slots=True)
class ReadStep:
    """A step, the row index it came from, and its number within the dossier where the file has one."""

    step: ProcessingStep
    row: int
    order: int = 0


class WrongOrder(Exception):
    """A status that cannot follow the one before it, with the step that has it (None: the header)."""

    def __init__(self, refusal: IllegalTransition, at: ReadStep | None) -> None:
        super().__init__(refusal, at)
        self.refusal = refusal
        self.at = at


def ordered(steps: Sequence[ReadStep]) -> list[ReadStep]:
    """
    *steps* by time, then by their own number, then as the file has them.

    Exports with days instead of times put several steps on one moment, often newest first. Of such steps the order
    with the fewest jumps, pull-backs and repeats is taken; among equals, the file's own.
    """
    line: list[ReadStep] = []
    before: DossierStatus | None = None
    in_time = sorted(steps, key=lambda read: (read.step.at, read.order))
    for _, tied in groupby(in_time, key=lambda read: (read.step.at, read.order)):
        group = tuple(tied)
        if 1 < len(group) <= _MOST_TIED and _oddness(before, group):
            group = min(permutations(group), key=partial(_oddness, before))
        line.extend(group)
        before = line[-1].step.status
    return line


def _oddness(before: DossierStatus | None, steps: tuple[ReadStep, ...]) -> int:
    """0 when each status is a plain next one; one more for each that is not, many for what no law knows."""
    at = steps[0].step.at
    odd = 0
    for read in steps:
        status = read.step.status
        try:
            effect = advance(before, at, status, at)
        except IllegalTransition:
            odd += 100
        else:
            odd += effect is not Advance.MOVED or (before, status) in PULL_BACKS
        before = status
    return odd


def check(steps: Sequence[ReadStep], status: DossierStatus, status_at: datetime) -> None:
    """Raise WrongOrder at the first status of *steps*, then the header's, that cannot follow the one before it."""
    before: tuple[DossierStatus, datetime] | None = None
    for read in steps:
        _move(before, read.step.status, read.step.at, read)
        before = (read.step.status, read.step.at)
    if before is not None:
        _move(before, status, max(status_at, before[1]), None)


def _move(
    before: tuple[DossierStatus, datetime] | None, status: DossierStatus, at: datetime, read: ReadStep | None
) -> None:
    try:
        advance(before[0] if before else None, before[1] if before else None, status, at)
    except IllegalTransition as refusal:
        raise WrongOrder(refusal, read) from None
