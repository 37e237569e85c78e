"""
What a person reads when data is refused.
"""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from gateway.errors import InvalidInput
from gateway.model import Dossier, explain, unknown_code
from mappings import NotInList
from tests.builders import a_dossier

SECRETS = ("Nguyễn Thị Bí Mật", "099090000099", "0987654321", "bimat@vidu.example")


def _refused(**changes: object) -> list[InvalidInput]:
    with pytest.raises(ValidationError) as refused:
        a_dossier(**changes)
    return explain(refused.value)


def test_every_mistake_is_listed_at_once() -> None:
    """
    The clerk mends the row once, not four times.
    """
    problems = _refused(code="H99-260231-0001", procedure="1,014947", status_at=None, status="chín")

    assert [problem.field for problem in problems] == ["code", "procedure", "status", "status_at"]
    assert all(problem.reason and problem.remedy for problem in problems)
    assert "1.014947" in problems[1].remedy


def test_refused_personal_values_do_not_show() -> None:
    """
    Wherever in the row they stand, only their length is told.
    """
    name, number, phone, email = SECRETS
    problems = _refused(
        applicant={
            "name": [name],
            "kind": "citizen",
            "phone": {"so": phone},
            "email": 17,
            "identifiers": [{"kind": "personal", "number": number + "9"}],
            "hopthu": email,
        },
        subject=[email],
        supplements=[{"id": "1", "content": name, "requested_at": name}],
    )

    text = "\n".join(str(problem) for problem in problems)
    assert len(problems) == 7
    for secret in SECRETS:
        assert secret not in text


def test_pydantic_itself_does_not_show_inputs() -> None:
    """
    A validation error that escapes into a log carries no values either.
    """
    with pytest.raises(ValidationError) as refused:
        Dossier.model_validate({"applicant": {"name": 17, "kind": SECRETS[0]}, "subject": [SECRETS[1]]})

    for secret in SECRETS:
        assert secret not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"status": 12}, "status: «12» không thuộc danh sách"),
        ({"channel": "bưu điện"}, "channel: «bưu điện» không thuộc danh sách"),
        ({"account_verified": "yes"}, "account_verified: «yes» không phải đúng/sai"),
        ({"agency": None}, "agency: «»"),
        ({"fees": [{"name": "Phí", "amount": -5, "kind": "fee", "moment": "return"}]}, "fees.0.amount: «-5» nhỏ quá"),
        ({"due_at": "2026-03-02"}, "due_at: «2026-03-02» không phải thời điểm"),
    ],
)
def test_plain_values_are_shown(changes: dict[str, object], text: str) -> None:
    """
    A wrong code or number is the quickest way to the wrong row.
    """
    [problem] = _refused(**changes)

    assert str(problem).startswith(text)


def test_an_unknown_code_names_its_list() -> None:
    """
    A failed look-up becomes the refusal of the field, with what was probably meant.
    """
    refusal = unknown_code("procedure", NotInList("procedures", "1.001194", ["1.001193 Đăng ký khai sinh"]))

    assert str(refusal).startswith("procedure: «1.001194» không có trong danh mục procedures")
    assert "1.001193 Đăng ký khai sinh" in refusal.remedy
