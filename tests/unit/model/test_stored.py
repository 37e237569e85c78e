"""
Bodies as the ledger gives them back: whoever only reads them finds what was accepted.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.model import (
    Applicant,
    ApplicantKind,
    DossierStatus,
    Identifier,
    IdentifierKind,
    Notice,
    OtherPaper,
    Wording,
    body_json,
    read_body,
    read_stored,
)
from gateway.model.fields import Record
from gateway.model.times import VIETNAM
from tests.builders import MORNING, a_code, a_document, a_dossier, a_fee, a_result, a_step, a_supplement, an_applicant

WORDS = Wording(form="DongBoHoSoMC/v2", words='[[["GhiChu"],"như nguồn viết"]]')
FULL: dict[str, Any] = {
    "status": DossierStatus.RETURNED,
    "status_at": MORNING + timedelta(days=9, microseconds=5),
    "completed_at": MORNING + timedelta(days=8),
    "returned_at": MORNING + timedelta(days=9),
    "documents": (a_document(), a_document(id="5502", deleted=True)),
    "other_papers": (OtherPaper(name="Bản sao", quantity=2, kind="Bản chính"),),
    "supplements": (a_supplement(documents=(a_document(id="5503"),), fees=(a_fee(amount=2**70),)),),
    "results": (a_result(),),
    "note": "dòng một\ndòng hai",
    "wording": WORDS,
}
BODIES = [a_dossier(), a_dossier(**FULL), a_step(), a_step(wording=WORDS, started_at=MORNING)]


def assert_same(read: Any, accepted: Any) -> None:
    """Every field and property reads the same, down to the types of what is inside."""
    if isinstance(accepted, Record):
        shown = [name for name, value in vars(type(accepted)).items() if isinstance(value, property)]
        for name in (*type(accepted).model_fields, *shown):
            assert_same(getattr(read, name), getattr(accepted, name))
    elif isinstance(accepted, tuple):
        assert type(read) is tuple
        assert len(read) == len(accepted)
        for one, other in zip(read, accepted, strict=True):
            assert_same(one, other)
    else:
        assert (type(read), read) == (type(accepted), accepted)


@pytest.mark.parametrize("body", BODIES, ids=["dossier", "full dossier", "step", "full step"])
def test_what_was_accepted_is_read_back_whole(body: Any) -> None:
    """
    A connector reads every field, every list in it and what is derived from them as if it had the body itself.
    """
    assert_same(read_stored(body_json(body)), body)


@given(
    st.text(max_size=60),
    st.integers(0, 2**80),
    st.datetimes(timezones=st.timezones(), min_value=MORNING.replace(tzinfo=None)),
)
def test_any_text_amount_and_moment_survives(text: str, amount: int, due_at: Any) -> None:
    """
    Nothing that a source can say is changed on the way through the ledger.
    """
    body = a_dossier(subject=text, fees=(a_fee(amount=amount),), due_at=due_at)

    assert_same(read_stored(body_json(body)), body)


def test_a_notice_is_read_too() -> None:
    """
    The third kind of body is rare, and read by the slower way.
    """
    notice = Notice(dossier=a_code(), topic="tax", data={"soTien": 1000})

    assert read_stored(body_json(notice)) == notice


@pytest.mark.parametrize(
    "broken",
    [
        b"{",
        b"\xff\xfe",
        b'{"kind":"letter"}',
        b'{"kind":"step"}',
        body_json(a_step()).replace(b"2026-03-02T02:20:00Z", b"2026-03-02T02:20:00"),
        body_json(a_step()).replace(b'"2026-03-02T02:20:00Z"', b"1772418000"),
        body_json(a_step()).replace(a_code().text.encode(), b"H99-9"),
        body_json(a_step()).replace(b'"kind"', b'"new_in_a_later_release":1,"kind"'),
        body_json(a_dossier()).replace(b'"status":2', b'"status":99'),
    ],
    ids=[
        "no JSON", "no text", "unknown kind", "empty step", "no offset", "a number for a time", "no dossier code",
        "unknown field", "unknown status",
    ],
)  # fmt: skip
def test_other_bytes_are_refused(broken: bytes) -> None:
    """
    A damaged body, or one of a later release, is refused as ``read_body`` refuses it, never half read.
    """
    with pytest.raises(ValidationError) as strict:
        read_body(broken)
    with pytest.raises(ValidationError) as refused:
        read_stored(broken)

    assert refused.value.errors(include_url=False) == strict.value.errors(include_url=False)


@pytest.mark.parametrize(
    "changed",
    [
        {"applicant": an_applicant().model_copy(update={"name": "  "})},
        {"fees": (a_fee().model_copy(update={"amount": -1}),)},
        {"due_at": MORNING.replace(tzinfo=None)},
        {"subject": 7},
    ],
    ids=["a blank name", "a negative fee", "a moment without offset", "a number for a text"],
)
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # Written in spite of what they are.
def test_what_no_validation_has_seen_is_refused(changed: dict[str, Any]) -> None:
    """
    A library's user changed a copy of a dossier, which nobody validates: what is plainly wrong reaches no partner.
    """
    body = a_dossier().model_copy(update=changed)

    with pytest.raises(ValidationError):
        read_stored(body_json(body))


def test_a_moment_with_another_offset_is_the_same_moment() -> None:
    """
    A library's user may have changed a copy of a dossier, which nobody validates: the offset goes with it.
    """
    body = a_dossier().model_copy(update={"due_at": MORNING.astimezone(VIETNAM)})

    read = read_stored(body_json(body))

    assert read.kind == "dossier"
    assert read.due_at == MORNING


def test_nothing_personal_shows() -> None:
    """
    What stands in a traceback or a log is the kind of thing, and no value.
    """
    owner = Applicant(
        name="Nguyễn Văn Ví Dụ",
        kind=ApplicantKind.CITIZEN,
        identifiers=(Identifier(kind=IdentifierKind.PERSONAL, number="099090000017"),),
    )
    read = read_stored(body_json(a_dossier(applicant=owner)))
    assert read.kind == "dossier"

    assert repr((read, read.applicant, read.applicant.identifiers)) == "(<Dossier>, <Applicant>, (<Identifier>,))"
