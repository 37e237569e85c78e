"""
The simulation finds what it is there to find: each planted bug, within the seeds of every test run.

A broken part is passed in where the good one stood; nothing else knows of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

import httpx
import pytest

from connectors.national_portal.connector import NationalPortal
from gateway.delivery.courier import Courier
from gateway.lifecycle import MessageEvent
from gateway.ports import Message, Probe
from gateway.store.contract import Claim, Settled, Verdict
from gateway.store.moments import to_us
from tests.simulation.broken import BrokenStore, InConnector, InStore, PassingConnector
from tests.simulation.flaws import Flaw
from tests.simulation.plan import draw
from tests.simulation.process import Process
from tests.simulation.running import simulate
from tests.simulation.test_worlds import SEEDS
from tests.simulation.wire import Wire


class NoFencing(BrokenStore):
    """A record is taken whatever its token."""

    def exchange(self, partner, operations, *, settled, **rest):  # type: ignore[no-untyped-def]
        tokens: dict[int, int] = dict(self.sql("SELECT dossier_id, token FROM lt_lane"))
        renewed = [item._replace(token=tokens[item.lane]) for item in settled]
        return super().exchange(partner, operations, settled=renewed, **rest)


class EarlyRelease(BrokenStore):
    """A lane is given back, as delivered, when it is claimed: the next message may go before the first has gone."""

    def exchange(self, partner, operations, *, settled, state, wish, **rest):  # type: ignore[no-untyped-def]
        turn = super().exchange(partner, operations, settled=settled, state=state, wish=wish, **rest)
        done = [_delivered(claim) for claim in turn.claims if not claim.look_up]
        if done:
            super().exchange(partner, operations, settled=done, state=None, wish=None, **rest)
        return turn


class ExpiredIsPending(BrokenStore):
    """A lease that ran out means that nothing happened."""

    def exchange(self, partner, operations, *, now, **rest):  # type: ignore[no-untyped-def]
        self.sql(f"UPDATE lt_lane SET fly_to = 0 WHERE state = 'leased' AND lease_until <= {to_us(now)}")
        return super().exchange(partner, operations, now=now, **rest)


class EstablishedLost(BrokenStore):
    """What a claim says of its dossier: never heard of."""

    def exchange(self, partner, operations, **rest):  # type: ignore[no-untyped-def]
        turn = super().exchange(partner, operations, **rest)
        return replace(turn, claims=tuple(_as_new(claim) for claim in turn.claims))


class StepsForgotten(BrokenStore):
    """A step is known under its source's id only."""

    def accept(self, changes, routes, *, now, connection=None, backfill=False):  # type: ignore[no-untyped-def]
        self.sql("UPDATE lt_change SET step_key = NULL")
        return super().accept(changes, routes, now=now, connection=connection, backfill=backfill)


class NoLookUp(Courier):
    """What is unknown is sent again at once."""

    def carry(self, claims: Sequence[Claim]) -> list[Settled]:
        if not claims[0].look_up:
            return super().carry(claims)
        absent = MessageEvent.ABSENT
        return [
            Settled(claim.lane, claim.token, tuple(Verdict(message.id, absent) for message in claim.messages))
            for claim in claims
        ]


class DeafToRetryAfter(httpx.BaseTransport):
    """When to come back is not heard."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        response.headers.pop("retry-after", None)
        return response


class Forgetful(PassingConnector):
    """It looks up with a memory of its own, in which no step was ever sent."""

    def __init__(self, inner: NationalPortal, process: Process) -> None:
        super().__init__(inner, process)
        world = process.world
        self._other = NationalPortal(
            inner.name,
            world.connector_settings,
            transport=Wire(process),
            monotonic=world.clock.elapsed,
            now=world.clock.now,
            sleep=lambda seconds: None,
        )

    def probe(self, message: Message) -> Probe:
        return self._other.probe(message)


class _InCourier(Flaw):
    def courier(self, courier: Courier) -> Courier:
        return NoLookUp(**{each.name: getattr(courier, each.name) for each in fields(courier)})


class _InNetwork(Flaw):
    def network(self, network: httpx.BaseTransport) -> httpx.BaseTransport:
        return DeafToRetryAfter(network)


FLAWS: Mapping[str, tuple[Flaw, tuple[str, ...]]] = {
    "the look-up is skipped": (_InCourier(), ("without asking",)),
    "the token is ignored": (InStore(NoFencing), ("records refused instead of", "ImpossibleMove")),
    "a lane is released early": (InStore(EarlyRelease), ("hold lane",)),
    "an expired lease means pending": (InStore(ExpiredIsPending), ("without a cause",)),
    "established is lost": (InStore(EstablishedLost), ("is established",)),
    "steps are forgotten by the ledger": (InStore(StepsForgotten), ("accepted twice",)),
    "the status before a step is forgotten": (InConnector(Forgetful), ("dies of «outcome-unknown»",)),
    "Retry-After is not heard": (_InNetwork(), ("although it was told to wait",)),
}


@pytest.mark.parametrize("name", FLAWS)
def test_a_planted_bug_is_found(name: str) -> None:
    """
    By what it breaks, and not by chance at something else.
    """
    flaw, broken = FLAWS[name]
    seeds = [seed for seed in SEEDS if draw(seed).strict] if isinstance(flaw, InConnector) else SEEDS

    total = simulate(seeds, flaw=flaw, until=broken)

    assert any(text in line for lines in total.failed.values() for line in lines for text in broken)


@pytest.mark.parametrize(
    "name", ["the look-up is skipped", "a lane is released early", "an expired lease means pending"]
)
def test_a_planted_bug_shows_at_the_portal(name: str) -> None:
    """
    The proof from outside, from what was accepted and what the portal holds, finds it too.
    """
    # Where a repeated step counts twice, as in a third of the worlds.
    strict = [seed for seed in SEEDS if draw(seed).strict]

    total = simulate(strict, flaw=FLAWS[name][0], until=("lost: ", "duplicated: ", "out_of_order: "))

    assert total.lost + total.duplicated + total.out_of_order > 0


def _delivered(claim: Claim) -> Settled:
    verdicts = tuple(Verdict(message.id, MessageEvent.DELIVER) for message in claim.messages)
    return Settled(claim.lane, claim.token, verdicts)


def _as_new(claim: Claim) -> Claim:
    return claim._replace(messages=tuple(message._replace(established=False) for message in claim.messages))
