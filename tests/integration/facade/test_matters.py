"""Questions, answers and monthly evaluations at the façade: about no dossier, and promised the same as dossiers are."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.national_portal.mock import PREFIXES, Fault, FaultKind, Portal
from gateway.choice import Choice
from gateway.model import subject_of
from tests.fronting import Fronted, fronted
from tests.portal import Province, Reply, a_portal, a_province, a_wire_dossier
from tests.serving import serving

ASKER, OFFICER = "Nguyễn Văn Ví Dụ", "Trần Thị Thử"
QUESTION: dict[str, Any] = {
    "HOIDAPID": 42, "MaLinhVuc": "G17-XD99", "NOIDUNG": f"{ASKER} hỏi: nộp ở đâu?", "MADONVI": "H99.01",
    "TENDONVI": "Ví Dụ",
}  # fmt: skip
ANSWER: dict[str, Any] = {
    "HOIDAPID": "42", "MADONVI": "000.00.01.H99", "NGUOITRALOI": OFFICER, "CHUCVUNGUOITRALOI": "Công chức",
    "NGAYTRALOI": "05/03/2026", "NOIDUNGTRALOI": "Nộp ở xã.",
}  # fmt: skip
EVALUATION: dict[str, Any] = {
    "NgayTongHop": "3-2026", "TongSoNguoiDanhGia": 120, "PhanTramDanhGiaRatHaiLong": "95,5%",
    "DanhSachNoiDungYKien": "", "MaThuTuc": "", "NoiDung": "", "Madonvi": "H99", "TenDonVi": "Ví Dụ",
    "LaiLich": {"do": ["một cửa", None, 0.5]},
}  # fmt: skip
SERIALS = itertools.count(1)
PUSHED = [("DongBoHoiDap", QUESTION), ("DongBoKetQuaHoiDapGuiTuDVCQG", ANSWER), ("DongBoDanhGia", EVALUATION)]


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fronted]:
    with fronted(tmp_path_factory.mktemp("lasting"), a_portal(), session_lifetime_s=86_400) as built:
        yield built


def push(province: Province, service: str, *items: Any) -> Reply:
    return province.call(service, data=list(items))


def arrived(portal: Portal) -> list[Any]:
    return [*portal.pushed_questions(), *portal.evaluations()]


def test_what_is_pushed_while_the_portal_is_away_arrives_as_it_was_written(front: Fronted) -> None:
    """
    8.2, 8.3: the answers are those of the portal, byte for byte, and what it gets are the same objects as from the
    one-stop system itself, a key that nobody knows, a number and an empty text included.
    """
    beside = a_portal()
    front.line.down = True

    through = [push(front.province, service, item) for service, item in PUSHED]
    direct = [push(a_province(beside), service, item) for service, item in PUSHED]
    front.line.down = False
    front.deliver()

    assert [(reply.status, reply.body) for reply in through] == [(reply.status, reply.body) for reply in direct]
    assert arrived(front.portal) == arrived(beside) == [QUESTION, ANSWER, EVALUATION]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e15, 1e15) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=30)
@given(more=st.dictionaries(st.text(max_size=12).filter(lambda name: name not in QUESTION), JSON, max_size=4))
def test_whatever_stands_beside_the_known_fields_arrives(lasting: Fronted, more: dict[str, Any]) -> None:
    """
    Any key, any value that JSON has, to the last digit.
    """
    item = QUESTION | {"HOIDAPID": f" g{next(SERIALS)} "} | more

    reply = push(lasting.province, "DongBoHoiDap", item)
    lasting.deliver()

    assert reply.code == "0"
    assert lasting.portal.pushed_questions()[-1] == item


def test_the_same_again_has_no_effect_and_a_change_has(front: Fronted) -> None:
    """
    The answer was lost, so all comes again. A corrected question goes out after the first, and so does what takes the
    correction back: the portal ends with what the one-stop system said last.
    """
    corrected = {**QUESTION, "NOIDUNG": "Nộp hồ sơ ở đâu?"}

    for item in (QUESTION, QUESTION, corrected, corrected, QUESTION):
        assert push(front.province, "DongBoHoiDap", item).code == "0"
    front.deliver()
    again = push(front.province, "DongBoHoiDap", QUESTION)
    front.deliver()

    assert again.code == "0"
    assert front.portal.pushed_questions() == [QUESTION, corrected, QUESTION]


def test_an_answer_is_not_the_question_of_the_same_number(front: Fronted) -> None:
    """
    Numbers of questions are this system's own, numbers of answers the portal's. A month of a unit is one matter, also
    where the unit is written in the other order; of one procedure it is another.
    """
    push(front.province, "DongBoHoiDap", QUESTION)
    push(front.province, "DongBoKetQuaHoiDapGuiTuDVCQG", ANSWER)
    push(
        front.province,
        "DongBoDanhGia",
        EVALUATION,
        {**EVALUATION, "Madonvi": "000.00.00.H99", "TongSoNguoiDanhGia": 121},
    )
    push(front.province, "DongBoDanhGia", {**EVALUATION, "MaThuTuc": "9.000123"})

    codes = [f"cong/{end}" for end in ("hoi-dap/H99.01/42", "tra-loi/H99.01/42", "danh-gia/H99/2026-03")]
    codes.append(f"{codes[-1]}-9.000123")
    stories = {
        code: [entry.detail for entry in front.gateway.timeline(code) if entry.what == "accepted.matter"]
        for code in codes
    }
    assert stories == {
        "cong/hoi-dap/H99.01/42": ["#1 onestop: DongBoHoiDap"],
        "cong/tra-loi/H99.01/42": ["#1 onestop: DongBoKetQuaHoiDapGuiTuDVCQG"],
        "cong/danh-gia/H99/2026-03": ["#1 onestop: DongBoDanhGia", "#2 onestop: DongBoDanhGia"],
        "cong/danh-gia/H99/2026-03-9.000123": ["#1 onestop: DongBoDanhGia"],
    }
    assert all(front.gateway.broken_link(code) is None for code in stories)


def test_what_is_no_dossier_is_counted_and_listed_as_none(front: Fronted) -> None:
    """
    Beside a dossier: the list of dossiers, their number, and what is told to others than the portal stay as they were.
    """
    front.province.push(a_wire_dossier())
    for service, item in PUSHED:
        push(front.province, service, item)

    assert [entry.code for entry in front.gateway.dossiers()] == ["H99.01.01-260302-0007"]
    assert front.gateway.totals() == {"dossiers": 1, "dossier": 1, "matter": 3}


@pytest.mark.parametrize(
    ("service", "item", "said"),
    [
        ("DongBoHoiDap", {**QUESTION, "MaLinhVuc": ""}, "MaLinhVuc"),
        ("DongBoHoiDap", {**QUESTION, "MALINHVUC": "G17", "MaLinhVuc": None}, "MaLinhVuc"),
        ("DongBoHoiDap", {**QUESTION, "HOIDAPID": f"{ASKER} 42"}, f"HOIDAPID «{ASKER} 42»"),
        ("DongBoHoiDap", {**QUESTION, "MADONVI": "xã Ví Dụ"}, "MADONVI «xã Ví Dụ»"),
        ("DongBoKetQuaHoiDapGuiTuDVCQG", {**ANSWER, "NGAYTRALOI": "2026-03-05"}, "NGAYTRALOI «2026-03-05»"),
        ("DongBoKetQuaHoiDapGuiTuDVCQG", {**ANSWER, "NGUOITRALOI": [OFFICER]}, "NGUOITRALOI"),
        ("DongBoDanhGia", {**EVALUATION, "NgayTongHop": "03-2026"}, "NgayTongHop «03-2026»"),
        ("DongBoDanhGia", {**EVALUATION, "TongSoNguoiDanhGia": -1}, "TongSoNguoiDanhGia «-1»"),
        ("DongBoDanhGia", {**EVALUATION, "MaThuTuc": "cấp phép"}, "MaThuTuc «cấp phép»"),
        ("DongBoDanhGia", "3-2026", "data"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_field_and_nobody(idle: Fronted, service: str, item: Any, said: str) -> None:
    """
    As the portal would refuse it, with what stood there where that says nothing about a person. Nothing is kept.
    """
    reply = push(idle.province, service, item)

    assert (reply.code, reply.message) == ("1", f"Dữ liệu không hợp lệ: {said.replace(ASKER, '***')}")
    assert idle.gateway.totals() == {"dossiers": 0}


def test_one_bad_item_keeps_the_others_out_unless_the_settings_let_them_in(front: Fronted, tmp_path: Path) -> None:
    """
    14: one code for the batch, as for dossiers; the item is named by its place.
    """
    bad, other = {**QUESTION, "TENDONVI": ""}, {**QUESTION, "HOIDAPID": 43}
    (tmp_path / "partial").mkdir()

    whole = push(front.province, "DongBoHoiDap", QUESTION, bad, other)
    with fronted(tmp_path / "partial", a_portal(), partial_batches=True) as lenient:
        partial = push(lenient.province, "DongBoHoiDap", QUESTION, bad, other)
        lenient.deliver()

        assert lenient.portal.pushed_questions() == [QUESTION, other]
    assert {reply.message for reply in (whole, partial)} == {"Dữ liệu không hợp lệ: TENDONVI (mục / item 2)"}
    assert front.gateway.totals() == {"dossiers": 0}
    assert push(front.province, "DongBoHoiDap").message.endswith("data")
    assert push(front.province, "DongBoHoiDap", *[QUESTION] * 201).message.endswith("data")


def test_the_variants_without_a_session_carry_them_too(tmp_path: Path) -> None:
    """
    2.6 B and C: each service at its own path, the bare array; they leave the same way where the adapter wants that.
    """
    options = {"variant": "B", "read_variant": "A"}
    with fronted(tmp_path, a_portal(), options=options, trusted_networks=["192.0.2.7/32"]) as front:
        for prefix, (service, item) in zip(("/lgsp", PREFIXES[0], ""), PUSHED, strict=True):
            body = json.dumps([item]).encode()
            query = {"MaDinhDanhDV": "H99"}
            reply = front.province.wire.send("POST", f"{prefix}/{service}", query, {}, body)
            assert reply.code == "0"
        front.deliver()

        assert arrived(front.portal) == [QUESTION, ANSWER, EVALUATION]
        refused = front.province.wire.send("GET", "/DongBoHoiDap", {}, {}, b"")
    assert refused.status == 405


@pytest.mark.parametrize(("repeatable", "told"), [(True, 2), (False, 1)])
def test_a_lost_answer_is_settled_as_the_settings_say(tmp_path: Path, repeatable: bool, told: int) -> None:
    """
    8 says nothing of repeats, and nothing can be looked up: sent again where that changes nothing, else left to a
    person, who sees what it is about and nothing of what it says.
    """
    portal = a_portal()
    portal.inject(Fault(FaultKind.DROP, frozenset({"DongBoHoiDap"}), count=1, after_work=True))
    with fronted(tmp_path, portal, options={"matter_repeatable": repeatable}) as front:
        push(front.province, "DongBoHoiDap", QUESTION)
        front.deliver()
        letters = front.gateway.dead_letters()

        assert portal.pushed_questions() == [QUESTION] * told
        assert [letter.dossier for letter in letters] == ["cong/hoi-dap/H99.01/42"] * (not repeatable)


def test_what_the_portal_does_not_take_waits_for_a_person_without_a_name_in_it(
    front: Fronted, caplog: pytest.LogCaptureFixture
) -> None:
    """
    Letter, dry run, timeline and log show fields, numbers and units. Other matters go on.
    """
    caplog.set_level(logging.DEBUG)
    front.portal.inject(Fault(FaultKind.HTTP, frozenset({"DongBoKetQuaHoiDapGuiTuDVCQG"}), count=1, status=413))
    push(front.province, "DongBoKetQuaHoiDapGuiTuDVCQG", ANSWER)
    push(front.province, "DongBoHoiDap", QUESTION)
    front.deliver()

    (letter,) = front.gateway.desk.letters(Choice(dossier=subject_of("cong/tra-loi/H99.01/42")))
    form = front.gateway.desk.rehearse(letter).form
    assert form is not None
    shown = {field.path: field.shown for field in form.fields}

    assert letter.dossier == "cong/tra-loi/000.00.01.H99/42"
    assert (shown["service"], shown["HOIDAPID"]) == ("DongBoKetQuaHoiDapGuiTuDVCQG", "42")
    assert (shown["NGAYTRALOI"], shown["MADONVI"]) == ("05/03/2026", "000.00.01.H99")
    assert front.portal.pushed_questions() == [QUESTION]
    seen = f"{letter} {shown} {front.gateway.timeline(letter.dossier)} {caplog.text}"
    for private in (ASKER, OFFICER, "Nộp ở xã", "nộp ở đâu"):
        assert private not in seen
    assert front.gateway.requeue([letter.id]) == [letter.id]
    front.deliver()
    assert front.portal.pushed_questions() == [QUESTION, ANSWER]


def test_an_operator_of_one_agency_sees_its_own_matters(front: Fronted) -> None:
    """
    Over HTTP, beside letters of dossiers: the agency in a matter's code decides, as that in a dossier's does.
    """
    front.portal.inject(Fault(FaultKind.HTTP, frozenset({"DongBoHoiDap"}), count=2, status=413))
    push(front.province, "DongBoHoiDap", QUESTION, {**QUESTION, "MADONVI": "H99.02"})
    front.deliver()

    with serving(front.gateway) as client:

        def seen(agency: str) -> list[str]:
            key = front.gateway.keys.create("truc", ["operate"], agencies=[agency], life=timedelta(days=1))
            answer = client.get("/v1/dead-letters", headers={"Authorization": f"Bearer {key.token}"})
            return [letter["dossier"] for letter in answer.json()["items"]]

        assert seen("H99.01") == ["cong/hoi-dap/H99.01/42"]
        assert seen("H99.02") == ["cong/hoi-dap/H99.02/42"]
        assert seen("H99.03") == []
