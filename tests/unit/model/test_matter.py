"""What is told beside dossiers, and the codes that name it."""

from __future__ import annotations

import pytest

from gateway.errors import InvalidInput
from gateway.model import DossierCode, Matter, MatterCode, body_json, read_body, read_stored, subject_of
from tests.builders import CODE

QUESTION = "cong-dvcqg/hoi-dap/000.00.01.H99/42"


def test_a_code_says_for_whom_and_of_what() -> None:
    """
    Four parts; the agency's two orders are one agency, and the number is compared as it is written.
    """
    code = MatterCode.parse(f" {QUESTION} ")

    assert (code.partner, code.topic, code.agency.forward, code.number) == ("cong-dvcqg", "hoi-dap", "H99.01", "42")
    assert str(code) == QUESTION
    assert code == MatterCode.parse("cong-dvcqg/hoi-dap/H99.01/42")
    assert MatterCode.parse("cong/hoi-dap/H99/a") != MatterCode.parse("cong/hoi-dap/H99/A")


@pytest.mark.parametrize(
    "text",
    ["", "hoi-dap/H99/42", "Cong/hoi-dap/H99/42", "cong/hoi-dap/H99/", "cong/hoi-dap/H99/Nguyễn Văn",
     "cong/hoi-dap/xã/42", "cong/hoi-dap/H99/4/2", f"cong/hoi-dap/H99/{'4' * 65}", "cong/hoi-dap/H99/-42"],
)  # fmt: skip
def test_what_is_no_code_is_refused(text: str) -> None:
    """
    A part too few or too many, a number that may be anything.
    """
    with pytest.raises(InvalidInput):
        MatterCode.parse(text)


def test_a_dossier_and_a_matter_are_never_mistaken_for_each_other() -> None:
    """
    Whoever names one of both gets that one.
    """
    assert isinstance(subject_of(CODE), DossierCode)
    assert isinstance(subject_of(QUESTION), MatterCode)
    with pytest.raises(InvalidInput):
        DossierCode.parse(QUESTION)


def test_a_matter_is_kept_as_it_was_written_and_shows_nothing() -> None:
    """
    An empty value and none at all are values; the order of names says nothing; nobody reads it in a traceback.
    """
    data = {"b": None, "a": "", "NOIDUNG": "Nguyễn Văn Ví Dụ hỏi"}
    one, other = (
        Matter(code=MatterCode.parse(QUESTION), form="DongBoHoiDap", data=dict(items))
        for items in (data.items(), reversed(data.items()))
    )

    assert body_json(one) == body_json(other)
    assert read_body(body_json(one)) == read_stored(body_json(one)) == one
    assert "Ví Dụ" not in repr(one)
