"""
Moments: aware inside, Vietnamese wall time on the wire.

Partners write local times without an offset (national_portal contract 3.2); Viet Nam is UTC+7 all year.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

from gateway.errors import InvalidInput
from gateway.model.text import show

VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")

_WIRE14 = re.compile(r"(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?", re.ASCII)
_DAY_FIRST = re.compile(
    r"(?P<d>\d{1,2})[/.-](?P<m>\d{1,2})[/.-](?P<y>\d{4})(?: +(\d{1,2}):(\d{2})(?::(\d{2}))?)?", re.ASCII
)
_FORMS = "dd/MM/yyyy HH:mm:ss, yyyy-MM-dd HH:mm:ss, yyyyMMddHHmmss"


def to_utc(moment: datetime) -> datetime:
    """The same moment in UTC. A naive time is refused: nobody can tell which moment it is."""
    if moment.tzinfo is None:
        raise InvalidInput(
            "thời điểm (time)",
            moment.isoformat(),
            "không có múi giờ (has no time zone)",
            "Dùng datetime có múi giờ, ví dụ VIETNAM (use an aware datetime)",
        )
    return moment.astimezone(UTC)


def vietnam_day(moment: datetime) -> date:
    """The calendar day of *moment* in Viet Nam."""
    return moment.astimezone(VIETNAM).date()


def to_wire14(moment: datetime | None) -> str:
    """``yyyyMMddHHmmss`` in Vietnamese time, parts of a second dropped; the empty string for none (contract 3.2)."""
    return "" if moment is None else to_utc(moment).astimezone(VIETNAM).strftime("%Y%m%d%H%M%S")


def from_wire14(text: str, field: str = "thời điểm (time)") -> datetime | None:
    """Read ``yyyyMMddHHmmss`` as Vietnamese time into UTC; an empty text is none, anything else is refused."""
    if not text.strip():
        return None
    found = _WIRE14.fullmatch(text.strip())
    if found is None:
        raise InvalidInput(
            field,
            show(text),
            "không phải 14 chữ số yyyyMMddHHmmss (is not 14 digits)",
            "Ví dụ đúng: 20260302081503 (example of a right value)",
        )
    return _moment([int(part) for part in found.groups()], text, field)


def parse_local(text: str, field: str = "thời điểm (time)") -> datetime:
    """
    Read a Vietnamese wall time in any of the forms partners use, day first or year first, into UTC.

    A date alone means the start of that day. Refuses days that no calendar has.
    """
    clean = text.strip()
    if found := _WIRE14.fullmatch(clean) or _YEAR_FIRST.fullmatch(clean):
        parts = [int(part or 0) for part in found.groups()]
    elif found := _DAY_FIRST.fullmatch(clean):
        day, month, year, *clock = (int(part or 0) for part in found.groups())
        parts = [year, month, day, *clock]
    else:
        raise InvalidInput(
            field,
            show(text),
            "không phải ngày giờ đọc được (is not a readable date and time)",
            f"Các dạng đúng (accepted forms): {_FORMS}",
        )
    return _moment(parts, text, field)


def _moment(parts: list[int], text: str, field: str) -> datetime:
    year, month, day, hour, minute, second = parts
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=VIETNAM).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(
            field,
            show(text),
            "không có trong lịch hoặc trên đồng hồ (no such day or time)",
            f"Kiểm tra ngày, tháng, giờ; các dạng đúng (check it; accepted forms): {_FORMS}",
        ) from None
