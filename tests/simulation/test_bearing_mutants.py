"""
Planted bugs of what a partner bears, of coalescing and of a person's decisions: each is found within the same seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from gateway.lifecycle import MessageEvent
from gateway.ports import Message, Operation
from gateway.store.contract import Settled
from tests.simulation.broken import BrokenStore, InConnector, InStore, PassingConnector
from tests.simulation.flaws import Flaw
from tests.simulation.plan import Plan, draw
from tests.simulation.running import simulate
from tests.simulation.test_worlds import SEEDS


class RateOfOneWorker(BrokenStore):
    """What others have drawn from the rate is not known."""

    def exchange(self, partner, operations, **rest):  # type: ignore[no-untyped-def]
        self.sql("UPDATE lt_partner SET arrival = NULL")
        return super().exchange(partner, operations, **rest)


class ExtraCallsAreFree(BrokenStore):
    """A call more than allotted goes at once and is not counted."""

    def permit(self, partner, limits, *, until, now):  # type: ignore[no-untyped-def]
        return now


class CallsUncounted(BrokenStore):
    """Nobody knows how many calls are under way."""

    def exchange(self, partner, operations, **rest):  # type: ignore[no-untyped-def]
        self.sql("UPDATE lt_lane SET leads = 0 WHERE leads = 1")
        return super().exchange(partner, operations, **rest)


class BatchesUnlimited(BrokenStore):
    """A call carries as much as the operation allows."""

    def exchange(self, partner, operations, *, wish, **rest):  # type: ignore[no-untyped-def]
        if wish is not None:
            wish = replace(wish, limits=replace(wish.limits, batch={}))
        return super().exchange(partner, operations, wish=wish, **rest)


class WindowsForgotten(BrokenStore):
    """What the configuration announces is not looked at when work is lent out."""

    def exchange(self, partner, operations, *, wish, **rest):  # type: ignore[no-untyped-def]
        return super().exchange(partner, operations, wish=None if wish is None else replace(wish, windows=()), **rest)


class PauseForgotten(BrokenStore):
    """A pause lasts until the next exchange."""

    def exchange(self, partner, operations, **rest):  # type: ignore[no-untyped-def]
        self.sql("UPDATE lt_partner SET paused = 0 WHERE paused = 1")
        return super().exchange(partner, operations, **rest)


class LanesGoOn(BrokenStore):
    """A paused lane is taken like any other."""

    def exchange(self, partner, operations, **rest):  # type: ignore[no-untyped-def]
        self.sql("UPDATE lt_lane SET paused = 0, state = 'ready' WHERE state = 'paused'")
        return super().exchange(partner, operations, **rest)


class RestIsTaken(BrokenStore):
    """What stood behind a message that arrived counts as told by it."""

    def exchange(self, partner, operations, *, settled, **rest):  # type: ignore[no-untyped-def]
        return super().exchange(partner, operations, settled=[_swallowed(item) for item in settled], **rest)


class AnythingIsCancelled(BrokenStore):
    """A list that is old is believed: what is no letter any more, and may be on its way, is cancelled too."""

    def cancel(self, ids, act):  # type: ignore[no-untyped-def]
        done = super().cancel(ids, act)
        for id_ in ids:
            self.sql(
                "INSERT INTO lt_done (tenant, partner, dossier_id, id, version, operation, state, attempts, since,"
                " ended_at, code, text) SELECT tenant, partner, dossier_id, id, version, operation, 'cancelled',"
                f" attempts, since, since, '', '' FROM lt_message WHERE id = {id_}"
            )
            self.sql(f"DELETE FROM lt_message WHERE id = {id_}")
        return done


class AnyHeaderWillDo(PassingConnector):
    """Of two headers the later one is always enough."""

    def supersedes(self, later: Message, earlier: Message) -> bool:
        return later.operation == earlier.operation == "dossier"


class AnyStepWillDo(PassingConnector):
    """Steps are folded like headers."""

    @property
    def operations(self) -> Mapping[str, Operation]:
        return {**self.inner.operations, "step": replace(self.inner.operations["step"], coalesces=10)}

    def supersedes(self, later: Message, earlier: Message) -> bool:
        return later.operation == "step" or self.inner.supersedes(later, earlier)


def _has_rate(plan: Plan) -> bool:
    return plan.limits.rate is not None


def _has_room_for_few(plan: Plan) -> bool:
    return plan.limits.in_flight is not None and plan.processes * plan.concurrency > plan.limits.in_flight


def _has_small_batches(plan: Plan) -> bool:
    return min(plan.limits.batch.values(), default=10) < min(plan.steps_per_call, 10)


def _has_windows(plan: Plan) -> bool:
    return bool(plan.windows)


def _has_orders(plan: Plan) -> bool:
    return plan.orders > 0


def _has_decisions(plan: Plan) -> bool:
    return plan.decisions > 0 or (plan.mended and plan.cancels)


def _folds(plan: Plan) -> bool:
    return plan.coalesce > 1


FLAWS: Mapping[str, tuple[Flaw, str, Callable[[Plan], object]]] = {
    "each worker has the rate to itself": (InStore(RateOfOneWorker), "exceeds", _has_rate),
    "calls beyond the allotted are free": (InStore(ExtraCallsAreFree), "exceeds", _has_rate),
    "calls under way are not counted": (InStore(CallsUncounted), "calls are under way", _has_room_for_few),
    "a batch has no limit": (InStore(BatchesUnlimited), "messages in one call instead of", _has_small_batches),
    "windows are not looked at": (InStore(WindowsForgotten), "claims although the partner is closed", _has_windows),
    "a pause is forgotten": (InStore(PauseForgotten), "claims although the partner is paused", _has_orders),
    "a paused lane goes on": (InStore(LanesGoOn), "which is paused", _has_orders),
    "another status is folded away": (InConnector(AnyHeaderWillDo), "a citizen never saw it", _folds),
    "a step is folded away": (InConnector(AnyStepWillDo), "no header stands for it", _folds),
    "what stands behind a message goes with it": (InStore(RestIsTaken), "to superseded without a cause", _folds),
    "a message on its way is cancelled": (InStore(AnythingIsCancelled), "to cancelled without a cause", _has_decisions),
}
"""The bug, how it shows, and in which worlds it can."""


@pytest.mark.parametrize("name", FLAWS)
def test_a_planted_bug_is_found(name: str) -> None:
    """
    By what it breaks, and not by chance at something else.
    """
    flaw, broken, where = FLAWS[name]

    total = simulate([seed for seed in SEEDS if where(draw(seed))], flaw=flaw, until=(broken,))

    assert any(broken in line for lines in total.failed.values() for line in lines), total.failed


def _swallowed(item: Settled) -> Settled:
    arrived = False
    verdicts = []
    for verdict in item.verdicts:
        behind = arrived and verdict.event is MessageEvent.RELEASE
        verdicts.append(verdict._replace(event=MessageEvent.SUPERSEDE) if behind else verdict)
        arrived = arrived or verdict.event is MessageEvent.DELIVER
    return item._replace(verdicts=tuple(verdicts))
