"""
What happens next: events in the order of virtual time, ties in the order in which they were planned.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.simulation.clock import MachineClock


@dataclass(order=True, slots=True)
class _Event:
    at_s: float
    number: int
    action: Callable[[], None] = field(compare=False)


class Scheduler:
    """The one who decides. Nothing else moves the clock, save a machine that is suspended."""

    def __init__(self, clock: MachineClock) -> None:
        self._clock = clock
        self._events: list[_Event] = []
        self._planned = 0
        self.steps = 0

    def after(self, delay_s: float, action: Callable[[], None]) -> None:
        self._planned += 1
        heapq.heappush(self._events, _Event(self._clock.elapsed_s + max(0.0, delay_s), self._planned, action))

    def run(self, most_steps: int) -> bool:
        """Until nothing is planned any more; false when that takes more than *most_steps* in all."""
        while self._events:
            self.steps += 1
            if self.steps > most_steps:
                return False
            event = heapq.heappop(self._events)
            self._clock.elapsed_s = max(self._clock.elapsed_s, event.at_s)
            event.action()
        return True
