"""
The dossier and its parts: frozen, strict, and free of what cannot be true.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from gateway.model import (
    Applicant,
    ApplicantKind,
    DossierStatus,
    Identifier,
    IdentifierKind,
    Origin,
    explain,
)
from tests.builders import (
    MORNING,
    a_document,
    a_dossier,
    a_fee,
    a_step,
    a_supplement,
    an_applicant,
)


def test_a_dossier_is_frozen_and_equal_by_value() -> None:
    """
    Two readings of one row are one value, and nobody can change either.
    """
    dossier = a_dossier()

    assert dossier == a_dossier()
    with pytest.raises(ValidationError):
        dossier.status = DossierStatus.RETURNED  # type: ignore[misc]


def test_moments_are_kept_in_utc() -> None:
    """
    The offset a source happens to write does not make another fact.
    """
    dossier = a_dossier(status_at=MORNING)

    assert dossier.status_at == MORNING
    assert dossier.status_at.tzinfo is UTC


@pytest.mark.parametrize(
    "moment",
    [datetime(2026, 3, 2), "2026-03-02T09:20:00+07:00", 20260302, MORNING.date()],  # noqa: DTZ001
)
def test_only_aware_moments_are_taken(moment: object) -> None:
    """
    A naive time, a text and a number could each be read in more than one way.
    """
    with pytest.raises(ValidationError):
        a_dossier(status_at=moment)


def test_names_are_kept_as_given() -> None:
    """
    Doubled blanks and decomposed letters belong to the person who wrote them.
    """
    name = "Nguye\u0302\u0303n  Va\u0306n Ví Dụ "

    assert an_applicant(name=name).name == name


@pytest.mark.parametrize("amount", [-1, 75_000.0, "75000", True])
def test_money_is_whole_dong(amount: object) -> None:
    """
    No fractions, no texts, no debts.
    """
    with pytest.raises(ValidationError):
        a_fee(amount=amount)


def test_zero_is_a_fee() -> None:
    """
    A waived fee is a line of zero, which the portal leaves out of its count.
    """
    assert a_fee(amount=0).amount == 0


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"code": "H99.01-260302-48213"}, "", "bí danh"),
        ({"refused_at": MORNING}, "", "ngày từ chối"),
        ({"returned_at": MORNING}, "", "ngày trả kết quả"),
        ({"status": DossierStatus.SUBMITTED, "completed_at": MORNING}, "", "kết thúc xử lý"),
        ({"due_at": MORNING - timedelta(days=1)}, "", "trước ngày tiếp nhận"),
        ({"applicant": {"name": " ", "kind": "citizen"}}, "applicant.name", "để trống"),
        ({"status": 11}, "status", "không thuộc danh sách"),
        ({"colour": "blue"}, "colour", "trường không có"),
    ],
    ids=["alias", "refusal", "hand-over", "end", "due", "no name", "status 11", "unknown field"],
)
def test_contradictions_are_refused(changes: dict[str, object], field: str, says: str) -> None:
    """
    What no system can mean is stopped at the door, each in its own words.
    """
    with pytest.raises(ValidationError) as refused:
        a_dossier(**changes)

    [problem] = explain(refused.value)
    assert says in problem.reason
    assert problem.remedy
    assert not field or problem.field == field


def test_a_due_day_without_hours_does_not_contradict() -> None:
    """
    Many exports carry days only: accepted at 09:20, due on the same day at midnight.
    """
    midnight = MORNING.replace(hour=0, minute=0)

    assert a_dossier(due_at=midnight).due_at == midnight


def test_an_alias_is_the_portals_own_code_there() -> None:
    """
    A dossier born on the portal may bear five digits.
    """
    assert a_dossier(code="H99.01-260302-48213", origin=Origin.PORTAL).code.is_alias


def test_an_end_of_processing_survives_a_pull_back() -> None:
    """
    The first time status 9 was reached stays true while the work goes on again.
    """
    dossier = a_dossier(status=DossierStatus.PROCESSING, completed_at=MORNING + timedelta(days=2))

    assert dossier.completed_at is not None


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (IdentifierKind.PERSONAL, "183456780"),
        (IdentifierKind.OLD_CARD, "099090000017"),
        (IdentifierKind.PERSONAL, "000000000001"),
        (IdentifierKind.OLD_CARD, "123456789"),
        (IdentifierKind.TAX, "0100233480"),
        (IdentifierKind.PASSPORT, "C 12"),
    ],
)
def test_a_number_must_fit_its_kind(kind: IdentifierKind, number: str) -> None:
    """
    A wrong or made-up number is quarantined with a reason that does not repeat it.
    """
    with pytest.raises(ValidationError) as refused:
        Identifier(kind=kind, number=number)

    [problem] = explain(refused.value)
    assert problem.field == "number"
    assert number not in str(problem)
    assert number not in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (IdentifierKind.PERSONAL, "099090000017"),
        (IdentifierKind.OLD_CARD, "183456780"),
        (IdentifierKind.TAX, "0314409058-002"),
        (IdentifierKind.PASSPORT, "C1234567"),
    ],
)
def test_right_numbers_are_kept(kind: IdentifierKind, number: str) -> None:
    """
    Outer blanks are no part of a number.
    """
    assert Identifier(kind=kind, number=f" {number} ").number == number


def test_personal_values_stay_out_of_reprs() -> None:
    """
    A traceback or a log line that prints a dossier tells nothing about people.
    """
    dossier = a_dossier(note="hẹn chị Mẫu", supplements=(a_supplement(),))
    shown = repr(dossier) + repr(a_step()) + repr(an_applicant(fax="0240000001", account_id="acc-17"))

    for secret in ("Ví Dụ,", "Nguyễn", "099090000017", "0900000001", "vidu@", "chị Mẫu", "Lê Văn", "Trần", "acc-17"):
        assert secret not in shown


def test_digitised_means_a_document_that_still_counts() -> None:
    """
    A deleted file no longer makes the dossier digitised.
    """
    assert a_dossier().digitised
    assert not a_dossier(documents=(a_document(deleted=True), a_document(digitised=False))).digitised
    assert not a_dossier(documents=()).digitised


def test_a_round_is_complete_when_the_papers_came() -> None:
    """
    Until then the clock stands.
    """
    assert not a_supplement().completed
    assert a_supplement(received_at=MORNING + timedelta(days=3)).completed


def test_an_applicant_needs_no_identifier() -> None:
    """
    A missing number is left out, never replaced by an invented one (integrity rule 8).
    """
    assert Applicant(name="Công ty TNHH Ví Dụ", kind=ApplicantKind.BUSINESS).identifiers == ()


def test_every_status_has_its_names() -> None:
    """
    Operators read the national wording.
    """
    assert [status.label_vi for status in DossierStatus][8:] == ["Đã xử lý xong", "Đã trả kết quả"]
    assert all(status.label_en for status in DossierStatus)
