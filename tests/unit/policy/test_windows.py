"""Announced windows: once and weekly, by the clock of Vietnam."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from gateway.model.times import VIETNAM
from gateway.policy import Control, Limits, RateLimit, Weekly, Window, closed_until

MONDAY = datetime(2026, 11, 16, tzinfo=VIETNAM)
HOUR = timedelta(hours=1)


def test_a_window_closes_at_its_beginning_and_opens_at_its_end() -> None:
    """
    From 22:00 to 23:00: closed at 22:00, open at 23:00.
    """
    windows = [Window(MONDAY + 22 * HOUR, MONDAY + 23 * HOUR)]

    assert closed_until(windows, MONDAY + 21.99 * HOUR) is None
    assert closed_until(windows, MONDAY + 22 * HOUR) == MONDAY + 23 * HOUR
    assert closed_until(windows, MONDAY + 23 * HOUR) is None


def test_windows_that_touch_are_one() -> None:
    """
    Somebody prolonged the maintenance by a second announcement: nothing is sent in between.
    """
    windows = [Window(MONDAY + 2 * HOUR, MONDAY + 3 * HOUR), Window(MONDAY, MONDAY + 2 * HOUR)]

    assert closed_until(windows, MONDAY) == MONDAY + 3 * HOUR


@pytest.mark.parametrize(
    ("hours", "opens"),
    [(-1, None), (23, 26), (25.5, 26), (26, None), (23 + 24, None)],
    ids=["before", "evening", "past midnight", "over", "next day"],
)
def test_a_weekly_window_over_midnight(hours: float, opens: float | None) -> None:
    """
    Mondays 22:30 to 02:00 the next day.
    """
    weekly = [Weekly(frozenset({0}), time(22, 30), time(2, 0))]

    expected = None if opens is None else MONDAY + opens * HOUR
    assert closed_until(weekly, MONDAY + hours * HOUR) == expected


def test_a_partner_that_is_always_closed_is_looked_at_again_in_a_week() -> None:
    """
    Every day around the clock, by mistake: the question ends.
    """
    always = [Weekly(frozenset(range(7)), time(0, 0), time(0, 0))]

    opens = closed_until(always, MONDAY)

    assert opens is not None
    assert opens > MONDAY + timedelta(days=7)


def test_orders_are_kept_as_text_and_win_over_the_configuration() -> None:
    """
    What is read back is what was ordered; what was not ordered is as configured.
    """
    orders = Control(RateLimit(5, timedelta(seconds=2), 3), 4, {"step": 2}, (Window(MONDAY, MONDAY + HOUR, "Bảo trì"),))
    configured = Limits(RateLimit(100), 50, {"step": 10, "dossier": 7})

    assert Control.read(orders.text()) == orders
    assert Control.read("{}") == Control()
    assert Control().limits(configured) == configured
    assert orders.limits(configured) == Limits(orders.rate, 4, {"step": 2, "dossier": 7})


def test_a_window_to_the_end_of_the_calendar_is_looked_at_again() -> None:
    """
    Somebody closed a partner «for ever»: when to look again is a date that clocks can be added to.
    """
    opens = closed_until([Window(MONDAY, datetime.max.replace(tzinfo=UTC))], MONDAY)

    assert opens is not None
    assert MONDAY + timedelta(days=365) < opens < MONDAY + timedelta(days=400)
