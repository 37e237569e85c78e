"""
What people ask of a store: backlog, a dossier's timeline, the soundness of its chain.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from gateway.lifecycle import MessageState
from gateway.model import DossierStatus, Matter, Notice, ProcessingStep, read_body
from gateway.store import partners
from gateway.store.ledger import GENESIS, chain_hash
from gateway.store.moments import from_us
from gateway.store.sql import Statements
from gateway.store.tally import tallies
from gateway.store.views import Delivery, DossierEntry, PartnerStatus, TimelineEntry


def status(sql: Statements) -> list[PartnerStatus]:
    """From counts that are kept, not counted: as quick with ten million messages as with ten."""
    counts = tallies(sql)
    flying = dict(sql.rows("in_flight"))
    unknown = dict(sql.rows("unknown"))
    rows = {row.partner: row for row in partners.read_all(sql)}
    found = []
    for partner in sorted((counts.keys() | rows.keys()) - {""}):
        said = counts.get(partner, {})
        row = rows.get(partner) or partners.PartnerRow(partner)
        in_flight, lost = int(flying.get(partner, 0)), int(unknown.get(partner, 0))
        oldest = (sql.row(name, partner=partner)[0] for name in ("oldest", "oldest_dead"))
        since = [at for at in oldest if at is not None]
        found.append(
            PartnerStatus(
                partner=partner,
                pending=said.get("open", 0) - in_flight - lost,
                in_flight=in_flight,
                unknown=lost,
                dead=said.get(MessageState.DEAD.value, 0),
                delivered=said.get(MessageState.DELIVERED.value, 0),
                attempts=said.get("call", 0),
                probes=said.get("probe", 0),
                oldest=from_us(min(since)) if since else None,
                hold_until=row.state.hold_until,
                superseded=said.get(MessageState.SUPERSEDED.value, 0),
                cancelled=said.get(MessageState.CANCELLED.value, 0),
                resolved=said.get(MessageState.RESOLVED.value, 0),
                paused=row.paused,
                slowdown=row.state.slowdown,
            )
        )
    return found


def totals(sql: Statements) -> dict[str, int]:
    said = tallies(sql).get("", {})
    kinds = {what.removeprefix("kind:"): n for what, n in said.items() if what.startswith("kind:")}
    return {"dossiers": said.get("dossiers", 0), **kinds}


def dossiers(sql: Statements, *, after: int, want: int) -> list[DossierEntry]:
    return [_entry(row) for row in sql.rows("dossier_page", after=after, want=want)]


def dossier(sql: Statements, key: str) -> tuple[DossierEntry, list[Delivery]] | None:
    row = sql.row("dossier_entry", key=key)
    if row is None:
        return None
    names = [name for (name,) in sql.rows("partners")]
    lanes = sql.rows("deliveries", dossier=row[0], partners=names)
    return _entry(row), [
        Delivery(
            partner, delivered, pending, unknown, dead, blocked=state == "blocked", paused=bool(paused),
            told_at=None if told_at is None else from_us(told_at),
        )
        for partner, state, paused, pending, unknown, dead, delivered, told_at in lanes
    ]  # fmt: skip


def _entry(row: Any) -> DossierEntry:
    id_, code, origin, status, status_at, version = row
    return DossierEntry(id_, code, origin, DossierStatus(status), from_us(status_at), version)


def timeline(sql: Statements, key: str) -> list[TimelineEntry]:
    """Everything known of one dossier, by time; an accepted change before what was done about it."""
    heard = [_notice_entry(*line) for line in sql.rows("notices_of_dossier", key=key)]
    row = sql.row("dossier_row", key=key)
    if row is None:
        return heard
    where: dict[str, Any] = {"dossier": row[0], "partners": [name for (name,) in sql.rows("partners")]}
    waiting = sql.rows("timeline_open", **where)
    done = sql.rows("timeline_done", **where)
    dead = sql.rows("timeline_dead", **where)
    named = {line[1]: (line[2], line[3]) for line in (*waiting, *done, *dead)}
    told = {version for _, version in named.values()}
    blocked = {line[0] for line in dead}
    changes = sql.rows("timeline_changes", dossier=row[0])
    entries = heard + [_change_entry(*change, told=change[2] in told) for change in changes]
    entries += [
        _attempt_entry(at, partner, (operation, version), "call", "delivered", code, text, took_us)
        for partner, _, operation, version, _, _, at, took_us, code, text in done
        if took_us is not None
    ]
    entries += [
        _attempt_entry(at, partner, named.get(message, ("", 0)), kind, outcome, code, text, took_us)
        for at, partner, message, kind, outcome, code, text, took_us in sql.rows("timeline_attempts", dossier=row[0])
    ]
    entries += [_waiting_entry(line, blocked=line[0] in blocked) for line in waiting]
    entries += [_done_entry(*line) for line in done]
    entries += [_dead_entry(*line) for line in dead]
    return sorted(entries, key=lambda entry: entry.at)


def _change_entry(
    at: int, kind: str, version: int, advance: str, source: str, body: bytes, *, told: bool
) -> TimelineEntry:
    content = read_body(bytes(body))
    if isinstance(content, Notice):
        return TimelineEntry(from_us(at), f"accepted.{kind}", "", f"#{version} {source}: {content.topic}")
    if isinstance(content, Matter):
        return TimelineEntry(from_us(at), f"accepted.{kind}", "", f"#{version} {source}: {content.form}")
    when = content.at if isinstance(content, ProcessingStep) else content.status_at
    detail = f"#{version} {source}: {content.status.value} {content.status.label_vi}, {when.isoformat()}, {advance}"
    if not told:
        detail += ", chỉ giữ trong sổ / kept in the ledger only"
    return TimelineEntry(from_us(at), f"accepted.{kind}", "", detail)


def _notice_entry(at: int, partner: str, path: str, said: str | None, times: int, id_: int) -> TimelineEntry:
    again = f", {times} lần / times" if times > 1 else ""
    return TimelineEntry(from_us(at), f"notice.{said or 'waits'}", partner, f"{path}, notice {id_}{again}")


def _attempt_entry(
    at: int, partner: str, message: tuple[str, int], kind: str, outcome: str, code: str, text: str, took_us: int
) -> TimelineEntry:
    operation, version = message
    said = f" [{code}] {text}" if code or text else ""
    return TimelineEntry(
        from_us(at), f"{kind}.{outcome}", partner, f"#{version} {operation}, {took_us / 1000:.0f} ms{said}"
    )


def _waiting_entry(line: Any, *, blocked: bool) -> TimelineEntry:
    partner, id_, operation, version, attempts, since, lane_state, due_at, state = line
    detail = f"#{version} {operation}, message {id_}, attempts {attempts}"
    if blocked:
        detail += ", chờ sau một thông điệp hỏng / waits behind a dead letter"
    elif lane_state == "paused":
        detail += ", hồ sơ đang tạm dừng / its lane is paused"
    else:
        detail += f", next not before {from_us(due_at).isoformat(timespec='seconds')}"
    return TimelineEntry(from_us(since), f"message.{state}", partner, detail)


def _done_entry(
    partner: str, id_: int, operation: str, version: int, attempts: int, state: str, at: int, took_us: int | None,
    code: str, text: str,
) -> TimelineEntry:  # fmt: skip
    ended = from_us(at if took_us is None else at + took_us)
    detail = f"#{version} {operation}, message {id_}, attempts {attempts}"
    if state != MessageState.DELIVERED.value and (code or text):
        detail += f" [{code}] {text}" if code else f": {text}"
    return TimelineEntry(ended, f"message.{state}", partner, detail)


def _dead_entry(
    partner: str, id_: int, operation: str, version: int, attempts: int, at: int, code: str, text: str
) -> TimelineEntry:
    detail = f"#{version} {operation}, message {id_}, attempts {attempts} [{code}] {text}"
    return TimelineEntry(from_us(at), f"message.{MessageState.DEAD.value}", partner, detail)


def broken_link(sql: Statements, key: str) -> int | None:
    previous = GENESIS
    expected = 0
    for row in sql.rows("chain", key=key):
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
    head = sql.row("dossiers", keys=[key])
    if head is not None and (head[5] != expected or bytes(head[7]) != previous):
        return expected + 1
    return None


def _chain_row(row: Any) -> tuple[int, str, str, str, bytes, int, bytes, bytes, bytes]:
    version, kind, source, source_id, print_, at, previous, hash_, body = row
    return version, kind, source, source_id, bytes(print_), at, bytes(previous), bytes(hash_), bytes(body)
