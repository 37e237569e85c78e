"""Dates as exports write them."""

from __future__ import annotations

from datetime import datetime, time

import pytest

from connectors.provincial.file.dates import DateReader, DateRefused, confusable, pattern_of
from gateway.model.times import VIETNAM

READER = DateReader(["dd/MM/yyyy HH:mm:ss", "dd/MM/yyyy HH:mm", "dd/MM/yyyy", "dd-MM-yyyy HH:mm:ss tt"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("05/10/2026 08:03:09", (2026, 10, 5, 8, 3, 9), id="full"),
        pytest.param("5/10/2026 8:03", (2026, 10, 5, 8, 3, 0), id="one digit"),
        pytest.param("05/10/2026", (2026, 10, 5, 0, 0, 0), id="day alone"),
        pytest.param("05-10-2026 02:03:09 CH", (2026, 10, 5, 14, 3, 9), id="afternoon"),
        pytest.param("05-10-2026 12:00:00 SA", (2026, 10, 5, 0, 0, 0), id="midnight by twelve"),
        pytest.param("2026-10-05T08:03:09", (2026, 10, 5, 8, 3, 9), id="cell of a workbook"),
        pytest.param("2026-10-05 08:03:09.500000", (2026, 10, 5, 8, 3, 9), id="parts of a second"),
    ],
)
def test_reads_the_wall_time_of_vietnam(text: str, expected: tuple[int, ...]) -> None:
    """
    Every form the mapping names, and ISO 8601, is a moment in Vietnam.
    """
    year, month, day, hour, minute, second = expected
    assert READER.read(text).at == datetime(year, month, day, hour, minute, second, tzinfo=VIETNAM)


def test_a_day_alone_gets_the_hour_of_its_column() -> None:
    """
    "Due on the 6th" is due when the office closes, if the mapping says so; a time that is written wins.
    """
    assert READER.read("06/10/2026", time(17)).at.hour == 17
    assert READER.read("06/10/2026 08:00", time(17)).at.hour == 8


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("31/02/2026", "không có trong lịch", id="31 February"),
        pytest.param("29/02/2026 08:00", "không có trong lịch", id="no leap year"),
        pytest.param("05/13/2026", "không có trong lịch", id="month 13"),
        pytest.param("05/10/2026 24:30", "giờ, phút hoặc giây", id="hour 24"),
        pytest.param("hôm qua", "không đúng mẫu", id="words"),
        pytest.param("10/26", "không đúng mẫu", id="no year"),
        pytest.param("20261005", "không đúng mẫu", id="a number"),
    ],
)
def test_a_day_that_no_calendar_has_is_told_from_a_wrong_form(text: str, reason: str) -> None:
    """
    The operator reads whether to mend the day or the form.
    """
    with pytest.raises(DateRefused) as refused:
        READER.read(text)

    assert reason in refused.value.reason


def test_two_formats_that_read_one_text_as_two_days_are_found() -> None:
    """
    dd/MM beside MM/dd would turn 2 March into 3 February, depending on luck.
    """
    assert confusable(["dd/MM/yyyy", "MM/dd/yyyy"]) == ("dd/MM/yyyy", "MM/dd/yyyy")
    assert confusable(["dd/MM/yyyy", "yyyy/MM/dd", "dd-MM-yyyy", "dd/MM/yyyy HH:mm"]) is None


@pytest.mark.parametrize("form", ["dd/MM", "dd/MM/yy", "dd/MM/yyyy dd", "ngày dd/MM/yyyy", "%d/%m/%Y"])
def test_a_format_without_day_month_and_year_is_refused(form: str) -> None:
    """
    A format is checked when the mapping is read, not at the first row.
    """
    with pytest.raises(ValueError, match="yyyy"):
        pattern_of(form)
