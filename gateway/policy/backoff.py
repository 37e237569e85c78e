"""
How long to wait before a call is made again, or before a partner is asked what became of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """
    Exponential backoff with full jitter, up to a horizon.

    *horizon* counts from the acceptance or the last requeue; 14 days outlive a Tết closure without a person.
    """

    base: timedelta = timedelta(seconds=2)
    cap: timedelta = timedelta(hours=1)
    horizon: timedelta = timedelta(days=14)

    def backoff(self, attempt: int, chance: Random) -> timedelta:
        """Wait before the call after *attempt* calls: anything from zero to the doubled base, at most *cap*."""
        return doubled(self.base, attempt, self.cap) * chance.random()


def doubled(base: timedelta, times: int, cap: timedelta) -> timedelta:
    factor = 1 << min(times, 64)
    return cap if base.total_seconds() * factor >= cap.total_seconds() else base * factor


@dataclass(frozen=True, slots=True)
class ProbePolicy:
    """
    The schedule of look-ups: between half and the whole of *base*, doubled each time up to *cap*.

    The first one waits too: a partner that was slow to answer may still be at work.
    """

    base: timedelta = timedelta(seconds=1)
    cap: timedelta = timedelta(minutes=15)

    def wait(self, asked: int, chance: Random) -> timedelta:
        """Wait before the look-up after *asked* that brought no answer."""
        return doubled(self.base, asked, self.cap) * (0.5 + chance.random() / 2)
