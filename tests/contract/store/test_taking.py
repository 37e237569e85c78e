"""What every store promises about a call that is taken in as a whole; real databases, no network."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from gateway.errors import IllegalTransition
from gateway.fronts import Standing
from gateway.model import DossierStatus, Origin, ProcessingStep
from gateway.ports import Receipt
from gateway.store.base import SqlStore
from tests.builders import CODE, a_code, a_dossier, a_step
from tests.contract.store.telling import CLOCK, PARTNER, accept, change

END = a_dossier().status_at + timedelta(days=9)


def take(store: SqlStore, *steps: ProcessingStep) -> list[Receipt]:
    with store.receiving("partner", [PARTNER], now=CLOCK.now()) as intake:
        return intake.take([change(step, f"step {n} {step.identity}") for n, step in enumerate(steps)])


def a_way(*statuses: DossierStatus, until: datetime = END) -> list[ProcessingStep]:
    """Steps a day apart, the last *until*."""
    return [
        a_step(at=until - timedelta(days=len(statuses) - 1 - n), status=status, content=f"Bước {n}")
        for n, status in enumerate(statuses)
    ]


def test_how_dossiers_stand(store: SqlStore) -> None:
    """
    The status of whatever told it last, and nothing of a dossier that nobody told.
    """
    accept(store, change(a_dossier()), change(a_step(at=END, status=DossierStatus.PROCESSING), "2"))

    with store.receiving("partner", [PARTNER], now=CLOCK.now()) as intake:
        found = intake.standing([a_code(), a_code(8)])

    assert found == {CODE: Standing(DossierStatus.PROCESSING, END, Origin.LOCAL, 2)}
    assert store.look_up(a_code()) == (a_dossier(), found[CODE])
    assert store.look_up(a_code(8)) is None


def test_a_history_that_leads_to_where_the_dossier_stands_is_told_whole(store: SqlStore) -> None:
    """
    The final header came first, its steps after it in one call: partners are told of each, in order.
    """
    accept(store, change(a_dossier(status=DossierStatus.FINISHED, status_at=END)))

    receipts = take(store, *a_way(DossierStatus.ACCEPTED, DossierStatus.PROCESSING, DossierStatus.FINISHED))

    assert [receipt.kept_back for receipt in receipts] == [False] * 3
    assert store.status()[0].pending == 4
    assert store.known([a_code()])[CODE].status is DossierStatus.FINISHED


@pytest.mark.parametrize(
    "way",
    [
        (DossierStatus.ACCEPTED,),
        (DossierStatus.ACCEPTED, DossierStatus.PROCESSING),
    ],
)
def test_a_history_that_ends_before_that_moves_nothing_back(store: SqlStore, way: tuple[DossierStatus, ...]) -> None:
    """
    The portal would show the last of these steps for good, so they stay in the ledger.
    """
    accept(store, change(a_dossier(status=DossierStatus.FINISHED, status_at=END)))

    receipts = take(store, *a_way(*way, until=END - timedelta(days=1)))

    assert [receipt.kept_back for receipt in receipts] == [True] * len(way)


def test_steps_of_the_same_moment_are_a_history_too(store: SqlStore) -> None:
    """
    A system that knows days only: accepted, finished and returned at midnight. None is refused for going back.
    """
    accept(store, change(a_dossier(status=DossierStatus.RETURNED, status_at=END, returned_at=END)))
    way = [
        a_step(at=END, status=status, content=status.label_vi)
        for status in (DossierStatus.ACCEPTED, DossierStatus.FINISHED, DossierStatus.RETURNED)
    ]

    receipts = take(store, *way)

    assert [(receipt.refusal, receipt.kept_back) for receipt in receipts] == [(None, False)] * 3


def test_a_step_of_the_same_moment_alone_moves_nothing_back(store: SqlStore) -> None:
    """
    Its place in the day is not known: it is kept, neither refused nor told.
    """
    accept(store, change(a_dossier(status=DossierStatus.RETURNED, status_at=END, returned_at=END)))

    (receipt,) = take(store, a_step(at=END, status=DossierStatus.ACCEPTED))

    assert (receipt.refusal, receipt.kept_back) == (None, True)


def test_a_step_that_no_law_knows_is_refused(store: SqlStore) -> None:
    """
    What was handed over is not in processing a day later.
    """
    accept(store, change(a_dossier(status=DossierStatus.RETURNED, status_at=END, returned_at=END)))

    (receipt,) = take(store, a_step(at=END + timedelta(days=1), status=DossierStatus.PROCESSING))

    assert isinstance(receipt.refusal, IllegalTransition)


def test_what_is_undone_leaves_nothing(store: SqlStore) -> None:
    """
    One element of a call was refused: the others are not taken either.
    """
    with store.receiving("partner", [PARTNER], now=CLOCK.now()) as intake:
        intake.take([change(a_dossier())])
        intake.undo()

    assert store.totals().get("dossiers", 0) == 0


def test_nobody_makes_a_dossier_known_between_the_look_and_the_take(store: SqlStore) -> None:
    """
    Two calls create the same number at once: each looks first, and only one finds it free.
    """
    start = threading.Barrier(2, timeout=10)
    free: list[bool] = []

    def create() -> None:
        start.wait()
        with store.receiving("partner", [PARTNER], now=CLOCK.now()) as intake:
            free.append(not intake.standing([a_code()]))
            intake.take([change(a_dossier(subject=f"Lần {len(free)}"), f"call {len(free)}")])

    threads = [threading.Thread(target=create) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sorted(free) == [False, True]
