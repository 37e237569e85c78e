"""Several waiting updates of one dossier, told by the last of them: only where the connector finds that harmless."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

import pytest

from gateway.delivery import Engine, Pace
from gateway.errors import DeliveryError, OutcomeUnknown, Rejected, Unreachable
from gateway.model import Change, Dossier, DossierStatus, ProcessingStep, read_body
from gateway.policy import BreakerPolicy, RetryPolicy
from gateway.ports import Finding, Message, Operation, Probe
from gateway.store.base import SqlStore
from gateway.store.contract import Wish
from tests.builders import a_dossier, a_step
from tests.clocks import TestClock
from tests.partners import ScriptedPartner
from tests.stores import Backend

LOST = OutcomeUnknown("partner", "timeout", "no answer")
WRONG = Rejected("partner", "4", "Sai / wrong")
DOWN = Unreachable("partner", "refused", "refused")


@dataclass
class FoldingPartner(ScriptedPartner):
    """Takes a later header for an earlier one of the same status; *subjects* are what it was told, in order."""

    coalesces: int = 10
    harmless: bool = True
    subjects: list[str] = field(default_factory=list)

    @property
    def operations(self) -> Mapping[str, Operation]:
        return {
            "dossier": Operation("dossier", harmless=self.harmless, coalesces=self.coalesces),
            "step": Operation("step", self.step_batch, harmless=self.harmless),
        }

    def supersedes(self, later: Message, earlier: Message) -> bool:
        return _header(later).status is _header(earlier).status

    def apply(self, messages: Sequence[Message]) -> None:
        super().apply(messages)
        self.subjects += [_header(m).subject for m in messages if m.operation == "dossier"]


def _header(message: Message) -> Dossier:
    body = read_body(message.body)
    assert isinstance(body, Dossier)
    return body


class Scene:
    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.clock = TestClock()
        self.partner = FoldingPartner()
        self.bodies = 0

    def tell(self, *bodies: Dossier | ProcessingStep) -> None:
        changes = [Change(source="t", source_id=f"{self.bodies + n}", body=body) for n, body in enumerate(bodies)]
        self.bodies += len(bodies)
        receipts = self.store.accept(changes, [self.partner], now=self.clock.now())
        assert [receipt.refusal for receipt in receipts] == [None] * len(bodies)

    def script(self, *answers: DeliveryError | None) -> None:
        code = str(a_dossier().code)

        def given(error: DeliveryError | None, *, takes: bool) -> object:
            def answer(messages: Sequence[Message]) -> DeliveryError | None:
                if takes:
                    self.partner.apply(messages)
                return error

            return answer

        self.partner.script[code] = [given(error, takes=error in (None, LOST)) for error in answers]  # type: ignore[misc]  # An answer is any such function.

    def run(self) -> None:
        Engine(
            self.store, self.partner, self.clock, pace=Pace(concurrency=1, poll=timedelta(milliseconds=20)),
            retry=RetryPolicy(), breaker=BreakerPolicy(threshold=1000), chance=Random(7),
        ).run_until_idle()  # fmt: skip

    @property
    def counts(self) -> tuple[int, int, int]:
        status = self.store.status()[0]
        return status.delivered, status.superseded, status.dead


@pytest.fixture
def scene(backend: Backend) -> Iterator[Scene]:
    yield Scene(backend.open())


def versions(*subjects: str, status: DossierStatus = DossierStatus.ACCEPTED) -> list[Dossier]:
    return [a_dossier(subject=subject, status=status) for subject in subjects]


def test_the_last_of_several_updates_tells_them_all(scene: Scene) -> None:
    """
    Three corrections waited: one call, and the story says which message stood for the others.
    """
    scene.tell(*versions("một", "hai", "ba"))

    scene.run()

    assert scene.partner.subjects == ["ba"]
    assert scene.counts == (1, 2, 0)
    assert sum("message.superseded" in entry.what for entry in scene.store.timeline(a_dossier().code)) == 2


def test_a_status_between_two_updates_is_never_left_out(scene: Scene) -> None:
    """
    The connector says that a citizen could have seen it: the run is cut there, and order stays.
    """
    later = versions("hai", "ba", status=DossierStatus.PROCESSING)
    scene.tell(*versions("một", "một b"), *later)

    scene.run()

    assert scene.partner.subjects == ["một b", "ba"]
    assert scene.counts == (2, 2, 0)


def test_steps_are_never_folded(scene: Scene) -> None:
    """
    Each line of a timeline is told.
    """
    header = a_dossier()
    steps = [a_step(dossier=header.code, at=header.status_at + timedelta(hours=n), content=f"{n}") for n in range(3)]
    scene.tell(header, *steps)

    scene.run()

    assert scene.counts == (4, 0, 0)


def test_one_means_never(scene: Scene) -> None:
    """
    A connector that declares no coalescing is told everything.
    """
    scene.partner.coalesces = 1
    scene.tell(*versions("một", "hai", "ba"))

    scene.run()

    assert scene.partner.subjects == ["một", "hai", "ba"]


def test_a_lost_answer_is_looked_up_before_any_of_them_goes_again(scene: Scene) -> None:
    """
    The partner took the last, its answer was lost. An earlier one sent now would overwrite it: nothing is sent.
    """
    scene.tell(*versions("một", "hai", "ba"))
    scene.script(LOST)

    scene.run()

    assert scene.partner.subjects == ["ba"]
    assert len(scene.partner.probes) == 1
    assert scene.counts == (1, 2, 0)


def test_what_nobody_can_tell_is_given_to_a_person_as_a_whole(scene: Scene) -> None:
    """
    The fate of the last cannot be looked up. The ones before it wait for the same decision: looked up by themselves,
    after it, they could go again and overwrite it.
    """
    scene.partner.harmless = False
    scene.tell(*versions("một", "hai", "ba"))
    scene.script(LOST)
    scene.partner.probe_answers = [Probe(Finding.CANNOT_TELL)]

    scene.run()

    assert scene.counts == (0, 0, 3)
    assert len(scene.partner.probes) == 1
    letters = [letter.id for letter in scene.store.dead_letters()]
    scene.store.requeue(letters, now=scene.clock.now(), not_there=True)
    scene.run()
    assert scene.partner.subjects == ["ba", "ba"]
    assert scene.counts == (1, 2, 0)


def test_a_failure_gives_them_all_back_in_order(scene: Scene) -> None:
    """
    Nothing left us: all wait, and later one call tells them all.
    """
    scene.tell(*versions("một", "hai"))
    scene.script(DOWN)

    scene.run()

    assert scene.partner.subjects == ["hai"]
    assert scene.counts == (1, 1, 0)


def test_a_refused_last_one_does_not_take_the_good_ones_with_it(scene: Scene) -> None:
    """
    The last is wrong, those before it are good: they go one by one, and only the wrong one waits for a person.
    """
    scene.tell(*versions("một", "hai", "sai"))
    scene.script(WRONG, None, None, WRONG)

    scene.run()

    assert scene.partner.subjects == ["một", "hai"]
    assert scene.counts == (2, 0, 1)


def test_an_earlier_one_that_arrived_alone_is_not_taken_for_the_last(scene: Scene) -> None:
    """
    The last was refused, the first went by itself and created the dossier, then the worker vanished. The partner shows
    little of what it has: enough for a dossier that can only be the one asked about, too little for one among several.
    """

    class Glimpse(FoldingPartner):
        def probe(self, message: Message) -> Probe:
            only = not message.established and bool(self.applied)
            return Probe(Finding.APPLIED if only or message.id in self.applied else Finding.DIFFERS)

    scene.partner = Glimpse()
    scene.tell(*versions("một", "hai", "ba"))
    (claim,) = scene.store.exchange(
        "partner", scene.partner.operations, worker="gone", settled=[], state=None,
        wish=Wish(1, timedelta(minutes=1)), now=scene.clock.now(),
    ).claims  # fmt: skip
    scene.partner.apply(claim.messages[:1])

    scene.clock.advance(timedelta(minutes=2))
    scene.run()

    assert scene.partner.subjects == ["một", "ba"]
    assert scene.counts == (1, 2, 0)


def test_what_is_refused_only_without_those_before_it_is_taken_after_them(scene: Scene) -> None:
    """
    The partner takes the last only once it knows what the one before said, which we could not know: no dead letter.
    """
    scene.tell(*versions("một", "hai"))
    scene.script(WRONG)

    scene.run()

    assert scene.partner.subjects == ["một", "hai"]
    assert scene.counts == (2, 0, 0)


def test_a_refused_one_in_the_middle_keeps_what_stands_behind_it(scene: Scene) -> None:
    """
    One by one, the second is refused as well: it holds the lane, the third keeps its place.
    """
    scene.tell(*versions("một", "hai", "ba"))
    scene.script(WRONG, None, WRONG)

    scene.run()

    assert scene.partner.subjects == ["một"]
    assert scene.counts == (1, 0, 1)
    assert scene.store.dead_letters()[0].waiting_behind == 1


def test_a_worker_that_vanished_between_leaves_nothing_to_guess(scene: Scene) -> None:
    """
    It had claimed two runs of one lane and sent the first. Each run is asked about by the message that stood for it;
    the one that was never sent is not taken for told.
    """
    later = versions("hai", "ba", status=DossierStatus.PROCESSING)
    scene.tell(*versions("một", "một b"), *later)
    (claim,) = scene.store.exchange(
        "partner", scene.partner.operations, worker="gone", settled=[], state=None,
        wish=Wish(1, timedelta(minutes=1)), now=scene.clock.now(),
    ).claims  # fmt: skip
    assert len(claim.messages) == 4
    scene.partner.apply([claim.messages[1]])

    scene.clock.advance(timedelta(minutes=2))
    scene.run()

    assert scene.partner.subjects == ["một b", "ba"]
    assert scene.counts == (2, 2, 0)
