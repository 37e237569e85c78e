"""The portal's calls to the province: what is read, what is refused, and how it is answered."""

from __future__ import annotations

import base64
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.national_portal.code_settings import CodeTables
from connectors.national_portal.inbound.answers import Code, Refused, Unreadable, answer, found, not_found
from connectors.national_portal.inbound.calls import Inbound, Kind, Reception
from connectors.national_portal.received import Reader
from gateway.model import DossierStatus, Origin
from tests.builders import a_dossier

INBOUND = Inbound(Reader(CodeTables()))
PROMOTION = {"MaHoSo": "G22.99-260305-00011", "MaTTHC": "9.000777", "TenThuongNhan": "Công ty Ví Dụ", "MaSoThue": "0"}
RECEIPT = {
    "MaHoSo": "H99.01.01-260302-0007", "HoTenNguoiNopTien": "Nguyễn Văn Ví Dụ", "SoCMTNguoiNopTien": "099090000017",
    "DiaChiNguoiNopTien": "Thôn Mẫu", "TinhNguoiNopTien": "99", "HuyenNguoiNopTien": "990", "XaNguoiNopTien": "99001",
    "MaSoThue": "0000000000", "UrlFileChungTu": "https://portal.vidu.example/1",
    "ThongTinThanhToan": {
        "MaThongBaoThue": "TB1", "ThoiGianThanhToan": "20260305140500", "SoTien": "75000", "NoiDungThanhToan": "Nộp",
        "TrangThaiThanhToan": 1,
    },
}  # fmt: skip


def received(path: str, body: object) -> Reception:
    reception = INBOUND.read(path, orjson.dumps(body))
    assert reception is not None
    return reception


@pytest.mark.parametrize(
    "prefix", ["", "/XrdAdapter/RestService/forward", "/VXPAdapter/RestService/forward", "/VXPAdapter/x"]
)
def test_a_promotion_arrives_under_any_prefix(prefix: str) -> None:
    """
    The body is flat, without an envelope (contract 7.1).
    """
    reception = received(f"{prefix}/addtthcKhuyenMai", PROMOTION)

    assert (reception.kind, reception.number, reception.updating) == (Kind.PROMOTION, "G22.99-260305-00011", False)
    assert "Công ty" not in repr(reception)


@pytest.mark.parametrize("missing", sorted(PROMOTION))
def test_an_incomplete_promotion_is_refused_by_field(missing: str) -> None:
    """
    Answer -1 with the number and the field.
    """
    body = {key: value for key, value in PROMOTION.items() if key != missing}

    with pytest.raises(Refused) as caught:
        received("/addtthcKhuyenMai", body)

    told = orjson.loads(caught.value.answer)
    assert told["error_code"] == -1
    assert missing in told["message"]


def test_the_amendment_sample_is_read_and_answered(samples: Path) -> None:
    """
    ``isUpdating`` is a word here; the answer is the sample's.
    """
    reception = received("/nhanhsdvcqg", orjson.loads((samples / "nhanhsdvcqg.request.json").read_bytes()))

    assert (reception.kind, reception.number, reception.updating) == (
        Kind.PROMOTION_AMENDED, "G22.99-260305-00011", False,
    )  # fmt: skip
    sample = orjson.loads((samples / "nhanhsdvcqg.answer.json").read_bytes())
    assert orjson.loads(answer(Code.DONE, reception.number, "create dossier success")) == sample


@pytest.mark.parametrize(
    ("flag", "updating"), [(True, True), ("True", True), ("true", True), (False, False), ("False", False)]
)
def test_the_flag_is_a_boolean_or_a_word(flag: object, updating: bool) -> None:
    """
    Both were seen (contract 3.2).
    """
    body = {"service": "x", "isUpdating": flag, "data": {**PROMOTION, "MaHoSoQG": "1", "ThongTinSuaDoi": {"a": "b"}}}

    assert received("/nhanhsdvcqg", body).updating is updating


