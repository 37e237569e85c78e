"""
The delivery engine: for each partner one coordinator that records and claims, and workers that call.

The coordinator is the only one that talks to the store, so that the outcomes of many calls and the next claims
share one durable commit.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from queue import Empty, SimpleQueue
from random import Random
from time import monotonic

from gateway.delivery.coordinator import Bearing, Coordinator, Pace, refuse_overlap
from gateway.delivery.courier import Courier
from gateway.delivery.progress import Counts
from gateway.delivery.roster import Presence, Roster
from gateway.delivery.telling import carry
from gateway.errors import StoreError, StoreFull, StoreUnavailable
from gateway.observe import NOBODY, Event, Observer, get_logger
from gateway.policy import BreakerPolicy, RetryPolicy
from gateway.ports import Clock, Connector
from gateway.store.contract import Claim, Settled, Store

__all__ = ["Engine", "Pace"]

log = get_logger(__name__)

GATHER_S = 0.02
"""How long outcomes may wait for others to share their commit, while every worker has something to do."""
OWED_S = 0.02
"""How soon to try again what another transaction stood in the way of."""


class _Crew:
    """The workers of one partner: threads that take batches of claims and give back what became of them."""

    def __init__(self, courier: Courier, size: int, enough: int) -> None:
        self._courier = courier
        self._enough = enough
        self._work: SimpleQueue[Sequence[Claim] | None] = SimpleQueue()
        self._news = threading.Condition()
        self._settled: list[Settled] = []
        self._fault: BaseException | None = None
        name = f"courier-{courier.connector.name}"
        self._threads = [threading.Thread(target=self._serve, name=f"{name}-{n}", daemon=True) for n in range(size)]
        for thread in self._threads:
            thread.start()

    def give(self, claims: Sequence[Claim]) -> None:
        self._work.put(claims)

    def finished(self, wait_s: float) -> list[Settled]:
        """
        What the workers have finished; waits at most *wait_s* for the first.

        While claims still wait for a worker, a little longer is worth it: what is finished meanwhile shares the commit.
        Raises a fault of ours that ended a worker's call.
        """
        with self._news:
            if not self._settled:
                self._news.wait_for(self._any, wait_s)
            if self._settled and not self._due():
                self._news.wait_for(self._due, GATHER_S)
            if self._fault is not None:
                raise self._fault
            settled, self._settled = self._settled, []
            return settled

    def _any(self) -> bool:
        return bool(self._settled) or self._fault is not None

    def _due(self) -> bool:
        return len(self._settled) >= self._enough or self._fault is not None or self._work.empty()

    def _serve(self) -> None:
        while (claims := self._work.get()) is not None:
            settled: Sequence[Settled] = ()
            fault: BaseException | None = None
            try:
                settled = carry(self._courier, claims)
            except BaseException as exc:  # noqa: BLE001 - a fault of ours; the coordinator ends the run with it.
                fault = exc
            with self._news:
                first = not self._settled
                self._settled.extend(settled)
                self._fault = self._fault or fault
                if first or self._due():
                    self._news.notify()

    def dismiss(self) -> None:
        """Nobody records any more: a call under way ends by itself, what waits for a worker is left to its lease."""
        with suppress(Empty):
            while True:
                self._work.get_nowait()
        for _ in self._threads:
            self._work.put(None)


class Engine:
    """
    Carries one partner's messages until told to stop, or until nothing is left to do.

    Several engines, in any number of processes, may serve the same store. Raises ``ConfigurationError`` when a lease
    could end before a call does.
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
        roster: Roster | None = None,
        observer: Observer = NOBODY,
    ) -> None:
        """
        *roster* is where this engine shows itself, and hears that it shall drain; *observer* hears what it does.
        """
        refuse_overlap(connector, pace)
        self._store = store
        self._connector = connector
        self._clock = clock
        self._pace = pace
        self._retry = retry
        self._breaker = breaker
        self._bearing = bearing
        self._roster = roster
        self._observer = observer
        self._chance = chance or Random()
        self._tally: Counter[str] = Counter()
        self._wake = threading.Event()
        self._halted = threading.Event()

    @property
    def partner(self) -> str:
        return self._connector.name

    @property
    def counts(self) -> Counts:
        """What this engine has recorded so far. May be read from any thread."""
        return Counts(**self._tally)

    def wake(self) -> None:
        """Look for work now instead of at the next poll."""
        self._wake.set()

    def halt(self) -> None:
        """End this run, and every later one, as if its *stop* were set."""
        self._halted.set()
        self._wake.set()

    def run(self, stop: threading.Event) -> Counts:
        """Work until *stop* is set; then finish the calls under way within ``Pace.stop`` and give back the rest."""
        return self._run(lambda: stop.is_set() or self._halted.is_set(), leave_when_idle=False)

    def run_until_idle(self, stop: threading.Event | None = None) -> Counts:
        """Work until nothing waits but dead letters; waits out backoff, holds and leases of others."""
        asked = stop or self._halted
        return self._run(lambda: asked.is_set() or self._halted.is_set(), leave_when_idle=True)

    def _run(self, stopping: Callable[[], bool], *, leave_when_idle: bool) -> Counts:
        coordinator = Coordinator(
            self._store,
            self._connector,
            self._clock,
            pace=self._pace,
            retry=self._retry,
            breaker=self._breaker,
            bearing=self._bearing,
            chance=self._chance,
            stopping=stopping,
            tally=self._tally,
            observer=self._observer,
        )
        crew = _Crew(coordinator.courier, self._pace.concurrency, max(1, self._pace.block // 2))
        presence = Presence(self._roster, self._connector.name, coordinator.worker)
        log.info(Event.DELIVERY_STARTED, partner=self._connector.name, concurrency=self._pace.concurrency)
        self._clock.busy(True)
        try:
            self._coordinate(coordinator, crew, presence, stopping, leave_when_idle)
        finally:
            self._clock.busy(False)
            crew.dismiss()
            with suppress(StoreError):
                presence.leave()
            log.info(Event.DELIVERY_STOPPED, partner=self._connector.name, **asdict(self.counts))
        return self.counts

    def _coordinate(
        self,
        coordinator: Coordinator,
        crew: _Crew,
        presence: Presence,
        stopping: Callable[[], bool],
        leave_when_idle: bool,
    ) -> None:
        deadline: float | None = None
        while True:
            if deadline is None and (stopping() or presence.draining):
                deadline = monotonic() + self._pace.stop.total_seconds()
            settled = self._collect(crew, coordinator, deadline)
            batches: Sequence[Sequence[Claim]] = ()
            due: datetime | None = None
            answered = False
            try:
                batches = coordinator.turn(settled, claiming=deadline is None)
                presence.show(coordinator.outstanding, self._clock.now())
                if coordinator.outstanding == 0 and deadline is None:
                    due = coordinator.next_due()
                answered = True
            except (StoreUnavailable, StoreFull) as fault:
                if leave_when_idle or not self._outlast(fault, coordinator, deadline):
                    raise
            # Whatever failed since they were claimed: in nobody's hands they would wait for the end of their lease.
            for batch in batches:
                crew.give(batch)
            if not answered:
                continue
            if coordinator.outstanding == 0:
                if deadline is not None or not self._rest(coordinator, due, leave_when_idle):
                    return
            elif deadline is not None and monotonic() >= deadline:
                log.warning(Event.DELIVERY_ABANDONED, partner=self._connector.name, lanes=coordinator.outstanding)
                return

    def _outlast(self, fault: StoreError, coordinator: Coordinator, deadline: float | None) -> bool:
        """Wait for a store that is gone or full; false when a stop cannot wait any longer."""
        if deadline is not None and monotonic() >= deadline:
            return False
        log.warning(Event.STORE_LOST, partner=self._connector.name, reason=str(fault), owed=coordinator.owes)
        self._clock.wait(self._wake, self._clock.now() + self._pace.poll)
        self._wake.clear()
        return True

    def _collect(self, crew: _Crew, coordinator: Coordinator, deadline: float | None) -> list[Settled]:
        """What the workers have finished; waits for it, and for calls whose time has not come."""
        if coordinator.outstanding == 0:
            return []
        wait = OWED_S if coordinator.owes else self._pace.poll.total_seconds()
        if deadline is not None:
            wait = max(0.0, min(wait, deadline - monotonic()))
        due = coordinator.waiting_for
        if due is not None:
            if coordinator.in_hand == 0:
                self._clock.wait(self._wake, due)
                self._wake.clear()
                wait = 0.0
            else:
                wait = max(0.0, min(wait, (due - self._clock.now()).total_seconds()))
        return crew.finished(wait)

    def _rest(self, coordinator: Coordinator, due: datetime | None, leave_when_idle: bool) -> bool:
        """Wait for what is *due* next; false when nothing is and the engine may leave."""
        if leave_when_idle and (due is None or coordinator.is_paused):
            return False
        self._clock.busy(False)
        poll = self._clock.now() + self._pace.poll
        self._clock.wait(self._wake, poll if due is None or coordinator.is_paused else due)
        self._clock.busy(True)
        self._wake.clear()
        return True
