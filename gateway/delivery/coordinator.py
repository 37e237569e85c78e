"""
The coordinator of one partner: it alone talks to the store, and hands out what the couriers carry.

It has no threads and never waits, so that every turn can be followed; the engine adds both. A message is given out only
after its claim is durable, and the next of its lane only after its outcome is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import uuid4

from gateway.delivery.courier import Courier
from gateway.delivery.gate import Gate
from gateway.delivery.progress import Counts
from gateway.errors import ConfigurationError, DeliveryError, Problem
from gateway.lifecycle import MessageEvent
from gateway.policy import BreakerPolicy, RetryPolicy
from gateway.ports import Clock, Connector
from gateway.store.contract import Claim, Settled, Store

_RETRIED = (MessageEvent.RETRY, MessageEvent.ABSENT, MessageEvent.DEFER)
_DEAD = (MessageEvent.REJECT, MessageEvent.GIVE_UP)


@dataclass(frozen=True, slots=True)
class Pace:
    """
    How an engine works: *concurrency* calls at once, *block* lanes claimed ahead, a *lease* longer than any call,
    *poll* between looks at an idle store, *stop* to finish calls when asked to end.
    """

    concurrency: int = 16
    block: int = 64
    lease: timedelta = timedelta(seconds=60)
    poll: timedelta = timedelta(milliseconds=500)
    stop: timedelta = timedelta(seconds=20)


class Coordinator:
    """
    Records what was carried and claims what is due, one exchange with the store per turn.

    Not for several threads; its *courier* is. Raises ``ConfigurationError`` when a lease could end before a call does.
    """

    def __init__(
        self,
        store: Store,
        connector: Connector,
        clock: Clock,
        *,
        pace: Pace,
        retry: RetryPolicy,
        breaker: BreakerPolicy,
        chance: Random | None = None,
        stopping: Callable[[], bool] = lambda: False,
        tally: Counter[str] | None = None,
    ) -> None:
        """*stopping* tells couriers to begin nothing more; *tally* goes on from what was counted before."""
        refuse_overlap(connector, pace)
        chance = chance or Random()
        gate = Gate(breaker, chance)

        def report(error: DeliveryError | None) -> None:
            gate.report(error, clock.now())

        self.courier = Courier(connector, clock, retry, chance, gate, report, stopping)
        self.outstanding = 0
        """How many claimed lanes have not come back yet."""
        self._gate = gate
        self._store = store
        self._connector = connector
        self._clock = clock
        self._pace = pace
        self._worker = uuid4().hex
        self._tally = Counter() if tally is None else tally

    @property
    def counts(self) -> Counts:
        """What was recorded so far. May be read from any thread."""
        return Counts(**self._tally)

    def turn(self, settled: Sequence[Settled], *, claiming: bool = True) -> list[list[Claim]]:
        """
        Record *settled* and, when *claiming*, take what is due: batches, each for one ``Courier.carry``.

        Raises ``StoreError``; then what was settled is not recorded, and its leases will tell.
        """
        now = self._clock.now()
        self.outstanding -= len(settled)
        want = self._want(now) if claiming else 0
        state = self._gate.news()
        if not settled and state is None and want <= 0:
            return []
        turn = self._store.exchange(
            self._connector.name,
            self._connector.operations,
            worker=self._worker,
            settled=settled,
            state=state,
            want=want,
            lease=self._pace.lease,
            now=now,
        )
        self._gate.learn(turn.partner, now)
        self._count(settled, turn.stale)
        self.outstanding += len(turn.claims)
        return _batches(turn.claims, self._connector)

    def next_due(self) -> datetime | None:
        """When something can be claimed next; None when nothing waits but dead letters."""
        return self._store.next_due(self._connector.name)

    def _want(self, now: datetime) -> int:
        if not self._gate.open(now):
            return 0
        if self._gate.trial_only(now):
            return 1 if self.outstanding == 0 else 0
        return self._pace.block - self.outstanding

    def _count(self, settled: Sequence[Settled], stale: int) -> None:
        for item in settled:
            for verdict in item.verdicts:
                self._tally["delivered"] += verdict.event in (MessageEvent.DELIVER, MessageEvent.APPLIED)
                self._tally["retried"] += verdict.event in _RETRIED
                self._tally["unknown"] += verdict.event is MessageEvent.LOSE
                self._tally["dead"] += verdict.event in _DEAD
                for attempt in verdict.attempts:
                    self._tally["calls" if attempt.kind == "call" else "probes"] += 1
        self._tally["stale"] += stale


def _batches(claims: Sequence[Claim], connector: Connector) -> list[list[Claim]]:
    """Claims that may share one call, where the operation carries several dossiers; otherwise one by one."""
    batches: list[list[Claim]] = []
    open_batches: dict[str, list[Claim]] = {}
    for claim in claims:
        name = claim.messages[0].operation
        operation = connector.operations[name]
        current = open_batches.get(name)
        if operation.same_dossier or claim.look_up or current is None or len(current) >= operation.batch:
            current = []
            batches.append(current)
            if not claim.look_up:
                open_batches[name] = current
        current.append(claim)
    return batches


def refuse_overlap(connector: Connector, pace: Pace) -> None:
    """Raise ``ConfigurationError`` when a lease could end before a call does: two processes might send one dossier."""
    if pace.lease <= connector.longest_call:
        raise ConfigurationError(
            [
                Problem(
                    "delivery.lease_s",
                    f"{pace.lease.total_seconds():g} s không dài hơn cuộc gọi lâu nhất tới «{connector.name}» "
                    f"({connector.longest_call.total_seconds():g} s); hai tiến trình có thể gửi cùng một hồ sơ "
                    "/ the lease is not longer than the longest call",
                    "Tăng delivery.lease_s hoặc giảm timeout_s của đối tác. / Raise the lease or lower the time-out.",
                )
            ]
        )
