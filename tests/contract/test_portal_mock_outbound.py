"""The mock portal calls a province (contract 7)."""

from __future__ import annotations

import base64
import json
from typing import Any
from xml.etree import ElementTree

import pytest

from connectors.national_portal.mock import outbound
from tests.portal import CODE, a_portal, a_province, a_wire_dossier, example, example_bytes


class OneStop:
    """A province's endpoint: remembers what came and gives the answer it was given."""

    def __init__(self, answer: bytes = b'{"error_code": 0, "message": "H99| ok"}', status: int = 200) -> None:
        self.answer = answer
        self.status = status
        self.came: list[tuple[str, Any]] = []

    def post(self, url: str, body: bytes) -> tuple[int, bytes]:
        self.came.append((url, json.loads(body)))
        return self.status, self.answer


BASE = "http://127.0.0.1:1/VXPAdapter/RestService/forward"
PROMOTION = {"MaHoSo": "G22.99-260305-00012", "MaTTHC": "9.000777", "TenThuongNhan": "Công ty Ví Dụ", "MaSoThue": "0"}


def test_an_amendment_travels_as_in_the_contract() -> None:
    """
    19.5: the envelope, word for word; the dossier is portal-born from then on.
    """
    portal, province = (
        a_portal(),
        OneStop(example_bytes("nhanhsdvcqg.answer")),
    )

    (sent,) = portal.send(outbound.amendment(example("nhanhsdvcqg.request")["data"]), BASE, province.post)

    assert province.came == [(f"{BASE}/nhanhsdvcqg", example("nhanhsdvcqg.request"))]
    assert (sent.status, sent.error_code, sent.message) == (200, "0", "G22.99-260305-00011| create dossier success")
    record = portal.dossier("G22.99-260305-00011")
    assert record is not None
    assert record.portal_born


def test_a_portal_born_dossier_can_be_sent_twice() -> None:
    """
    18.4: the province must store it once.
    """
    portal, province = a_portal(), OneStop()

    portal.send(outbound.promotion(PROMOTION), BASE + "/", province.post, times=2)

    assert province.came == [(f"{BASE}/addtthcKhuyenMai", PROMOTION)] * 2
    assert [sent.code for sent in portal.sent()] == [PROMOTION["MaHoSo"]] * 2


def test_inbound_calls_can_carry_a_security_key() -> None:
    """
    7: with and without; contract 20.13 is open.
    """
    portal, province = a_portal(security_key="khoa"), OneStop()

    portal.send(outbound.search("H99", CODE), BASE, province.post)

    assert province.came == [
        (f"{BASE}/search/call", {"madonvi": "H99", "service": "search", "masohoso": CODE, "SecurityKey": "khoa"})
    ]


def test_a_tax_notice_holds_several_dossiers_as_base64_of_xml() -> None:
    """
    7.3
    """
    portal, province = a_portal(), OneStop()
    notice = {"MA_SO_THUE": "0", "SO_QUYET_DINH": "1/TB & 2", "NGAY_QUYET_DINH": "05-03-2026", "SO_TIEN": "1000"}

    portal.send(outbound.tax_notice([(CODE, [notice, notice]), ("H99.01-260302-0009", [notice])]), BASE, province.post)

    url, body = province.came[0]
    assert url == f"{BASE}/nhantbthuedvcqg"
    assert body["service"] == "NhanThongBaoThueDat"
    root = ElementTree.fromstring(base64.b64decode(body["data"]["FileThongBaoThue"]))
    assert [row.findtext("MA_HSO") for row in root.findall("BODY/ROW_LIST")] == [CODE, "H99.01-260302-0009"]
    assert [len(row.findall("LIST")) for row in root.findall("BODY/ROW_LIST")] == [2, 1]
    assert root.findtext("BODY/ROW_LIST/LIST/SO_QUYET_DINH") == "1/TB & 2"


def test_a_tax_receipt_shares_the_address_of_amendments() -> None:
    """
    15.13: told apart by the service alone.
    """
    portal, province = a_portal(), OneStop()

    portal.send(outbound.tax_receipt({"MaHoSo": CODE}), BASE, province.post)

    assert province.came == [
        (f"{BASE}/nhanhsdvcqg", {"service": "NhanChungTuThueDat", "isUpdating": "False", "data": {"MaHoSo": CODE}})
    ]
    assert portal.dossier(CODE) is None


def test_a_general_dossier_goes_where_the_setting_says() -> None:
    """
    7.7: nobody knows the message; it is replaceable. The dossier's number is the province's, and yet not to be pushed.
    """
    portal, province = a_portal(general_path="nhan", general_service="Gui"), OneStop()
    fields = {**a_wire_dossier(), "EFormData": "{}"}

    portal.send(outbound.general(portal.settings, fields), BASE, province.post)

    assert province.came == [(f"{BASE}/nhan", {"service": "Gui", "isUpdating": "False", "data": [fields]})]
    assert a_province(portal).push(a_wire_dossier()).message == "Dữ liệu không hợp lệ: MaHoSo"
    assert portal.counters().portal_born_pushed == 1


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [(b"Internal error", 500, ""), (b"[]", 200, ""), (b'{"error_code": "-1", "message": "x"}', 200, "-1")],
    ids=["plain-text", "no-object", "string-code"],
)
def test_whatever_a_province_answers_is_noted(answer: bytes, status: int, code: str) -> None:
    """
    7: provinces answer in many ways; the portal goes on.
    """
    portal = a_portal()

    (sent,) = portal.send(outbound.promotion(PROMOTION), BASE, OneStop(answer, status).post)

    assert (sent.status, sent.error_code) == (status, code)


def test_a_province_that_does_not_answer_is_noted() -> None:
    """
    The dossier is portal-born all the same.
    """

    def post(_url: str, _body: bytes) -> tuple[int, bytes]:
        raise ConnectionError("refused")

    portal = a_portal()

    (sent,) = portal.send(outbound.promotion(PROMOTION), BASE, post)

    assert (sent.status, sent.message) == (0, "ConnectionError")
    record = portal.dossier(PROMOTION["MaHoSo"])
    assert record is not None
    assert record.portal_born


def test_files_of_accepted_dossiers_are_pulled() -> None:
    """
    7.5: after acceptance, with status and size noted; refused dossiers are left alone.
    """
    portal = a_portal(fetch_files=True)
    province = a_province(portal)
    province.push(a_wire_dossier())
    province.push(a_wire_dossier("H99.01-260302-0009", HinhThuc="9"))
    asked: list[str] = []

    def fetch(url: str) -> tuple[int, int]:
        asked.append(url)
        return 200, 1234

    assert portal.fetch_links(fetch) == 1
    assert asked == [a_wire_dossier()["TaiLieuNop"][0]["DuongDanTaiTepTin"]]
    record = portal.dossier(CODE)
    assert record is not None
    assert [(file.status, file.size) for file in record.files] == [(200, 1234)]
