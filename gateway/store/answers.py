"""
First answers by request: written in the transaction of what they answer, and repeated when the request comes again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from gateway.errors import AlreadyRunning, KeyReused
from gateway.model.text import show
from gateway.store.moments import to_us
from gateway.store.sql import Statements


@dataclass(frozen=True, slots=True)
class RequestId:
    """One request of *client*, by the *key* that the client gave it; *fingerprint* is a hash of its content."""

    client: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered; *repeated* says that it was the answer to an earlier request."""

    status: int
    body: bytes = field(repr=False)
    repeated: bool = False


def once(sql: Statements, request: RequestId, now: datetime, work: Callable[[], Answer]) -> Answer:
    """
    The first answer to *request*: *work* is done, and its answer kept, only when there is none yet.

    Raises ``KeyReused`` for another content under the same key, and ``AlreadyRunning`` while another transaction works
    on it.
    """
    who = {"client": request.client, "request_key": request.key}
    (free,) = sql.row("take_request", **who)
    if not free:
        raise AlreadyRunning(show(request.key))
    found = sql.row("find_answer", **who)
    if found is not None:
        fingerprint, status, body = found
        if bytes(fingerprint) != request.fingerprint:
            raise KeyReused(
                "Idempotency-Key",
                show(request.key),
                "đã dùng cho nội dung khác / was used for another content",
                "Dùng khóa mới cho nội dung mới / Use a new key for a new content",
            )
        return Answer(status, bytes(body), repeated=True)
    answer = work()
    sql.run(
        "keep_answer", **who, fingerprint=request.fingerprint, status=answer.status, body=answer.body, at=to_us(now)
    )
    return answer
