"""What the partner refuses: it stands alone, holds its lane only, and goes on when a person says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from gateway.errors import DeliveryError, Rejected
from gateway.ports import Delivered, Failed, Message, Operation, Outcome
from gateway.remedies import advise
from tests.bench import DOWN, LOST, Bench, steps_of
from tests.builders import a_dossier
from tests.partners import ScriptedPartner, failing


def test_a_refused_dossier_is_a_dead_letter_and_holds_its_lane_only(bench: Bench) -> None:
    """
    The portal does not know the procedure: that dossier waits with its reason, the next one goes on.
    """
    bad, good = a_dossier(), a_dossier(code="H99.01.01-260302-0008")
    bench.submit(bad, *steps_of(bad, 2), good, *steps_of(good, 2))
    bench.partner.script[str(bad.code)] = [failing(Rejected("partner", "4", "Mã thủ tục không tồn tại"))]

    bench.engine().run_until_idle()

    letter = bench.store.dead_letters()[0]
    assert (letter.dossier, letter.code, letter.waiting_behind) == (str(bad.code), "4", 2)
    assert [call[0] for call in bench.partner.calls].count(str(bad.code)) == 1
    assert len(bench.partner.applied) == 3


def test_what_a_batch_delivered_is_not_sent_again_for_what_it_refused(bench: Bench) -> None:
    """
    One call carried three dossiers and said of each what became of it: nothing is in doubt, so nothing is repeated.
    """

    class Precise(ScriptedPartner):
        def deliver(self, messages: Sequence[Message]) -> Sequence[Outcome]:
            super().deliver(messages)
            refusal = Failed(Rejected("partner", "1", "Dữ liệu không hợp lệ"))
            return [refusal if message.dossier.endswith("0002") else Delivered() for message in messages]

    bench.partner = Precise(dossier_batch=3)
    bench.submit(*(a_dossier(code=f"H99.01.01-260302-000{n}") for n in (1, 2, 3)))

    counts = bench.engine().run_until_idle()

    assert [len(ids) for _, _, ids in bench.partner.calls] == [3]
    assert (counts.delivered, counts.dead) == (2, 1)


def test_a_requeued_dead_letter_lets_its_lane_go_on(bench: Bench) -> None:
    """
    The mapping was mended, the operator requeues: the dossier and its steps arrive in order.
    """
    dossier = a_dossier()
    bench.submit(dossier, *steps_of(dossier, 2))
    bench.partner.script[str(dossier.code)] = [failing(Rejected("partner", "4", "Mã thủ tục không tồn tại"))]
    bench.engine().run_until_idle()

    requeued = bench.store.requeue([letter.id for letter in bench.store.dead_letters()], now=bench.clock.now())
    bench.engine().run_until_idle()

    assert len(requeued) == 1
    assert bench.told() == [("dossier", 1), ("dossier", 1), ("step", 2)]
    assert bench.store.dead_letters() == []


def test_what_waited_behind_a_requeued_dead_letter_has_the_whole_horizon_too(bench: Bench) -> None:
    """
    The operator mends the mapping after three weeks. The steps behind were never tried: one hiccup does not end them.
    """
    dossier = a_dossier()
    bench.submit(dossier, *steps_of(dossier, 2))
    bench.partner.script[str(dossier.code)] = [failing(Rejected("partner", "4", "Mã thủ tục không tồn tại"))]
    bench.engine().run_until_idle()
    bench.clock.advance(timedelta(days=21))
    bench.partner.script[str(dossier.code)] = [lambda messages: bench.partner.apply(messages), failing(DOWN)]

    bench.store.requeue([letter.id for letter in bench.store.dead_letters()], now=bench.clock.now())
    bench.engine().run_until_idle()

    assert bench.store.dead_letters() == []
    assert len(bench.partner.applied) == 3


@dataclass
class OlderPartner(ScriptedPartner):
    """The connector of a release that knows no steps, or no longer."""

    knows_steps: bool = False

    @property
    def operations(self) -> Mapping[str, Operation]:
        known = super().operations
        return known if self.knows_steps else {"dossier": known["dossier"]}


def test_what_the_connector_has_no_operation_for_stops_nothing_but_its_lane(bench: Bench) -> None:
    """
    A process of an older release, or a connector that gave an operation up, meets a message that it cannot carry: a
    person is told, the other dossiers go on, and once everybody is up to date it is requeued.
    """
    first, second = a_dossier(), a_dossier(code="H99.01.01-260302-0008")
    bench.submit(first, *steps_of(first, 2), second)
    knowing, bench.partner = bench.partner, OlderPartner()

    bench.engine().run_until_idle()

    (letter,) = bench.store.dead_letters()
    assert (letter.code, letter.operation, letter.waiting_behind) == ("unknown-operation", "step", 1)
    assert bench.told() == [("dossier", 1), ("dossier", 1)]

    bench.partner = knowing
    bench.store.requeue([letter.id], now=bench.clock.now())
    bench.engine().run_until_idle()
    assert bench.store.dead_letters() == []
    assert bench.told() == [("step", 2)]


def test_what_became_of_an_operation_that_is_gone_is_for_a_person(bench: Bench) -> None:
    """
    A step's answer is lost, and then the connector gives steps up: nobody can look it up, and nothing is sent again.
    """
    dossier = a_dossier()
    bench.partner = partner = OlderPartner(knows_steps=True)
    bench.submit(dossier, *steps_of(dossier, 2))

    def lost_for_good(messages: Sequence[Message]) -> DeliveryError:
        partner.knows_steps = False
        return LOST

    partner.script[str(dossier.code)] = [lambda messages: partner.apply(messages), lost_for_good]

    bench.engine().run_until_idle()

    (letter,) = bench.store.dead_letters()
    assert (letter.code, letter.text, letter.waiting_behind) == ("outcome-unknown", "[unknown-operation] step", 1)
    assert "nâng cấp mọi tiến trình" in advise(partner, letter.operation, letter.code, letter.text).remedy
    assert (bench.told(), partner.probes) == ([("dossier", 1), ("step", 2)], [])


def test_a_poison_step_stands_alone_and_nothing_overtakes_it(bench: Bench) -> None:
    """
    One bad step in a chunk of eight: those before it arrive, it goes dead, those behind it wait.
    """
    dossier = a_dossier()
    bench.submit(dossier)
    bench.engine().run_until_idle()
    steps = steps_of(dossier, 8)
    bench.submit(*steps)
    poison = 5
    first_id = bench.partner.calls[0][2][0] + 1

    def refuse_poison(messages: object) -> Rejected | None:
        ids = [m.id for m in messages]  # type: ignore[attr-defined]
        if first_id + poison in ids:
            return Rejected("partner", "1", "Dữ liệu không hợp lệ")
        bench.partner.apply(messages)  # type: ignore[arg-type]
        return None

    bench.partner.script[str(dossier.code)] = [refuse_poison] * 20

    bench.engine().run_until_idle()

    assert [id_ - first_id for id_ in bench.partner.applied[1:]] == [0, 1, 2, 3, 4]
    letters = bench.store.dead_letters()
    assert [(letter.id - first_id, letter.waiting_behind) for letter in letters] == [(poison, 2)]
