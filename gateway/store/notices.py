"""
Partners' notices as they arrived: kept before anything is done about them, processed once, answered as first.

Everything runs inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from gateway.notices import PartnerCall, Why
from gateway.ports import Reply, Said
from gateway.store.moments import from_us, to_us
from gateway.store.sql import Statements, ids
from gateway.store.tally import Tally
from gateway.store.views import Notice, TurnedAway

_DAY = timedelta(days=1)
_NEVER = 2**62
"""When those are due that only a person, or a dossier that comes, can make due."""
_LOOK_AGAIN = timedelta(hours=1)
"""A notice of several dossiers names one to wait for; whether another came is looked up now and then."""
_REMEMBERED = frozenset({Said.TAKEN, Said.LATE})
"""What has had its effect: under its id nothing else may come."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """
    The notice *id*; *same* is false when another content came under its event's id. *first* is the answer that it was
    given when it came before.
    """

    id: int
    same: bool = True
    first: Reply | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A notice that the transaction has alone."""

    path: str
    content: bytes = field(repr=False)
    at: datetime
    first: Reply | None


def arrive(
    sql: Statements, partner: str, call: PartnerCall, event_id: str | None, now: datetime, due: datetime
) -> Arrival:
    """Keep *call*, to be processed, unless a notice of the same id is there."""
    print_ = sha256(call.content).digest()
    (id_,) = ids(sql, 1)
    values = {
        "id": id_, "partner": partner, "path": call.path, "source": call.source, "fingerprint": print_,
        "body": call.content, "at": to_us(now), "due_at": to_us(due),
    }  # fmt: skip
    if sql.row("insert_notice", event_id=event_id, **values) is not None:
        return Arrival(id_)
    known = sql.row("notice_by_event", partner=partner, event_id=event_id)
    if known is None:
        # It gave its id free just now.
        return arrive(sql, partner, call, event_id, now, due)
    sql.run("notice_again", id=known[0], at=to_us(now))
    same = bytes(known[1]) == print_
    if same:
        Tally.of(partner, f"notice:{Said.REPEATED}").write(sql)
        return Arrival(known[0], first=_reply(*known[2:]))
    sql.run("insert_notice", event_id=None, **values)
    return Arrival(id_, same=False)


def lock(sql: Statements, partner: str, id_: int) -> Stored | None:
    """The notice *id_*, and every copy of it, for this transaction alone; None when it is gone."""
    row = sql.row("lock_notice", id=id_)
    if row is None:
        return None
    path, body, print_, at, *first = row
    if sql.dialect == "postgresql":
        sql.run("lock_alike", partner=partner, fingerprint=bytes(print_).hex())
    return Stored(path, b"" if body is None else bytes(body), from_us(at), _reply(*first))


def finish(sql: Statements, partner: str, id_: int, reply: Reply, now: datetime) -> None:
    """The notice *id_* is processed and answered. A mere repeat does not keep its body: the first one has it."""
    due_at = _NEVER if len(reply.awaits) == 1 else to_us(now + _LOOK_AGAIN)
    dossier = reply.awaits[0] if reply.awaits else reply.dossier
    sql.run(
        "finish_notice", id=id_, said=reply.said.value, status=reply.status, media_type=reply.content_type,
        dossier_key=None if dossier is None else dossier.key, answer=reply.body,
        keep_body=int(reply.said is not Said.REPEATED), keep_event=int(reply.said in _REMEMBERED),
        due_at=due_at if reply.awaits else None,
    )  # fmt: skip
    Tally.of(partner, f"notice:{reply.said}").write(sql)


def postpone(sql: Statements, id_: int, now: datetime, wait: Callable[[int], timedelta | None]) -> int:
    """
    Its processing failed: try again after *wait* of the attempts, or leave it to a person where that is none. How often
    it was tried, 0 when it is done.
    """
    row = sql.row("notice_attempts", id=id_)
    if row is None:
        return 0
    attempts = int(row[0]) + 1
    longer = wait(attempts)
    due_at, said = (_NEVER, Said.PARKED.value) if longer is None else (to_us(now + longer), None)
    sql.run("postpone_notice", id=id_, attempts=attempts, due_at=due_at, said=said)
    return attempts


def parked(sql: Statements) -> list[tuple[int, str]]:
    """Ids and partners of the notices that were left to a person, the oldest first."""
    return [(id_, partner) for id_, partner in sql.rows("parked_notices", never=_NEVER)]


def unpark(sql: Statements, id_: int, now: datetime) -> None:
    """The notice *id_* is due again, as if it had never failed."""
    sql.run("unpark_notice", id=id_, never=_NEVER, now=to_us(now))


def found(sql: Statements, now: datetime, want: int) -> list[int]:
    """Notices that waited for a dossier which is known by now, or may be."""
    return [id_ for (id_,) in sql.rows("found_notices", now=to_us(now), want=want)]


def recall(sql: Statements, id_: int, now: datetime) -> None:
    """The notice *id_*, which waited for a dossier, is to be processed again."""
    sql.run("recall_notice", id=id_, now=to_us(now))


def due(sql: Statements, partners: Iterable[str], now: datetime, want: int) -> list[tuple[int, str]]:
    """
    Ids and partners of notices of *partners* that should have been processed by *now*, the longest due first.
    """
    rows = sql.rows("due_notices", partners=list(partners), now=to_us(now), want=want)
    return [(id_, partner) for id_, partner in rows]


def waiting(sql: Statements) -> dict[str, int]:
    """How many notices of each partner are not processed yet, but for those that were left to a person."""
    return {partner: int(count) for partner, count in sql.rows("waiting_notices")}


def turn_away(sql: Statements, partner: str, why: Why, source: str, now: datetime, times: int) -> None:
    """Count calls that were turned away, by day and source."""
    day = (now - datetime.fromtimestamp(0, now.tzinfo)) // _DAY
    sql.run("turn_away", partner=partner, why=why.value, source=source, day=day, times=times, at=to_us(now))
    Tally.of(partner, f"turned-away:{why}", times).write(sql)


def newest(sql: Statements, want: int) -> list[Notice]:
    """The newest notices, newest first."""
    return [
        Notice(id_, from_us(at), partner, path, source, said or "", dossier, times, attempts, event_id)
        for id_, at, partner, path, source, said, dossier, times, attempts, event_id in sql.rows(
            "newest_notices", want=want
        )
    ]


def strangers(sql: Statements, want: int) -> list[TurnedAway]:
    """Who was turned away lately, newest first."""
    return [
        TurnedAway(from_us(at), partner, why, source, int(times))
        for at, partner, why, source, times in sql.rows("newest_turned_away", want=want)
    ]


def _reply(status: int | None, media_type: str, answer: bytes) -> Reply | None:
    return None if status is None else Reply(status, media_type, bytes(answer))
