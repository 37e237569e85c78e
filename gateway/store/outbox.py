"""
Verdicts and claims on the outbox: one exchange records what was done and lends out what is due.

Runs inside the caller's transaction on any database; which rows may be touched is decided by lane, lease and token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from gateway.policy import Limits, PartnerState, draw
from gateway.ports import Operation
from gateway.store import claims, partners
from gateway.store.contract import Settled, Turn, Wish
from gateway.store.records import record
from gateway.store.sql import Statements


def exchange(
    sql: Statements,
    partner: str,
    operations: Mapping[str, Operation],
    *,
    worker: str,
    settled: Sequence[Settled],
    state: PartnerState | None,
    wish: Wish | None,
    now: datetime,
) -> Turn:
    """See ``Store.exchange``; the transaction is the caller's."""
    recorded = record(sql, partner, settled, now)
    row = partners.read(sql, partner)
    locked = state is not None or (wish is not None and partners.needs_lock(row, wish, now))
    if locked:
        row = partners.lock(sql, partner)
    if state is not None:
        partners.learn(row, state, now)
    taken = claims.Taken()
    room = partners.Room(0)
    if wish is not None and wish.lanes > 0:
        room = partners.room(sql, row, wish, now)
        if room.calls > 0:
            claims.expire(sql, partner, now)
            taken = claims.take(sql, row, operations, wish, room, worker, now)
    if locked:
        row.save(sql)
    return Turn(
        taken.claims,
        row.state,
        recorded.stale,
        recorded.postponed,
        room.closed,
        room.until,
        taken.credit,
        Limits() if wish is None else partners.limits_of(row, wish.limits),
        () if wish is None else partners.windows_of(row, wish),
        row.paused,
    )


def permit(sql: Statements, partner: str, limits: Limits, *, until: datetime, now: datetime) -> datetime | None:
    """See ``Store.permit``; the transaction is the caller's."""
    row = partners.read(sql, partner)
    if partners.limits_of(row, limits).rate is None:
        return now
    row = partners.lock(sql, partner)
    rate = partners.limits_of(row, limits).rate
    if rate is None:
        return now
    starts, arrival = draw(rate, row.arrival, now, 1, until - now)
    if not starts:
        return None
    row.arrival = arrival
    row.save(sql)
    return starts[0]
