"""
One id for everything that is done on behalf of one request: 32 hexadecimal digits, in every record of the log.

An id from outside is taken over only in that form (a UUID is one), so that nobody can put anything else into the log.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import uuid4

_ID = re.compile(r"[0-9a-f]{32}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
_CURRENT: ContextVar[str] = ContextVar("correlation", default="")


def correlation_of(traceparent: str, request_id: str) -> str:
    """The id of a request that carries these headers ("" without): its trace's, else its own, else a new one."""
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is not None and found["trace"].strip("0"):
        return found["trace"]
    told = request_id.replace("-", "").lower()
    return told if _ID.fullmatch(told) else uuid4().hex


def current() -> str:
    """The id under which this thread works; "" when none was given."""
    return _CURRENT.get()


@contextmanager
def correlated(correlation: str) -> Iterator[None]:
    """Give every record of this thread, or task, within the block the same ``correlation``."""
    token = _CURRENT.set(correlation)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def with_correlation(_logger: Any, _method: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A step of the log's way: adds the id of the thread that logs."""
    if correlation := _CURRENT.get():
        event_dict.setdefault("correlation", correlation)
    return event_dict
