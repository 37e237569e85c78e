"""Who was turned away, and how often: counted in memory, written down now and then."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime, timedelta

from gateway.config.networks import source_key
from gateway.notices import Why
from gateway.observe import Event, get_logger
from gateway.store import notices
from gateway.store.transactions import Transactions

log = get_logger(__name__)

APART = timedelta(seconds=1)
"""Nobody makes us write more often by calling more often."""
MOST = 1000
"""So many sources are counted by their address, the others together."""
OTHERS = "*"


class Strangers:
    """Safe for several threads."""

    def __init__(self, store: Transactions, *, most: int = MOST) -> None:
        self._store = store
        self._most = most
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, Why, str]] = Counter()
        self._known: set[str] = set()
        self._told_at: datetime | None = None

    def note(self, partner: str, why: Why, source: str, now: datetime) -> None:
        """Count one call; write down what was counted when the last time is a while ago. Raises ``StoreError``."""
        key = source_key(source)
        with self._lock:
            if key not in self._known and len(self._known) >= self._most:
                key = OTHERS
            self._known.add(key)
            self._counts[partner, why, key] += 1
            due = self._told_at is None or now - self._told_at >= APART
        if due:
            self.tell(now)

    def tell(self, now: datetime) -> None:
        """Write down what was counted. Raises ``StoreError``; what was counted stays counted then."""
        with self._lock:
            counted, self._counts = self._counts, Counter()
            self._told_at = now
        if not counted:
            return
        try:
            with self._store.writing() as sql:
                for (partner, why, source), times in sorted(counted.items()):
                    notices.turn_away(sql, partner, why, source, now, times)
        except BaseException:
            with self._lock:
                self._counts += counted
            raise
        for (partner, why, _), times in sorted(counted.items()):
            log.warning(Event.NOTICE_TURNED_AWAY, partner=partner, why=why.value, times=times)
