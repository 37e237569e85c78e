"""Whether a thread still does anything: a busy one uses processor time, however long it has nothing to tell."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta


class Life:
    """Signs of life of one thread; without any for *stillness* it hangs."""

    def __init__(self, stillness: timedelta) -> None:
        self._stillness = stillness
        self._thread: threading.Thread | None = None
        self._clock: int | None = None
        self._used_s = 0.0
        self._seen_at: datetime | None = None

    def begin(self) -> None:
        """Said by the thread itself."""
        self._thread = threading.current_thread()
        # Where the system has no clock for each thread, one that has not ended is taken to work.
        if hasattr(time, "pthread_getcpuclockid"):
            self._clock = time.pthread_getcpuclockid(threading.get_ident())

    def is_there(self, now: datetime) -> bool:
        """Asked by one other thread, now and then."""
        if self._thread is None or not self._thread.is_alive():
            return False
        used_s = self._used_s
        if self._clock is not None:
            used_s = time.clock_gettime(self._clock)
        if used_s != self._used_s or self._seen_at is None or self._clock is None:
            self._used_s, self._seen_at = used_s, now
        # A clock that was put back gives it no longer time.
        self._seen_at = min(self._seen_at, now)
        return now - self._seen_at < self._stillness
