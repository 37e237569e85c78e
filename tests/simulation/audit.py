"""
Somebody who reads the database after every commit, and holds what moved against what may move.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gateway.lifecycle import FINAL, ImpossibleMove, MessageEvent, MessageState, move
from gateway.policy import PartnerState
from gateway.store.contract import Claim, Settled, Turn, Verdict
from gateway.store.moments import from_us
from tests.simulation.databases import TABLES, Database

if TYPE_CHECKING:
    from tests.simulation.process import Errand

_AFTER_THE_FIRST = (MessageState.IN_FLIGHT, MessageState.DELIVERED)
_DONE = (MessageEvent.DELIVER, MessageEvent.APPLIED)

_STATES = """
SELECT m.dossier_id, m.id,
    CASE WHEN m.state = 'pending' AND l.state = 'leased' AND m.id <= l.fly_to THEN 'in_flight' ELSE m.state END
FROM lt_message m JOIN lt_lane l USING (tenant, partner, dossier_id)
WHERE m.dossier_id IN (SELECT lane FROM sim_touched)
UNION ALL SELECT dossier_id, id, state FROM lt_done WHERE dossier_id IN (SELECT lane FROM sim_touched)
UNION ALL SELECT dossier_id, id, 'dead' FROM lt_dead WHERE dossier_id IN (SELECT lane FROM sim_touched)
ORDER BY 2
"""


Row = tuple[int, str, str, str, str | None, str | None]
"""One message: id, dossier, operation, state, code and text of its end."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A claim that somebody may still act upon."""

    who: str
    claim: Claim


class Audit:
    """
    Keeps its own books of messages, claims, deliveries and holds, and says what contradicts them.

    It writes nothing but which lanes it has looked at.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._states: dict[int, dict[int, str]] = {}
        self._held: dict[int, _Held] = {}
        self._established: set[int] = set()
        self.hold_until: datetime | None = None
        self.claimed = 0

    def live(self, settled: Sequence[Settled]) -> list[Settled]:
        """Those whose record must be taken: their token is the lane's present one."""
        leased = self._database.rows("SELECT dossier_id, token FROM lt_lane WHERE state = 'leased'")
        tokens: dict[int, int] = dict(leased)
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

    def after_decision(self, done: Mapping[int, MessageEvent]) -> list[str]:
        """Only what a person decided about has moved."""
        wrong = self._moves(done, set(), set())
        seen = {id_ for id_, event in done.items() if event is MessageEvent.RESOLVE}
        self._established |= {lane for lane, messages in self._states.items() if messages.keys() & seen}
        return wrong

    def after_order(self) -> list[str]:
        """An order moves no message."""
        return self._moves({}, set(), set())

    def _moves(self, verdicts: Mapping[int, MessageEvent], flying: set[int], expired: set[int]) -> list[str]:
        """Each message of a lane that was touched stands where its verdict, its lease and its claim have led it."""
        wrong: list[str] = []
        present: dict[int, dict[int, str]] = {}
        for lane, message, state in self._database.rows(_STATES):
            present.setdefault(lane, {})[message] = state
        self._database.forget_touched()
        for lane, messages in present.items():
            before = self._states.get(lane, {})
            for message in before.keys() | messages.keys():
                old, new = before.get(message, ""), messages.get(message, "gone")
                shown = f"message {message} moved from {old or 'born'} to {new}"
                if new != _led(old, verdicts.get(message), lane in expired, message in flying):
                    wrong.append(f"{shown} without a cause")
                elif new != old and new in _AFTER_THE_FIRST and _overtaken(messages, message, new):
                    wrong.append(f"{shown} before what comes first in its lane")
            self._states[lane] = messages
        return wrong

    def _looked_up(self, who: str, settled: Sequence[Settled], errands: Iterable[Errand]) -> list[str]:
        """What was unknown goes on only after the partner was asked."""
        probed = {(claim.lane, claim.token): errand.probed for errand in errands for claim in errand.claims}
        wrong: list[str] = []
        for item in settled:
            asked = probed.get((item.lane, item.token), set())
            absent = [verdict.message in asked for verdict in item.verdicts if verdict.event is MessageEvent.ABSENT]
            for number, verdict in enumerate(item.verdicts):
                applied = verdict.event is MessageEvent.APPLIED and verdict.message not in asked
                if applied or (verdict.event is MessageEvent.ABSENT and not any(absent)):
                    wrong.append(f"{who} calls message {verdict.message} {verdict.event.value} without asking")
                if verdict.event is MessageEvent.SUPERSEDE and not _stood_for(item.verdicts[number + 1 :]):
                    wrong.append(f"{who} calls message {verdict.message} superseded, and nothing stood for it")
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

    def _remember(self, state: PartnerState | None) -> None:
        if state is None:
            return
        if self.hold_until is None or (state.hold_until is not None and state.hold_until > self.hold_until):
            self.hold_until = state.hold_until

    def dossier_of(self, message: int) -> str:
        return next(row[1] for row in self.states() if row[0] == message)

    def place_of(self, message: int) -> int:
        """How many messages come before it in its lane."""
        lane = next(messages for messages in self._states.values() if message in messages)
        return sum(other < message for other in lane)

    def since(self, message: int) -> datetime:
        places = (f"SELECT since FROM {table} WHERE id = {message}" for table in TABLES)
        (row,) = self._database.rows(" UNION ALL ".join(places))
        return from_us(row[0])

    def states(self) -> list[Row]:
        """Every message in lane order."""
        return self._database.rows(
            """
            SELECT m.id, d.key, m.operation, m.state, m.code, m.text
            FROM (
                SELECT dossier_id, id, operation, state, NULL AS code, NULL AS text FROM lt_message
                UNION ALL SELECT dossier_id, id, operation, state, code, text FROM lt_done
                UNION ALL SELECT dossier_id, id, operation, 'dead', code, text FROM lt_dead) m
            JOIN lt_dossier d ON d.id = m.dossier_id
            ORDER BY m.dossier_id, m.id
            """
        )


def _led(old: str, event: MessageEvent | None, expired: bool, flies: bool) -> str:
    """Where a message must stand after one commit; "" when the table knows no such way."""
    if not old:
        return MessageState.PENDING.value
    state = MessageState(old)
    try:
        if event is not None:
            state = move(state, event)
        elif expired and state is MessageState.IN_FLIGHT:
            state = move(state, MessageEvent.EXPIRE)
        return (move(state, MessageEvent.CLAIM) if flies else state).value
    except ImpossibleMove:
        return ""


def _stood_for(behind: Sequence[Verdict]) -> bool:
    """Whether the first of *behind* that was not superseded itself has arrived."""
    told = next((verdict for verdict in behind if verdict.event is not MessageEvent.SUPERSEDE), None)
    return told is not None and told.event in _DONE


def _overtaken(lane: Mapping[int, str], message: int, new: str) -> bool:
    """Whether something that comes first in the lane is not where *message* already is."""
    gone = {state.value for state in FINAL}
    return any(
        other < message and state not in gone and not (state == new == MessageState.IN_FLIGHT.value)
        for other, state in lane.items()
    )
