"""What every store promises about accepting changes; real databases, no network."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from gateway.errors import ConflictingRepeat, IllegalTransition, InvalidInput
from gateway.lifecycle import Advance, MessageEvent
from gateway.model import DossierCode, DossierStatus, Matter, MatterCode, Notice
from gateway.ports import Message
from gateway.store.base import SqlStore
from gateway.store.contract import Settled, Verdict, Wish
from tests.builders import a_dossier, a_step
from tests.contract.store.telling import CLOCK, PARTNER, a_history, accept, change
from tests.stores import Backend


def test_a_repeat_has_no_second_effect(store: SqlStore) -> None:
    """
    The source was not sure and submitted again: one change, one message.
    """
    accept(store, change(a_dossier()))

    receipts = accept(store, change(a_dossier()), change(a_dossier(), "another id, same header"))

    assert [receipt.duplicate for receipt in receipts] == [True, True]
    assert store.totals() == {"dossiers": 1, "dossier": 1}
    assert store.status()[0].pending == 1


def test_the_same_step_from_two_sources_is_one_step(store: SqlStore) -> None:
    """
    A file and a live call report the same step under ids of their own.
    """
    dossier, steps = a_history(1)

    receipts = accept(store, change(dossier), change(steps[0], "a"), change(steps[0], "b"))

    assert [receipt.duplicate for receipt in receipts] == [False, False, True]


def test_a_repeat_stays_one_when_its_dossier_has_moved_on(store: SqlStore) -> None:
    """
    A second source told what was known, its answer was lost, and it tells the same again after the next version.
    """
    first, second = a_dossier(subject="Bản một"), a_dossier(subject="Bản hai")
    accept(store, change(first, "a:1"), change(first, "b:1"), change(second, "a:2"))

    again = accept(store, change(first, "b:1"))[0]

    assert (again.duplicate, store.totals()["dossier"]) == (True, 2)


def test_an_id_that_only_repeated_may_not_bring_another_body(store: SqlStore) -> None:
    """
    Whether its first body had an effect does not matter: the id stands for it.
    """
    dossier, steps = a_history(2)
    accept(store, change(dossier, "1"), change(steps[0], "a"), change(steps[0], "b"))

    assert isinstance(accept(store, change(steps[1], "b"))[0].refusal, ConflictingRepeat)


def test_one_id_with_two_bodies_is_refused(store: SqlStore) -> None:
    """
    The second body is not silently dropped and not silently taken.
    """
    accept(store, change(a_dossier()))

    receipt = accept(store, change(a_dossier(subject="Nội dung khác")))[0]

    assert isinstance(receipt.refusal, ConflictingRepeat)
    assert store.totals()["dossier"] == 1


def test_a_refused_change_does_not_hold_back_the_others(store: SqlStore) -> None:
    """
    One illegal status in the middle of a batch: the rest is accepted in the same commit.
    """
    returned = a_dossier(status=DossierStatus.RETURNED)
    back = a_dossier(status=DossierStatus.PROCESSING, status_at=returned.status_at + timedelta(days=1))
    other = a_dossier(code="H99.01.01-260302-0099")

    receipts = accept(store, change(returned), change(back, "2"), change(other, "3"))

    assert isinstance(receipts[1].refusal, IllegalTransition)
    assert [receipt.version for receipt in receipts] == [1, 0, 1]
    assert store.totals() == {"dossiers": 2, "dossier": 2}


def test_a_step_without_its_dossier_is_refused_with_advice(store: SqlStore) -> None:
    """
    Nobody could be told of it: the source sends the dossier first.
    """
    receipt = accept(store, change(a_step()))[0]

    assert isinstance(receipt.refusal, InvalidInput)
    assert "Submit the dossier first" in str(receipt.refusal)


def test_a_late_step_enters_history_and_moves_nothing(store: SqlStore) -> None:
    """
    A forgotten step from before: kept and told after a later step, the status stays.
    """
    dossier, steps = a_history(3)
    accept(store, change(dossier), change(steps[0], "a"), change(steps[2], "c"))

    receipt = accept(store, change(steps[1], "b"))[0]

    assert receipt.advance is Advance.LATE
    known = store.known([dossier.code])[dossier.code.key]
    assert known.status_at == steps[2].at
    assert store.status()[0].pending == 4
    assert [message.late for message in _claimed(store)] == [False, False, False, True]


def _claimed(store: SqlStore) -> Iterator[Message]:
    """Every message in the order of its lane, each delivered before the next is claimed."""
    settled: list[Settled] = []
    while claims := store.exchange(
        "partner", PARTNER.operations, worker="w", settled=settled, state=None, wish=Wish(1, timedelta(minutes=1)),
        now=CLOCK.now(),
    ).claims:  # fmt: skip
        (claim,) = claims
        yield from claim.messages
        settled = [Settled(claim.lane, claim.token, tuple(Verdict(m.id, MessageEvent.DELIVER) for m in claim.messages))]


def test_a_late_fact_that_would_move_the_public_status_back_is_kept_but_not_told(store: SqlStore) -> None:
    """
    The portal takes its status from the latest step it knows and from every header, so it must not hear of these.
    """
    finished = a_dossier(status=DossierStatus.FINISHED)
    accept(store, change(finished))
    before = finished.status_at - timedelta(days=1)
    late_step = a_step(dossier=finished.code, at=before, status=DossierStatus.PROCESSING)
    late_header = a_dossier(status=DossierStatus.PROCESSING, status_at=before)

    receipts = accept(store, change(late_step, "2"), change(late_header, "3"))

    assert [(receipt.advance, receipt.kept_back) for receipt in receipts] == [(Advance.LATE, True)] * 2
    kept = [entry for entry in store.timeline(finished.code) if "kept in the ledger only" in entry.detail]
    assert [entry.what for entry in kept] == ["accepted.step", "accepted.dossier"]
    assert store.totals() == {"dossiers": 1, "dossier": 2, "step": 1}
    assert store.status()[0].pending == 1


def test_a_step_that_was_kept_back_opens_the_door_for_no_other(store: SqlStore) -> None:
    """
    The final header came alone, its steps after it, newest first: the portal knows none of them, so it hears of none.
    """
    finished = a_dossier(status=DossierStatus.FINISHED)
    accept(store, change(finished))
    steps = [
        a_step(dossier=finished.code, at=finished.status_at - timedelta(days=day), status=status)
        for day, status in ((1, DossierStatus.PROCESSING), (2, DossierStatus.ACCEPTED))
    ]

    first = accept(store, change(steps[0], "2"))
    second = accept(store, change(steps[1], "3"))

    assert [receipt.kept_back for receipt in (*first, *second)] == [True, True]
    assert store.status()[0].pending == 1


def test_a_pull_back_that_the_law_knows_moves_the_status(store: SqlStore) -> None:
    """
    The result was pulled back before hand-over: 9 becomes 4 again.
    """
    finished = a_dossier(status=DossierStatus.FINISHED)
    again = a_step(dossier=finished.code, at=finished.status_at + timedelta(days=1), status=DossierStatus.PROCESSING)

    receipts = accept(store, change(finished), change(again, "2"))

    assert receipts[1].advance is Advance.MOVED
    assert store.known([finished.code])[finished.code.key].status is DossierStatus.PROCESSING


def test_a_code_in_other_letters_is_the_same_dossier(store: SqlStore) -> None:
    """
    Codes are compared without regard to case, and printed as they came.
    """
    accept(store, change(a_dossier(code="H99.01.01-260302-0007")))

    receipt = accept(store, change(a_dossier(code="h99.01.01-260302-0007", subject="Sửa trích yếu"), "2"))[0]

    assert receipt.version == 2
    assert store.totals()["dossiers"] == 1


def test_many_producers_lose_and_double_nothing(backend: Backend) -> None:
    """
    Eight threads, half of them through a store of another process, submit the same hundred dossiers.
    """
    store, other = backend.open(), backend.open()
    duplicates: list[bool] = []

    def produce(into: SqlStore) -> None:
        for n in range(100):
            code = f"H99.01.01-260302-{n:04d}"
            duplicates.extend(r.duplicate for r in accept(into, change(a_dossier(code=code), code)))

    threads = [threading.Thread(target=produce, args=((store, other)[n % 2],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (duplicates.count(False), duplicates.count(True)) == (100, 700)
    assert store.status()[0].pending == 100


@pytest.mark.parametrize("cut", range(5))
def test_the_chain_tells_where_it_was_touched(backend: Backend, cut: int) -> None:
    """
    Somebody edits a row of the ledger: the dossier's chain breaks at that change and nowhere before.
    """
    store = backend.open()
    dossier, steps = a_history(4)
    accept(store, change(dossier), *(change(step, f"step {n}") for n, step in enumerate(steps)))
    assert store.broken_link(dossier.code) is None

    backend.execute(f"UPDATE lt_change SET body = substr(body, 2) WHERE version = {cut + 1}")

    assert store.broken_link(dossier.code) == cut + 1


def test_a_removed_last_change_is_noticed(backend: Backend) -> None:
    """
    Cutting the end off a chain leaves a head that no longer fits.
    """
    store = backend.open()
    dossier, steps = a_history(2)
    accept(store, change(dossier), *(change(step, f"step {n}") for n, step in enumerate(steps)))

    backend.execute("DELETE FROM lt_change WHERE version = 3")

    assert store.broken_link(dossier.code) == 3


def test_unknown_dossiers_are_left_out_of_what_is_known(store: SqlStore) -> None:
    """
    A source asks about codes that the ledger never saw.
    """
    assert store.known([DossierCode.parse("H99.01.01-260302-0001")]) == {}


def test_a_notice_is_told_and_moves_nothing(store: SqlStore) -> None:
    """
    A partner's notice stands in the ledger's chain and timeline, and leaves the status alone; told again it is known,
    before its dossier it is refused.
    """
    dossier = a_dossier()
    notice = Notice(dossier=dossier.code, topic="tax-notices", data={"amount": 1, "item": ""})

    early = accept(store, change(notice, "n"))[0]
    accept(store, change(dossier, "d"))
    told, again = (accept(store, change(notice, "n"))[0] for _ in range(2))

    assert early.refusal is not None
    assert (told.version, told.advance, again.duplicate) == (2, Advance.SAME, True)
    known = store.known([dossier.code])[dossier.code.key]
    assert (known.status, known.status_at) == (dossier.status, dossier.status_at)
    assert store.broken_link(dossier.code) is None
    assert [entry.detail for entry in store.timeline(dossier.code) if entry.what == "accepted.notice"] == [
        "#2 test: tax-notices"
    ]
    assert accept(store, change(dossier, "again"))[0].duplicate


@dataclass
class Curious:
    """A third party's partner that wants whatever there is."""

    name: str

    def route(self, kind: str, origin: str) -> str:
        return kind


