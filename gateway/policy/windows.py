"""
Announced times in which a partner is not called: once, or every week by the clock of Vietnam.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from gateway.model.times import VIETNAM

_DAY = timedelta(days=1)
_LOOK_AGAIN = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Window:
    """Closed from *begin* (inclusive) to *end*; both aware."""

    begin: datetime
    end: datetime
    reason: str = ""

    def around(self, now: datetime) -> Window | None:
        """The window itself while it is open."""
        return self if self.begin <= now < self.end else None


@dataclass(frozen=True, slots=True)
class Weekly:
    """
    Closed on *days* (0 is Monday) from *begin* to *end* by the clock of Vietnam; an *end* not after *begin* is on the
    next day.
    """

    days: frozenset[int]
    begin: time
    end: time
    reason: str = ""

    def around(self, now: datetime) -> Window | None:
        """The occurrence that covers *now*."""
        today = now.astimezone(VIETNAM).date()
        for day in (today, today - _DAY):
            if day.weekday() in self.days:
                begin = datetime.combine(day, self.begin, VIETNAM)
                end = datetime.combine(day if self.end > self.begin else day + _DAY, self.end, VIETNAM)
                if begin <= now < end:
                    return Window(begin, end, self.reason)
        return None


Windows = Window | Weekly


def closed_until(windows: Iterable[Windows], now: datetime) -> datetime | None:
    """
    When the partner opens again, or when to look again whether it does; None while it is open. Windows that touch or
    overlap are one.
    """
    known = tuple(windows)
    at = now
    # A partner that is closed every day around the clock never opens: a week of windows is enough to know.
    while at < now + 8 * _DAY:
        ends = [window.end for each in known if (window := each.around(at)) is not None]
        if not ends:
            break
        at = max(ends)
    return None if at == now else min(at, now + _LOOK_AGAIN)
