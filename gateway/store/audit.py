"""
What people did to the outbox: who, when, why; each entry's hash follows from the one before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from gateway.store.ledger import GENESIS
from gateway.store.moments import from_us, to_us
from gateway.store.sql import Statements
from gateway.store.views import AuditEntry

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Act:
    """A person's deed: *actor* is an account or a name of a tool, *reason* free words without personal data."""

    actor: str
    at: datetime
    reason: str = ""


def append(sql: Statements, act: Act, action: str, subject: str, detail: str = "") -> None:
    if sql.dialect == "postgresql":
        sql.run("lock_audit")
    last = sql.row("audit_last")
    n, previous = (1, GENESIS) if last is None else (last[0] + 1, bytes(last[1]))
    at = to_us(act.at)
    sql.run(
        "audit_append",
        n=n, at=at, actor=act.actor, action=action, subject=subject, reason=act.reason, detail=detail,
        previous_hash=previous, hash=_hash(previous, n, at, act.actor, action, subject, act.reason, detail),
    )  # fmt: skip


def entries(sql: Statements, *, after: int = 0, want: int = PAGE) -> list[AuditEntry]:
    """Up to *want* entries after number *after*, oldest first."""
    return [
        AuditEntry(n, from_us(at), actor, action, subject, reason, detail)
        for n, at, actor, action, subject, reason, detail, _, _ in sql.rows("audit_entries", after=after, want=want)
    ]


def broken_at(sql: Statements) -> int | None:
    """The number of the first entry that was touched; None when the chain holds."""
    previous = GENESIS
    for expected, row in enumerate(_all(sql), start=1):
        n, at, actor, action, subject, reason, detail, said_previous, said = row
        if n != expected or bytes(said_previous) != previous:
            return expected
        previous = _hash(previous, n, at, actor, action, subject, reason, detail)
        if previous != bytes(said):
            return expected
    return None


def _all(sql: Statements) -> Iterator[tuple[int, int, str, str, str, str, str, bytes, bytes]]:
    after = 0
    while page := sql.rows("audit_entries", after=after, want=PAGE):
        yield from page
        after = page[-1][0]


def _hash(previous: bytes, n: int, at: int, *fields: str) -> bytes:
    return sha256(previous + "\0".join([str(n), str(at), *fields]).encode()).digest()
