"""
What goes wrong in a world: at moments that are drawn, and wherever a process, the portal or the store could fail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.national_portal.mock import Account, FaultKind
from tests.portal_scripts import PASSWORD
from tests.simulation.fibers import Killed

if TYPE_CHECKING:
    from tests.simulation.process import Process
    from tests.simulation.world import World

_CLOSED = (FaultKind.CLOSED, FaultKind.CLOSED, FaultKind.DROP, FaultKind.REFUSE)


class Trouble:
    """Draws from the world's own chance; nothing goes wrong any more once it is *over*."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.over = False
        self.kills = 0
        self._closed_until_s = 0.0

    def plan(self) -> None:
        """Everything that goes wrong at a moment of its own."""
        plan = self._world.plan
        length = plan.duration_s + plan.outage_s / 2
        for number, act in (
            (plan.set_backs, self._set_back),
            (plan.closures, self._close_portal),
            (plan.lockouts, self._lock_out),
            (plan.decisions, self._world.operator.decide_some),
            (plan.orders, self._world.operator.order),
        ):
            for _ in range(number):
                self._world.scheduler.after(self._world.chance.random() * length, act)

    def _set_back(self) -> None:
        seconds = self._world.chance.choice([0.5, 1.0, 4.0])
        self._world.note(f"the clock is set back by {seconds} s")
        self._world.count["clock-set-back"] += 1
        self._world.clock.set_back(seconds)

    def _close_portal(self) -> None:
        self._closed_until_s = self._world.clock.elapsed_s + self._world.chance.random() * self._world.plan.outage_s
        self._world.note("the portal closes")

    def _lock_out(self) -> None:
        self._world.note("the account is locked")
        self._world.count["account-locked"] += 1
        self._world.portal.add_account(Account.of_province("H99", "another password"))
        self._world.portal.expire_sessions()
        self._world.scheduler.after(self._world.chance.random() * self._world.plan.outage_s / 2, self.unlock)

    def unlock(self) -> None:
        self._world.portal.add_account(Account.of_province("H99", PASSWORD))

    def strikes(self, rate: float) -> bool:
        """Whether what happens at this *rate* happens now."""
        return not self.over and self._world.chance.random() < rate

    def boundary(self, process: Process, where: str) -> None:
        """A place where a process may die, or stand still for a while."""
        plan = self._world.plan
        if self.strikes(plan.kill_rate):
            self._world.note(f"{process.name} is killed {where}")
            self.kills += 1
            raise Killed
        if self.strikes(plan.freeze_rate):
            seconds = self._world.chance.choice([1.0, 20.0, 50.0, 70.0, 300.0])
            self._world.note(f"{process.name} freezes {where} for {seconds:g} s")
            self._world.count["frozen"] += 1
            process.freeze(seconds)
        if not self._world.on_the_wire and self.strikes(plan.suspend_rate):
            seconds = self._world.chance.choice([30.0, 61.0, 600.0])
            self._world.note(f"the machine sleeps {where} for {seconds:g} s")
            self._world.count["suspended"] += 1
            self._world.clock.elapsed_s += seconds
        process.stand_still()

    def draw_fault(self) -> str | None:
        """What happens to one call to the portal."""
        fault: str | None = None
        if not self.over and self._world.clock.elapsed_s < self._closed_until_s:
            fault = self._world.chance.choice(_CLOSED)
        elif self._world.plan.faults and self.strikes(self._world.plan.fault_rate):
            fault = self._world.chance.choice(self._world.plan.faults)
        if fault is not None:
            self._world.count[str(fault)] += 1
        return fault

    def draw_store_fault(self) -> str | None:
        plan = self._world.plan
        return self._world.chance.choice(plan.store_faults) if self.strikes(plan.store_rate) else None
