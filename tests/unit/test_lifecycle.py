"""
The state tables: complete, equal to the shipped list, and nothing moves outside them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from gateway.errors import IllegalTransition
from gateway.lifecycle import (
    DOSSIER_MOVES,
    FINAL,
    MESSAGE_MOVES,
    Advance,
    ImpossibleMove,
    MessageEvent,
    MessageState,
    advance,
    move,
)
from gateway.model import DossierStatus
from mappings import transitions

NOW = datetime(2026, 3, 2, 2, 20, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
S = DossierStatus


@pytest.mark.parametrize(("state", "event"), list(product(MessageState, MessageEvent)), ids=str)
def test_every_pair_is_in_the_table_or_refused(state: MessageState, event: MessageEvent) -> None:
    """
    No event has an effect that nobody wrote down.
    """
    if (state, event) in MESSAGE_MOVES:
        assert move(state, event) is MESSAGE_MOVES[state, event]
        return
    with pytest.raises(ImpossibleMove, match=f"{state.value} cannot {event.value}"):
        move(state, event)


def test_the_message_table_is_what_the_design_says() -> None:
    """
    The moves in one line each, so that a change of the table is a change of this test.
    """
    told = {f"{state.value} {event.value} {after.value}" for (state, event), after in MESSAGE_MOVES.items()}

    assert told == {
        "pending claim in_flight",
        "pending give_up dead",
        "pending cancel cancelled",
        "in_flight deliver delivered",
        "in_flight retry pending",
        "in_flight release pending",
        "in_flight lose unknown",
        "in_flight expire unknown",
        "in_flight reject dead",
        "unknown applied delivered",
        "unknown absent pending",
        "unknown defer unknown",
        "unknown give_up dead",
        "dead requeue pending",
        "dead look_up unknown",
        "in_flight supersede superseded",
        "unknown supersede superseded",
        "dead cancel cancelled",
        "dead resolve resolved",
    }


def test_a_delivered_message_rests_and_every_state_can_be_reached_and_left() -> None:
    """
    Nothing is stuck for want of an event, and what is delivered is never sent again.
    """
    assert {state for state, _ in MESSAGE_MOVES} == set(MessageState) - FINAL
    assert set(MESSAGE_MOVES.values()) == set(MessageState)
    assert {event for _, event in MESSAGE_MOVES} == set(MessageEvent)


def test_an_unknown_outcome_is_never_claimed() -> None:
    """
    It must be looked up first: the partner may have the effect already.
    """
    assert (MessageState.UNKNOWN, MessageEvent.CLAIM) not in MESSAGE_MOVES
    assert move(MessageState.IN_FLIGHT, MessageEvent.EXPIRE) is MessageState.UNKNOWN


def test_the_dossier_table_is_the_shipped_list() -> None:
    """
    The 38 moves of transitions.csv, no more and no fewer.
    """
    shipped = {(int(row["from"]) or None, int(row["to"])) for row in transitions()}
    table = {(before and before.value, after.value) for before, afters in DOSSIER_MOVES.items() for after in afters}

    assert table == shipped
    assert len(shipped) == len(transitions()) == 38
    assert set(DOSSIER_MOVES) == {None, *DossierStatus}


def test_refused_and_returned_are_final() -> None:
    """
    Mistakes after them are mended by a compensating event.
    """
    final = {status for status, following in DOSSIER_MOVES.items() if not following}

    assert final == {S.REFUSED, S.RETURNED}


@pytest.mark.parametrize(("before", "after"), [(S.FINISHED, S.PROCESSING), (S.PROCESSING, S.ACCEPTED)])
def test_pull_backs_are_legal(before: S, after: S) -> None:
    """
    Work returns from the desk to the specialist and from there to reception.
    """
    assert advance(before, NOW, after, LATER) is Advance.MOVED


@pytest.mark.parametrize("status", DossierStatus)
def test_a_dossier_may_be_met_at_any_status(status: S) -> None:
    """
    The gateway starts in the middle of the year: what came before was never told.
    """
    expected = Advance.MOVED if status in (S.SUBMITTED, S.ACCEPTED) else Advance.SKIPPED

    assert advance(None, None, status, NOW) is expected


@pytest.mark.parametrize(("before", "after"), list(product(DossierStatus, repeat=2)))
def test_a_late_fact_never_moves_the_state(before: S, after: S) -> None:
    """
    A step that comes in after newer ones enters the history; the citizen's screen does not jump.
    """
    assert advance(before, LATER, after, NOW) is Advance.LATE


@pytest.mark.parametrize(("before", "after"), list(product(DossierStatus, repeat=2)))
def test_every_pair_of_statuses_has_an_answer(before: S, after: S) -> None:
    """
    Same, moved by the table, forward over steps never told, or refused with what may follow.
    """
    try:
        answer = advance(before, NOW, after, LATER)
    except IllegalTransition as refusal:
        assert after is not before
        assert after not in DOSSIER_MOVES[before]
        assert refusal.shown == f"{after.value} {after.label_vi}"
        assert before.label_vi in refusal.reason
        assert all(following.label_vi in refusal.remedy for following in DOSSIER_MOVES[before])
        return
    assert answer is not Advance.LATE
    assert (answer is Advance.SAME) == (after is before)
    assert (answer is Advance.MOVED) == (after in DOSSIER_MOVES[before])


@pytest.mark.parametrize(
    ("before", "after"),
    [(1, 4), (1, 9), (2, 10), (4, 10), (5, 6), (5, 9), (6, 5), (6, 10), (9, 8), (1, 8)],
)
def test_steps_that_were_never_told_are_skipped(before: int, after: int) -> None:
    """
    Forward moves that miss a step pass and are flagged: the step happened, nobody reported it.
    """
    assert advance(S(before), NOW, S(after), LATER) is Advance.SKIPPED


@pytest.mark.parametrize(
    ("before", "after"),
    [(10, 9), (10, 4), (3, 2), (3, 1), (9, 2), (9, 5), (4, 1), (2, 1), (2, 3), (4, 3), (9, 3), (7, 9), (8, 2), (7, 2)],
)
def test_other_moves_are_refused(before: int, after: int) -> None:
    """
    Back from the end, refused after acceptance, or out of a closing status by a way the law does not know.
    """
    with pytest.raises(IllegalTransition, match="không thể theo sau"):
        advance(S(before), NOW, S(after), LATER)


def test_two_facts_of_one_moment_follow_the_given_order() -> None:
    """
    Systems stamp whole seconds: accepting and handing over can share one.
    """
    assert advance(S.ACCEPTED, NOW, S.PROCESSING, NOW) is Advance.MOVED
    assert advance(S.ACCEPTED, NOW, S.ACCEPTED, NOW) is Advance.SAME
