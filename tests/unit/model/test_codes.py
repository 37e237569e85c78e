"""
Codes of agencies, dossiers and procedures: read leniently, printed verbatim, refused with what would be right.
"""

from __future__ import annotations

import copy
import pickle
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InvalidInput
from gateway.model import AgencyCode, DossierCode, ProcedureCode


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("000.00.00.H27", "H27"),
        ("000.00.01.H27", "H27.01"),
        ("000.17.22.H56", "H56.22.17"),
        ("000.00.00.G22", "G22"),
    ],
)
def test_both_orders_name_the_same_agency(old: str, new: str) -> None:
    """
    An office re-coded in 2021 is still the same office in a dossier of 2020.
    """
    before, after = AgencyCode.parse(old), AgencyCode.parse(new)

    assert before == after
    assert hash(before) == hash(after)
    assert (before.forward, after.reverse) == (new, old)
    assert (str(before), str(after)) == (old, new)
    assert before.old_order
    assert not after.old_order


@pytest.mark.parametrize(
    ("text", "province", "reverse"),
    [
        ("H01.151", "H01", None),
        ("H01.151.01", "H01", None),
        ("H15.50.05.13", "H15", None),
        ("G01.839.108.000", "G01", None),
        ("G09.20", "G09", "000.00.20.G09"),
        ("K54", "K54", "000.00.00.K54"),
        ("h56.14", "H56", "000.00.14.H56"),
    ],
    ids=["commune", "commune centre", "four levels", "ministry sub-units", "ministry", "council", "lower case"],
)
def test_codes_in_use_are_read(text: str, province: str, reverse: str | None) -> None:
    """
    Communes have three digits since 2025 and no old form; what was given is printed as it was.
    """
    code = AgencyCode.parse(text)

    assert (code.province, code.reverse, str(code)) == (province, reverse, text)


@given(
    province=st.from_regex(r"[GHK][0-9]{2}", fullmatch=True),
    parts=st.lists(st.integers(1, 99).map("{:02d}".format), max_size=2),
)
def test_conversion_returns_to_where_it_began(province: str, parts: list[str]) -> None:
    """
    Whatever the old layout can hold survives the way there and back.
    """
    forward = AgencyCode.parse(".".join([province, *parts]))

    assert forward.reverse is not None
    assert AgencyCode.parse(forward.reverse).forward == forward.forward


@pytest.mark.parametrize("text", ["27", "H7", "H27.1", "000.00.H27", "H27.01.", "HH27", "H27.01.01.01.01.01", "Ĥ27"])
def test_other_texts_are_no_agency(text: str) -> None:
    """
    A refusal shows both layouts, since either may have been meant.
    """
    with pytest.raises(InvalidInput, match=r"H27\.01.*000\.00\.01\.H27"):
        AgencyCode.parse(text)


@pytest.mark.parametrize(
    ("text", "layout", "agency", "accepted_on", "serial"),
    [
        ("000.00.01.H29-200430-0001", "qcvn102-reverse", "H29.01", date(2020, 4, 30), "0001"),
        ("000.17.22.H56-210531-0001", "qcvn102-reverse", "H56.22.17", date(2021, 5, 31), "0001"),
        ("H56.14-240823-0001", "qd20-forward", "H56.14", date(2024, 8, 23), "0001"),
        ("H15.50.05.13-261008-0975", "qd20-forward", "H15.50.05.13", date(2026, 10, 8), "0975"),
        ("G01.839.108.000-240529-0122", "qd20-forward", "G01.839.108.000", date(2024, 5, 29), "0122"),
        ("H15.50.05.13-261008-090123", "central-6/7", "H15.50.05.13", date(2026, 10, 8), "090123"),
        ("H15.50.05.13-261008-1800123", "central-6/7", "H15.50.05.13", date(2026, 10, 8), "1800123"),
        ("G09.20-20260609-0092637", "central-8date", "G09.20", date(2026, 6, 9), "0092637"),
        ("H56.14-240823-48213", "local-5", "H56.14", date(2024, 8, 23), "48213"),
        ("G22.99-260305-00011", "local-5", "G22.99", date(2026, 3, 5), "00011"),
    ],
)
def test_five_layouts_of_dossier_codes(text: str, layout: str, agency: str, accepted_on: date, serial: str) -> None:
    """
    Agency, acceptance day and serial are readable in every layout that is in use.
    """
    code = DossierCode.parse(text)

    assert (code.layout, code.agency.forward, code.accepted_on, code.serial) == (layout, agency, accepted_on, serial)
    assert str(code) == text


def test_case_and_outer_blanks_do_not_make_another_dossier() -> None:
    """
    A clerk typed the code in lower case: the same dossier, printed as it was typed.
    """
    typed = DossierCode.parse(" h56.14-240823-0001 ")

    assert typed == DossierCode.parse("H56.14-240823-0001")
    assert str(typed) == "h56.14-240823-0001"
    assert typed.key == "H56.14-240823-0001"
    assert len({typed, DossierCode.parse("H56.14-240823-0001")}) == 1