def test_a_matter_is_for_one_partner_and_no_dossier(store: SqlStore) -> None:
    """
    It is told to whom it is for alone, under a code of its own; the same again is known, and so is the same under
    another id, until something else was told. No list of dossiers has it. For nobody it is refused.
    """
    first, second = (
        Matter(code=MatterCode.parse("cong/hoi-dap/H99.01/42"), form="Hoi", data={"NOIDUNG": text})
        for text in ("Hỏi?", "Hỏi gì?")
    )
    nobodys = first.model_copy(update={"code": MatterCode.parse("other/hoi-dap/H99.01/42")})
    matters = [("1", first), ("1", first), ("2", first), ("3", second), ("4", first), ("5", nobodys)]
    changes = [*(change(body, id_) for id_, body in matters), change(a_dossier(), "d")]

    receipts = store.accept(changes, [Curious("cong"), Curious("so")], now=CLOCK.now())

    assert [(receipt.version, receipt.duplicate) for receipt in receipts] == [
        (1, False), (1, True), (1, True), (2, False), (3, False), (0, False), (1, False),
    ]  # fmt: skip
    assert [receipt.refusal.field for receipt in receipts if receipt.refusal] == ["partner"]
    assert [(status.partner, status.pending) for status in store.status()] == [("cong", 4), ("so", 1)]
    assert store.broken_link(first.code) is None
    assert [entry.code for entry in store.dossiers(want=9)] == [a_dossier().code.text]
    assert store.totals() == {"dossiers": 1, "dossier": 1, "matter": 3}
    with store.receiving("other", [PARTNER], now=CLOCK.now()) as inbox:
        assert inbox.versions([first.code, MatterCode.parse("cong/hoi-dap/H99.01/44")]) == {first.code.key: 3}
