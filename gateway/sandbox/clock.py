"""
A clock that does not wait: nine days pass in two seconds.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Final

START: Final = datetime(2026, 2, 13, 1, 0, tzinfo=UTC)
"""Where a virtual clock starts unless told otherwise: a Friday morning in Vietnam, four days before Tết 2026."""

_PAUSE_S: Final = 0.001
_LONGEST_PAUSE_S: Final = 0.016


class VirtualClock:
    """
    ``gateway.ports.Clock`` with time of its own, for the gateway and its partners' mocks alike.

    Whoever waits makes time jump to the earliest moment that anybody waits for, once nobody says to be busy. With
    *ticking* time also passes as the machine's does. Time never goes back. Safe to share between threads.
    """

    def __init__(self, start: datetime = START, *, ticking: bool = False) -> None:
        self._lock = threading.Lock()
        self._base = start
        self._ticking = ticking
        self._began = time.monotonic()
        self._busy = 0
        self._waiting: dict[object, datetime] = {}

    def now(self) -> datetime:
        with self._lock:
            return self._now()

    def _now(self) -> datetime:
        return self._base + timedelta(seconds=time.monotonic() - self._began) if self._ticking else self._base

    def advance(self, by: timedelta) -> datetime:
        """Let time pass. Refuses to go back."""
        if by < timedelta(0):
            raise ValueError("time does not go back")
        with self._lock:
            self._base += by
            return self._now()

    def busy(self, working: bool) -> None:
        with self._lock:
            self._busy += 1 if working else -1
            if self._busy < 0:
                raise ValueError("nobody was busy")

    def wait(self, wake: Event, until: datetime) -> None:
        """Return when *wake* is set, or at *until*; nobody else being busy, that is at once."""
        ticket = object()
        pause = _PAUSE_S
        with self._lock:
            self._waiting[ticket] = until
        try:
            while not wake.wait(pause):
                pause = min(2 * pause, _LONGEST_PAUSE_S)
                with self._lock:
                    if self._now() >= until:
                        return
                    if self._busy == 0 and until == min(self._waiting.values()):
                        self._base += until - self._now()
                        return
        finally:
            with self._lock:
                del self._waiting[ticket]
