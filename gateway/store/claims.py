"""
Claims: which lanes are lent to whom, what travels in one call, and when it may begin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from gateway.lifecycle import Advance, MessageState
from gateway.policy import shares
from gateway.ports import Message, Operation
from gateway.store import partners
from gateway.store.contract import Claim, Wish
from gateway.store.moments import from_us, to_us
from gateway.store.sql import Statements

_UNKNOWN, _LATE = MessageState.UNKNOWN.value, Advance.LATE.value


@dataclass(frozen=True, slots=True)
class Taken:
    """What one exchange lends out; *credit* is what the next one owes to live lanes."""

    claims: tuple[Claim, ...] = ()
    credit: float = 0.0


class _Head(NamedTuple):
    """The first messages of a lane that can go in one call."""

    lane: int
    token: int
    established: bool
    look_up: bool
    operation: str
    rows: Sequence[Any]


def expire(sql: Statements, partner: str, now: datetime) -> None:
    """Leases that ran out: what was under way is unknown now, and may be looked up."""
    now_us = to_us(now)
    if sql.row("has_expired", partner=partner, now=now_us) is None:
        return
    lanes = [
        {"partner": partner, "dossier_id": lane, "fly_to": fly_to, "now": now_us}
        for lane, fly_to in sql.rows("expired_lanes", partner=partner, now=now_us)
    ]
    sql.many("expire_messages", [lane for lane in lanes if lane["fly_to"]])
    sql.many("expire_lanes", lanes)


def take(
    sql: Statements,
    row: partners.PartnerRow,
    operations: Mapping[str, Operation],
    wish: Wish,
    room: partners.Room,
    worker: str,
    now: datetime,
) -> Taken:
    """Lend out as many lanes as fit into the calls that *room* has."""
    limits = partners.limits_of(row, wish.limits)
    sizes = {
        name: min(operation.batch, limits.batch.get(name, operation.batch)) for name, operation in operations.items()
    }
    shared = max((sizes[name] for name, operation in operations.items() if not operation.same_dossier), default=1)
    due, credit = _due(sql, row.partner, wish, min(wish.lanes, room.calls * shared), now)
    if not due:
        return Taken(credit=credit)
    heads = _heads(sql, row.partner, due, operations, sizes, wish.together)
    calls = _calls(heads, operations, sizes, wish.together)[: room.calls]
    starts = partners.take(row, wish, len(calls), now, trial=room.trial)
    lease_until = now + wish.lease
    claims = [
        Claim(
            head.lane,
            head.token + 1,
            lease_until,
            head.look_up,
            tuple([_message(line, row.partner, head.established) for line in head.rows]),
            number,
            start,
        )
        for number, (call, start) in enumerate(zip(calls, starts, strict=True))
        for head in call
    ]
    sql.many(
        "lease_lane",
        [
            {
                "partner": row.partner,
                "dossier_id": claim.lane,
                "worker": worker,
                "lease_until": to_us(lease_until),
                "leads": int(n == 0 or claims[n - 1].call != claim.call),
                "fly_to": 0 if claim.look_up else claim.messages[-1].id,
            }
            for n, claim in enumerate(claims)
        ],
    )
    return Taken(tuple(claims), credit)


def _due(sql: Statements, partner: str, wish: Wish, want: int, now: datetime) -> tuple[list[Any], float]:
    """
    Due lanes: what became due a moment ago has its share; the rest is parted between the live backlog and the backfill,
    and what one class leaves over goes to the others.
    """
    now_us, edge = to_us(now), to_us(now - wish.fresh)
    live, _, credit = shares(want, wish.live, wish.credit)

    def due(backfill: int, after: int, until: int, count: int) -> list[Any]:
        return sql.rows("due_lanes", partner=partner, backfill=backfill, after=after, until=until, want=count)

    fresh = due(0, edge, now_us, want)
    room = want - min(live, len(fresh))
    if not room:
        return fresh[:want], credit
    old = due(0, -1, edge, room)
    backfill = due(1, -1, now_us, room)
    first, second = sorted((old, backfill), key=lambda rows: rows[0][3] if rows else now_us)
    half = min(len(second), room // 2)
    chosen = [*first[: room - half], *second[:half]]
    chosen += second[half : half + room - len(chosen)]
    return [*fresh[: want - len(chosen)], *chosen], credit


def _heads(
    sql: Statements,
    partner: str,
    due: Sequence[Any],
    operations: Mapping[str, Operation],
    sizes: Mapping[str, int],
    together: int | None,
) -> list[_Head]:
    depth = max(max(sizes[name], operation.coalesces) for name, operation in operations.items())
    lines: dict[int, list[Any]] = {row[0]: [] for row in due}
    for line in sql.rows("head_messages", partner=partner, lanes=list(lines), depth=depth):
        lines[line[0]].append(line)
    heads = []
    for lane, token, established, _due_at in due:
        run = _run(lines[lane], operations, sizes)
        look_up = run[0][3] == _UNKNOWN
        if not look_up:
            run = run[:together]
        heads.append(_Head(lane, token, bool(established), look_up, run[0][2], run))
    return heads


def _run(lines: Sequence[Any], operations: Mapping[str, Operation], sizes: Mapping[str, int]) -> list[Any]:
    """The first messages of a lane that can go in one call: same operation, same state, as many as one call carries."""
    head = lines[0]
    operation = operations.get(head[2])
    limit = 1
    if operation is not None:
        limit = max(operation.coalesces, sizes[operation.name] if operation.same_dossier else 1)
    run = []
    for line in lines[:limit]:
        if line[2] != head[2] or line[3] != head[3]:
            break
        run.append(line)
    return run


def _calls(
    heads: Sequence[_Head], operations: Mapping[str, Operation], sizes: Mapping[str, int], together: int | None
) -> list[list[_Head]]:
    """Lanes that may share one call, where the operation carries several dossiers; otherwise one by one."""
    calls: list[list[_Head]] = []
    filling: dict[str, list[_Head]] = {}
    for head in heads:
        operation = operations.get(head.operation)
        call = filling.get(head.operation)
        if operation is None or operation.same_dossier or head.look_up:
            calls.append([head])
        elif call is None or len(call) >= min(sizes[operation.name], together or sizes[operation.name]):
            filling[head.operation] = call = [head]
            calls.append(call)
        else:
            call.append(head)
    return calls


def _message(line: Any, partner: str, established: bool) -> Message:
    _, id_, operation, _, attempts, since, body, hash_, advance, dossier, trace = line
    return Message(
        id=id_,
        partner=partner,
        operation=operation,
        dossier=dossier,
        sequence=id_,
        key=bytes(hash_).hex()[:32],
        body=bytes(body),
        attempts=attempts,
        accepted_at=from_us(since),
        established=established,
        late=advance == _LATE,
        trace=trace or "",
    )
