"""
What a claim costs while 10³ and 10⁶ messages wait, and behind lanes that are blocked or very long.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median

from benchmarks.dossiers import change, dossiers, steps
from benchmarks.listener import Listener
from benchmarks.measure import Better, Cost, Figure, Sample, Setting, in_turns
from gateway.lifecycle import MessageEvent
from gateway.model import Change
from gateway.store.base import SqlStore
from gateway.store.contract import Claim, Settled, Verdict, Wish
from gateway.store.sqlite import SqliteStore

AT_MOST = 1.5
TENANT = "H99"
LANES = 64
_STEPS = 3
_PER_DOSSIER = _STEPS + 1
_COMMIT = 4_000
_BLOCKED = 100
_LEASE = timedelta(minutes=5)
FRONT = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 2, tzinfo=UTC)
_UNIT = f"µs to claim {LANES} lanes and give them back"


class Desk:
    """A store, and a clock that goes on a second with every turn."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._listener = Listener()
        self._now = NOW

    def close(self) -> None:
        self._store.close()

    def accept(self, changes: Iterator[Change], *, at: datetime) -> None:
        while some := list(islice(changes, _COMMIT)):
            for receipt in self._store.accept(some, [self._listener], now=at):
                assert receipt.version > 0

    def claim(self, want: int) -> tuple[Claim, ...]:
        self._now += timedelta(seconds=1)
        return self._exchange((), want)

    def give_back(self, claims: tuple[Claim, ...]) -> None:
        """
        To the end of the queue, so that the next turn meets other lanes; those in front stay in front.
        """
        self._exchange(tuple(self._settled(claim) for claim in claims), 0)

    def block(self, claims: tuple[Claim, ...]) -> None:
        """Let the portal refuse the head of each lane."""
        verdicts = [
            (claim, tuple(Verdict(message.id, MessageEvent.REJECT) for message in claim.messages)) for claim in claims
        ]
        self._exchange(tuple(Settled(claim.lane, claim.token, each) for claim, each in verdicts), 0)

    def _settled(self, claim: Claim) -> Settled:
        front = claim.messages[0].accepted_at == FRONT
        event, at = (MessageEvent.RELEASE, None) if front else (MessageEvent.RETRY, self._now)
        return Settled(claim.lane, claim.token, tuple(Verdict(m.id, event, at) for m in claim.messages))

    def _exchange(self, settled: tuple[Settled, ...], want: int) -> tuple[Claim, ...]:
        listener = self._listener
        return self._store.exchange(
            listener.name,
            listener.operations,
            worker="bench",
            settled=settled,
            state=None,
            wish=Wish(want, _LEASE) if want else None,
            now=self._now,
        ).claims


def _desk(path: Path) -> Desk:
    return Desk(SqliteStore(path, tenant=TENANT))


def run(setting: Setting) -> Iterator[Figure]:
    """The same turn on a small and a large backlog, and on the large one with obstacles in front."""
    few, many = setting.size(1_000, 400), setting.size(1_000_000, 4_000)
    rounds, turns = setting.size(9, 2), setting.size(40, 5)
    with setting.scratch() as folder:
        small, large = _desk(folder / "small.db"), _desk(folder / "large.db")
        setting.say(f"claiming: laying down {few} and {many} messages")
        began = time.perf_counter()
        for desk, messages in ((small, few), (large, many)):
            desk.accept(_backlog(messages // _PER_DOSSIER, setting.seed), at=NOW)
        filled_s = time.perf_counter() - began
        large.close()
        shutil.copyfile(folder / "large.db", folder / "front.db")
        large, front = _desk(folder / "large.db"), _desk(folder / "front.db")
        long_lane = setting.size(10_000, 200)
        _put_in_front(front, first=many, long_lane=long_lane, seed=setting.seed)
        setting.say("claiming: turns on all of them")
        yield Figure(
            "claim_backlog",
            _UNIT,
            f"the same with {few} waiting messages instead of {many}",
            Better.LOWER,
            in_turns(rounds, lambda: turns_of(large, turns), lambda: turns_of(small, turns)),
            target=AT_MOST,
            details={"messages": many, "messages_other": few, "turns_per_round": turns, "filling_s": filled_s},
        )
        yield Figure(
            "claim_behind_obstacles",
            _UNIT,
            f"the same {many} messages without {_BLOCKED} blocked lanes and one lane of {long_lane} messages in front",
            Better.LOWER,
            in_turns(rounds, lambda: turns_of(front, turns), lambda: turns_of(large, turns)),
            target=AT_MOST,
            details={"messages": many, "blocked_lanes": _BLOCKED, "long_lane": long_lane, "turns_per_round": turns},
        )
        for desk in (small, large, front):
            desk.close()


def _backlog(count: int, seed: int, *, first: int = 0) -> Iterator[Change]:
    for dossier in dossiers(count, seed, first=first):
        yield change(dossier)
        for step in steps(dossier, _STEPS):
            yield change(step)


def _put_in_front(desk: Desk, *, first: int, long_lane: int, seed: int) -> None:
    """Blocked lanes that are older than everything else, and one long lane of the same age."""
    desk.accept(_backlog(_BLOCKED, seed, first=first), at=FRONT)
    desk.block(desk.claim(_BLOCKED))
    desk.accept(_one_long_lane(long_lane, seed, first=first + _BLOCKED), at=FRONT)


def _one_long_lane(messages: int, seed: int, *, first: int) -> Iterator[Change]:
    for dossier in dossiers(1, seed, first=first):
        yield change(dossier)
        for step in steps(dossier, messages - 1):
            yield change(step)


def turns_of(desk: Desk, turns: int) -> Sample:
    """The median of *turns* turns."""
    walls, cpu = [], time.process_time()
    for _ in range(turns):
        began = time.perf_counter()
        claims = desk.claim(LANES)
        desk.give_back(claims)
        walls.append(time.perf_counter() - began)
        assert len(claims) == LANES
    return Sample(median(walls) * 1e6, turns, Cost(sum(walls), time.process_time() - cpu))
