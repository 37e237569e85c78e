"""
Somebody who reads the database after every commit, and holds what moved against what may move.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from gateway.lifecycle import MESSAGE_MOVES, ImpossibleMove, MessageEvent, MessageState, move
from gateway.policy import PartnerState
from gateway.store.contract import Claim, Settled, Turn
from gateway.store.moments import from_us
from gateway.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from tests.simulation.process import Errand

_LEGAL = {(state.value, to.value) for (state, _), to in MESSAGE_MOVES.items()}
_AFTER_THE_FIRST = (MessageState.IN_FLIGHT, MessageState.DELIVERED)
_DONE = (MessageEvent.DELIVER, MessageEvent.APPLIED)

_WATCH = """
CREATE TABLE sim_move (n INTEGER PRIMARY KEY, message INTEGER, lane INTEGER, old TEXT, new TEXT);
CREATE TRIGGER sim_moved AFTER UPDATE OF state ON lt_message WHEN old.state <> new.state BEGIN
    INSERT INTO sim_move (message, lane, old, new) VALUES (new.id, new.lane_id, old.state, new.state);
END;
CREATE TRIGGER sim_born AFTER INSERT ON lt_message WHEN new.state <> 'pending' BEGIN
    INSERT INTO sim_move (message, lane, old, new) VALUES (new.id, new.lane_id, 'born', new.state);
END;
CREATE TRIGGER sim_gone AFTER DELETE ON lt_message WHEN old.state <> 'delivered' BEGIN
    INSERT INTO sim_move (message, lane, old, new) VALUES (old.id, old.lane_id, old.state, 'gone');