def test_the_same_path_brings_tax_receipts() -> None:
    """
    The service name decides (contract 7.2 b).
    """
    reception = received("/nhanhsdvcqg", {"service": "NhanChungTuThueDat", "data": RECEIPT})

    assert (reception.kind, reception.number) == (Kind.TAX_RECEIPT, "H99.01.01-260302-0007")


def test_a_tax_receipt_without_its_payment_is_refused() -> None:
    """
    The fields of the payment are mandatory one by one.
    """
    payment = {**RECEIPT["ThongTinThanhToan"], "SoTien": ""}  # type: ignore[dict-item]

    with pytest.raises(Refused, match="SoTien"):
        received("/nhanhsdvcqg", {"service": "NhanChungTuThueDat", "data": {**RECEIPT, "ThongTinThanhToan": payment}})


def notices(xml: str) -> dict[str, Any]:
    return {"service": "NhanThongBaoThueDat", "data": {"FileThongBaoThue": base64.b64encode(xml.encode()).decode()}}


def one_notice(number: str, decision: str = "QD1", item: str = "TEN_TIEUMUC", amount: str = "1.200.000") -> str:
    return (
        f"<ROW_LIST><MA_HSO>{number}</MA_HSO><LIST><MA_SO_THUE>0000000000</MA_SO_THUE><SO_QUYET_DINH>{decision}"
        f"</SO_QUYET_DINH><NGAY_QUYET_DINH>05-03-2026</NGAY_QUYET_DINH><{item}>Tiền sử dụng đất</{item}>"
        f"<SO_TIEN>{amount}</SO_TIEN></LIST></ROW_LIST>"
    )


def document(*rows: str) -> str:
    return f"<?xml version='1.0' encoding='utf-8'?><DATA><BODY>{''.join(rows)}</BODY></DATA>"


def test_one_tax_file_holds_several_dossiers_and_repeats() -> None:
    """
    Number, tax code and decision identify a notice; a repeat counts once (contract 7.3).
    """
    xml = document(one_notice("A"), one_notice("B", item="TEN_TIEU_MUC"), one_notice("A"))

    reception = received("/nhantbthuedvcqg", notices(xml))

    assert [(each.dossier, each.amount, each.decided_on) for each in reception.notices] == [
        ("A", 1_200_000, date(2026, 3, 5)), ("B", 1_200_000, date(2026, 3, 5)),
    ]  # fmt: skip
    assert reception.notices[1].item == "Tiền sử dụng đất"
    assert "0000000000" not in repr(reception)


@pytest.mark.parametrize(
    "xml",
    [
        pytest.param('<!DOCTYPE DATA [<!ENTITY x SYSTEM "file:///etc/passwd">]><DATA>&x;</DATA>', id="external entity"),
        pytest.param('<!DOCTYPE DATA SYSTEM "http://127.0.0.1/x.dtd"><DATA/>', id="external document type"),
        pytest.param(
            '<!DOCTYPE D [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><DATA>&b;</DATA>', id="entities in entities"
        ),
        pytest.param("<DATA>" + "<A>" * 40 + "</A>" * 40 + "</DATA>", id="nested too deep"),
        pytest.param("<DATA><BODY>", id="not closed"),
        pytest.param("không phải XML", id="no XML"),
        pytest.param(document(), id="no notice"),
        pytest.param(document(one_notice("A", amount="nhiều")), id="an amount in words"),
        pytest.param(document(one_notice("")), id="no dossier"),
        pytest.param(document(one_notice("A")).replace("05-03-2026", "31-02-2026"), id="a day that does not exist"),
    ],
)
def test_dangerous_or_broken_tax_files_are_refused(xml: str) -> None:
    """
    Nothing outside is read, nothing is expanded, the answer is -1.
    """
    with pytest.raises(Refused) as caught:
        received("/nhantbthuedvcqg", notices(xml))

    assert orjson.loads(caught.value.answer)["error_code"] == -1


