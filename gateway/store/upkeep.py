"""
Keeping the tables small: what is past its time is deleted, a bounded chunk at a time, while traffic runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from gateway.store.moments import to_us
from gateway.store.sql import Statements

CHUNK = 500
"""Rows deleted in one commit: short enough that nobody who delivers waits for it."""


_STATEMENTS: Mapping[str, str] = {
    "delivered": "delete_done",
    "attempts": "delete_attempts",
    "inbox": "delete_inbox",
    "repeats": "delete_repeats",
    "answers": "delete_answers",
    "jobs": "delete_jobs",
    "notices": "delete_notices",
    "turned_away": "delete_turned_away",
}


def clear(sql: Statements, kind: str, age: timedelta, now: datetime, *, chunk: int = CHUNK) -> int:
    """Delete up to *chunk* rows of the class *kind* that ended longer than *age* ago; returns how many."""
    return len(sql.rows(_STATEMENTS[kind], before=to_us(now - age), want=chunk))
