"""What a province can ask the mock portal (contract 5, 8, 11)."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

import mappings
from connectors.national_portal.dialect.lists import COMMON_CATEGORIES
from connectors.national_portal.mock import DSTCODE, PREFIXES, Account, Portal, ProcedureSeed
from connectors.national_portal.mock.documents import StoredPaper
from gateway.sandbox import VirtualClock, furnished_portal
from tests.portal import PASSWORD, UNIT, InProcess, Province, a_portal, a_province


def ask(province: Province, service: str, **parameters: Any) -> Any:
    shared = service.startswith("LayDanhMuc") or service in ("LayDanhSachTTHC", "TraCuuTechID")
    reply = province.call(service, path="mapi/share" if shared else "mapi/integration", **parameters)
    assert reply.json["error_code"] == 0, reply.json
    return reply.json["result"]


def test_an_unknown_procedure_is_an_empty_list() -> None:
    """
    5.4: no error, code 0; the parameter's name is case-sensitive.
    """
    province = a_province(a_portal())

    assert ask(province, "LayThuTuc", maTTHC="1.999999") == []
    assert ask(province, "LayThuTuc", MATTHC="9.000123") == []
    assert len(ask(province, "LayThuTuc", maTTHC="9.000123")) == 1


def test_a_procedure_in_short_becomes_a_full_object() -> None:
    """
    5.4: amounts with a dot between thousands, levels as digits, three channels, results with codes.
    """
    portal = a_portal()
    portal.add_procedures(
        [
            ProcedureSeed(
                "9.000200", "Thủ tục hai", "G99-VD01", "Lĩnh vực hai", ("tỉnh", "xã"), time_limit="5",
                time_unit="ngày làm việc", fee=150000, papers=("Đơn", "Bản vẽ"), results=(("KQ.G99.000200", "Giấy"),),
            )
        ]
    )  # fmt: skip

    (row,) = ask(a_province(portal), "LayThuTuc", maTTHC="9.000200")

    assert row["LINHVUCTHUCHIEN"] == [{"MALINHVUC": "G99-VD01", "TENLINHVUC": "Lĩnh vực hai"}]
    assert [level["CAPTHUCHIEN"] for level in row["CAPTHUCHIEN"]] == ["1", "3"]
    assert [way["KENH"] for way in row["CACHTHUCTHUCHIEN"]] == ["1", "2", "3"]
    term = row["CACHTHUCTHUCHIEN"][0]["THOIGIAN"][0]
    assert (term["THOIGIANGIAIQUYET"], term["DONVITINH"]) == ("5", "Ngày làm việc")
    assert term["PHILEPHI"][0]["SOTIEN"] == "150.000"
    assert [paper["TENGIAYTO"] for paper in row["THANHPHANHOSO"][0]["GIAYTO"]] == ["Đơn", "Bản vẽ"]
    assert row["KETQUATHUCHIEN"][0]["MAKETQUA"] == "KQ.G99.000200"


def test_the_national_list_has_two_columns_and_only_what_is_listed() -> None:
    """
    5.3: a procedure that vanished from the list is still known, for the dossiers that have it.
    """
    portal = a_portal()
    portal.add_procedures([ProcedureSeed("9.000900", "Đã gỡ", listed=False)])
    province = a_province(portal)

    rows = ask(province, "LayDanhSachTTHC")

    assert {row["MATTHC"] for row in rows} == {"9.000123", "9.000777"}
    assert all(set(row) == {"MATTHC", "TENTTHC"} for row in rows)
    assert ask(province, "LayThuTuc", maTTHC="9.000900")[0]["TRANGTHAI"] == "0"
    portal.remove_procedure("9.000777")
    assert [row["MATTHC"] for row in ask(province, "LayDanhSachTTHC")] == ["9.000123"]


def test_fields_come_once_each_with_their_owner() -> None:
    """
    5.2: derived from the procedures.
    """
    rows = ask(a_province(a_portal()), "LayDanhMucLinhVuc")

    assert {"MALINHVUC": "G17-XD99", "TENLINHVUC": "Hoạt động xây dựng", "MANGANH": "G17"} in rows
    assert len(rows) == len({row["MALINHVUC"] for row in rows})


def test_agencies_have_their_level() -> None:
    """
    5.1
    """
    portal = a_portal()
    portal.add_agencies([("H99.01", "Sở Ví Dụ", 2)])

    assert ask(a_province(portal), "LayDanhMucCoQuan") == [
        {"MADONVI": "H99.01", "TENDONVI": "Sở Ví Dụ", "CAPDONVI": "2"}
    ]


@pytest.mark.parametrize("service", sorted(COMMON_CATEGORIES))
def test_every_common_category_answers_with_rows(service: str) -> None:
    """
    4: names are certain, layouts are not; none is an error.
    """
    assert isinstance(ask(a_province(a_portal()), service), list)


def test_online_services_come_as_an_object() -> None:
    """
    5.5: unlike every other read.
    """
    portal = a_portal()
    row = {"MADVC": "9.000123.01", "TENDVC": "Cấp phép", "MATTHC": "9.000123", "APDUNGDVC": []}
    portal.add_online_services([row])

    assert ask(a_province(portal), "LayDVC") == {"data": [row]}


def test_an_account_id_is_found_by_number() -> None:
    """
    5.6: no account is an empty list; another identity provider is a mistake.
    """
    portal = a_portal()
    portal.add_tech_ids({"099999999999": "00000000-0000-4000-8000-0000000000aa"})
    province = a_province(portal)

    found = ask(province, "TraCuuTechID", provider="wso2is", mstorcmnd="099999999999")

    assert found == [{"TECHNICALID": "00000000-0000-4000-8000-0000000000aa"}]
    assert ask(province, "TraCuuTechID", provider="wso2is", mstorcmnd="1") == []
    assert province.call("TraCuuTechID", path="mapi/share", provider="khac", mstorcmnd="1").code == "1"


def test_questions_go_both_ways() -> None:
    """
    8: read with UPPERCASE keys, answered with mixed ones; one code for the batch.
    """
    portal = a_portal()
    asked = {"HOIDAPID": 7, "MALINHVUC": "G17-XD99", "NOIDUNG": "Hỏi?", "TRALOIID": "", "TRANGTHAI": 1}
    portal.add_questions(asked=[asked], answers={"7": [{"TRALOIID": "1", "NOIDUNGTRALOI": "Đáp."}]})
    province = a_province(portal)
    answer = {
        "HOIDAPID": 7, "MADONVI": "H99", "NGUOITRALOI": "Trần Thị Thử", "CHUCVUNGUOITRALOI": "",
        "NGAYTRALOI": "05/03/2026", "NOIDUNGTRALOI": "Đáp.",
    }  # fmt: skip
    own = {"HOIDAPID": "h1", "MaLinhVuc": "G17-XD99", "NOIDUNG": "?", "MADONVI": "H99", "TENDONVI": "Ví Dụ"}

    assert ask(province, "LayDanhSachHoiDapGuiTuDVCQG") == [asked]
    assert ask(province, "LayDanhSachHoiDapBoCoQuan") == []
    assert ask(province, "LayNoiDungTraLoiTheoCauHoi", cauhoiid="7")[0]["TRALOIID"] == "1"
    assert province.call("DongBoKetQuaHoiDapGuiTuDVCQG", data=[answer]).code == "0"
    assert province.call("DongBoHoiDap", data=[own]).code == "0"
    assert province.call("DongBoHoiDap", data=[{**own, "MaLinhVuc": ...} | {"MaLinhVuc": ""}]).message.endswith(
        "MaLinhVuc"
    )
    bad_date = province.call("DongBoKetQuaHoiDapGuiTuDVCQG", data=[{**answer, "NGAYTRALOI": "2026-03-05"}])
    assert bad_date.message == "Dữ liệu không hợp lệ: NGAYTRALOI"
    assert portal.pushed_questions() == [answer, own]


def test_a_monthly_evaluation_is_taken() -> None:
    """
    8.3: month without a leading zero, ``Madonvi`` with a capital first letter alone.
    """
    portal = a_portal()
    province = a_province(portal)
    evaluation = {"NgayTongHop": "3-2026", "TongSoNguoiDanhGia": 0, "Madonvi": "H99", "TenDonVi": "Ví Dụ"}

    assert province.call("DongBoDanhGia", data=[evaluation]).code == "0"
    assert province.call("DongBoDanhGia", data=[{**evaluation, "NgayTongHop": "03-2026"}]).code == "1"
    assert portal.evaluations() == [evaluation]


def test_the_document_store_gives_a_persons_papers() -> None:
    """
    11: its own address, ``errorCode``, camelCase, a file as base64.
    """
    portal = a_portal()
    paper = StoredPaper("099999999999", "KQ.G99.1", "Giấy chứng nhận", "12/GCN", "H99.01", "gcn.pdf", b"%PDF-")
    portal.add_papers([paper])
    wire = InProcess(portal)

    def post(name: str, body: dict[str, Any], *, query: dict[str, str] | None = None) -> Any:
        where = {"providerurl": "https://kho.vidu.example"} if query is None else query
        path = f"{PREFIXES[0]}/bndp/public/v1/{name}"
        return wire.send("POST", path, where, {"dstcode": DSTCODE}, json.dumps(body).encode())

    login = post("login", {"username": UNIT, "password": PASSWORD}).json
    assert (login["errorCode"], set(login["result"])) == ("0", {"session"})
    assert post("login", {"username": UNIT, "password": "sai"}).json["errorCode"] == "-1"
    request = {"SoDinhDanhChuSoHuu": "099999999999", "KenhThucHien": "1", "DanhSachDanhMucKetQua": []}
    (row,) = post("list", request).json["result"]["DanhSachGiayToKetQua"]
    assert (row["MaKetQua"], row["SoKyHieu"]) == ("KQ.G99.1", "12/GCN")
    file = {"CoQuanChuQuan": row["CoQuanChuQuan"], "DuongDan": row["DanhSachTepDinhKem"][0]["DuongDan"]}
    assert base64.b64decode(post("file", file).body) == b"%PDF-"
    assert post("file", {**file, "DuongDan": "/khac"}).body == b""
    assert post("list", {**request, "KenhThucHien": "3"}).json["errorCode"] == "-1"
    assert post("list", {**request, "DanhSachDanhMucKetQua": [{"MaKetQua": "khac"}]}).json["result"] == {
        "DanhSachGiayToKetQua": []
    }
    assert post("list", request, query={}).status == 400


@pytest.fixture(scope="module")
def furnished() -> Portal:
    return furnished_portal(VirtualClock(), accounts=[Account.of_province("H99", PASSWORD)])


def test_the_furnished_portal_publishes_the_real_procedures(furnished: Portal) -> None:
    """
    Every procedure of the shipped list can be asked for, has a field with a code, and codes for its results.
    """
    province = a_province(furnished)
    listed = {row["MATTHC"] for row in ask(province, "LayDanhSachTTHC")}

    assert listed == {entry.code for entry in mappings.procedures() if entry.listed}
    for entry in mappings.procedures():
        (row,) = ask(province, "LayThuTuc", maTTHC=entry.code)
        assert row["TENTTHC"] == entry.name
        assert row["LINHVUCTHUCHIEN"][0]["MALINHVUC"]
        assert all(result["MAKETQUA"] and result["TENKETQUA"] for result in row["KETQUATHUCHIEN"])


def test_the_furnished_portal_knows_provinces_and_agencies(furnished: Portal) -> None:
    """
    The 34 provinces, and the agencies of the shipped list.
    """
    province = a_province(furnished)

    assert len(ask(province, "LayDanhMucTinhThanh")) == 34
    assert {"H27", "G22"} & {row["MADONVI"] for row in ask(province, "LayDanhMucCoQuan")}
