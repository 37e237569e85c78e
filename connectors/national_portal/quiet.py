"""
``Retry-After`` for every thread at once: an errand of several calls must not go on after another was sent away.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from gateway.errors import Held


class Quiet:
    """Until when the portal wants to hear nothing. Safe for several threads."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._until: datetime | None = None

    def keep(self, wait: timedelta | None) -> None:
        """Call nobody for *wait*; a longer quiet that was asked for before stays."""
        if wait is None:
            return
        with self._lock:
            until = self._now() + wait
            self._until = until if self._until is None else max(until, self._until)

    def check(self, partner: str) -> None:
        """Raise ``Held`` while the portal wants quiet."""
        until = self._until
        if until is None:
            return
        left = until - self._now()
        if left > timedelta(0):
            raise Held(
                partner,
                "held",
                "Cổng đã hẹn gọi lại sau, chưa gửi / the portal said when to come back, nothing was sent",
                retry_after=left,
            )
