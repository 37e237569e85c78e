"""Working time: shifts, days off, worked Saturdays, and what comes after 15:00."""

from __future__ import annotations

from datetime import datetime

import pytest

from gateway.demo.worktime import WorkCalendar
from gateway.model.times import VIETNAM


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("start", "seconds", "end"),
    [
        pytest.param("2026-11-16 08:00", 3600, "2026-11-16 09:00", id="within a shift"),
        pytest.param("2026-11-16 11:00", 3600, "2026-11-16 14:00", id="over lunch"),
        pytest.param("2026-11-16 16:30", 3600, "2026-11-17 08:00", id="over night"),
        pytest.param("2026-11-20 16:30", 3600, "2026-11-23 08:00", id="over a weekend"),
        pytest.param("2026-11-23 16:30", 3600, "2026-11-25 08:00", id="over the day of culture, off since 2026"),
        pytest.param("2026-11-16 21:00", 60, "2026-11-17 07:31", id="from the evening"),
    ],
)
def test_working_seconds_skip_what_is_closed(calendar: WorkCalendar, start: str, seconds: int, end: str) -> None:
    """
    Only open hours count.
    """
    assert calendar.add_seconds(at(start), seconds) == at(end)


def test_a_worked_saturday_is_a_working_day(calendar: WorkCalendar) -> None:
    """
    2026-01-10 makes up for 2026-01-02.
    """
    assert calendar.is_working_day(at("2026-01-10 08:00").date())
    assert not calendar.is_working_day(at("2026-01-02 08:00").date())


def test_what_is_accepted_after_three_counts_from_next_morning(calendar: WorkCalendar) -> None:
    """
    NĐ 118/2025 Đ18.2: passed on at the start of the next working day.
    """
    assert calendar.counts_from(at("2026-11-20 14:59")) == at("2026-11-20 14:59")
    assert calendar.counts_from(at("2026-11-20 15:00")) == at("2026-11-23 07:30")
