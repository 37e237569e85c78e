"""
Dead letters: what waits for a person, and what the person decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, NamedTuple

from gateway.lifecycle import Advance, MessageEvent, MessageState, move
from gateway.policy import UNDECIDABLE
from gateway.ports import Message
from gateway.store import audit
from gateway.store.moments import from_us, to_us
from gateway.store.sql import Statements
from gateway.store.stranded import Step, strand
from gateway.store.tally import Tally
from gateway.store.views import DeadLetter

_ACTIONS = {
    MessageEvent.REQUEUE: "requeue",
    MessageEvent.LOOK_UP: "look-up",
    MessageEvent.CANCEL: "cancel",
    MessageEvent.RESOLVE: "resolve",
}
KEPT_BACK = (
    "Bước đến muộn, giữ lại cùng bước sau nó để trạng thái công khai không lùi"
    " / A late step, kept back with the later one so that the public status does not go back."
)
_OPEN = frozenset({MessageState.PENDING, MessageState.UNKNOWN})


class _Letter(NamedTuple):
    id: int
    partner: str
    lane: int
    operation: str
    version: int
    code: str
    key: str
    kind: str


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
    Let *event* (REQUEUE, LOOK_UP, CANCEL or RESOLVE) happen to those of *ids* that are dead; returns them.

    LOOK_UP is a REQUEUE for those whose outcome is known. Late steps that could not be told without a cancelled one are
    cancelled with it, and returned behind the others. The lanes open one after the other, *apart* in time, the first
    *after* the deed. Every deed is audited.
    """
    chosen = _locked(sql, ids, dossiers=event is MessageEvent.CANCEL)
    if not chosen:
        return []
    lanes: dict[tuple[str, int], dict[str, Any]] = {}
    for letter in chosen:
        lanes.setdefault(
            (letter.partner, letter.lane),
            {
                "partner": letter.partner,
                "dossier_id": letter.lane,
                "now": to_us(act.at),
                "due_at": to_us(act.at + after + apart * len(lanes)),
                "established": int(event is MessageEvent.RESOLVE),
            },
        )
    tally = Tally()
    along = _stranded(sql, chosen) if event is MessageEvent.CANCEL else []
    _move_letters(sql, chosen, event, act, tally)
    _keep_back(sql, along, act, tally)
    sql.many("renew_horizon", list(lanes.values()))
    sql.many("reopen_lane", list(lanes.values()))
    tally.write(sql)
    if sql.dialect == "postgresql":
        sql.run("announce", partners=sorted({partner for partner, _ in lanes}))
    return [letter.id for letter in chosen] + [step.id for _, _, step in along]


def _fate(event: MessageEvent, code: str) -> MessageEvent:
    return MessageEvent.REQUEUE if event is MessageEvent.LOOK_UP and code != UNDECIDABLE else event


def _move_letters(
    sql: Statements, letters: Sequence[_Letter], event: MessageEvent, act: audit.Act, tally: Tally
) -> None:
    on_their_way: list[dict[str, Any]] = []
    ended: list[dict[str, Any]] = []
    for letter in letters:
        fate = _fate(event, letter.code)
        to = move(MessageState.DEAD, fate)
        tally.add(letter.partner, MessageState.DEAD.value, -1)
        tally.add(letter.partner, "open" if to in _OPEN else to.value)
        row = {"id": letter.id, "now": to_us(act.at), "state": to.value, "reason": act.reason}
        (on_their_way if to in _OPEN else ended).append(row)
        audit.append(sql, act, _ACTIONS[fate], f"{letter.partner}/{letter.operation}/{letter.id}", f"#{letter.version}")
    sql.many("revive_message", on_their_way)
    sql.many("finish_dead", ended)
    sql.many("remove_dead", [*on_their_way, *ended])


def _stranded(sql: Statements, letters: Sequence[_Letter]) -> list[tuple[str, int, Step]]:
    """The late steps, with partner and lane, that cannot be told once *letters* are cancelled."""
    lanes: dict[tuple[str, int], set[int]] = {}
    for letter in letters:
        if letter.kind == "step":
            lanes.setdefault((letter.partner, letter.lane), set()).add(letter.id)
    return [(*place, step) for place, ids in lanes.items() for step in strand(sql, *place, ids)]


def _keep_back(sql: Statements, steps: Sequence[tuple[str, int, Step]], act: audit.Act, tally: Tally) -> None:
    dead: list[_Letter] = []
    waiting: list[dict[str, Any]] = []
    kept_back = replace(act, reason=f"{KEPT_BACK} {act.reason}")
    for partner, lane, step in steps:
        if step.state == MessageState.DEAD.value:
            dead.append(_Letter(step.id, partner, lane, step.operation, step.version, "", "", "step"))
            continue
        to = move(MessageState(step.state), MessageEvent.CANCEL)
        tally.add(partner, "open", -1)
        tally.add(partner, to.value)
        waiting.append(
            {
                "partner": partner, "dossier_id": lane, "id": step.id, "state": to.value, "tries": 0,
                "ended_at": to_us(act.at), "took_us": None, "code": "", "text": kept_back.reason,
            }
        )  # fmt: skip
        audit.append(sql, kept_back, "cancel", f"{partner}/{step.operation}/{step.id}", f"#{step.version}")
    _move_letters(sql, dead, MessageEvent.CANCEL, kept_back, tally)
    sql.many("finish_message", waiting)
    sql.many("remove_message", waiting)


def _locked(sql: Statements, ids: Sequence[int], *, dossiers: bool) -> list[_Letter]:
    """
    Those that are dead, once their lanes are held, and their *dossiers* where intake shall wait too: somebody else may
    have decided meanwhile.
    """
    wanted = sorted(set(ids))
    found = _dead(sql, wanted)
    if dossiers and sql.dialect == "postgresql":
        sql.run("lock_dossiers", keys=sorted({letter.key for letter in found}))
    for partner, lane in sorted({(letter.partner, letter.lane) for letter in found}):
        sql.row("lock_lane", partner=partner, dossier_id=lane)
    return _dead(sql, wanted)


def _dead(sql: Statements, ids: Sequence[int]) -> list[_Letter]:
    return [_Letter(*row) for row in sql.rows("dead_rows", ids=ids)]
