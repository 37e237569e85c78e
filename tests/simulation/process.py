"""
One gateway process of the simulated machine: its coordinator, its couriers, its connector, its store.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from connectors.mocks import Exchange
from connectors.national_portal.connector import NationalPortal
from gateway.delivery.coordinator import Bearing, Coordinator, Pace
from gateway.errors import DeliveryError, OutcomeUnknown, StoreError
from gateway.policy import BreakerPolicy, ProbePolicy, RetryPolicy
from gateway.ports import (
    Coalescer,
    Connector,
    Failed,
    Health,
    Message,
    Operation,
    Outcome,
    Preview,
    Previewer,
    Probe,
)
from gateway.store.contract import Claim, Settled
from tests.simulation import fibers
from tests.simulation.bearing import Known
from tests.simulation.clock import ProcessClock
from tests.simulation.fibers import Fiber, Killed
from tests.simulation.stores import WatchedStore
from tests.simulation.wire import Wire

if TYPE_CHECKING:
    from tests.simulation.world import World

LEASE = timedelta(seconds=60)
LONGEST_WAIT = timedelta(minutes=10)
POLL = timedelta(seconds=5)


class Errand:
    """One batch of claims, carried by one courier. *exchanges* are the portal's records of its calls."""

    def __init__(self, process: Process, claims: Sequence[Claim]) -> None:
        self.process = process
        self.claims = claims
        self.allotted = process.world.bearing.allotted(claims)
        self.lease_until = min(claim.lease_until for claim in claims)
        self.exchanges: list[Exchange] = []
        self.probed: set[int] = set()
        self.on_the_wire = False
        self.lease_over = False
        """Somebody saw it end; no clock that is set back brings it to life again."""
        self.fiber: Fiber = fibers.start(self._carry)

    @property
    def shown(self) -> str:
        return ", ".join(f"{claim.messages[0].dossier}/{claim.token}" for claim in self.claims)

    def lives(self, now: datetime) -> bool:
        """Whether the lease does."""
        return not self.lease_over and now < self.lease_until

    def sleep(self, seconds: float) -> None:
        """Let virtual time pass for this courier."""
        self.process.world.scheduler.after(seconds, lambda: self.process.go_on(self))
        self.fiber.pause()

    def _carry(self) -> None:
        process = self.process
        process.world.trouble.boundary(process, "before carry")
        settled = process.courier.carry(self.claims)
        process.world.trouble.boundary(process, "after carry")
        process.settled.extend(settled)

    def disown(self) -> None:
        """Nobody recorded what came back: to the portal it is as if no answer had arrived."""
        for exchange in self.exchanges:
            exchange.settle(False)


