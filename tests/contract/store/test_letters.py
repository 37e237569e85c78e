"""Dead letters: what a person decides happens once, in order, and is written down."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.lifecycle import MessageEvent
from gateway.model import Change, DossierStatus
from gateway.store.audit import Act
from gateway.store.base import SqlStore
from gateway.store.contract import Claim, Settled, Verdict, Wish
from tests.builders import a_dossier, a_step
from tests.contract.store.telling import CLOCK, PARTNER, accept, change
from tests.stores import Backend

NOW = CLOCK.now()
ACT = Act("nguoi-van-hanh", NOW, "Đã hỏi đối tác")


def turn(store: SqlStore, lanes: int, *settled: Settled, at: timedelta = timedelta(0)) -> tuple[Claim, ...]:
    wish = Wish(lanes, timedelta(minutes=1)) if lanes else None
    return store.exchange(
        "partner", PARTNER.operations, worker="w", settled=settled, state=None, wish=wish, now=NOW + at
    ).claims


def killed(store: SqlStore, count: int = 1) -> list[int]:
    """*count* dossiers whose header was refused, each with two steps waiting behind it; the ids of the dead letters."""
    for n in range(count):
        dossier = a_dossier(code=f"H99.01.01-260302-{n:04d}")
        steps = [
            a_step(dossier=dossier.code, at=dossier.status_at + timedelta(hours=hour), status=dossier.status)
            for hour in range(2)
        ]
        accept(store, change(dossier, f"{n}"), *(change(step, f"{n}:{k}") for k, step in enumerate(steps)))
    for claim in turn(store, count):
        verdict = Verdict(claim.messages[0].id, MessageEvent.REJECT, code="4", text="Sai", cause="p/d/4", sent="{}")
        turn(store, 0, Settled(claim.lane, claim.token, (verdict,)))
    return [letter.id for letter in store.dead_letters()]


def claimable(store: SqlStore, at: timedelta = timedelta(0)) -> list[list[int]]:
    return [[message.id for message in claim.messages] for claim in turn(store, 9, at=at)]


def test_a_dead_head_holds_its_lane_and_shows_what_waits(store: SqlStore) -> None:
    """
    The header was refused: its steps wait behind it, and the list says how many.
    """
    killed(store)

    (letter,) = store.dead_letters()

    assert (letter.code, letter.cause, letter.waiting_behind) == ("4", "p/d/4", 2)
    assert claimable(store) == []
    status = store.status()[0]
    assert (status.dead, status.pending) == (1, 2)


def test_requeued_letters_go_first_in_their_lanes_one_after_the_other(store: SqlStore) -> None:
    """
    Three lanes open ten seconds apart; in each the header goes before its steps.
    """
    ids = killed(store, 3)

    assert store.requeue([*ids, 4711], now=NOW, apart=timedelta(seconds=10)) == ids

    assert claimable(store) == [[ids[0]]]
    assert claimable(store, timedelta(seconds=25)) == [[ids[1]], [ids[2]]]
    assert store.status()[0].dead == 0


@pytest.mark.parametrize("decision", ["cancel", "resolve"])
def test_a_decided_letter_lets_those_behind_it_go(store: SqlStore, decision: str) -> None:
    """
    Cancelled: the partner is never told. Resolved: it has it already, so the dossier counts as established.
    """
    (id_,) = killed(store)

    assert (store.cancel if decision == "cancel" else store.resolve)([id_], ACT) == [id_]

    (claim,) = turn(store, 9)
    assert [message.established for message in claim.messages] == [decision == "resolve"] * 2
    status = store.status()[0]
    assert (status.dead, status.cancelled, status.resolved) == (0, decision == "cancel", decision == "resolve")
    story = store.timeline(a_dossier(code="H99.01.01-260302-0000").code)
    assert any("Đã hỏi đối tác" in entry.detail for entry in story)


def test_two_people_decide_at_once_and_one_of_them_does(store: SqlStore) -> None:
    """
    The second finds that there is nothing to decide any more; the audit has one entry.
    """
    ids = killed(store)

    assert store.cancel(ids, ACT) == ids
    assert store.requeue(ids, now=NOW) == []

    assert [(entry.action, entry.actor, entry.reason) for entry in store.audit()] == [
        ("cancel", "nguoi-van-hanh", "Đã hỏi đối tác")
    ]


def test_the_audit_tells_where_it_was_touched(backend: Backend) -> None:
    """
    Somebody rewrites who did it.
    """
    store = backend.open()
    ids = killed(store, 3)
    store.requeue(ids, now=NOW, actor="an", reason="sửa xong")
    assert store.broken_audit() is None

    backend.execute("UPDATE lt_audit SET actor = 'ai-do' WHERE n = 2")

    assert store.broken_audit() == 2


def test_a_dead_letter_is_a_message_again_for_a_rehearsal(store: SqlStore) -> None:
    """
    What would be sent is made from the frozen body; what was sent is remembered.
    """
    (id_,) = killed(store)

    found = store.buried(id_)

    assert found is not None
    assert (found.message.id, found.message.dossier, found.sent) == (id_, "H99.01.01-260302-0000", "{}")
    assert store.buried(4711) is None


def refused(store: SqlStore) -> None:
    """The next message of the only due lane is refused, what travels with it given back."""
    (claim,) = turn(store, 1)
    verdicts = [Verdict(message.id, MessageEvent.RELEASE) for message in claim.messages]
    verdicts[0] = Verdict(claim.messages[0].id, MessageEvent.REJECT, code="4", text="Sai", cause="p/s/4")
    turn(store, 0, Settled(claim.lane, claim.token, tuple(verdicts)))


def delivered(store: SqlStore) -> None:
    (claim,) = turn(store, 1)
    verdicts = tuple(Verdict(message.id, MessageEvent.DELIVER) for message in claim.messages)
    turn(store, 0, Settled(claim.lane, claim.token, verdicts))


def step(hour: int, status: DossierStatus) -> Change:
    """A step of the only dossier, so many hours after it was accepted."""
    dossier = a_dossier()
    at = dossier.status_at + timedelta(hours=hour)
    return change(a_step(dossier=dossier.code, at=at, status=status, content=f"Giờ {hour}"), f"step:{hour}")


PROCESSING, FINISHED, ASKED = DossierStatus.PROCESSING, DossierStatus.FINISHED, DossierStatus.SUPPLEMENT_REQUESTED


@pytest.mark.parametrize("also_dead", [False, True])
def test_a_late_step_goes_with_the_later_one_that_let_it_be_told(store: SqlStore, also_dead: bool) -> None:
    """
    The citizen sees «processing». «Finished» is refused, and behind it waits an older «supplement requested»: when the
    later one is cancelled, the older would become the latest that the portal knows. It stays untold, and the audit says
    so; so does one that comes in afterwards. What is older than «processing» still goes.
    """
    accept(store, change(a_dossier()), step(2, PROCESSING))
    delivered(store)
    delivered(store)
    accept(store, step(9, FINISHED))
    refused(store)
    accept(store, step(5, ASKED), step(1, PROCESSING))
    letters = [letter.id for letter in store.dead_letters()]
    if also_dead:
        store.requeue(letters, now=NOW)
        (claim,) = turn(store, 1)
        reject = [Verdict(message.id, MessageEvent.REJECT, code="4", text="Sai") for message in claim.messages[:2]]
        rest = [Verdict(message.id, MessageEvent.RELEASE) for message in claim.messages[2:]]
        turn(store, 0, Settled(claim.lane, claim.token, (*reject, *rest)))

    gone = store.cancel(letters, ACT)

    assert gone[:1] == letters
    assert len(gone) == 2
    assert store.dead_letters() == []
    (claim,) = turn(store, 9)
    assert ["Giờ 1".encode() in message.body for message in claim.messages] == [True]
    assert [receipt.kept_back for receipt in accept(store, step(6, ASKED), step(0, ASKED))] == [True, False]
    assert [(entry.action, entry.subject.rpartition("/")[2]) for entry in store.audit()][-2:] == [
        ("cancel", str(id_)) for id_ in gone
    ]
    assert store.audit()[-1].reason.startswith("Bước đến muộn")
    status = store.status()[0]
    assert (status.dead, status.cancelled) == (0, 2)


def test_a_late_step_behind_another_later_one_is_told_all_the_same(store: SqlStore) -> None:
    """
    Two later steps stand before it, one of them is cancelled: the other still hides it.
    """
    accept(store, change(a_dossier()), step(8, FINISHED))
    delivered(store)
    delivered(store)
    accept(store, step(9, FINISHED))
    refused(store)
    accept(store, step(5, ASKED))

    gone = store.cancel([letter.id for letter in store.dead_letters()], ACT)

    assert len(gone) == 1
    assert len(claimable(store)) == 1


@pytest.mark.parametrize(("not_there", "look_up", "action"), [(False, True, "look-up"), (True, False, "requeue")])
def test_a_letter_of_unknown_outcome_is_looked_up_unless_somebody_has_looked(
    store: SqlStore, not_there: bool, look_up: bool, action: str
) -> None:
    """
    Nobody could tell what became of it: requeued it is asked about again, and sent only where a person found nothing.
    """
    accept(store, change(a_dossier()))
    (claim,) = turn(store, 1)
    lose = Verdict(claim.messages[0].id, MessageEvent.LOSE)
    turn(store, 0, Settled(claim.lane, claim.token, (lose,)))
    (claim,) = turn(store, 1)
    give_up = Verdict(claim.messages[0].id, MessageEvent.GIVE_UP, code="outcome-unknown", text="?")
    turn(store, 0, Settled(claim.lane, claim.token, (give_up,)))
    (letter,) = store.dead_letters()

    assert store.requeue([letter.id], now=NOW, actor="an", not_there=not_there) == [letter.id]

    status = store.status()[0]
    assert (status.dead, status.unknown, status.pending) == (0, int(look_up), int(not look_up))
    (claim,) = turn(store, 1)
    assert claim.look_up is look_up
    assert [entry.action for entry in store.audit()] == [action]
