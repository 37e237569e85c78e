"""
Looking things up in the shipped lists: an answer or a refusal that helps, never a default.
"""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest

from gateway.model import Channel
from mappings import (
    CodeMap,
    NotInList,
    code_list,
    components_of,
    procedures,
    service_level,
    status_words,
)


def test_a_code_is_found_with_its_source() -> None:
    """
    Whoever doubts a code sees where it comes from.
    """
    row = code_list("agency_codes").row("h27")

    assert row["name_vi"] == "UBND tỉnh Hà Tĩnh"
    assert row.confidence == "A"
    assert row.source.startswith("QĐ 2803")


def test_an_unknown_code_is_refused_with_near_ones() -> None:
    """
    The list, the code and what was probably meant; nothing is put in its place.
    """
    with pytest.raises(NotInList) as refused:
        code_list("agency_codes").row("H27.1")

    assert (refused.value.list, refused.value.code) == ("agency_codes", "H27.1")
    assert "H27.01" in refused.value.suggestions
    assert "H27.01" in str(refused.value)


def test_a_list_that_partners_number_differently_needs_its_dialect() -> None:
    """
    The same field is 1..4 for one partner and 0..2 for another.
    """
    assert code_list("LoaiDoiTuong", "one-stop sync to DVCQG").row("1")["label_vi"] == "Công dân"
    assert code_list("LoaiDoiTuong", "ministry adapter 2026").row("1")["label_vi"] == "Doanh nghiệp"
    assert code_list("KenhThucHien").row("2")["label_vi"] == "Trực tuyến"
    with pytest.raises(NotInList, match="ministry adapter 2026"):
        code_list("LoaiDoiTuong")
    with pytest.raises(NotInList, match="LoaiDoiTuong"):
        code_list("LoaiDoiTuon")


@pytest.mark.parametrize(
    ("word", "opencps", "other"),
    [("new", "1", "2"), ("receiving", "2", "1"), ("unresolved", "3", "8"), ("denied", "8", "3"), ("done", "10", "10")],
)
def test_vendors_disagree_on_status_words(word: str, opencps: str, other: str) -> None:
    """
    The same word means two statuses: the operator says which vendor speaks, nobody guesses.
    """
    assert status_words("opencps").row(word)["code"] == opencps
    assert status_words("one-stop-2025").row(word)["code"] == other


def test_a_status_word_of_nobody_is_refused() -> None:
    """
    Words that the vendor maps to nothing stop loudly, and so does an unknown vendor.
    """
    with pytest.raises(NotInList, match="interoperating"):
        status_words("one-stop-2025").row("interoperating")
    with pytest.raises(NotInList, match="opencps"):
        status_words("vendor-x")


def test_national_status_names_are_found_as_people_type_them() -> None:
    """
    Case, doubled blanks and the Unicode form of a spreadsheet do not matter.
    """
    typed = unicodedata.normalize("NFD", "ĐANG  xử lý ")

    assert status_words("national").row(typed)["code"] == "4"


def test_a_service_level_depends_on_the_day() -> None:
    """
    The four levels ended in August 2022.
    """
    assert service_level("4", date(2021, 5, 1))["maps_to"] == "toan_trinh"
    assert service_level("toan_trinh", date(2026, 8, 1))["legal_basis"] == "NĐ 224/2026/NĐ-CP Đ14"
    with pytest.raises(NotInList, match="2026-08-01"):
        service_level("4", date(2026, 8, 1))


def test_a_procedure_is_found_by_code_and_by_name() -> None:
    """
    A name from an export matches whatever its blanks, case and Unicode form.
    """
    birth = procedures().by_code("1.001193")
    typed = unicodedata.normalize("NFD", birth.name.upper()).replace(" ", "  ")

    assert birth in procedures().by_name(typed)
    assert birth.listed
    assert birth.confidence in "ABC"


def test_one_name_for_several_procedures_gives_all_of_them() -> None:
    """
    Only a person can choose; the caller refuses with the list.
    """
    found = procedures().by_name("Cấp chứng chỉ kiểm định viên")

    assert sorted(entry.code for entry in found) == ["1.000148", "2.000140"]


def test_an_unknown_procedure_is_refused_with_near_ones() -> None:
    """
    One digit or one word off: the near entries are shown with code and name.
    """
    with pytest.raises(NotInList) as by_code:
        procedures().by_code("1.001194")
    with pytest.raises(NotInList) as by_name:
        procedures().by_name("Đăng ký khai sinhh")

    assert any(near.startswith("1.001193 ") for near in by_code.value.suggestions)
    assert any("khai sinh" in near.casefold() for near in by_name.value.suggestions)


def test_a_procedure_gone_from_the_export_keeps_its_place() -> None:
    """
    It is marked, not removed: old dossiers still name it.
    """
    gone = [entry for entry in procedures() if not entry.listed]

    assert gone
    assert all(entry.code in procedures() for entry in gone)


def test_components_are_known_for_some_procedures() -> None:
    """
    Most have none in the list, which is not the same as needing none.
    """
    assert [paper.number for paper in components_of("1.001193")][:2] == [1, 2]
    assert components_of("9.999999") == ()


CHANNELS: CodeMap[Channel] = CodeMap(
    "KenhThucHien",
    {Channel.COUNTER: "1", Channel.ONLINE: "2", Channel.POST: "3"},
    unmapped={Channel.KIOSK},
)


def test_a_code_map_works_both_ways_and_is_total() -> None:
    """
    What has no code is declared, and refused when somebody needs it.
    """
    assert CHANNELS.missing(Channel) == set()
    assert all(CHANNELS.ours(CHANNELS.theirs(channel)) is channel for channel in set(Channel) - {Channel.KIOSK})
    with pytest.raises(NotInList, match="kiosk"):
        CHANNELS.theirs(Channel.KIOSK)
    with pytest.raises(NotInList, match="KenhThucHien"):
        CHANNELS.ours("4")
    assert CodeMap("x", {Channel.COUNTER: "1"}).missing([Channel.COUNTER, Channel.POST]) == {Channel.POST}


def test_a_code_shared_by_two_needs_a_way_back() -> None:
    """
    Reading must not depend on the order in which somebody wrote the table.
    """
    pairs = {Channel.COUNTER: "1", Channel.KIOSK: "1"}

    with pytest.raises(ValueError, match="share a code"):
        CodeMap("KenhThucHien", pairs)
    assert CodeMap("KenhThucHien", pairs, back={"1": Channel.COUNTER}).ours("1") is Channel.COUNTER
