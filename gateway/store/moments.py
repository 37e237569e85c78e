"""Times in the database: whole microseconds since 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


def to_us(moment: datetime) -> int:
    return (moment - _EPOCH) // _US


@lru_cache(maxsize=1024)
def from_us(us: int) -> datetime:
    """Rows that were written together share their time."""
    return _EPOCH + timedelta(microseconds=us)
