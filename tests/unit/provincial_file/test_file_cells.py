"""Amounts, answers and the order of steps."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations

import pytest

from connectors.provincial.file.cells import whole_number, yes_or_no
from connectors.provincial.file.headings import column_letters
from connectors.provincial.file.progress import Phase, PlainProgress, duration, grouped, line
from connectors.provincial.file.sequence import ReadStep, WrongOrder, check, ordered
from connectors.provincial.file.words import heading_key, nearest
from connectors.provincial.file.xlsx_table import moment_text, number_text
from gateway.errors import InvalidInput
from gateway.model import DossierStatus
from tests.builders import MORNING, a_step


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("75000", 75_000), ("75.000", 75_000), ("75,000 đ", 75_000), ("1.250.000 VNĐ", 1_250_000), ("75 000", 75_000),
        ("75\u00a0000", 75_000),
        ("75.000,00 đồng", 75_000), ("75000.0", 75_000), ("0", 0), ("Miễn phí", 0),
    ],
)  # fmt: skip
def test_amounts_are_read_as_people_write_them(text: str, amount: int) -> None:
    """
    Points, commas and the name of the money do not matter.
    """
    assert whole_number(text) == amount


@pytest.mark.parametrize("text", ["12.5", "1.25.000", "-75000", "75.000,50", "khoảng 75000", "75.0000", "٧٥"])
def test_what_could_mean_two_amounts_is_refused(text: str) -> None:
    """
    Nobody can tell what the point in 12.5 separates.
    """
    with pytest.raises(InvalidInput):
        whole_number(text)


def test_yes_and_no_have_their_words() -> None:
    """
    Anything else is neither.
    """
    assert [yes_or_no(word) for word in ("Có", "x", "KHÔNG", "chưa")] == [True, True, False, False]
    with pytest.raises(InvalidInput):
        yes_or_no("có lẽ")


def test_numbers_of_a_workbook_become_text_without_points_that_nobody_typed() -> None:
    """
    9.9090000017E10 and 1.0011930000000001 are how a spreadsheet holds what a person typed.
    """
    numbers = [9.9090000017e10, float("1.0011930000000001"), 75000.0, -1.5]

    assert [number_text(number) for number in numbers] == ["99090000017", "1.001193", "75000", "-1.5"]


def test_serial_days_of_a_workbook_become_moments() -> None:
    """
    Days since 1899-12-30; seconds are rounded, since a fraction of a day is never exact.
    """
    epoch = datetime(1899, 12, 30)  # noqa: DTZ001 - serial days have no zone.

    assert moment_text(46083.0, epoch) == "2026-03-02"
    assert moment_text(46083.34374999999, epoch) == "2026-03-02 08:15:00"
    assert moment_text(1e12, epoch) is None


def test_headings_and_columns_have_their_names() -> None:
    """
    As forms and spreadsheets write them.
    """
    assert heading_key("Mã  HỒ SƠ (*):") == "mã hồ sơ"
    assert [column_letters(index) for index in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
    assert nearest("ma ho so", ["Tên", "Mã hồ sơ"]) == ["Mã hồ sơ"]


def steps(*statuses: int, apart: timedelta = timedelta(0)) -> list[ReadStep]:
    return [
        ReadStep(a_step(at=MORNING + number * apart, status=DossierStatus(status)), number)
        for number, status in enumerate(statuses)
    ]


def test_steps_of_one_moment_take_the_plainest_order_whatever_the_file_says() -> None:
    """
    Every order of accepted, processing, finished, returned on one day is read as that order.
    """
    for turn in permutations((2, 4, 9, 10)):
        assert [int(read.step.status) for read in ordered(steps(*turn))] == [2, 4, 9, 10]


def test_a_real_pull_back_on_one_day_stays_as_the_file_has_it() -> None:
    """
    Finished, pulled back, finished again: no other order is plainer.
    """
    assert [int(read.step.status) for read in ordered(steps(2, 4, 9, 4, 9))] == [2, 4, 9, 4, 9]


def test_steps_with_times_keep_them_and_an_impossible_one_is_named() -> None:
    """
    Time decides; what no law knows is refused at its step.
    """
    line = ordered(steps(2, 10, 4, apart=timedelta(hours=1)))
    with pytest.raises(WrongOrder) as wrong:
        check(line, DossierStatus.PROCESSING, MORNING)

    assert wrong.value.at is line[2]


def test_progress_lines_tell_share_rate_and_time_left() -> None:
    """
    One line every five seconds, and one at the end.
    """
    told: list[str] = []
    seconds = iter([0.0, 2.0, 6.0, 8.0, 10.0])
    progress = PlainProgress(told.append, now=lambda: next(seconds))
    for done in (0, 20_000, 60_000, 80_000, 100_000):
        progress.update(Phase.SUBMITTING, done, 100_000)

    assert told == [
        "Ghi nhận hồ sơ: 60% · 10.000 dòng/giây · còn 4 giây",
        "Ghi nhận hồ sơ: 100% · 10.000 dòng/giây",
    ]
    assert line(Phase.READING, 25_000_000, None, 2.0) == "Đọc tệp: 25.000.000 · 12,5 MB/giây"


def test_numbers_and_durations_read_as_in_vietnam() -> None:
    """
    Points between thousands, hours and minutes in words.
    """
    assert grouped(1_234_567) == "1.234.567"
    assert [duration(s) for s in (8, 125, 4_210)] == ["8 giây", "2 phút 05 giây", "1 giờ 10 phút"]
