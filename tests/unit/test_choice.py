"""Choosing dead letters: what is named is meant, what does not exist is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.causes import cause_key
from gateway.choice import Choice, cause_of, chosen, grouped
from gateway.errors import InvalidInput
from gateway.store.views import DeadLetter
from tests.builders import a_code

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def a_letter(id_: int, code: str = "-7", text: str = "Sai thủ tục", **changes: Any) -> DeadLetter:
    letter = DeadLetter(
        id_, "cong", "dossier", str(a_code(id_)), code, text, NOW + timedelta(hours=id_), 1, waiting_behind=id_
    )
    letter = replace(letter, **changes)
    return replace(letter, cause=cause_key(letter.partner, letter.operation, letter.code, letter.text))


LETTERS = [
    a_letter(1),
    a_letter(2, operation="step"),
    a_letter(3, text="Sai đơn vị"),
    a_letter(4, "expired", partner="buu-dien"),
    a_letter(5),
]


@pytest.mark.parametrize(
    ("choice", "ids"),
    [
        pytest.param(Choice(), [1, 2, 3, 4, 5], id="all"),
        pytest.param(Choice(ids=(5, 2)), [2, 5], id="numbers"),
        pytest.param(Choice(cause=cause_of(LETTERS[0])), [1, 5], id="a cause"),
        pytest.param(Choice(cause="cong/dossier/-7"), [1, 3, 5], id="a code of an operation"),
        pytest.param(Choice(partner="buu-dien"), [4], id="a partner"),
        pytest.param(Choice(operation="step"), [2], id="an operation"),
        pytest.param(Choice(code="-7", since=NOW + timedelta(hours=3)), [3, 5], id="a code since a moment"),
        pytest.param(Choice(dossier=a_code(3)), [3], id="a dossier"),
        pytest.param(Choice(partner="buu-dien", code="-7"), [], id="nothing fits both"),
    ],
)
def test_a_choice_means_what_fits_all_of_it(choice: Choice, ids: list[int]) -> None:
    """
    Criteria narrow each other.
    """
    assert [letter.id for letter in chosen(LETTERS, choice)] == ids


def test_an_unknown_number_is_named() -> None:
    """
    One of three numbers is no dead letter: nothing is chosen.
    """
    with pytest.raises(InvalidInput, match="99"):
        chosen(LETTERS, Choice(ids=(1, 99, 2)))


@pytest.mark.parametrize(
    ("wanted", "near"), [("cong/dosier/-7", "cong/dossier/-7"), ("buu-dien/dossier/expird", "buu-dien/dossier/expired")]
)
def test_an_unknown_cause_is_refused_with_the_nearest(wanted: str, near: str) -> None:
    """
    A mistyped cause must not quietly mean nothing.
    """
    with pytest.raises(InvalidInput) as refused:
        chosen(LETTERS, Choice(cause=wanted))

    assert near in refused.value.remedy


def test_a_cause_where_there_are_no_dead_letters() -> None:
    """
    There is no nearest one; the list is advised.
    """
    with pytest.raises(InvalidInput, match="dead-letters list"):
        chosen([], Choice(cause="cong/dossier/-7"))


def test_letters_fall_into_causes_the_largest_first() -> None:
    """
    Two of one sentence lead; counts, oldest and what waits behind are of the whole group.
    """
    groups = grouped(list(reversed(LETTERS)))

    assert [letter.id for letter in groups[0].letters] == [1, 5]
    assert groups[0].oldest == NOW + timedelta(hours=1)
    assert groups[0].waiting_behind == 6
    assert sum(len(group.letters) for group in groups) == len(LETTERS)


def test_a_letter_of_an_earlier_release_joins_its_cause() -> None:
    """
    Its cause was not recorded; it is made from what the partner said.
    """
    (group,) = grouped([LETTERS[0], replace(LETTERS[4], cause="")])

    assert len(group.letters) == 2
