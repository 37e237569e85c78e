"""
Dates as people's exports write them, read by the formats that the mapping names.

Tokens: ``yyyy MM dd HH mm ss`` and ``tt`` (SA, CH, AM, PM). One digit is read where two are written
(``5/10/2026``). Times carry no offset in any export: they are Asia/Ho_Chi_Minh. ISO 8601 is read in every
file, because cells of a workbook are dates without a text form and arrive here in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from gateway.model.times import VIETNAM

ISO = ("yyyy-MM-ddTHH:mm:ss", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm", "yyyy-MM-dd")

_TOKENS = {
    "yyyy": r"(?P<year>\d{4})",
    "MM": r"(?P<month>\d{1,2})",
    "dd": r"(?P<day>\d{1,2})",
    "HH": r"(?P<hour>\d{1,2})",
    "mm": r"(?P<minute>\d{1,2})",
    "ss": r"(?P<second>\d{1,2})(?:\.\d{1,6})?",
    "tt": r"(?P<half>SA|CH|AM|PM)",
}
_TOKEN = re.compile("|".join(_TOKENS))
_MIDNIGHT = time(0, 0)


class DateRefused(ValueError):
    """A text that is no date by any format; the reason is for an operator's eyes."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason, remedy)
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in Vietnam; *whole_day* says that the source gave a date only."""

    at: datetime
    whole_day: bool


def pattern_of(form: str) -> re.Pattern[str]:
    """
    The regular expression of a format.

    Raises ValueError when it lacks the year, month or day, repeats a token, or holds stray letters.
    """
    tokens = _TOKEN.findall(form)
    if not {"yyyy", "MM", "dd"} <= set(tokens) or len(tokens) != len(set(tokens)):
        raise ValueError("phải có yyyy, MM và dd, mỗi ký hiệu một lần")
    literals = _TOKEN.split(form)
    if any(c.isalpha() and c != "T" for literal in literals for c in literal):
        raise ValueError("chỉ dùng các ký hiệu yyyy MM dd HH mm ss tt")
    parts = [re.escape(literals[0])]
    for token, literal in zip(tokens, literals[1:], strict=True):
        parts.append(_TOKENS[token])
        parts.append(r"\s+" if literal == " " else re.escape(literal))
    return re.compile("".join(parts), re.IGNORECASE | re.ASCII)


class DateReader:
    """Reads one text by the first format that fits its shape."""

    def __init__(self, formats: Sequence[str]) -> None:
        self.formats = tuple(formats)
        self._patterns = tuple(pattern_of(form) for form in (*self.formats, *ISO))
        self._last = self._patterns[0]

    def read(self, text: str, fill: time | None = None) -> Moment:
        """
        The moment that *text* names; *fill* is the time of day for a date alone (midnight without it).

        Raises DateRefused, which tells a wrong shape from a day that the calendar lacks.
        """
        match = self._last.fullmatch(text)
        if match is None:
            for pattern in self._patterns:
                match = pattern.fullmatch(text)
                if match is not None:
                    self._last = pattern
                    break
            else:
                raise DateRefused("không đúng mẫu ngày", f"Viết theo mẫu {' hoặc '.join(self.formats or ISO)}")
        return _moment(match.groupdict(), fill)


def _moment(found: dict[str, str | None], fill: time | None) -> Moment:
    year, month, day = int(found["year"] or 0), int(found["month"] or 0), int(found["day"] or 0)
    hour = found.get("hour")
    try:
        if hour is None:
            return Moment(datetime.combine(date(year, month, day), fill or _MIDNIGHT, VIETNAM), True)
        hours = _of_24(int(hour), found.get("half"))
        minute, second = int(found.get("minute") or 0), int(found.get("second") or 0)
        return Moment(datetime(year, month, day, hours, minute, second, tzinfo=VIETNAM), False)
    except ValueError:
        pass
    try:
        date(year, month, day)
    except ValueError:
        raise DateRefused("là ngày không có trong lịch", "Sửa lại ngày và tháng theo giấy tiếp nhận") from None
    raise DateRefused("có giờ, phút hoặc giây không hợp lệ", "Giờ từ 00:00:00 đến 23:59:59")


def _of_24(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("a twelve-hour clock counts from 1 to 12")
    return hour % 12 + (12 if half.upper() in ("CH", "PM") else 0)


def confusable(formats: Sequence[str]) -> tuple[str, str] | None:
    """The first two formats that read one text as two different days (``dd/MM`` beside ``MM/dd``), if any."""
    readers = [(form, pattern_of(form)) for form in formats]
    for index, (form, pattern) in enumerate(readers):
        sample = _write(form, datetime(2026, 2, 3, 4, 5, 6, tzinfo=VIETNAM))
        read = pattern.fullmatch(sample)
        for other, other_pattern in readers[index + 1 :]:
            again = other_pattern.fullmatch(sample)
            if read and again and _moment(read.groupdict(), None).at != _moment(again.groupdict(), None).at:
                return form, other
    return None


def _write(form: str, at: datetime) -> str:
    values = {"yyyy": f"{at.year}", "MM": f"{at:%m}", "dd": f"{at:%d}", "HH": f"{at:%H}", "mm": f"{at:%M}"}
    return _TOKEN.sub(lambda m: {**values, "ss": f"{at:%S}", "tt": "SA"}[m.group()], form)
