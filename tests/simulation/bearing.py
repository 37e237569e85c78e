"""
What the portal bears, and when it is to be left alone: the books of somebody who reads every order and every claim.

Orders reach a process with its next exchange; until then it may go by what it knew.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from gateway.policy import Control, Limits, RateLimit, Windows, closed_until
from gateway.ports import Message
from gateway.store.contract import Claim
from tests.simulation.clock import MachineClock
from tests.simulation.plan import Plan

if TYPE_CHECKING:
    from tests.simulation.process import Errand

_BLINK_S = 0.001
"""Moments are microseconds, the story is floating seconds."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a process heard at its last exchange: whether the partner is paused, and when it is closed."""

    paused: bool = False
    windows: tuple[Windows, ...] = ()

    def closed(self, now: datetime) -> str:
        if self.paused:
            return "paused"
        return "closed for maintenance" if closed_until(self.windows, now) is not None else ""


@dataclass(slots=True)
class Allotted:
    """
    What one errand may do: a call from each of *starts* on, in seconds of the story, under the *limits* of its claim.
    """

    limits: Limits = field(default_factory=Limits)
    starts: list[float] = field(default_factory=list)
    calls: int = 0


class Bearing:
    """Orders that hold, calls that were allotted, and what is wrong with a claim or a call."""

    def __init__(self, plan: Plan) -> None:
        self._configured = plan.limits
        self._windows = plan.windows
        self.control = Control()
        self.paused = False
        self.paused_lanes: set[str] = set()
        self._allotted: dict[tuple[int, int], Allotted] = {}
        self._epochs: list[tuple[RateLimit, list[float]]] = []
        self._note_rate()

    @property
    def limits(self) -> Limits:
        return self.control.limits(self._configured)

    @property
    def known(self) -> Known:
        return Known(self.paused, (*self._windows, *self.control.windows))

    def order(self, control: Control) -> None:
        self.control = control
        self._note_rate()

    def _note_rate(self) -> None:
        rate = self.limits.rate
        if rate is not None and (not self._epochs or self._epochs[-1][0] != rate):
            self._epochs.append((rate, []))

    def allot(self, start_s: float) -> None:
        """One more call was allotted, under the rate that holds now."""
        if self.limits.rate is not None:
            self._epochs[-1][1].append(start_s)

    def claimed(self, who: str, now: datetime, claims: Sequence[Claim], clock: MachineClock) -> list[str]:
        """What is wrong with *claims* that were lent out to somebody to whom it was *now*."""
        wrong: list[str] = []
        closed = self.known.closed(now)
        if claims and closed:
            wrong.append(f"{who} claims although the partner is {closed}")
        wrong += [
            f"{who} claims of {claim.messages[0].dossier}, which is paused"
            for claim in claims
            if claim.messages[0].dossier in self.paused_lanes
        ]
        for _, call in groupby(claims, key=lambda claim: claim.call):
            first = next(iter(call))
            assert first.start is not None
            start_s = clock.second_of(first.start)
            self.allot(start_s)
            self._allotted[first.lane, first.token] = Allotted(self.limits, [start_s])
        return wrong

    def allotted(self, claims: Sequence[Claim]) -> Allotted:
        """What the errand that carries *claims* may do."""
        return self._allotted.pop((claims[0].lane, claims[0].token))

    def begins(
        self,
        errand: Errand,
        messages: Sequence[Message],
        now: datetime,
        elapsed_s: float,
        under_way: Collection[Errand],
    ) -> list[str]:
        """What is wrong with a call that begins now, beside the others *under_way* on leases that live."""
        who, allotted = errand.process.name, errand.allotted
        allotted.calls += 1
        wrong: list[str] = []
        closed = errand.process.knows.closed(now)
        if closed:
            wrong.append(f"{who} calls although the partner is {closed}")
        if allotted.limits.rate is not None:
            if allotted.calls > len(allotted.starts):
                wrong.append(f"{who} makes {allotted.calls} calls, {len(allotted.starts)} were allotted")
            elif elapsed_s < allotted.starts[allotted.calls - 1] - _BLINK_S:
                wrong.append(f"{who} calls before its time")
        bounds = [each.allotted.limits.in_flight for each in under_way]
        if None not in bounds and len(bounds) > max(filter(None, bounds)):
            wrong.append(f"{len(bounds)} calls are under way, {max(filter(None, bounds))} may be")
        most = allotted.limits.batch.get(messages[0].operation)
        if most is not None and len(messages) > most:
            wrong.append(f"{who} sends {len(messages)} messages in one call instead of {most}")
        return wrong

    def beyond_the_rate(self) -> list[str]:
        """Where more calls were allotted in some stretch of time than the rate and its burst allow."""
        return [text for rate, starts in self._epochs for text in _crowded(rate, sorted(starts))]


def _crowded(rate: RateLimit, starts: Sequence[float]) -> list[str]:
    """A bucket of *burst* tokens, filled at the rate, from which each of *starts* takes one."""
    apart_s = rate.per.total_seconds() / rate.calls
    free_at_s = float("-inf")
    for number, at_s in enumerate(starts):
        if at_s < free_at_s - apart_s * (rate.burst - 1) - _BLINK_S:
            return [f"call {number} of {len(starts)} exceeds {rate.calls} calls in {rate.per.total_seconds():g} s"]
        free_at_s = max(free_at_s, at_s) + apart_s
    return []