class Process:
    """
    Lives from its start until it is killed or its store fails; everything it knows dies with it.
    """

    def __init__(self, world: World, number: int, life: int) -> None:
        plan = world.plan
        self.world = world
        self.number = number
        self.name = f"p{number}.{life}"
        self.alive = True
        self.frozen_until_s = 0.0
        self.quiet_until_s = 0.0
        self.hold_until: datetime | None = None
        self.knows = Known(windows=plan.windows)
        self.alone: Errand | None = None
        self.settled: list[Settled] = []
        self.running: list[Errand] = []
        self.finished: list[Errand] = []
        """Carried, and not yet known to be recorded."""
        self._current: Errand | None = None
        self._waiting: deque[Sequence[Claim]] = deque()
        self._concurrency = plan.concurrency
        self._turn_at_s: float | None = None
        self.store = WatchedStore(world, self)
        portal = NationalPortal(
            "cong",
            world.connector_settings,
            transport=world.flaw.network(Wire(self)),
            monotonic=world.clock.elapsed,
            now=world.clock.now,
            sleep=lambda seconds: self.errand().sleep(seconds),
        )
        coordinator = Coordinator(
            self.store,
            WatchedConnector(self, world.flaw.connector(portal, self)),
            ProcessClock(world.clock, lambda seconds: self.errand().sleep(seconds)),
            pace=Pace(concurrency=plan.concurrency, block=plan.block, lease=LEASE, poll=POLL),
            retry=RetryPolicy(cap=LONGEST_WAIT, horizon=plan.horizon),
            breaker=BreakerPolicy(plan.breaker_threshold, cap=timedelta(minutes=5)),
            bearing=Bearing(plan.limits, plan.windows, ProbePolicy(cap=LONGEST_WAIT)),
            chance=Random(world.chance.random()),
        )
        self._coordinator = coordinator
        self.courier = world.flaw.courier(coordinator.courier)

    def errand(self) -> Errand:
        """The one whose courier runs now."""
        assert self._current is not None
        return self._current

    def wake(self, delay_s: float) -> None:
        """Let the coordinator look around in *delay_s*, if it would not do so before."""
        at_s = self.world.clock.elapsed_s + delay_s
        if self._turn_at_s is None or at_s < self._turn_at_s:
            self._turn_at_s = at_s
            self.world.scheduler.after(delay_s, self._turn)

    def freeze(self, seconds: float) -> None:
        """Stop in the middle of whatever is done, and go on later as if nothing had been."""
        self.frozen_until_s = max(self.frozen_until_s, self.world.clock.elapsed_s + seconds)

    def stand_still(self) -> None:
        """If this process is frozen, so is the courier that runs now."""
        if self._current is not None and self._frozen_for() > 0:
            self._current.sleep(0)

    def _frozen_for(self) -> float:
        return self.frozen_until_s - self.world.clock.elapsed_s

    def _turn(self) -> None:
        if not self.alive or self._turn_at_s is None or self.world.clock.elapsed_s < self._turn_at_s:
            return
        self._turn_at_s = None
        if self._frozen_for() > 0:
            self.wake(self._frozen_for() + self.world.chance.random())
            return
        settled, self.settled = self.settled, []
        try:
            self._waiting.extend(self._coordinator.turn(settled))
            self._start_couriers()
            due = self._coordinator.waiting_for
            if due is not None:
                self.wake(max(0.005, (due - self.world.clock.now()).total_seconds()))
            if self._coordinator.outstanding == 0:
                self._rest()
        except StoreError as error:
            self.world.note(f"{self.name} ends: {type(error).__name__}")
            self.die()
        except Killed:
            self.die()
        except Exception as fault:  # noqa: BLE001 - whatever it is, the world must go on and tell.
            self.world.violated(f"{self.name} fails: {type(fault).__name__}: {fault}")
            self.die()

    def _rest(self) -> None:
        due = self._coordinator.next_due()
        if due is not None:
            # Never at once again: a real machine takes some time for a turn as well.
            self.wake(max(0.005, (due - self.world.clock.now()).total_seconds()))

    def _start_couriers(self) -> None:
        while self.alive and self._waiting and len(self.running) < self._concurrency:
            errand = Errand(self, self._waiting.popleft())
            self.running.append(errand)
            self.world.scheduler.after(self.world.chance.random() * 0.002, lambda errand=errand: self.go_on(errand))  # type: ignore[misc]

    def go_on(self, errand: Errand) -> None:
        """Let a courier run until it waits again, unless the process stands still."""
        if errand.fiber.done:
            return
        if not errand.on_the_wire:
            wait_s = self._frozen_for()
            if wait_s <= 0 and self.alone not in (None, errand):
                wait_s = 0.01
            if wait_s > 0:
                delay_s = wait_s + self.world.chance.random() * 0.1
                self.world.scheduler.after(delay_s, lambda: self.go_on(errand))
                return
        self._resume(errand)

    def _resume(self, errand: Errand, blow: BaseException | None = None) -> None:
        before, self._current = self._current, errand
        errand.fiber.resume(blow)
        self._current = before
        if not errand.fiber.done:
            return
        fibers.give_back(errand.fiber)
        self.running.remove(errand)
        fault = errand.fiber.fault
        self.finished.append(errand)
        if fault is None:
            self.wake(self.world.chance.random() * 0.02)
            self._start_couriers()
        elif not isinstance(fault, Killed):
            raise fault
        elif self.alive:
            self.die()

    def die(self) -> None:
        """As if by SIGKILL; somebody starts it again."""
        self.alive = False
        for errand in tuple(self.running):
            self._resume(errand, Killed())
        for errand in self.finished:
            errand.disown()
        self.store.close()
        self.world.died(self)

    def recorded(self, live: Sequence[Settled]) -> None:
        """The store has taken these; whatever else was finished was refused."""
        taken = {(item.lane, item.token) for item in live}
        for errand in self.finished:
            if not all((claim.lane, claim.token) in taken for claim in errand.claims):
                errand.disown()
        self.finished.clear()


class WatchedConnector:
    """The connector of one process, with somebody who looks at its errands."""

    def __init__(self, process: Process, inner: Connector) -> None:
        self._process = process
        self._inner = inner

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def operations(self) -> Mapping[str, Operation]:
        return self._inner.operations

    @property
    def longest_call(self) -> timedelta:
        return self._inner.longest_call

    def route(self, kind: str, origin: str) -> str | None:
        return self._inner.route(kind, origin)

    def deliver(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        world, errand = self._process.world, self._process.errand()
        world.begin(errand, messages)
        try:
            outcomes = self._inner.deliver(messages)
        except Exception as fault:
            world.violated(f"the connector raises {type(fault).__name__}")
            raise
        finally:
            world.end(errand)
        if not any(isinstance(outcome, Failed) and isinstance(outcome.error, OutcomeUnknown) for outcome in outcomes):
            world.answered(messages)
        words = ", ".join(type(getattr(outcome, "error", outcome)).__name__ for outcome in outcomes)
        world.note(f"{self._process.name} delivered {[m.id for m in messages]} of {messages[0].dossier}: {words}")
        return outcomes

    def probe(self, message: Message) -> Probe:
        world, errand = self._process.world, self._process.errand()
        errand.probed.add(message.id)
        world.begin(errand, [message])
        try:
            probe = self._inner.probe(message)
        except DeliveryError as error:
            world.note(f"{self._process.name} could not look up {message.id}: {type(error).__name__} {error.code}")
            raise
        except Exception as fault:
            world.violated(f"the connector raises {type(fault).__name__}")
            raise
        finally:
            world.end(errand)
        world.note(f"{self._process.name} looked up {message.id} of {message.dossier}: {probe.finding.value}")
        return probe

    def supersedes(self, later: Message, earlier: Message) -> bool:
        return isinstance(self._inner, Coalescer) and self._inner.supersedes(later, earlier)

    def preview(self, message: Message) -> Preview:
        assert isinstance(self._inner, Previewer)
        return self._inner.preview(message)

    def check(self) -> Sequence[Health]:
        return self._inner.check()

    def close(self) -> None:
        self._inner.close()
