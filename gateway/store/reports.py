"""
What people ask of a store: backlog, dead letters, a dossier's timeline, the soundness of its chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

from gateway.lifecycle import MessageEvent, MessageState, move
from gateway.model import ProcessingStep, read_body
from gateway.store.contract import DeadLetter, PartnerStatus, TimelineEntry
from gateway.store.ledger import GENESIS, chain_hash
from gateway.store.moments import from_us
from gateway.store.sql import Statements


def status(sql: Statements, tenant: str) -> list[PartnerStatus]:
    counts: dict[str, dict[str, int]] = {}
    oldest: dict[str, int] = {}
    for partner, state, count, since in sql.rows("status_messages", tenant=tenant):
        counts.setdefault(partner, {})[state] = count
        if state != MessageState.DELIVERED.value:
            oldest[partner] = min(since, oldest.get(partner, since))
    calls: dict[str, dict[str, int]] = {}
    for partner, kind, count in sql.rows("status_attempts", tenant=tenant):
        calls.setdefault(partner, {})[kind] = count
    holds = {partner: hold for partner, _, hold in sql.rows("partner_states", tenant=tenant)}
    return [
        PartnerStatus(
            partner=partner,
            pending=states.get(MessageState.PENDING.value, 0),
            in_flight=states.get(MessageState.IN_FLIGHT.value, 0),
            unknown=states.get(MessageState.UNKNOWN.value, 0),
            dead=states.get(MessageState.DEAD.value, 0),
            delivered=states.get(MessageState.DELIVERED.value, 0),
            attempts=calls.get(partner, {}).get("call", 0),
            probes=calls.get(partner, {}).get("probe", 0),
            oldest=_maybe(oldest.get(partner)),
            hold_until=_maybe(holds.get(partner)),
        )
        for partner, states in sorted(counts.items())
    ]


def totals(sql: Statements, tenant: str) -> dict[str, int]:
    by_kind = dict(sql.rows("count_changes", tenant=tenant))
    return {"dossiers": sql.row("count_dossiers", tenant=tenant)[0], **by_kind}


def dead_letters(sql: Statements, tenant: str) -> list[DeadLetter]:
    return [
        DeadLetter(id_, partner, operation, dossier, code or "", text or "", from_us(since), attempts, behind)
        for id_, partner, operation, dossier, code, text, since, attempts, behind in sql.rows(
            "dead_letters", tenant=tenant
        )
    ]


def requeue(sql: Statements, tenant: str, ids: Sequence[int], now_us: int) -> list[int]:
    state = move(MessageState.DEAD, MessageEvent.REQUEUE).value
    done = []
    for id_ in sorted(set(ids)):
        row = sql.row("requeue_message", id=id_, tenant=tenant, state=state, now=now_us)
        if row is not None:
            sql.run("renew_horizon", lane_id=row[0], now=now_us)
            sql.run("reopen_lane", id=row[0], now=now_us)
            done.append(id_)
    return done


def timeline(sql: Statements, tenant: str, key: str) -> list[TimelineEntry]:
    """Everything known of one dossier, by time; an accepted change before what was done about it."""
    messages = sql.rows("timeline_messages", tenant=tenant, key=key)
    told = {row[8] for row in messages}
    entries = [_change_entry(*row, told=row[2] in told) for row in sql.rows("timeline_changes", tenant=tenant, key=key)]
    entries += [_attempt_entry(*row) for row in sql.rows("timeline_attempts", tenant=tenant, key=key)]
    entries += [_message_entry(*row) for row in messages]
    return sorted(entries, key=lambda entry: entry.at)


def _change_entry(
    at: int, kind: str, version: int, advance: str, source: str, body: bytes, *, told: bool
) -> TimelineEntry:
    content = read_body(bytes(body))
    when = content.at if isinstance(content, ProcessingStep) else content.status_at
    detail = f"#{version} {source}: {content.status.value} {content.status.label_vi}, {when.isoformat()}, {advance}"
    if not told:
        detail += ", chỉ giữ trong sổ / kept in the ledger only"
    return TimelineEntry(from_us(at), f"accepted.{kind}", "", detail)


def _attempt_entry(
    at: int, partner: str, operation: str, kind: str, outcome: str, code: str, text: str, took_us: int, version: int
) -> TimelineEntry:
    said = f" [{code}] {text}" if code or text else ""
    return TimelineEntry(
        from_us(at), f"{kind}.{outcome}", partner, f"#{version} {operation}, {took_us / 1000:.0f} ms{said}"
    )


def _message_entry(
    since: int,
    partner: str,
    operation: str,
    state: str,
    attempts: int,
    ended_at: int | None,
    code: str | None,
    text: str | None,
    version: int,
    id_: int,
    lane_state: str,
    due_at: int,
) -> TimelineEntry:
    detail = f"#{version} {operation}, message {id_}, attempts {attempts}"
    if state == MessageState.DEAD.value:
        detail += f" [{code}] {text}"
    elif state != MessageState.DELIVERED.value and lane_state == "blocked":
        detail += ", chờ sau một thông điệp hỏng / waits behind a dead letter"
    elif state != MessageState.DELIVERED.value:
        detail += f", next not before {from_us(due_at).isoformat(timespec='seconds')}"
    return TimelineEntry(from_us(ended_at if ended_at is not None else since), f"message.{state}", partner, detail)


def broken_link(sql: Statements, tenant: str, key: str) -> int | None:
    previous = GENESIS
    expected = 0
    for row in sql.rows("chain", tenant=tenant, key=key):
        version, kind, source, source_id, print_, at, said_previous, said_hash, body = _chain_row(row)
        expected += 1
        intact = (
            version == expected
            and said_previous == previous
            and sha256(body).digest() == print_
            and chain_hash(previous, version, kind, source, source_id, at, print_) == said_hash
        )
        if not intact:
            return expected
        previous = said_hash
    head = sql.row("dossiers", keys=orjson.dumps([key]).decode(), tenant=tenant)
    if head is not None and (head[5] != expected or bytes(head[7]) != previous):
        return expected + 1
    return None


def _chain_row(row: Any) -> tuple[int, str, str, str, bytes, int, bytes, bytes, bytes]:
    version, kind, source, source_id, print_, at, previous, hash_, body = row
    return version, kind, source, source_id, bytes(print_), at, bytes(previous), bytes(hash_), bytes(body)


def _maybe(us: int | None) -> datetime | None:
    return None if us is None else from_us(us)
