"""
The operator of a simulated province: he decides about dead letters, and orders what workers obey while they run.

He is careful, as the documentation asks of him: he looks at the portal before he decides.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from connectors.national_portal.mock.moves import legal
from gateway.errors import StoreError
from gateway.model import DossierCode
from gateway.store.audit import Act
from tests.simulation import plan as plans
from tests.simulation import proof
from tests.simulation.audit import Row
from tests.simulation.stores import WatchedStore

if TYPE_CHECKING:
    from tests.simulation.world import World


class Operator:
    """Works at *store*, with its own list of letters, which may be old."""

    def __init__(self, world: World, store: WatchedStore) -> None:
        self._world = world
        self._store = store

    def decide_some(self) -> None:
        """He looks at each letter at the portal."""
        dead = [row for row in self._world.audit.states() if row[3] == "dead"]
        chosen = self._world.chance.sample(dead, self._world.chance.randint(0, len(dead)))
        for row in chosen:
            self._decide(row)

    def _decide(self, row: Row) -> None:
        """Resolve what is there, cancel or requeue what is not."""
        if self.is_there(row):
            self._command(self._store.resolve, row)
        elif self._is_outdated(row) or (self._may_be_left_out(row) and self._world.chance.random() < 0.6):
            self._command(self._store.cancel, row)
        elif self._may_go_again(row):
            self._command(partial(self._store.requeue, not_there=self._world.chance.random() < 0.5), row)

    def _command(self, act: Callable[[Sequence[int], Act], None], row: Row) -> None:
        """One letter, and what else is on his list, which may be old: some of it is no letter any more."""
        others = [other[0] for other in self._world.audit.states() if other[3] != "dead"]
        try:
            act([row[0], *self._world.chance.sample(others, min(2, len(others)))], self._act())
        except StoreError:
            self._world.note("an operator hears of an error")
        self._world.wake_all()

    def _act(self) -> Act:
        return Act("an", self._world.clock.now(), "vì thử")

    def is_there(self, row: Row) -> bool:
        """What an operator sees on the portal: the last header or outcome, or the line of the timeline."""
        effect, record = self._world.effect_of(row[0], row[1]), self._world.portal.dossier(row[1])
        if effect is None or record is None:
            return False
        there = [each for each in proof.arrived(record) if each[0] == effect[0]]
        return effect in (there if effect[0] == "step" else there[-1:])

    def _is_outdated(self, row: Row) -> bool:
        """Whether the portal shows a later header already."""
        effect, record = self._world.effect_of(row[0], row[1]), self._world.portal.dossier(row[1])
        if effect is None or effect[0] != "header" or record is None:
            return False
        there = [each for each in proof.arrived(record) if each[0] == "header"][-1:]
        return there[0] in self._world.facts.by_key[row[1]].effects[self._world.audit.place_of(row[0]) + 1 :]

    def _may_be_left_out(self, row: Row) -> bool:
        """Whether the public status goes the same way without it; a dossier must have been created before."""
        effect, record = self._world.effect_of(row[0], row[1]), self._world.portal.dossier(row[1])
        if effect is None or effect[0] == "outcome":
            return effect is not None
        if record is None or record.status is None:
            return False
        if int(effect[2]) == record.status:
            return True
        # Once all is told: whatever comes after it can follow the status that the dossier has without it.
        if not self._world.trouble.over:
            return False
        told, behind = self._world.facts.by_key[row[1]], self._world.audit.place_of(row[0]) + 1
        # A late step does not move the status: a later one was told before it, or it goes with that one.
        moving = [
            effect
            for effect, late in zip(told.effects[behind:], told.late[behind:], strict=True)
            if effect is not None and not (late and effect[0] == "step")
        ]
        way = [record.status, *(int(each[2]) for each in moving)]
        return all(legal(old, new) for old, new in itertools.pairwise(way))

    def _may_go_again(self, row: Row) -> bool:
        """What an operator finds out before he sends again: in a strict world, that the portal does not have it."""
        message, key = row[0], row[1]
        if not self._world.plan.strict:
            return True
        effect = self._world.effect_of(message, key)
        record = self._world.portal.dossier(key)
        return record is None or effect is None or effect not in proof.arrived(record)

    def order(self) -> None:
        """Pause something for a while, announce a closure, or let the partner bear more or less."""
        length_s = 5 + self._world.chance.random() * self._world.plan.outage_s / 2
        what = self._world.chance.choice(["pause", "pause lane", "window", "limits"])
        if what == "pause":
            self._pause(None, paused=True)
            self._world.scheduler.after(length_s, lambda: self._pause(None, paused=False))
        elif what == "pause lane":
            code = self._world.chance.choice(self._world.locals).code
            self._pause(code, paused=True)
            self._world.scheduler.after(length_s, lambda: self._pause(code, paused=False))
        else:
            control = self._world.bearing.control
            if what == "window":
                window = plans.a_window(self._world.plan.duration_s, self._world.chance)
                control = replace(control, windows=(*control.windows, window))
            else:
                drawn = plans.draw_limits(self._world.chance)
                control = replace(
                    control,
                    rate=drawn.rate or control.rate,
                    in_flight=drawn.in_flight or control.in_flight,
                    batch=drawn.batch or control.batch,
                )
            self._obeyed(lambda: self._store.set_control(control, self._act()))

    def _pause(self, code: DossierCode | None, *, paused: bool) -> None:
        self._obeyed(lambda: self._store.pause(self._act(), dossier=code, paused=paused))

    def _obeyed(self, order: Callable[[], None]) -> None:
        try:
            order()
        except StoreError:
            self._world.note("an operator hears of an error")
        self._world.wake_all()

    def resume_all(self) -> None:
        if self._world.bearing.paused:
            self._pause(None, paused=False)
        for code in [local.code for local in self._world.locals if local.code.key in self._world.bearing.paused_lanes]:
            self._pause(code, paused=False)

    def help(self, row: Row) -> None:
        """See to a letter of which ``may_be_helped`` is true."""
        if self.is_there(row):
            self._command(self._store.resolve, row)
        elif self._is_outdated(row) or self.is_poison(row):
            self._command(self._store.cancel, row)
        else:
            # He has looked: in a strict world asking once more might tell no more than before.
            self._command(partial(self._store.requeue, not_there=True), row)

    def may_be_helped(self, row: Row) -> bool:
        """Whether anything can be done about a letter once the storm is over."""
        if self.is_there(row) or self._is_outdated(row):
            return True
        if self.is_poison(row):
            return self._world.plan.cancels and self._may_be_left_out(row)
        return self._may_go_again(row)

    def is_poison(self, row: Row) -> bool:
        effect = self._world.effect_of(row[0], row[1])
        return effect is not None and effect[0] == "step" and effect[-1] == ""
