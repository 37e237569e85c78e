"""
What became of claims: verdicts move messages by the state table, and lanes come back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.lifecycle import FINAL, MessageEvent, MessageState, move
from gateway.store.contract import Attempt, Settled, Verdict
from gateway.store.moments import to_us
from gateway.store.sql import Statements, ids
from gateway.store.tally import Tally

_CALL = "call"
_DELIVER, _DEFER = MessageEvent.DELIVER, MessageEvent.DEFER
_IN_FLIGHT, _UNKNOWN, _DELIVERED, _DEAD = (
    MessageState.IN_FLIGHT, MessageState.UNKNOWN, MessageState.DELIVERED, MessageState.DEAD
)  # fmt: skip
_ENDED = FINAL | {_DEAD}
_AS_STORED = {
    (_IN_FLIGHT, MessageState.PENDING),
    (_UNKNOWN, _UNKNOWN),
}
"""Moves that leave the row of a message as it is: that it is under way stands in its lane."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many claims were refused for an old token, and those whose lane somebody else holds just now."""

    stale: int = 0
    postponed: tuple[Settled, ...] = ()


class _Rows:
    """What one record writes."""

    def __init__(self, partner: str, now_us: int) -> None:
        self.partner = partner
        self.now_us = now_us
        self.changed: list[dict[str, Any]] = []
        self.finished: list[dict[str, Any]] = []
        self.buried: list[dict[str, Any]] = []
        self.removed: list[dict[str, Any]] = []
        self.lanes: list[dict[str, Any]] = []
        self.attempts: list[tuple[int, int, Attempt]] = []

    def settle(self, item: Settled, present: MessageState) -> None:
        due: list[datetime] = []
        blocked = established = False
        for verdict in item.verdicts:
            to = move(present, verdict.event)
            self._message(item.lane, verdict, present, to)
            blocked = blocked or to is _DEAD
            established = established or to is _DELIVERED
            if verdict.not_before is not None and to not in _ENDED:
                due.append(verdict.not_before)
        self.lanes.append(
            {
                "partner": self.partner,
                "dossier_id": item.lane,
                "blocked": int(blocked),
                "due_at": to_us(max(due)) if due else None,
                "established": int(established),
            }
        )

    def _message(self, lane: int, verdict: Verdict, present: MessageState, to: MessageState) -> None:
        key = {"partner": self.partner, "dossier_id": lane, "id": verdict.message}
        tries = _tries(verdict)
        if to not in _ENDED:
            self.keep(lane, verdict)
            if tries or (present, to) not in _AS_STORED:
                self.changed.append({**key, "state": to.value, "tries": tries})
            return
        self.removed.append(key)
        if to is _DEAD:
            self.keep(lane, verdict)
            self.buried.append(
                {
                    **key,
                    "tries": tries,
                    "ended_at": self.now_us,
                    "code": verdict.code,
                    "text": verdict.text,
                    "cause": verdict.cause,
                    "sent": verdict.sent,
                }
            )
            return
        only = _plain(verdict, to)
        if only is None:
            self.keep(lane, verdict)
        self.finished.append(
            {
                **key,
                "state": to.value,
                "tries": tries,
                "ended_at": self.now_us if only is None else to_us(only.at),
                "took_us": None if only is None else only.took_us,
                "code": verdict.code,
                "text": verdict.text if only is None else only.text,
            }
        )

    def keep(self, lane: int, verdict: Verdict, known: Set[tuple[int, int]] = frozenset()) -> None:
        """Attempts of a refused record are kept too: the call was made, and the timeline must show it, once."""
        for attempt in verdict.attempts:
            if not known or (verdict.message, to_us(attempt.at)) not in known:
                self.attempts.append((lane, verdict.message, attempt))

    def write(self, sql: Statements) -> None:
        sql.many("settle_message", self.changed)
        sql.many("finish_message", self.finished)
        sql.many("bury_message", self.buried)
        sql.many("remove_message", self.removed)
        sql.many("give_back_lane", self.lanes)
        if self.attempts:
            sql.many(
                "insert_attempt",
                [
                    {
                        "dossier_id": lane,
                        "id": id_,
                        "partner": self.partner,
                        "message_id": message,
                        "kind": attempt.kind,
                        "at": to_us(attempt.at),
                        "took_us": attempt.took_us,
                        "outcome": attempt.outcome,
                        "code": attempt.code,
                        "text": attempt.text,
                    }
                    for id_, (lane, message, attempt) in zip(ids(sql, len(self.attempts)), self.attempts, strict=True)
                ],
            )
        self._tally().write(sql)

    def _tally(self) -> Tally:
        tally = Tally()
        tally.add(self.partner, "open", -len(self.removed))
        tally.add(self.partner, _DEAD.value, len(self.buried))
        for state, count in Counter(row["state"] for row in self.finished).items():
            tally.add(self.partner, state, count)
        at_once = sum(row["took_us"] is not None for row in self.finished)
        tally.add(self.partner, _CALL, at_once)
        for kind, count in Counter(attempt.kind for _, _, attempt in self.attempts).items():
            tally.add(self.partner, kind, count)
        return tally


def record(sql: Statements, partner: str, settled: Sequence[Settled], now: datetime) -> Recorded:
    """Write down *settled*; a record with an old token changes nothing but the list of attempts."""
    if not settled:
        return Recorded()
    lanes = [item.lane for item in settled]
    lent = {row[0]: row for row in sql.rows("lent_lanes", partner=partner, lanes=lanes)}
    rows = _Rows(partner, to_us(now))
    stale = 0
    postponed: list[Settled] = []
    for item in settled:
        found = lent.get(item.lane)
        if found is None:
            postponed.append(item)
        elif found[1] == item.token and found[2] == "leased":
            rows.settle(item, _IN_FLIGHT if found[3] else _UNKNOWN)
        else:
            stale += 1
            known = _known_attempts(sql, partner, item.lane)
            for verdict in item.verdicts:
                rows.keep(item.lane, verdict, known)
    rows.write(sql)
    return Recorded(stale, tuple(postponed))


def _known_attempts(sql: Statements, partner: str, lane: int) -> Set[tuple[int, int]]:
    """Calls that stand in the books, by message and time: a record may come again when its commit was not heard of."""
    return {(message, at) for message, at in sql.rows("attempts_made", partner=partner, lane=lane)}


def _tries(verdict: Verdict) -> int:
    """Calls, and look-ups without an answer: what the next wait grows with."""
    if verdict.event is _DEFER:
        return len(verdict.attempts)
    return [attempt.kind for attempt in verdict.attempts].count(_CALL)


def _plain(verdict: Verdict, to: MessageState) -> Attempt | None:
    """The one call that delivered a message at once: the finished message tells all about it."""
    if to is _DELIVERED and len(verdict.attempts) == 1 and verdict.event is _DELIVER:
        return verdict.attempts[0]
    return None
