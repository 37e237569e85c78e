"""
Changes and the canonical JSON of their bodies.
"""

from __future__ import annotations

import json
import unicodedata
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.model import Change, Dossier, DossierStatus, Notice, ProcessingStep, body_json, explain, read_body
from gateway.model.times import to_wire14
from tests.builders import MORNING, a_change, a_code, a_document, a_dossier, a_fee, a_result, a_step, a_supplement

FULL: dict[str, Any] = {
    "status": DossierStatus.RETURNED,
    "status_at": MORNING + timedelta(days=9),
    "completed_at": MORNING + timedelta(days=8),
    "returned_at": MORNING + timedelta(days=9),
    "documents": (a_document(), a_document(id="5502", deleted=True)),
    "supplements": (a_supplement(documents=(a_document(id="5503"),), fees=(a_fee(),)),),
    "results": (a_result(),),
    "note": "dòng một\ndòng hai",
}


@pytest.mark.parametrize("body", [a_dossier(), a_dossier(**FULL), a_step()], ids=["dossier", "full dossier", "step"])
def test_a_body_is_written_and_read_back(body: Any) -> None:
    """
    The outbox keeps a body for years: what is read is what was accepted, and writes the same bytes again.
    """
    stored = body_json(body)

    assert read_body(stored) == body
    assert body_json(read_body(stored)) == stored
    assert json.loads(stored)["kind"] == body.kind


@given(st.text(max_size=60), st.text(min_size=1, max_size=20).filter(lambda text: text.strip()))
def test_any_text_survives(subject: str, officer: str) -> None:
    """
    Nothing that a keyboard can produce is changed on the way through the store.
    """
    dossier = a_dossier(subject=subject)
    step = a_step(officer=officer, content=subject)

    assert read_body(body_json(dossier)) == dossier
    assert read_body(body_json(step)) == step


def test_equal_moments_make_equal_bytes() -> None:
    """
    The fingerprint of a header must not depend on the offset in which a source writes.
    """
    there = a_dossier()
    here = a_dossier(status_at=MORNING.astimezone(), accepted_at=there.accepted_at)

    assert body_json(here) == body_json(there)


def test_absent_values_leave_no_trace() -> None:
    """
    A field that a later release adds must not change the bytes of bodies without it.
    """
    assert b"null" not in body_json(a_dossier())


def test_json_with_another_offset_is_read_into_utc() -> None:
    """
    Sources may send JSON of their own; the stored form is one.
    """
    sent = body_json(a_step()).replace(b"2026-03-02T02:20:00Z", b"2026-03-02T09:20:00+07:00")

    assert body_json(read_body(sent)) == body_json(a_step())


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (b"{", "body"),
        (b'{"kind":"letter"}', "body"),
        (b'{"kind":"step"}', "step.dossier"),
        (body_json(a_step()).replace(b"2026-03-02T02:20:00Z", b"2026-03-02T02:20:00"), "step.at"),
        (body_json(a_step()).replace(b'"2026-03-02T02:20:00Z"', b"1772418000"), "step.at"),
    ],
    ids=["no JSON", "unknown kind", "empty step", "no offset", "a number for a time"],
)
def test_other_bytes_are_refused(broken: bytes, field: str) -> None:
    """
    A damaged body is an error with a place in it, never a half-read dossier.
    """
    with pytest.raises(ValidationError) as refused:
        read_body(broken)

    assert explain(refused.value)[0].field == field


@pytest.mark.parametrize(
    ("moment", "taken"),
    [
        ("0001-01-01T00:00:00+01:00", False), ("0001-01-01T00:00:00Z", True), ("9999-12-31T23:59:59Z", False),
        ("9999-12-31T23:59:59+07:00", True), ("9999-12-31T23:59:59-11:00", False),
    ],
)  # fmt: skip
def test_a_moment_beyond_the_calendar_is_refused(moment: str, taken: bool) -> None:
    """
    What has no date in UTC and in Vietnam could be kept but never sent; "no deadline" of some systems just can.
    """
    content = body_json(a_step()).replace(b"2026-03-02T02:20:00Z", moment.encode())
    if taken:
        step = read_body(content)
        assert isinstance(step, ProcessingStep)
        assert to_wire14(step.at)
    else:
        with pytest.raises(ValidationError) as refused:
            read_body(content)
        assert explain(refused.value)[0].field == "step.at"


def test_many_mistakes_are_one_and_strange_names_are_not_repeated_whole() -> None:
    """
    Who sends ten thousand unknown fields is not answered with a list of them; a name may be a person's number.
    """
    with pytest.raises(ValidationError) as crowd:
        read_body(json.dumps({"kind": "step", **{f"x{number}": 1 for number in range(10_000)}}).encode())
    with pytest.raises(ValidationError) as odd:
        read_body(json.dumps({"kind": "step", "042190000001": 1, "y" * 100_000: 1}).encode())

    [problem] = explain(crowd.value)
    fields = [each.field for each in explain(odd.value)]
    assert (problem.field, "too many" in problem.reason) == ("body", True)
    assert "step.0421*****001" in fields
    assert max(map(len, fields)) <= 70


def test_a_change_knows_its_dossier() -> None:
    """
    Steps and headers of one dossier meet in its lane, however the code was typed.
    """
    header, step = a_change(a_dossier()), a_change(a_step(dossier="h99.01.01-260302-0007"))

    assert header.dossier == step.dossier
    assert isinstance(Change.model_validate_json(header.model_dump_json()).body, Dossier)


def test_a_change_needs_a_source_and_its_id() -> None:
    """
    Without them a repeat could not be told from a new fact.
    """
    with pytest.raises(ValidationError):
        a_change(source="")
    with pytest.raises(ValidationError):
        a_change(source_id=" ")


def test_the_identity_of_a_step_is_what_the_portal_compares() -> None:
    """
    Another officer or another Unicode form is the same step; another text, time or status is not.
    """
    step = a_step(content="Tiếp nhận hồ sơ")

    assert a_step(officer="Lê Văn Mẫu").identity == step.identity
    assert a_step(content=unicodedata.normalize("NFD", step.content)).identity == step.identity
    assert a_step(dossier="h99.01.01-260302-0007").identity == step.identity
    others = [
        a_step(content="Tiếp nhận"),
        a_step(at=MORNING + timedelta(seconds=1)),
        a_step(status=DossierStatus.PROCESSING),
        a_step(dossier="H99.01.01-260302-0008"),
    ]
    assert len({step.identity, *(other.identity for other in others)}) == 5


def test_a_notice_is_the_same_whatever_the_order_of_its_values() -> None:
    """
    Canonical JSON both ways; an empty value stays, and nothing of it shows in ``repr``.
    """
    one = Notice(dossier=a_code(), topic="receipt", data={"b": "", "a": {"ten": "Nguyễn Văn Ví Dụ"}})
    other = Notice(dossier=a_code(), topic="receipt", data={"a": {"ten": "Nguyễn Văn Ví Dụ"}, "b": ""})

    assert body_json(one) == body_json(other)
    assert read_body(body_json(one)) == one
    assert "Nguyễn" not in repr(one)
