"""
Moments: Vietnamese wall time outside, UTC inside.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InvalidInput
from gateway.model.times import VIETNAM, from_wire14, parse_local, to_utc, to_wire14, vietnam_day

MOMENT = datetime(2026, 3, 2, 1, 15, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20260302081503", MOMENT),
        ("2026-03-02 08:15:03", MOMENT),
        ("2026-03-02T08:15:03", MOMENT),
        ("2026-03-02T08:15:03.123", MOMENT),
        ("02/03/2026 08:15:03", MOMENT),
        ("2/3/2026 8:15:03", MOMENT),
        ("02-03-2026 08:15", MOMENT.replace(second=0)),
        (" 02/03/2026 ", datetime(2026, 3, 2, tzinfo=VIETNAM)),
        ("2026-03-02", datetime(2026, 3, 2, tzinfo=VIETNAM)),
    ],
)
def test_partners_forms_are_one_moment(text: str, moment: datetime) -> None:
    """
    None of them carries an offset: all are Vietnamese time, the day before the month.
    """
    assert parse_local(text) == moment
    assert parse_local(text).tzinfo is UTC


@pytest.mark.parametrize("text", ["31/02/2026", "20260231000000", "2026-13-01", "01/01/2026 25:00", "99990231000000"])
def test_days_that_do_not_exist_are_refused(text: str) -> None:
    """
    31 February is a typing mistake; no neighbour day is put in its place.
    """
    with pytest.raises(InvalidInput, match="không có trong lịch"):
        parse_local(text)


@pytest.mark.parametrize("text", ["hôm qua", "03/2026", "2026", "", "02/03/26"])
def test_other_texts_are_refused_with_the_accepted_forms(text: str) -> None:
    """
    A two-digit year could be a day; the refusal lists what is read.
    """
    with pytest.raises(InvalidInput, match="dd/MM/yyyy"):
        parse_local(text)


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_wire_time_is_written_and_read_back(moment: datetime) -> None:
    """
    To the second, whatever the machine's own zone is.
    """
    assert from_wire14(to_wire14(moment)) == moment.replace(microsecond=0)


def test_none_is_the_empty_text() -> None:
    """
    The portal writes an empty string where there is no time.
    """
    assert to_wire14(None) == ""
    assert from_wire14("  ") is None


@pytest.mark.parametrize("text", ["2026030208150", "02/03/2026 08:15:03", "2026030208150a"])
def test_wire_time_has_one_form_only(text: str) -> None:
    """
    A field that must have 14 digits and has not is a partner's mistake to see, not to smooth over.
    """
    with pytest.raises(InvalidInput, match="14 chữ số") as refused:
        from_wire14(text, "NgayTra")

    assert refused.value.field == "NgayTra"


def test_the_day_is_the_one_in_viet_nam() -> None:
    """
    Late in the evening in UTC it is tomorrow in Hà Nội.
    """
    assert vietnam_day(datetime(2026, 3, 2, 18, 0, tzinfo=UTC)) == date(2026, 3, 3)


def test_a_naive_time_is_refused() -> None:
    """
    Nobody can tell which moment it is.
    """
    with pytest.raises(InvalidInput, match="múi giờ"):
        to_utc(datetime(2026, 3, 2))  # noqa: DTZ001
    assert to_utc(datetime(2026, 3, 2, tzinfo=timezone(timedelta(hours=9)))) == datetime(2026, 3, 1, 15, tzinfo=UTC)
