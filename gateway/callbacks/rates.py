"""How often each source may call, in bounded memory."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock

from gateway.policy import RateLimit
from gateway.policy.rate import draw

MOST_SOURCES = 10_000
_SIX_BITS = 64
"""One customer of a network has that many bits of IPv6 addresses to call from."""


def source_key(source: str) -> str:
    """The address that counts: a network of IPv6 addresses counts as one."""
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, _SIX_BITS), strict=False))
    return str(address)


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
