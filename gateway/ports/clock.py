"""
Time as the core asks for it, and the machine's own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event
from typing import Protocol


class Clock(Protocol):
    """Time as an argument. ``now`` is aware and UTC."""

    def now(self) -> datetime: ...

    def wait(self, wake: Event, until: datetime) -> None:
        """Return at *until*, or earlier: when *wake* is set, or to let the caller look around."""
        ...

    def busy(self, working: bool) -> None:
        """Say that work goes on, or that it rests: a virtual clock does not jump while anybody works."""
        ...


LOOK_AROUND_S = 0.5


class SystemClock:
    """The machine's clock. A wait ends after half a second at the latest, so that a stop is never slept through."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait(self, wake: Event, until: datetime) -> None:
        wake.wait(min(LOOK_AROUND_S, max(0.0, (until - self.now()).total_seconds())))

    def busy(self, working: bool) -> None:
        """Real time goes on anyway."""
