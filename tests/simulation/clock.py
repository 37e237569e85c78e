"""
The times of a simulated machine and of its partner, moved by the scheduler alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Final

START: Final = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)


class MachineClock:
    """
    ``gateway.ports.Clock`` for all processes of one machine.

    *elapsed_s* is how long the world has lasted; the machine's wall clock may be behind it.
    """

    def __init__(self) -> None:
        self.elapsed_s = 0.0
        self._behind = timedelta(0)

    def now(self) -> datetime:
        """What the machine takes for the time."""
        return self.true() - self._behind

    def true(self) -> datetime:
        """What time it is at the partner."""
        return START + timedelta(seconds=self.elapsed_s)

    def elapsed(self) -> float:
        """Seconds since it was started, its sleep included: what ``elapsed_s`` of a connector tells."""
        return self.elapsed_s

    def second_of(self, moment: datetime) -> float:
        """When in the story the wall clock shows *moment*, as it is set now."""
        return self.elapsed_s + (moment - self.now()).total_seconds()

    def set_back(self, seconds: float) -> None:
        """Somebody corrects the wall clock."""
        self._behind += timedelta(seconds=seconds)

    def wait(self, wake: Event, until: datetime) -> None:
        raise AssertionError("nothing waits in a simulation: the scheduler decides what comes next")

    def busy(self, working: bool) -> None:
        """Nobody works while the scheduler does not let him."""


class ProcessClock:
    """The machine's clock as one process has it: who waits for a moment lets virtual time pass."""

    def __init__(self, machine: MachineClock, sleep: Callable[[float], None]) -> None:
        self._machine = machine
        self._sleep = sleep

    def now(self) -> datetime:
        return self._machine.now()

    def wait(self, wake: Event, until: datetime) -> None:
        self._sleep(max(0.001, (until - self.now()).total_seconds()))

    def busy(self, working: bool) -> None:
        """Nobody works while the scheduler does not let him."""