def test_five_digit_serials_of_provinces_are_aliases() -> None:
    """
    A province's five digits were made up by a local system; the portal's own codes have five digits too.
    """
    assert DossierCode.parse("H56.14-240823-48213").is_alias
    assert not DossierCode.parse("G22.99-260305-00011").is_alias
    assert not DossierCode.parse("H56.14-240823-0001").is_alias


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "để trống"),
        ("   ", "để trống"),
        ("H56.14-240823", "ba phần"),
        ("H56.14/240823/0001", "ba phần"),
        ("H56.14-240823-00 01", "ba phần"),
        ("56.14-240823-0001", "phần cơ quan «56.14»"),
        ("H56.14-260231-0001", "31/02"),
        ("H56.14-261301-0001", "01/13"),
        ("G09.20-20260230-0092637", "30/02"),
        ("H56.14-24082-0001", "ngày 5 chữ số"),
        ("H56.14-240823-001", "số thứ tự 3 chữ số"),
        ("H56.14-20240823-0001", "ngày 8 chữ số"),
        ("000.17.22.H56-210531-00001", "số thứ tự 5 chữ số"),
        ("H56.14-٢٤٠٨٢٣-0001", "ba phần"),
    ],
)
def test_each_trouble_of_a_dossier_code_has_its_own_words(text: str, says: str) -> None:
    """
    The refusal names the part that is wrong, not only that something is.
    """
    with pytest.raises(InvalidInput, match=says) as refused:
        DossierCode.parse(text)

    assert refused.value.field == "mã hồ sơ (dossier code)"
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("text", "base", "suffix"),
    [
        ("1.001193", "1.001193", None),
        ("2.000889", "2.000889", None),
        ("1.001193.000.00.00.H56", "1.001193", "H56"),
        ("2.002621.H56", "2.002621", "H56"),
        ("1.000494.000.00.00.H29", "1.000494", "H29"),
        ("9.000123", "9.000123", None),
    ],
)
def test_procedure_codes_keep_their_suffix(text: str, base: str, suffix: str | None) -> None:
    """
    Partners disagree on the suffix: the base is what they share, the suffix stays as received.
    """
    code = ProcedureCode.parse(text)

    assert code.base == base
    assert (code.suffix.forward if code.suffix else None) == suffix
    assert str(code) == text


def test_suffix_in_either_order_is_the_same_procedure() -> None:
    """
    Two partners write one provincial procedure in two ways.
    """
    assert ProcedureCode.parse("1.001193.000.00.00.H56") == ProcedureCode.parse("1.001193.H56")
    assert ProcedureCode.parse("1.001193") != ProcedureCode.parse("1.001193.H56")


@pytest.mark.parametrize(
    ("text", "reason", "remedy"),
    [
        ("1.0133611", "có 7 chữ số", "danh mục"),
        ("1.014955-Xoa", "dấu đã xóa", "đang công bố"),
        ("1.014955_Xóa", "dấu đã xóa", "đang công bố"),
        ("1,014947", "dấu phẩy", "Có phải 1.014947?"),
        ("1001193", "thiếu dấu chấm", "Có phải 1.001193?"),
        ("1.1193", "chỉ có 4 chữ số", "số 0"),
        ("1.001193.H5", "phần đuôi", "1.001193.H56"),
        ("T-HTH-287990-TT", "n.nnnnnn", "1.001193"),
        ("", "để trống", "nguồn"),
    ],
)
def test_each_trouble_of_a_procedure_code_has_its_own_words(text: str, reason: str, remedy: str) -> None:
    """
    All of these stand in real procedure lists; each needs another hand to mend it, none is mended by guessing.
    """
    with pytest.raises(InvalidInput) as refused:
        ProcedureCode.parse(text)

    assert reason in refused.value.reason
    assert remedy in refused.value.remedy
    assert refused.value.shown == text


@pytest.mark.parametrize("value", [1.001193, None, 1001193])
def test_a_number_is_no_code(value: object) -> None:
    """
    A spreadsheet cell read as a number has lost its zeros already.
    """
    with pytest.raises(InvalidInput, match="chuỗi"):
        ProcedureCode.parse(value)  # type: ignore[arg-type]


def test_codes_cannot_change_and_can_travel() -> None:
    """
    A code is a value: nobody writes to it, and it survives copying and another process.
    """
    code = DossierCode.parse("H56.14-240823-0001")

    with pytest.raises(AttributeError, match="immutable"):
        code.serial = "0002"
    with pytest.raises(AttributeError, match="immutable"):
        del code.text
    assert pickle.loads(pickle.dumps(code)) == copy.deepcopy(code) == code
    assert repr(code) == "DossierCode('H56.14-240823-0001')"
    assert code != str(code)