END;
"""


def template(folder: Path, tenant: str) -> bytes:
    """An empty database of this release whose messages are watched, to be copied for every world."""
    path = folder / "template.db"
    SqliteStore(path, tenant=tenant).close()
    connection = sqlite3.connect(path)
    connection.executescript(_WATCH)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    return path.read_bytes()


@dataclass(frozen=True, slots=True)
class _Held:
    """A claim that somebody may still act upon."""

    who: str
    claim: Claim


class Audit:
    """
    Keeps its own books of claims, deliveries and holds, and says what contradicts them.

    Its connection reads only.
    """

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._seen = 0
        self._held: dict[int, _Held] = {}
        self._established: set[int] = set()
        self.hold_until: datetime | None = None
        self.claimed = 0

    def close(self) -> None:
        self._connection.close()

    def live(self, settled: Sequence[Settled]) -> list[Settled]:
        """Those whose record must be taken: their token is the lane's present one."""
        lanes = orjson.dumps([item.lane for item in settled]).decode()
        tokens = dict(
            self._connection.execute(
                "SELECT l.id, l.token FROM lt_lane l JOIN json_each(?) w ON l.id = w.value WHERE l.state = 'leased'",
                (lanes,),
            )
        )
        return [item for item in settled if tokens.get(item.lane) == item.token]

    def after_exchange(
        self,
        who: str,
        now: datetime,
        settled: Sequence[Settled],
        live: Sequence[Settled],
        errands: Iterable[Errand],
        state: PartnerState | None,
        turn: Turn,
    ) -> list[str]:
        """What is wrong with one exchange that was committed."""
        wrong: list[str] = []
        if turn.stale != len(settled) - len(live):
            wrong.append(f"{who} had {turn.stale} records refused instead of {len(settled) - len(live)}")
        wrong += self._looked_up(who, settled, errands)
        verdicts = {verdict.message: verdict.event for item in live for verdict in item.verdicts}
        flying = {message.id for claim in turn.claims if not claim.look_up for message in claim.messages}
        expired = {lane for lane, held in self._held.items() if held.claim.lease_until <= now}
        wrong += self._moves(verdicts, flying, expired)
        for item in settled:
            held = self._held.get(item.lane)
            if held is not None and held.claim.token == item.token:
                del self._held[item.lane]
        self._established |= {item.lane for item in live if any(v.event in _DONE for v in item.verdicts)}
        self._remember(state)
        return wrong + self._claims(who, now, turn.claims)

    def after_accept(self) -> list[str]:
        """New messages are pending; nothing else moves."""
        return self._moves({}, set(), set())

    def after_requeue(self, done: Sequence[int]) -> list[str]:
        return self._moves(dict.fromkeys(done, MessageEvent.REQUEUE), set(), set())

    def _moves(self, verdicts: Mapping[int, MessageEvent], flying: set[int], expired: set[int]) -> list[str]:
        wrong: list[str] = []
        rows = self._connection.execute(
            "SELECT n, message, lane, old, new FROM sim_move WHERE n > ? ORDER BY n", (self._seen,)
        ).fetchall()
        for n, message, lane, old, new in rows:
            self._seen = n
            shown = f"message {message} moved from {old} to {new}"
            if (old, new) not in _LEGAL:
                wrong.append(f"{shown}, which no event does")
                continue
            why = (
                (message in verdicts and _leads(old, verdicts[message]) == new)
                or (message in flying and new == MessageState.IN_FLIGHT)
                or (lane in expired and new == MessageState.UNKNOWN)
            )
            if not why:
                wrong.append(f"{shown} without a cause")
            if new in _AFTER_THE_FIRST and self._overtaken(message, lane, new):
                wrong.append(f"{shown} before what comes first in its lane")
        return wrong

    def _looked_up(self, who: str, settled: Sequence[Settled], errands: Iterable[Errand]) -> list[str]:
        """What was unknown goes on only after the partner was asked."""
        probed = {(claim.lane, claim.token): errand.probed for errand in errands for claim in errand.claims}
        wrong: list[str] = []
        for item in settled:
            asked = probed.get((item.lane, item.token), set())
            first = item.verdicts[0]
            for verdict in item.verdicts:
                needs = verdict.message if verdict.event is MessageEvent.APPLIED else first.message
                if verdict.event in (MessageEvent.APPLIED, MessageEvent.ABSENT) and needs not in asked:
                    wrong.append(f"{who} calls message {verdict.message} {verdict.event.value} without asking")
        return wrong

    def _claims(self, who: str, now: datetime, claims: Sequence[Claim]) -> list[str]:
        wrong: list[str] = []
        if claims and self.hold_until is not None and now < self.hold_until:
            wrong.append(f"{who} claims although the partner is held")
        for claim in claims:
            self.claimed += 1
            held = self._held.get(claim.lane)
            if held is not None and held.claim.lease_until > now:
                wrong.append(f"{who} and {held.who} hold lane {claim.lane} at once")
            if held is not None and held.claim.token >= claim.token:
                wrong.append(f"lane {claim.lane} gives token {claim.token} after {held.claim.token}")
            self._held[claim.lane] = _Held(who, claim)
            established = claim.lane in self._established
            wrong += [
                f"message {message.id} is told that its dossier is established: {message.established}"
                for message in claim.messages
                if message.established != established
            ]
        return wrong

    def _overtaken(self, message: int, lane: int, new: str) -> bool:
        """Whether something that comes first in the lane is not where *message* already is."""
        allowed = new if new == MessageState.IN_FLIGHT else MessageState.DELIVERED
        row = self._connection.execute(
            "SELECT 1 FROM lt_message WHERE lane_id = ? AND id < ? AND state <> 'delivered' AND state <> ? LIMIT 1",
            (lane, message, allowed),
        ).fetchone()
        return row is not None

    def _remember(self, state: PartnerState | None) -> None:
        if state is None:
            return
        if self.hold_until is None or (state.hold_until is not None and state.hold_until > self.hold_until):
            self.hold_until = state.hold_until

    def dossier_of(self, message: int) -> str:
        row = self._connection.execute(
            "SELECT d.key FROM lt_message m JOIN lt_lane l ON l.id = m.lane_id JOIN lt_dossier d ON d.id = l.dossier_id"
            " WHERE m.id = ?",
            (message,),
        ).fetchone()
        return str(row[0])

    def place_of(self, message: int) -> int:
        """How many messages come before it in its lane."""
        row = self._connection.execute(
            "SELECT count(*) FROM lt_message x JOIN lt_message m ON x.lane_id = m.lane_id AND x.id < m.id"
            " WHERE m.id = ?",
            (message,),
        ).fetchone()
        return int(row[0])

    def since(self, message: int) -> datetime:
        row = self._connection.execute("SELECT since FROM lt_message WHERE id = ?", (message,)).fetchone()
        return from_us(row[0])

    def states(self) -> list[tuple[int, str, str, str, str | None, str | None]]:
        """Every message in lane order: id, dossier, operation, state, code and text of its end."""
        return self._connection.execute(
            """
            SELECT m.id, d.key, m.operation, m.state, m.code, m.text
            FROM lt_message m JOIN lt_lane l ON l.id = m.lane_id JOIN lt_dossier d ON d.id = l.dossier_id
            ORDER BY m.lane_id, m.id
            """
        ).fetchall()


def _leads(old: str, event: MessageEvent) -> str:
    try:
        return move(MessageState(old), event).value
    except ImpossibleMove:
        return ""
