"""
A rate limit as a token bucket, kept as one moment: the *arrival* from which on the bucket would be full again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_US = timedelta(microseconds=1)
_FAR = timedelta(hours=1)
_DEEPEST = timedelta(days=3660)
"""A bucket that takes longer to fill is never empty; dates end."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most *calls* in each *per*, of which *burst* may come at once."""

    calls: int
    per: timedelta = timedelta(seconds=1)
    burst: int = 1

    @property
    def apart_us(self) -> int:
        """Microseconds between two calls at the full rate, rounded up: never more than the limit."""
        return -(-(self.per // _US) // self.calls)


def draw(
    limit: RateLimit, arrival: datetime | None, now: datetime, want: int, ahead: timedelta
) -> tuple[tuple[datetime, ...], datetime | None]:
    """
    When each of up to *want* calls may begin, as far as that is by *now* + *ahead*, and the new *arrival*.

    In any time t no more than burst + t * calls / per begin. A clock that was set back far does not block: an *arrival*
    that no draw of the last hour can have left is taken for an empty bucket.
    """
    apart = timedelta(microseconds=limit.apart_us)
    depth = min(_DEEPEST // _US, limit.apart_us * (limit.burst - 1)) * _US
    at = now if arrival is None else max(now, arrival)
    if at > now + depth + apart + max(ahead, limit.per, _FAR):
        at = arrival = now + depth + apart
    starts: list[datetime] = []
    while len(starts) < want:
        start = max(now, at - depth)
        if start > now + ahead:
            break
        starts.append(start)
        at = max(at, start) + apart
    return tuple(starts), at if starts else arrival
