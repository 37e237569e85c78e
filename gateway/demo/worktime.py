"""
Working time of an office: which days count, which hours, and what lies so many of them ahead.

Days off and worked Saturdays come from the shipped calendar; hours are 07:30-11:30 and 13:30-17:00. All times are
aware and Vietnamese.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from gateway.model.times import VIETNAM

LATE_ACCEPTANCE = time(15, 0)
"""What is accepted from here on is passed on at the start of the next working day (NĐ 118/2025 Đ18.2)."""

_SHIFTS = ((time(7, 30), time(11, 30)), (time(13, 30), time(17, 0)))
_SATURDAY = 5


@dataclass(frozen=True)
class WorkCalendar:
    """Weekdays without *days_off*, and the *worked* weekend days."""

    days_off: frozenset[date]
    worked: frozenset[date]

    def is_working_day(self, day: date) -> bool:
        return day in self.worked or (day.weekday() < _SATURDAY and day not in self.days_off)

    def is_open(self, at: datetime) -> bool:
        return self.is_working_day(at.date()) and any(start <= at.time() < end for start, end in _SHIFTS)

    def next_working_day(self, day: date) -> date:
        """The first working day after *day*."""
        day += timedelta(days=1)
        while not self.is_working_day(day):
            day += timedelta(days=1)
        return day

    def opening(self, at: datetime) -> datetime:
        """*at* itself when the office is open, else the moment it next opens."""
        return next(max(at, start) for start, end in self._shifts_from(at.date()) if end > at)

    def next_morning(self, at: datetime) -> datetime:
        """The start of the next working day after *at*."""
        return datetime.combine(self.next_working_day(at.date()), _SHIFTS[0][0], VIETNAM)

    def add_seconds(self, at: datetime, seconds: int) -> datetime:
        """The moment when *seconds* of working time have passed since *at*."""
        left = timedelta(seconds=seconds)
        for start, end in self._shifts_from(at.date()):
            begin = max(start, at)
            if begin >= end:
                continue
            if end - begin > left:
                return begin + left
            left -= end - begin
        raise AssertionError("the shifts never end")

    def add_days(self, at: datetime, days: int) -> datetime:
        """The same time of day, *days* working days later."""
        day = at.date()
        for _ in range(days):
            day = self.next_working_day(day)
        return datetime.combine(day, at.time(), VIETNAM)

    def counts_from(self, accepted_at: datetime) -> datetime:
        """When the clock of a dossier starts: at acceptance, or next morning when that was after 15:00."""
        late = accepted_at.time() >= LATE_ACCEPTANCE
        return self.next_morning(accepted_at) if late else accepted_at

    def _shifts_from(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        while True:
            if self.is_working_day(day):
                for start, end in _SHIFTS:
                    yield datetime.combine(day, start, VIETNAM), datetime.combine(day, end, VIETNAM)
            day += timedelta(days=1)
