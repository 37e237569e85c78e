"""
A dossier with its whole history, told so that the public never sees it walk backwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import InvalidInput
from gateway.lifecycle import DOSSIER_MOVES
from gateway.model import Change, Dossier, DossierStatus, OnlinePayment, ProcessingStep, unfold
from gateway.model.history import as_of
from tests.builders import MORNING, a_document, a_dossier, a_result, a_step, a_supplement

S = DossierStatus


@dataclass
class PublicPortal:
    """
    What a citizen sees: the status of every header, and of the step with the latest time.
    """

    seen: list[DossierStatus] = field(default_factory=list)
    steps: list[ProcessingStep] = field(default_factory=list)
    header: Dossier | None = None

    def take_header(self, header: Dossier) -> None:
        self.header = header
        self._show(header.status)

    def take_steps(self, group: Sequence[ProcessingStep]) -> None:
        for step in group:
            newest = not self.steps or step.at >= max(known.at for known in self.steps)
            self.steps.append(step)
            if newest:
                self._show(step.status)

    def _show(self, status: DossierStatus) -> None:
        if not self.seen or self.seen[-1] is not status:
            self.seen.append(status)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Dossier, list[ProcessingStep]]:
    """A dossier at the end of a legal walk through the lattice, with facts dated when they happened."""
    statuses = [draw(st.sampled_from([S.SUBMITTED, S.ACCEPTED, S.PROCESSING, S.FINISHED]))]
    for _ in range(draw(st.integers(0, 34))):
        following = DOSSIER_MOVES[statuses[-1]]
        if following:
            statuses.append(draw(st.sampled_from(sorted({*following, statuses[-1]}))))
    moments = [MORNING]
    for _ in statuses:
        moments.append(moments[-1] + timedelta(minutes=draw(st.integers(0, 3000))))
    steps = [
        a_step(at=at, status=status, content=f"Bước {number}")
        for number, (status, at) in enumerate(zip(statuses, moments[1:], strict=True))
    ]
    final = steps[-1].status
    final = draw(st.sampled_from(sorted({*DOSSIER_MOVES[final], final})))
    last = moments[-1] + timedelta(minutes=draw(st.integers(0, 60)))
    return _header(steps, final, last), steps


def _header(steps: list[ProcessingStep], final: DossierStatus, last: datetime) -> Dossier:
    def first(*statuses: DossierStatus) -> datetime | None:
        told = [step.at for step in steps if step.status in statuses]
        return told[0] if told else (last if final in statuses else None)

    begun = first(S.ACCEPTED, S.PROCESSING, S.FINISHED, S.STOPPED)
    before_hand_over = final in (S.SUBMITTED, S.ACCEPTED, S.PROCESSING, S.SUPPLEMENT_REQUESTED, S.PAYMENT_REQUESTED)
    rounds = tuple(
        a_supplement(id=str(number), requested_at=step.at, received_at=step.at + timedelta(hours=1))
        for number, step in enumerate(steps)
        if step.status is S.SUPPLEMENT_REQUESTED
    )
    return a_dossier(
        status=final,
        status_at=last,
        submitted_at=MORNING,
        accepted_at=begun,
        due_at=None if begun is None else last + timedelta(days=5),
        completed_at=None if final is S.SUBMITTED else first(S.FINISHED),
        returned_at=None if before_hand_over else first(S.RETURNED),
        refused_at=last if final is S.REFUSED else None,
        supplements=rounds,
        results=() if before_hand_over else (a_result(),),
        note="ghi chú cuối cùng",
    )


@settings(max_examples=300, deadline=None)
@given(history=histories(), chunk=st.integers(1, 10), shuffle=st.randoms())
def test_the_public_status_moves_only_as_the_law_knows(
    history: tuple[Dossier, list[ProcessingStep]], chunk: int, shuffle: Any
) -> None:
    """
    Any legal history, any number of steps, any grouping: every status a citizen sees may follow the one before.
    """
    dossier, steps = history
    given_order = list(steps)
    if len({step.at for step in steps}) == len(steps):
        shuffle.shuffle(given_order)
    portal = PublicPortal()

    _tell(portal, unfold(dossier, given_order, "motcua-vidu"), chunk)

    for before, after in zip(portal.seen, portal.seen[1:], strict=False):
        assert after in DOSSIER_MOVES[before], f"{before.value} -> {after.value}"
    assert portal.header == dossier
    assert portal.seen[-1] is dossier.status
    assert sorted(step.identity for step in portal.steps) == sorted(step.identity for step in steps)


def _tell(portal: PublicPortal, changes: list[Change], chunk: int) -> None:
    waiting: list[ProcessingStep] = []
    for change in changes:
        if isinstance(change.body, ProcessingStep):
            waiting.append(change.body)
        if waiting and (len(waiting) == chunk or isinstance(change.body, Dossier)):
            portal.take_steps(waiting)
            waiting = []
        if isinstance(change.body, Dossier):
            portal.take_header(change.body)
    portal.take_steps(waiting)


@settings(max_examples=200, deadline=None)
@given(histories())
def test_the_opening_header_tells_nothing_that_had_not_happened(history: tuple[Dossier, list[ProcessingStep]]) -> None:
    """
    Every fact in it is one of the final facts, and had come by the first step.
    """
    dossier, steps = history
    opening = unfold(dossier, steps, "motcua-vidu")[0].body
    assert isinstance(opening, Dossier)

    assert (opening.status, opening.status_at) in ((steps[0].status, steps[0].at), (dossier.status, dossier.status_at))
    for name in ("submitted_at", "accepted_at", "completed_at", "returned_at", "refused_at"):
        told = getattr(opening, name)
        assert told is None or (told == getattr(dossier, name) and told <= steps[0].at) or opening == dossier
    assert opening.due_at in (None, dossier.due_at)
    assert all(entry.requested_at <= steps[0].at for entry in opening.supplements)
    assert opening == dossier or (opening.results, opening.note) == ((), None)
    Dossier.model_validate_json(opening.model_dump_json())


@settings(max_examples=50, deadline=None)
@given(histories())
def test_the_same_history_makes_the_same_ids(history: tuple[Dossier, list[ProcessingStep]]) -> None:
    """
    Importing the file again must be recognised, change by change.
    """
    dossier, steps = history
    once, again = unfold(dossier, steps, "a"), unfold(dossier, list(steps), "a")

    assert [change.source_id for change in once] == [change.source_id for change in again]
    assert len({change.source_id for change in once}) == len(once)


def test_a_dossier_without_steps_is_its_header() -> None:
    """
    Nothing is made up around it.
    """
    [change] = unfold(a_dossier(), [], "motcua-vidu")

    assert change.body == a_dossier()
    assert change.source_id.startswith("dossier:H99.01.01-260302-0007:")


def test_a_dossier_at_its_first_step_is_told_once() -> None:
    """
    The header says no more than the step that made it: no second header follows.
    """
    changes = unfold(a_dossier(), [a_step()], "motcua-vidu")

    assert [change.body.kind for change in changes] == ["dossier", "step"]
    assert changes[1].source_id == f"step:{a_step().identity}"


def test_a_stamp_some_seconds_apart_is_still_that_acceptance() -> None:
    """
    The step says "accepted" at 09:20, the header's stamp is 09:20:41: the same act, not one of the future.
    """
    stamped = MORNING + timedelta(seconds=41)
    dossier = a_dossier(status=S.FINISHED, status_at=MORNING + timedelta(days=2), accepted_at=stamped)

    opening = as_of(dossier, a_step())

    assert (opening.accepted_at, opening.due_at) == (stamped, dossier.due_at)


def test_a_day_without_hours_is_not_taken_for_the_morning() -> None:
    """
    Accepted and returned on one day; the export keeps days only. At 09:20 nothing had been returned yet.
    """
    midnight = MORNING.replace(hour=0, minute=0)
    evening = MORNING.replace(hour=16)
    dossier = a_dossier(
        status=S.RETURNED,
        status_at=evening,
        accepted_at=midnight,
        due_at=None,
        completed_at=midnight,
        returned_at=midnight,
    )

    opening = as_of(dossier, a_step())

    assert (opening.accepted_at, opening.completed_at, opening.returned_at) == (midnight, None, None)


def test_an_earlier_end_stays_a_fact_after_a_pull_back() -> None:
    """
    The history that was handed over begins after the work came back: status 9 had been reached days before.
    """
    ended = MORNING - timedelta(days=2)
    dossier = a_dossier(
        status=S.RETURNED,
        status_at=MORNING + timedelta(days=3),
        accepted_at=MORNING - timedelta(days=9),
        completed_at=ended,
        returned_at=MORNING + timedelta(days=3),
    )

    assert as_of(dossier, a_step(status=S.PROCESSING)).completed_at == ended


def test_a_supplement_is_told_as_far_as_it_had_come() -> None:
    """
    At the request the answer is not known, and the promise is still the old due date.
    """
    asked, answered = MORNING + timedelta(days=1), MORNING + timedelta(days=4)
    old_due, new_due = MORNING + timedelta(days=10), MORNING + timedelta(days=14)
    supplement = a_supplement(
        requested_at=asked,
        received_at=answered,
        received_by="Trần Thị Thử",
        due_before=old_due,
        due_after=new_due,
        documents=(a_document(id="5503"),),
    )
    dossier = a_dossier(
        status=S.PROCESSING,
        status_at=answered,
        due_at=new_due,
        supplements=(supplement,),
        local_status="Đang thẩm định",
        online_payment=OnlinePayment.PORTAL,
    )

    opening = as_of(dossier, a_step(at=asked, status=S.SUPPLEMENT_REQUESTED))

    [told] = opening.supplements
    assert not told.completed
    assert (told.received_by, told.due_before, told.due_after, told.documents) == (None, old_due, None, ())
    assert opening.due_at == old_due
    assert opening.local_status is None
    assert opening.online_payment is OnlinePayment.OFFLINE


def test_a_header_older_than_its_steps_is_refused() -> None:
    """
    Told last, it would move the public status back; which of the two is right only the source knows.
    """
    steps = [a_step(), a_step(at=MORNING + timedelta(days=1), status=S.PROCESSING, content="Thẩm định")]

    with pytest.raises(InvalidInput, match="cũ hơn bước cuối"):
        unfold(a_dossier(), steps, "motcua-vidu")


def test_a_stale_stamp_does_not_open_the_future() -> None:
    """
    The source keeps the time at which status 4 was first reached, though the dossier left it and came back.
    """
    days = [MORNING + timedelta(days=number) for number in range(3)]
    statuses = [S.PROCESSING, S.SUPPLEMENT_REQUESTED, S.PROCESSING]
    steps = [a_step(at=at, status=status) for at, status in zip(days, statuses, strict=True)]
    dossier = a_dossier(status=S.PROCESSING, status_at=MORNING, supplements=(a_supplement(requested_at=days[1]),))

    opening, *_, final = unfold(dossier, steps, "motcua-vidu")

    assert isinstance(opening.body, Dossier)
    assert opening.body.supplements == ()
    assert final.body == dossier


def test_an_old_promise_before_the_acceptance_is_refused() -> None:
    """
    A due date that lies before the acceptance makes the opening header impossible: the row is for a person.
    """
    supplement = a_supplement(requested_at=MORNING + timedelta(days=1), due_before=MORNING - timedelta(days=9))
    dossier = a_dossier(status=S.SUPPLEMENT_REQUESTED, status_at=MORNING + timedelta(days=1), supplements=(supplement,))
    steps = [a_step(), a_step(at=MORNING + timedelta(days=1), status=S.SUPPLEMENT_REQUESTED)]

    with pytest.raises(InvalidInput, match="trước ngày tiếp nhận"):
        unfold(dossier, steps, "motcua-vidu")


def test_a_step_of_another_dossier_is_refused() -> None:
    """
    A row that slipped into the wrong group must not enter a stranger's timeline.
    """
    with pytest.raises(InvalidInput, match="hồ sơ khác"):
        unfold(a_dossier(), [a_step(dossier="H99.01.01-260302-0008")], "motcua-vidu")
