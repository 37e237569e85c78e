"""Answers that were lost: looked up before anything is sent again."""

from __future__ import annotations

from datetime import timedelta

from gateway.errors import Faulted
from gateway.ports import Finding, Probe
from tests.bench import DOWN, LOST, Bench, steps_of
from tests.builders import a_dossier
from tests.partners import failing, lost


def test_a_lost_answer_is_looked_up_not_sent_again(bench: Bench) -> None:
    """
    The portal stored the dossier, its answer never came: one call, one look-up.
    """
    dossier = a_dossier()
    bench.submit(dossier)
    bench.partner.script[str(dossier.code)] = [lost(bench.partner, LOST)]

    counts = bench.engine().run_until_idle()

    assert (len(bench.partner.calls), len(bench.partner.probes), counts.delivered) == (1, 1, 1)


def test_what_never_arrived_is_sent_again_after_the_look_up(bench: Bench) -> None:
    """
    No answer and no effect: looked up, found absent, sent once more.
    """
    dossier = a_dossier()
    bench.submit(dossier)
    bench.partner.script[str(dossier.code)] = [failing(LOST)]

    bench.engine().run_until_idle()

    assert len(bench.partner.calls) == 2
    assert len(bench.partner.probes) == 1


def test_a_look_up_that_fails_is_asked_again_later(bench: Bench) -> None:
    """
    The look-up itself gets no answer twice; nothing is sent before it does.
    """
    dossier = a_dossier()
    bench.submit(dossier)
    bench.partner.script[str(dossier.code)] = [lost(bench.partner, LOST)]
    bench.partner.probe_answers = [DOWN, Faulted("partner", "-1", "Lỗi hệ thống")]

    counts = bench.engine().run_until_idle()

    assert len(bench.partner.calls) == 1
    assert len(bench.partner.probes) == 3
    assert counts.delivered == 1


def test_look_ups_that_fail_come_ever_more_rarely(bench: Bench) -> None:
    """
    The portal answers every look-up of one dossier with a failure, for a day: its questions do not pile up.
    """
    dossier = a_dossier()
    bench.submit(dossier)
    bench.partner.script[str(dossier.code)] = [lost(bench.partner, LOST)]
    bench.partner.probe_answers = [Faulted("partner", "-1", "Lỗi hệ thống")] * 2000

    bench.engine(horizon=timedelta(days=1)).run_until_idle()

    assert [(letter.code, letter.attempts) for letter in bench.store.dead_letters()] == [("outcome-unknown", 1)]
    assert 24 <= len(bench.partner.probes) < 200


def test_what_cannot_be_told_and_is_not_harmless_waits_for_a_person(bench: Bench) -> None:
    """
    The gateway never guesses: the dead letter carries the evidence.
    """
    dossier = a_dossier()
    bench.submit(dossier)
    bench.partner.harmless = False
    bench.partner.script[str(dossier.code)] = [lost(bench.partner, LOST)]
    bench.partner.probe_answers = [Probe(Finding.CANNOT_TELL, "no columns to compare")]

    bench.engine().run_until_idle()

    letter = bench.store.dead_letters()[0]
    assert (letter.code, letter.text) == ("outcome-unknown", "no columns to compare")
    assert len(bench.partner.calls) == 1


def parked(bench: Bench) -> list[int]:
    """A dossier that arrived, of which nobody could tell; what to requeue."""
    dossier = a_dossier()
    bench.submit(dossier)
    bench.partner.harmless = False
    bench.partner.script[str(dossier.code)] = [lost(bench.partner, LOST)]
    bench.partner.probe_answers = [Probe(Finding.CANNOT_TELL, "no columns to compare")]
    bench.engine().run_until_idle()
    return [letter.id for letter in bench.store.dead_letters()]


def test_what_nobody_could_tell_is_looked_up_again_when_it_is_requeued(bench: Bench) -> None:
    """
    After the portal was mended everything is requeued at once: it can tell now, and nothing is sent twice.
    """
    letters = parked(bench)

    bench.store.requeue(letters, now=bench.clock.now())
    counts = bench.engine().run_until_idle()

    assert (len(bench.partner.calls), counts.delivered, bench.store.dead_letters()) == (1, 1, [])


def test_what_still_nobody_can_tell_waits_for_a_person_again_until_he_has_looked(bench: Bench) -> None:
    """
    Requeued, the look-up knows no more than before: nothing is sent. The operator finds nothing at the partner and says
    so: it is sent.
    """
    letters = parked(bench)
    bench.partner.probe_answers = [Probe(Finding.CANNOT_TELL, "no columns to compare")]

    bench.store.requeue(letters, now=bench.clock.now())
    bench.engine().run_until_idle()

    assert ([letter.id for letter in bench.store.dead_letters()], len(bench.partner.calls)) == (letters, 1)
    bench.store.requeue(letters, now=bench.clock.now(), not_there=True)
    bench.engine().run_until_idle()
    assert (bench.store.dead_letters(), len(bench.partner.calls)) == ([], 2)


def test_what_nobody_can_tell_is_no_matter_of_time(bench: Bench) -> None:
    """
    The horizon has passed when the partner's look-up tells nothing: the letter says that its outcome is unknown, so
    that a requeue does not send it blindly.
    """
    dossier = a_dossier()
    bench.submit(dossier)
    bench.partner.harmless = False
    bench.partner.script[str(dossier.code)] = [lost(bench.partner, LOST)]
    bench.partner.probe_answers = [Probe(Finding.CANNOT_TELL, "no columns to compare")]

    bench.engine(horizon=timedelta(0)).run_until_idle()

    assert [letter.code for letter in bench.store.dead_letters()] == ["outcome-unknown"]


def test_unknown_steps_are_sent_again_in_order_behind_the_first_absent_one(bench: Bench) -> None:
    """
    A chunk of steps was lost: one look-up settles the whole chunk, and order is kept.
    """
    dossier = a_dossier()
    bench.submit(dossier)
    bench.engine().run_until_idle()
    bench.submit(*steps_of(dossier, 4))
    bench.partner.script[str(dossier.code)] = [failing(LOST)]

    bench.engine().run_until_idle()

    assert bench.told() == [("dossier", 1), ("step", 4), ("step", 4)]
    assert len(bench.partner.probes) == 1


def test_a_fault_of_a_look_up_does_not_stop_the_others(bench: Bench) -> None:
    """
    A bug in a connector's look-up hits one dossier: it is asked again later, the others arrive meanwhile.
    """
    bench.submit(a_dossier(), a_dossier(code="H99.01.01-260302-0008"))
    bench.partner.script[str(a_dossier().code)] = [lost(bench.partner, LOST)]
    bench.partner.probe_answers = [OverflowError("date value out of range")]

    counts = bench.engine().run_until_idle()

    assert (counts.delivered, counts.probes) == (2, 2)
    assert any("OverflowError" in entry.detail for entry in bench.store.timeline(a_dossier().code))
