"""
First answers by request: written in the transaction of what they answer, and repeated when the request comes again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

from gateway.errors import AlreadyRunning, KeyReused, StoreError
from gateway.model import Change
from gateway.model.text import show
from gateway.observe.tracing import trace_now
from gateway.ports import Receipt
from gateway.store.moments import to_us
from gateway.store.sql import Statements

MOST_CHANGES = 1_000
"""
In one transaction of several requests: each dossier is a lock, of which a server has some thousands for all its
clients, and who comes next waits.
"""


@dataclass(frozen=True, slots=True)
class RequestId:
    """One request of *client*, by the *key* that the client gave it; *fingerprint* is a hash of its content."""

    client: str
    key: str
    fingerprint: bytes

    @property
    def print(self) -> str:
        """Client and key, short and of even length."""
        return blake2b(f"{self.client}\0{self.key}".encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered; *repeated* says that it was the answer to an earlier request."""

    status: int
    body: bytes = field(repr=False)
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """
    A request with its *changes*; *answer* makes its answer of their receipts. What *answer* raises leaves none of the
    changes accepted, and no answer. *trace* is what led to it.
    """

    request: RequestId
    changes: Sequence[Change]
    answer: Callable[[list[Receipt]], Answer]
    backfill: bool
    trace: str = field(default_factory=trace_now)


Write = Callable[[Sequence[Asked]], list[Receipt]]
"""Accept the changes of requests within the transaction."""


class Entangled(Exception):
    """A request is refused of which something was accepted: these requests must be done one by one."""


Together = Callable[[Sequence[Asked]], list[Answer | Exception]]
"""Do requests in one transaction: see ``answer_all``."""


def answer_each(asked: Sequence[Asked], do: Together) -> list[Answer | Exception]:
    """*do* requests, those together that may share a transaction; one by one where one of them spoils it for others."""
    results: dict[int, Answer | Exception] = {}
    left: Sequence[int] = range(len(asked))
    while left:
        together, left = alike(asked, left)
        results.update(zip(together, _done([asked[n] for n in together], do), strict=True))
    return [results[n] for n in range(len(asked))]


def _done(asked: Sequence[Asked], do: Together) -> list[Answer | Exception]:
    try:
        return do(asked)
    except StoreError as fault:
        return [fault] * len(asked)
    except Exception as fault:  # noqa: BLE001 - the answer to this one.
        if len(asked) == 1:
            return [fault]
    return [answer for each in asked for answer in _done([each], do)]


def alike(asked: Sequence[Asked], left: Sequence[int]) -> tuple[list[int], list[int]]:
    """
    Of the numbers *left*, those that may share a transaction with the first, and the others: no request twice, one
    class, not more than ``MOST_CHANGES`` unless the first alone has more.
    """
    together: list[int] = []
    apart: list[int] = []
    seen: set[str] = set()
    changes = 0
    for n in left:
        each = asked[n]
        fits = each.backfill == asked[left[0]].backfill and each.request.print not in seen
        if fits and (not together or changes + len(each.changes) <= MOST_CHANGES):
            together.append(n)
            changes += len(each.changes)
        else:
            apart.append(n)
        seen.add(each.request.print)
    return together, apart


def answer_all(sql: Statements, asked: Sequence[Asked], now: datetime, write: Write) -> list[Answer | Exception]:
    """
    Do requests of different keys in one transaction: for each its answer, or what its caller must be told.

    Raises ``Entangled`` when only a new transaction for each can leave out what one of them refuses.
    """
    prints = [each.request.print for each in asked]
    free = {key for key, taken in sql.rows("take_requests", keys=prints) if taken}
    known = {
        key: (bytes(print_), status, bytes(body)) for key, print_, status, body in sql.rows("answers", keys=prints)
    }
    results: dict[str, Answer | Exception] = {}
    todo: list[Asked] = []
    for each, key in zip(asked, prints, strict=True):
        if key not in free:
            results[key] = AlreadyRunning(show(each.request.key))
        elif key in known:
            results[key] = _again(each.request, *known[key])
        else:
            todo.append(each)
    receipts = write(todo)
    kept = []
    for each in todo:
        mine, receipts = receipts[: len(each.changes)], receipts[len(each.changes) :]
        try:
            answer = each.answer(mine)
        except Exception as refusal:
            if len(asked) > 1 and any(receipt.refusal is None for receipt in mine):
                raise Entangled from refusal
            if len(asked) == 1:
                raise
            results[each.request.print] = refusal
            continue
        results[each.request.print] = answer
        kept.append((each.request, answer))
    sql.many(
        "keep_answer",
        [
            {
                "request_key": request.print, "fingerprint": request.fingerprint, "status": answer.status,
                "body": answer.body, "at": to_us(now),
            }
            for request, answer in kept
        ],
    )  # fmt: skip
    return [results[key] for key in prints]


def _again(request: RequestId, fingerprint: bytes, status: int, body: bytes) -> Answer | KeyReused:
    if fingerprint == request.fingerprint:
        return Answer(status, body, repeated=True)
    return KeyReused(
        "Idempotency-Key",
        show(request.key),
        "đã dùng cho nội dung khác / was used for another content",
        "Dùng khóa mới cho nội dung mới / Use a new key for a new content",
    )
