"""Time for tests: it moves when it is told to, or when an engine has nothing to do but wait."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class TestClock:
    """Starts on a Monday morning in Vietnam; a wait jumps to its end, unless somebody is busy."""

    __test__ = False

    def __init__(self, now: datetime = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)) -> None:
        self._lock = threading.Lock()
        self._now = now
        self.waits = 0

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def advance(self, by: timedelta) -> None:
        with self._lock:
            self._now += by

    def wait(self, wake: threading.Event, until: datetime) -> None:
        if not wake.is_set():
            with self._lock:
                self.waits += 1
                self._now = max(self._now, until)

    def busy(self, working: bool) -> None:
        """A call takes no time here."""
