"""
Claims and verdicts on the outbox: one exchange records what was done and lends out what is due.

Runs inside the caller's transaction on any database; which rows may be touched is decided by lane, lease and token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from gateway.lifecycle import Advance, MessageEvent, MessageState, move
from gateway.policy import PartnerState
from gateway.ports import Message, Operation
from gateway.store.contract import Claim, Settled, Turn, Verdict
from gateway.store.moments import from_us, to_us
from gateway.store.sql import Statements

_ENDED = (MessageState.DELIVERED, MessageState.DEAD)


def exchange(
    sql: Statements,
    tenant: str,
    partner: str,
    operations: Mapping[str, Operation],
    *,
    worker: str,
    settled: Sequence[Settled],
    state: PartnerState | None,
    want: int,
    lease: timedelta,
    now: datetime,
) -> Turn:
    """See ``Store.exchange``; the transaction is the caller's."""
    stale = _record(sql, settled, now) if settled else 0
    if state is not None:
        sql.run(
            "set_partner_state",
            tenant=tenant,
            partner=partner,
            failures=state.failures,
            hold_until=None if state.hold_until is None else to_us(state.hold_until),
        )
    present = read_partner(sql, tenant, partner)
    claims: tuple[Claim, ...] = ()
    if want > 0 and not present.held(now):
        _expire(sql, tenant, partner, now)
        claims = _claim(sql, tenant, partner, operations, worker, want, lease, now)
    return Turn(claims, present, stale)


def read_partner(sql: Statements, tenant: str, partner: str) -> PartnerState:
    row = sql.row("partner_state", tenant=tenant, partner=partner)
    if row is None:
        return PartnerState()
    return PartnerState(row[0], None if row[1] is None else from_us(row[1]))


def _expire(sql: Statements, tenant: str, partner: str, now: datetime) -> None:
    where = {"tenant": tenant, "partner": partner, "now": to_us(now)}
    if sql.row("has_expired", **where) is not None:
        sql.run("expire_messages", **where)
        sql.run("expire_lanes", **where)


def _record(sql: Statements, settled: Sequence[Settled], now: datetime) -> int:
    lanes = orjson.dumps([s.lane for s in settled]).decode()
    tokens = dict(sql.rows("live_tokens", lanes=lanes))
    live = [s for s in settled if tokens.get(s.lane) == s.token]
    ids = orjson.dumps([v.message for s in live for v in s.verdicts]).decode()
    states = dict(sql.rows("message_states", messages=ids))
    now_us = to_us(now)
    messages: list[dict[str, Any]] = []
    lanes_back: list[dict[str, Any]] = []
    for item in live:
        reached = [(v, move(MessageState(states[v.message]), v.event)) for v in item.verdicts]
        messages.extend(_message_row(v, to, now_us) for v, to in reached)
        lanes_back.append(_lane_row(item, reached))
    sql.many("settle_message", messages)
    sql.many("give_back_lane", lanes_back)
    _keep_attempts(sql, settled)
    return len(settled) - len(live)


def _message_row(verdict: Verdict, to: MessageState, now_us: int) -> dict[str, Any]:
    return {
        "id": verdict.message,
        "state": to.value,
        "tries": _tries(verdict),
        "ended_at": now_us if to in _ENDED else None,
        "code": verdict.code or None,
        "text": verdict.text or None,
    }


def _tries(verdict: Verdict) -> int:
    """Calls, and look-ups without an answer: what the next wait grows with."""
    if verdict.event is MessageEvent.DEFER:
        return len(verdict.attempts)
    return sum(1 for attempt in verdict.attempts if attempt.kind == "call")


def _lane_row(item: Settled, reached: Sequence[tuple[Verdict, MessageState]]) -> dict[str, Any]:
    due = [v.not_before for v, to in reached if v.not_before is not None and to not in _ENDED]
    return {
        "id": item.lane,
        "blocked": any(to is MessageState.DEAD for _, to in reached),
        "due_at": to_us(max(due)) if due else None,
        "established": int(any(to is MessageState.DELIVERED for _, to in reached)),
    }


def _keep_attempts(sql: Statements, settled: Sequence[Settled]) -> None:
    """Attempts of a refused record are kept too: the call was made, and the timeline must show it."""
    made = [(verdict.message, attempt) for item in settled for verdict in item.verdicts for attempt in verdict.attempts]
    if not made:
        return
    first = sql.row("allocate", name="attempt", count=len(made))[0]
    sql.many(
        "insert_attempt",
        [
            {
                "id": first + n,
                "message_id": message,
                "kind": attempt.kind,
                "at": to_us(attempt.at),
                "took_us": attempt.took_us,
                "outcome": attempt.outcome,
                "code": attempt.code,
                "text": attempt.text,
            }
            for n, (message, attempt) in enumerate(made)
        ],
    )


def _claim(
    sql: Statements,
    tenant: str,
    partner: str,
    operations: Mapping[str, Operation],
    worker: str,
    want: int,
    lease: timedelta,
    now: datetime,
) -> tuple[Claim, ...]:
    until = now + lease
    taken = sql.rows(
        "claim_lanes",
        tenant=tenant, partner=partner, worker=worker, lease_until=to_us(until), now=to_us(now), want=want,
    )  # fmt: skip
    if not taken:
        return ()
    depth = max(operation.batch for operation in operations.values())
    heads: dict[int, list[Any]] = {row[0]: [] for row in taken}
    for row in sql.rows("claim_messages", lanes=orjson.dumps(list(heads)).decode(), depth=depth):
        heads[row[0]].append(row)
    claims = []
    flying: list[dict[str, Any]] = []
    for lane, token, established, _ in taken:
        run = _head_run(heads[lane], operations)
        look_up = run[0][3] == MessageState.UNKNOWN.value
        if not look_up:
            flying.extend({"id": row[1]} for row in run)
        messages = tuple(_message(row, partner, bool(established)) for row in run)
        claims.append(Claim(lane, token, until, look_up, messages))
    sql.many("fly_message", flying)
    return tuple(claims)


def _head_run(rows: Sequence[Any], operations: Mapping[str, Operation]) -> list[Any]:
    """The first messages of a lane that can go in one call: same operation, same state, up to its batch."""
    head = rows[0]
    operation = operations.get(head[2])
    limit = operation.batch if operation is not None and operation.same_dossier else 1
    run = []
    for row in rows[:limit]:
        if row[2] != head[2] or row[3] != head[3]:
            break
        run.append(row)
    return run


def _message(row: Any, partner: str, established: bool) -> Message:
    _, id_, operation, _, attempts, since, body, hash_, advance, dossier = row
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
        late=advance == Advance.LATE.value,
    )


__all__ = ["MessageEvent", "exchange", "read_partner"]
