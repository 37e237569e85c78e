"""
Dead letters: what waits for a person, and what the person decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from gateway.lifecycle import Advance, MessageEvent, MessageState, move
from gateway.ports import Message
from gateway.store import audit
from gateway.store.moments import from_us, to_us
from gateway.store.sql import Statements
from gateway.store.tally import Tally
from gateway.store.views import DeadLetter

_ACTIONS = {
    MessageEvent.REQUEUE: "requeue",
    MessageEvent.CANCEL: "cancel",
    MessageEvent.RESOLVE: "resolve",
}


@dataclass(frozen=True, slots=True)
class Buried:
    """A dead letter as the message it was, with the print of what was sent last ("" when none was kept)."""

    message: Message
    sent: str


def dead_letters(sql: Statements) -> list[DeadLetter]:
    return [
        DeadLetter(id_, partner, operation, dossier, code, text, from_us(at), attempts, behind, cause, version)
        for id_, partner, operation, dossier, code, text, at, attempts, cause, version, behind in sql.rows(
            "dead_letters"
        )
    ]


def buried(sql: Statements, id_: int) -> Buried | None:
    """The dead letter *id_* as a message, or None."""
    row = sql.row("dead_message", id=id_)
    if row is None:
        return None
    partner, operation, dossier, number, hash_, body, attempts, since, established, advance, sent = row
    message = Message(
        number, partner, operation, dossier, number, bytes(hash_).hex()[:32], bytes(body), attempts, from_us(since),
        bool(established), late=advance == Advance.LATE.value,
    )  # fmt: skip
    return Buried(message, sent)


def decide(
    sql: Statements,
    ids: Sequence[int],
    event: MessageEvent,
    act: audit.Act,
    *,
    apart: timedelta = timedelta(0),
    after: timedelta = timedelta(0),
) -> list[int]:
    """
    Let *event* (REQUEUE, CANCEL or RESOLVE) happen to those of *ids* that are dead; returns them.

    Their lanes open one after the other, *apart* in time, the first *after* the deed. Every deed is audited.
    """
    chosen = _locked(sql, ids)
    if not chosen:
        return []
    to = move(MessageState.DEAD, event)
    now_us = to_us(act.at)
    lanes: dict[tuple[str, int], dict[str, Any]] = {}
    tally = Tally()
    for _, partner, dossier, _, _ in chosen:
        tally.add(partner, MessageState.DEAD.value, -1)
        tally.add(partner, "open" if to is MessageState.PENDING else to.value)
        lanes.setdefault(
            (partner, dossier),
            {
                "partner": partner,
                "dossier_id": dossier,
                "now": now_us,
                "due_at": to_us(act.at + after + apart * len(lanes)),
                "established": int(to is MessageState.RESOLVED),
            },
        )
    numbers = [{"id": row[0], "now": now_us, "state": to.value, "reason": act.reason} for row in chosen]
    sql.many("revive_message" if to is MessageState.PENDING else "finish_dead", numbers)
    sql.many("remove_dead", numbers)
    sql.many("renew_horizon", list(lanes.values()))
    sql.many("reopen_lane", list(lanes.values()))
    tally.write(sql)
    if sql.dialect == "postgresql":
        sql.run("announce", partners=sorted({partner for partner, _ in lanes}))
    for id_, partner, _, operation, version in chosen:
        audit.append(sql, act, _ACTIONS[event], f"{partner}/{operation}/{id_}", f"#{version}")
    return [row[0] for row in chosen]


def _locked(sql: Statements, ids: Sequence[int]) -> list[tuple[int, str, int, str, int]]:
    """Those that are dead, once their lanes are held: somebody else may have decided meanwhile."""
    wanted = sorted(set(ids))
    for partner, dossier in sorted({(row[1], row[2]) for row in sql.rows("dead_rows", ids=wanted)}):
        sql.row("lock_lane", partner=partner, dossier_id=dossier)
    found: list[tuple[int, str, int, str, int]] = sql.rows("dead_rows", ids=wanted)
    return found
