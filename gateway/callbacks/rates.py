"""How often each source may call, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock

from gateway.config.networks import source_key
from gateway.policy import RateLimit
from gateway.policy.rate import draw

MOST_SOURCES = 10_000


class SourceRates:
    """A bucket for each source; the one that was silent longest is forgotten first. Safe for several threads."""

    def __init__(self, limit: RateLimit, *, most: int = MOST_SOURCES) -> None:
        self._limit = limit
        self._most = most
        self._lock = Lock()
        self._arrivals: OrderedDict[str, datetime | None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._arrivals)

    def admits(self, source: str, now: datetime) -> bool:
        """Whether *source* may call now; if so, it has."""
        key = source_key(source)
        with self._lock:
            starts, arrival = draw(self._limit, self._arrivals.pop(key, None), now, 1, timedelta(0))
            self._arrivals[key] = arrival
            if len(self._arrivals) > self._most:
                self._arrivals.popitem(last=False)
        return bool(starts)
