"""
The coordinator of one partner: it alone talks to the store, and hands out what the couriers carry.

It has no threads and never waits, so that every turn can be followed; the engine adds both. A message is given out only
after its claim is durable, and the next of its lane only after its outcome is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import groupby
from random import Random
from uuid import uuid4

from gateway.delivery import together
from gateway.delivery.calls import Calls
from gateway.delivery.courier import Courier
from gateway.delivery.gate import Gate
from gateway.delivery.progress import Counts
from gateway.errors import ConfigurationError, DeliveryError, Problem, StoreError
from gateway.lifecycle import MessageEvent
from gateway.observe import NOBODY, Observer
from gateway.policy import (
    LEAST_AHEAD,
    AdaptPolicy,
    BreakerPolicy,
    Flow,
    Limits,
    PartnerState,
    ProbePolicy,
    RetryPolicy,
    Windows,
    after_return,
    lanes_ahead,
)
from gateway.ports import Clock, Connector
from gateway.store.contract import Claim, Settled, Store, Wish

_COUNTED: Mapping[MessageEvent, str] = {
    MessageEvent.DELIVER: "delivered",
    MessageEvent.APPLIED: "delivered",
    MessageEvent.RETRY: "retried",
    MessageEvent.ABSENT: "retried",
    MessageEvent.DEFER: "retried",
    MessageEvent.LOSE: "unknown",
    MessageEvent.REJECT: "dead",
    MessageEvent.GIVE_UP: "dead",
}


@dataclass(frozen=True, slots=True)
class Pace:
    """
    How an engine works: *concurrency* calls at once, at most *block* lanes claimed ahead, a *lease* longer than any
    call, *poll* between looks at an idle store, *stop* to finish calls when asked to end. What became due within
    *fresh* goes before what has waited longer, for the share *live*.
    """

    concurrency: int = 16
    block: int = 256
    lease: timedelta = timedelta(seconds=60)
    poll: timedelta = timedelta(milliseconds=500)
    stop: timedelta = timedelta(seconds=20)
    fresh: timedelta = timedelta(seconds=2)
    live: float = 0.8


@dataclass(frozen=True, slots=True)
class Bearing:
    """What a partner bears, as configured: its *limits*, when it is closed, and how its look-ups are spread."""

    limits: Limits = field(default_factory=Limits)
    windows: tuple[Windows, ...] = ()
    probes: ProbePolicy = field(default_factory=ProbePolicy)
    adapt: AdaptPolicy = field(default_factory=AdaptPolicy)


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
        bearing: Bearing | None = None,
        chance: Random | None = None,
        stopping: Callable[[], bool] = lambda: False,
        tally: Counter[str] | None = None,
        observer: Observer = NOBODY,
    ) -> None:
        """
        *stopping* tells couriers to begin nothing more; *tally* goes on from what was counted before; *observer* hears
        of every call and of what becomes of messages.
        """
        refuse_overlap(connector, pace)
        chance = chance or Random()
        bearing = bearing or Bearing()
        gate = Gate(breaker, chance, adapt=bearing.adapt, windows=bearing.windows)

        def report(error: DeliveryError | None, took: timedelta) -> None:
            gate.report(error, clock.now(), took)

        def permit(until: datetime) -> datetime | None:
            try:
                return store.permit(connector.name, bearing.limits, until=until, now=clock.now())
            except StoreError:
                # No permit from a store that cannot be asked; the next turn finds out what is wrong with it.
                return None

        calls = Calls(connector, clock, retry, bearing.probes, chance, report, observer)
        self.courier = Courier(calls, gate, permit, stopping)
        self.outstanding = 0
        """How many claimed lanes have not come back yet."""
        self.worker = uuid4().hex
        self._bearing = bearing
        self._breaker = breaker
        self._gate = gate
        self._store = store
        self._connector = connector
        self._clock = clock
        self._pace = pace
        self._stopping = stopping
        self._tally = Counter() if tally is None else tally
        self._allotted: list[tuple[datetime, int, list[Claim]]] = []
        self._postponed: list[Settled] = []
        self._together: int | None = None
        self._credit = 0.0
        self._flow = Flow()
        # What a killed worker had claimed counts as sent. Where that cannot be sent again a person decides about each.
        again = all(operation.harmless for operation in connector.operations.values())
        self._block = pace.block if again else min(pace.block, LEAST_AHEAD)
        self._closed = ""
        self._until: datetime | None = None

    @property
    def counts(self) -> Counts:
        """What was recorded so far. May be read from any thread."""
        return Counts(**self._tally)

    def turn(self, settled: Sequence[Settled], *, claiming: bool = True) -> list[list[Claim]]:
        """
        Record *settled* and, when *claiming*, take what is due: batches, each for one ``Courier.carry``.

        Raises ``StoreError``; then what was settled goes with the next turn; its tokens tell whether it still counts.
        """
        now = self._clock.now()
        settled = [*self._postponed, *settled]
        self._postponed = []
        self._flow = after_return(self._flow, len(settled), now)
        self._together = together.after(self._together, settled)
        wish = self._wish(now, len(settled)) if claiming else None
        state = self._gate.news()
        if settled or state is not None or wish is not None:
            try:
                self._exchange(settled, state, wish, now)
            except StoreError:
                self._postponed = settled
                if state is not None:
                    self._gate.untold()
                raise
        return self._ready(self._clock.now())

    def _exchange(
        self, settled: Sequence[Settled], state: PartnerState | None, wish: Wish | None, now: datetime
    ) -> None:
        turn = self._store.exchange(
            self._connector.name, self._connector.operations,
            worker=self.worker, settled=settled, state=state, wish=wish, now=now,
        )  # fmt: skip
        self._gate.learn(turn, now, asked=wish is not None)
        self._postponed = list(turn.postponed)
        later = {(item.lane, item.token) for item in turn.postponed}
        recorded = [item for item in settled if (item.lane, item.token) not in later]
        self.outstanding += len(turn.claims) - len(recorded)
        self._count(recorded, turn.stale)
        if wish is not None:
            self._credit, self._closed, self._until = turn.credit, turn.closed, turn.until
        for batch in _batches(turn.claims):
            heappush(self._allotted, (batch[0].start or now, batch[0].lane, batch))

    def _ready(self, now: datetime) -> list[list[Claim]]:
        """Batches whose time has come; all of them when stopping, so that they are given back."""
        ready = []
        while self._allotted and (self._allotted[0][0] <= now or self._stopping()):
            ready.append(heappop(self._allotted)[2])
        return ready

    @property
    def waiting_for(self) -> datetime | None:
        """When the next claimed batch may leave, of those whose time has not come."""
        return self._allotted[0][0] if self._allotted else None

    @property
    def in_hand(self) -> int:
        """How many lanes are with the couriers just now."""
        return self.outstanding - sum(len(batch) for _, _, batch in self._allotted) - len(self._postponed)

    @property
    def owes(self) -> bool:
        """Whether something is settled that the store has not taken yet."""
        return bool(self._postponed)

    @property
    def is_paused(self) -> bool:
        return self._closed == "paused"

    def next_due(self) -> datetime | None:
        """When something can be claimed next; None when nothing waits but dead letters."""
        due = self._store.next_due(self._connector.name)
        if due is None or not self._closed:
            return due
        # Where it is not known when the partner opens, looking again at once would find nothing.
        return max(due, self._until or self._clock.now() + self._pace.poll)

    def _wish(self, now: datetime, coming_back: int) -> Wish | None:
        if self._gate.held(now):
            return None
        pace, bearing = self._pace, self._bearing
        block = max(1, int(lanes_ahead(self._flow, self._block) / self._gate.slowdown))
        lanes = block - (self.outstanding - coming_back)
        if lanes <= 0:
            return None
        return Wish(
            lanes, pace.lease, bearing.limits, bearing.windows, self._breaker, pace.fresh, pace.live, self._credit,
            together=self._together,
        )  # fmt: skip

    def _count(self, settled: Sequence[Settled], stale: int) -> None:
        verdicts = [verdict for item in settled for verdict in item.verdicts]
        for event, count in Counter(verdict.event for verdict in verdicts).items():
            if event in _COUNTED:
                self._tally[_COUNTED[event]] += count
        for kind, count in Counter(attempt.kind for verdict in verdicts for attempt in verdict.attempts).items():
            self._tally["calls" if kind == "call" else "probes"] += count
        self._tally["stale"] += stale


def _batches(claims: Sequence[Claim]) -> list[list[Claim]]:
    """Claims that travel in one call."""
    return [list(call) for _, call in groupby(claims, key=lambda claim: claim.call)]


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
