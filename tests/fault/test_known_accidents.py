"""Accidents that other queues and engines had; each is named, and does not happen here, on either database."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from random import Random

import pytest

from gateway.delivery import Engine, Pace
from gateway.errors import ConfigurationError, DeliveryError, OutcomeUnknown, Rejected
from gateway.lifecycle import MessageEvent
from gateway.model import Change
from gateway.policy import BreakerPolicy, RetryPolicy
from gateway.ports import Message
from gateway.store.base import SqlStore
from gateway.store.contract import Claim, Settled, Verdict, Wish
from gateway.store.sql import statements
from tests.builders import a_dossier
from tests.clocks import TestClock
from tests.partners import ScriptedPartner, failing
from tests.stores import Backend

LEASE = timedelta(minutes=1)
REFUSED = Rejected("partner", "4", "Sai mã / wrong code")


class BrokenHereError(Exception):
    """The process or its database ends at a named statement."""


class Scene:
    """A store and a partner; *broken_at* names the statement at which the next transaction breaks."""

    def __init__(self, backend: Backend) -> None:
        self.broken_at = ""
        self.clock = TestClock()
        self.partner = ScriptedPartner()
        self.backend = backend
        self.store = backend.open(heard=self._heard)

    def _heard(self, name: str) -> None:
        if name == self.broken_at:
            self.broken_at = ""
            raise BrokenHereError(name)

    def submit(self, count: int = 1) -> None:
        codes = [f"H99.01.01-260302-{n:04d}" for n in range(count)]
        changes = [Change(source="test", source_id=code, body=a_dossier(code=code)) for code in codes]
        self.store.accept(changes, [self.partner], now=self.clock.now())

    def claim(self, worker: str = "w", lanes: int = 9) -> tuple[Claim, ...]:
        return self.store.exchange(
            "partner", self.partner.operations, worker=worker, settled=[], state=None, wish=Wish(lanes, LEASE),
            now=self.clock.now(),
        ).claims  # fmt: skip

    def record(self, claim: Claim, event: MessageEvent, worker: str = "w") -> int:
        verdicts = tuple(Verdict(message.id, event) for message in claim.messages)
        return self.store.exchange(
            "partner", self.partner.operations, worker=worker, settled=[Settled(claim.lane, claim.token, verdicts)],
            state=None, wish=None, now=self.clock.now(),
        ).stale  # fmt: skip

    def deliver(self, store: SqlStore | None = None) -> None:
        Engine(
            store or self.store, self.partner, self.clock,
            pace=Pace(concurrency=1, poll=timedelta(milliseconds=20), lease=LEASE),
            retry=RetryPolicy(), breaker=BreakerPolicy(threshold=1000), chance=Random(7),
        ).run_until_idle()  # fmt: skip

    @property
    def calls(self) -> list[str]:
        return [dossier for dossier, _, _ in self.partner.calls]


@pytest.fixture
def scene(backend: Backend) -> Scene:
    return Scene(backend)


@pytest.mark.parametrize("statement", ["expire_messages", "expire_lanes", "lease_lane", "commit"])
def test_rescue_rows_deleted_before_the_retry_is_saved(scene: Scene, statement: str) -> None:
    """
    Whoever rescues the work of a dead worker dies in the middle of it: the work is still there for the next.
    """
    scene.submit()
    (lost,) = scene.claim("dead")
    scene.partner.apply(lost.messages)
    scene.clock.advance(LEASE)
    scene.broken_at = statement
    with pytest.raises(BrokenHereError):
        scene.claim("rescuer")

    scene.deliver()

    assert (scene.store.status()[0].delivered, scene.calls) == (1, [])


@pytest.mark.parametrize("statement", ["insert_message", "add_tally", "commit"])
def test_dedupe_row_written_before_the_send(scene: Scene, statement: str) -> None:
    """
    The change was noted as seen, and then its message could not be kept: told again, it is new, and it is delivered.
    """
    scene.broken_at = statement
    with pytest.raises(BrokenHereError):
        scene.submit()

    scene.submit()
    scene.deliver()

    assert (scene.store.status()[0].delivered, len(scene.calls)) == (1, 1)


def test_a_worker_that_returns_with_the_same_id(scene: Scene) -> None:
    """
    A pod is restarted under its old name while its former self still sends: the name proves nothing, the token does.
    """
    scene.submit()
    (before,) = scene.claim("pod-0")
    scene.clock.advance(LEASE)
    (after,) = scene.claim("pod-0")

    assert after.look_up
    assert scene.record(before, MessageEvent.REJECT, "pod-0") == 1
    assert scene.record(after, MessageEvent.APPLIED, "pod-0") == 0
    assert (scene.store.status()[0].delivered, scene.store.status()[0].dead) == (1, 0)


def test_a_lock_held_by_the_rescuer(scene: Scene) -> None:
    """
    The rescuer dies too, and the one after it: each lease ends by itself, nobody has to clear a lock.
    """
    scene.submit()
    for worker in ("first", "rescuer", "rescuer of the rescuer"):
        assert len(scene.claim(worker)) == 1
        assert scene.claim("another") == ()
        scene.clock.advance(LEASE)

    scene.deliver()

    assert scene.store.status()[0].delivered == 1


def test_a_lease_shorter_than_the_call(scene: Scene) -> None:
    """
    Two workers would send one dossier: such an engine is refused before it starts, with setting and remedy.
    """
    scene.partner.longest_call = LEASE

    with pytest.raises(ConfigurationError, match=r"delivery\.lease_s.*Raise the lease"):
        scene.deliver()


def test_a_duplicate_answered_as_an_error(scene: Scene) -> None:
    """
    The partner did it, its answer was lost, and it calls the repeat an error: it is asked first, so there is no repeat.
    """
    scene.submit()
    code = "H99.01.01-260302-0000"

    def done_then_silence(messages: Sequence[Message]) -> DeliveryError:
        scene.partner.apply(messages)
        return OutcomeUnknown("partner", "timeout", "no answer")

    scene.partner.script[code] = [done_then_silence, failing(Rejected("partner", "2", "already exists"))]
    scene.deliver()

    assert (scene.calls, len(scene.partner.probes)) == ([code], 1)
    assert (scene.store.status()[0].delivered, scene.store.status()[0].dead) == (1, 0)


def test_a_poison_item_that_blocks_a_serial_loop(scene: Scene) -> None:
    """
    One of twenty can never be taken, and there is one courier: the other nineteen arrive.
    """
    scene.submit(20)
    scene.partner.script["H99.01.01-260302-0003"] = [failing(REFUSED)]

    scene.deliver()

    assert (scene.store.status()[0].delivered, scene.store.status()[0].dead) == (19, 1)


def test_a_batch_lost_on_partial_failure(scene: Scene) -> None:
    """
    Sixteen travel together and are refused together for one of them: fifteen arrive, one waits for a person.
    """
    scene.partner.dossier_batch = 16
    scene.submit(16)
    whole = scene.partner.deliver

    def deliver(messages: Sequence[Message]) -> object:
        poisoned = any(message.dossier.endswith("0005") for message in messages)
        scene.partner.script[messages[0].dossier] = [failing(REFUSED)] if poisoned else []
        return whole(messages)

    scene.partner.deliver = deliver  # type: ignore[method-assign, assignment]  # The partner's answer depends on what travels.
    scene.deliver()

    status = scene.store.status()[0]
    assert (status.delivered, status.dead, status.pending) == (15, 1, 0)
    assert [letter.dossier for letter in scene.store.dead_letters()] == ["H99.01.01-260302-0005"]


def test_an_answer_to_a_commit_that_never_came(scene: Scene) -> None:
    """
    The record was durable, its worker was told of an error and hands it in again: one effect, one line in the story.
    """
    scene.submit()
    scene.broken_at = "committed"
    (claim,) = _claimed_in_the_dark(scene)

    assert claim.look_up
    with closing(scene.backend.open()) as other:
        scene.deliver(other)
    assert scene.store.status()[0].delivered == 1


def _claimed_in_the_dark(scene: Scene) -> tuple[Claim, ...]:
    with pytest.raises(BrokenHereError):
        scene.claim("in the dark")
    assert scene.claim("other") == ()
    scene.clock.advance(LEASE)
    return scene.claim("other")


def test_the_names_are_what_the_stores_say() -> None:
    """
    A statement that was renamed would let these accidents pass unseen.
    """
    named = {"expire_messages", "expire_lanes", "lease_lane", "insert_message", "add_tally"}
    assert named <= statements("sqlite").keys() & statements("postgresql").keys()