def test_utf_16_cannot_smuggle_a_document_type() -> None:
    """
    The file is UTF-8 by contract; other encodings are not read.
    """
    smuggled = base64.b64encode("<!DOCTYPE D><DATA/>".encode("utf-16")).decode()

    with pytest.raises(Refused, match="UTF-8"):
        received("/nhantbthuedvcqg", {"data": {"FileThongBaoThue": smuggled}})


@pytest.mark.parametrize("data", [None, {}, {"FileThongBaoThue": "%%%"}, {"FileThongBaoThue": 5}], ids=str)
def test_a_tax_message_without_its_file_is_refused(data: object) -> None:
    """
    A missing or garbled file is a failure of the message, not of ours.
    """
    with pytest.raises(Refused):
        received("/nhantbthuedvcqg", {"data": data})


def test_a_look_up_is_answered_without_an_envelope() -> None:
    """
    Found: nine fields; not found: a string code (contract 7.4).
    """
    reception = received("/XrdAdapter/RestService/forward/search/call", {"masohoso": "H99.01.01-260302-0007"})
    told = orjson.loads(
        found(a_dossier(), procedure_name="Thủ tục", field_code="G15", field_name="Hộ tịch", kind="1", delivery="0")
    )

    assert (reception.kind, reception.number) == (Kind.LOOK_UP, "H99.01.01-260302-0007")
    assert told["TrangThaiHoSo"] == "2"
    assert orjson.loads(not_found()) == {"error_code": "-1", "message": "masohoso not found"}


def test_a_general_dossier_becomes_a_canonical_one(samples: Path) -> None:
    """
    The layout of 6.1 plus the e-form, which stays in the body (contract 7.7).
    """
    element = orjson.loads((samples / "dongbohosomc.request.json").read_bytes())["data"][0]
    element |= {"NoiNopHoSo": "1", "TrangThaiHoSo": "1", "NgayTiepNhan": "", "NgayHenTra": "", "EFormData": "{}"}

    reception = received("/nhanhosodvcqg", {"service": "GuiHoSo", "isUpdating": "False", "data": [element]})

    assert reception.kind is Kind.DOSSIERS
    assert [(each.code.text, each.status, each.origin) for each in reception.dossiers] == [
        ("H99.01.01-260302-0007", DossierStatus.SUBMITTED, Origin.PORTAL),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"LoaiDoiTuong": "9"}, "LoaiDoiTuong"),
        ({"NgayNopHoSo": "20261399000000"}, "NgayNopHoSo"),
        ({"MaHoSo": ""}, "mã"),
    ],
)
def test_a_general_dossier_that_cannot_be_read_is_refused(samples: Path, change: dict[str, str], named: str) -> None:
    """
    The refusal names what is wrong and no person.
    """
    element = orjson.loads((samples / "dongbohosomc.request.json").read_bytes())["data"][0] | change

    with pytest.raises(Refused) as caught:
        received("/nhanhosodvcqg", {"data": [element]})

    told = orjson.loads(caught.value.answer)["message"]
    assert named in told
    assert "Nguyễn" not in told


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"null"])
def test_what_is_no_object_is_unreadable(content: bytes) -> None:
    """
    HTTP 500 with plain text then (contract 7).
    """
    with pytest.raises(Unreadable):
        INBOUND.read("/addtthcKhuyenMai", content)


def test_another_path_is_not_ours() -> None:
    """
    The file fetch and the payments belong to others.
    """
    assert INBOUND.read("/downloadfile/5501", b"{}") is None


@given(
    st.sampled_from(["/addtthcKhuyenMai", "/nhanhsdvcqg", "/nhantbthuedvcqg", "/search/call", "/nhanhosodvcqg"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["data", "service", "MaHoSo"]), inner)
        ),
        max_leaves=8,
    ),
)
def test_no_message_breaks_the_reader(path: str, body: object) -> None:
    """
    Whatever JSON comes is received or refused.
    """
    try:
        reception = INBOUND.read(path, orjson.dumps(body, option=orjson.OPT_PASSTHROUGH_SUBCLASS))
    except (Refused, Unreadable, orjson.JSONEncodeError):
        return
    assert reception is not None
