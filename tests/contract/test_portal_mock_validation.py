"""The mock portal is strict where the contract is strict, and lenient exactly where it is lenient (18.3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.portal import CODE, a_portal, a_province, a_wire_dossier, a_wire_step

FILE = a_wire_dossier()["TaiLieuNop"][0]
RESULT = {
    "TenGiayTo": "Giấy phép",
    "DuongDanTepTinKetQua": "https://motcua.vidu.example/kq/1",
    "MaGiayToKetQua": "KQ.H99.000001",
}
ROUND = {"HoSoBoSungId": "1", "NgayBoSung": "20260310080000", "NgayHenTraTruoc": "", "NgayHenTraMoi": "20260401170000"}

MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("no-procedure", {"MaTTHC": ...}, "MaTTHC"),
    ("no-procedure-name", {"TenTTHC": ""}, "TenTTHC"),
    ("no-field-code", {"MaLinhVuc": ""}, "MaLinhVuc"),
    ("no-id-number", {"SoGiayToChuHoSo": ""}, "SoGiayToChuHoSo"),
    ("no-identifier", {"DinhDanhCHS": []}, "DinhDanhCHS"),
    ("no-database", {"DSKetNoiCSDL": []}, "DSKetNoiCSDL"),
    ("no-filing-place", {"NoiNopHoSo": ...}, "NoiNopHoSo"),
    ("no-digitised-flag", {"HoSoCoThanhPhanSoHoa": ""}, "HoSoCoThanhPhanSoHoa"),
    ("accepted-without-a-date", {"NgayTiepNhan": ""}, "NgayTiepNhan"),
    ("refused-without-a-date", {"TrangThaiHoSo": "3", "NgayTuChoi": ""}, "NgayTuChoi"),
    ("null-is-not-empty", {"GhiChu": None}, "GhiChu"),
    ("true-is-not-a-word", {"Email": True}, "Email"),
    ("iso-date", {"NgayHenTra": "2026-03-23T17:00:00"}, "NgayHenTra"),
    ("thirty-first-of-february", {"NgayHenTra": "20260231170000"}, "NgayHenTra"),
    ("date-without-seconds", {"NgayNopHoSo": "202603020815"}, "NgayNopHoSo"),
    ("status-zero", {"TrangThaiHoSo": "0"}, "TrangThaiHoSo"),
    ("status-eleven", {"TrangThaiHoSo": "11"}, "TrangThaiHoSo"),
    ("channel-four", {"KenhThucHien": "4"}, "KenhThucHien"),
    ("applicant-kind-zero", {"LoaiDoiTuong": "0"}, "LoaiDoiTuong"),
    ("return-form-two", {"HinhThuc": "2"}, "HinhThuc"),
    ("online-payment-four", {"DuocThanhToanTrucTuyen": "4"}, "DuocThanhToanTrucTuyen"),
    ("words-for-flags", {"TaiKhoanDuocXacThucVoiVNeID": "True"}, "TaiKhoanDuocXacThucVoiVNeID"),
    ("procedure-that-is-no-code", {"MaTTHC": "1.0133611"}, "MaTTHC"),
    ("number-without-a-day", {"MaHoSo": "H99.01.01-0007"}, "MaHoSo"),
    ("list-that-is-text", {"TaiLieuNop": "5501"}, "TaiLieuNop"),
    ("long-subject", {"TrichYeuHoSo": "x" * 1001}, "TrichYeuHoSo"),
    ("long-note", {"GhiChu": "x" * 2001}, "GhiChu"),
    ("file-without-a-name", {"TaiLieuNop": [{**FILE, "TenTepDinhKem": ""}]}, "TaiLieuNop[0].TenTepDinhKem"),
    ("second-file-is-bad", {"TaiLieuNop": [FILE, {**FILE, "DuocSoHoa": "2"}]}, "TaiLieuNop[1].DuocSoHoa"),
    ("file-at-a-path", {"TaiLieuNop": [{**FILE, "DuongDanTaiTepTin": "/tep/1"}]}, "TaiLieuNop[0].DuongDanTaiTepTin"),
    (
        "blank-in-a-link",
        {"TaiLieuNop": [{**FILE, "DuongDanTaiTepTin": "https://vidu.example/don xin.pdf"}]},
        "TaiLieuNop[0].DuongDanTaiTepTin",
    ),
    ("deleted-as-boolean", {"TaiLieuNop": [{**FILE, "IsDeleted": True}]}, "TaiLieuNop[0].IsDeleted"),
    ("long-file-name", {"TaiLieuNop": [{**FILE, "TenTepDinhKem": "x" * 4001}]}, "TaiLieuNop[0].TenTepDinhKem"),
    ("fee-with-a-dot", {"DanhSachLePhi": [{"Gia": "75.000"}]}, "DanhSachLePhi[0].Gia"),
    ("fee-moment-three", {"DanhSachLePhi": [{"HinhThucThu": "3"}]}, "DanhSachLePhi[0].HinhThucThu"),
    ("paper-kind-four", {"DanhSachTepDinhKemKhac": [{"LoaiGiayTo": 4}]}, "DanhSachTepDinhKemKhac[0].LoaiGiayTo"),
    (
        "eleven-digits",
        {"DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "09999999999"}]},
        "DinhDanhCHS[0].SoDinhDanh",
    ),
    (
        "old-card-of-twelve",
        {"DinhDanhCHS": [{"LoaiDinhDanh": "2", "SoDinhDanh": "0" * 12}]},
        "DinhDanhCHS[0].SoDinhDanh",
    ),
    ("database-nine", {"DSKetNoiCSDL": [{"MaCSDL": "9"}]}, "DSKetNoiCSDL[0].MaCSDL"),
    (
        "result-without-a-code",
        {"DanhSachGiayToKetQua": [{**RESULT, "MaGiayToKetQua": ""}]},
        "DanhSachGiayToKetQua[0].MaGiayToKetQua",
    ),
    (
        "long-result-name",
        {"DanhSachGiayToKetQua": [{**RESULT, "TenGiayTo": "x" * 2001}]},
        "DanhSachGiayToKetQua[0].TenGiayTo",
    ),
    (
        "supplement-date",
        {"DanhSachHoSoBoSung": [{**ROUND, "NgayBoSung": "10/03/2026"}]},
        "DanhSachHoSoBoSung[0].NgayBoSung",
    ),
    (
        "file-in-a-supplement",
        {"DanhSachHoSoBoSung": [{**ROUND, "DanhSachGiayToBoSung": [{**FILE, "DuocTaiSuDung": "3"}]}]},
        "DanhSachHoSoBoSung[0].DanhSachGiayToBoSung[0].DuocTaiSuDung",
    ),
    ("number-of-another-province", {"MaHoSo": "H98.01-260302-0001"}, "MaHoSo"),
]


@pytest.mark.parametrize(("changes", "field"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_a_mistake_in_a_dossier_is_named(changes: dict[str, Any], field: str) -> None:
    """
    Code 1 names the first bad field, and nothing is stored.
    """
    portal = a_portal()

    reply = a_province(portal).push(a_wire_dossier(**changes))

    assert reply.json == {"error_code": "1", "message": f"Dữ liệu không hợp lệ: {field}"}
    assert portal.dossiers() == []
    assert portal.counters().invalid_items == 1


TOLERATED: list[tuple[str, dict[str, Any]]] = [
    ("empty-component-code", {"TaiLieuNop": [{**FILE, "MaThanhPhanHoSo": ""}]}),
    ("id-number-as-account", {"MaDoiTuong": "099999999999"}),
    ("unknown-keys", {"TruongLa": "x", "DanhSachLa": [1]}),
    ("numbers", {"TrangThaiHoSo": 2, "HinhThuc": 0, "DanhSachLePhi": [{"Gia": 75000, "LoaiPhiLePhi": 2}]}),
    ("empty-channel", {"KenhThucHien": ""}),
    ("no-optional-field", {"Email": ..., "Fax": ..., "GhiChu": ..., "TaiLieuNop": ..., "NgayHenTra": ...}),
    ("refused-with-its-date", {"TrangThaiHoSo": "3", "NgayTuChoi": "20260303080000", "NgayTiepNhan": ""}),
    ("newly-registered", {"TrangThaiHoSo": "1", "NgayTiepNhan": ""}),
    ("limits-reached", {"TrichYeuHoSo": "x" * 1000, "GhiChu": "x" * 2000}),
    ("old-order-number", {"MaHoSo": "000.17.22.H99-210531-0001"}),
    ("other-case", {"MaHoSo": "h99.01.01-260302-0007"}),
    ("central-number", {"MaHoSo": "H99.50.05.13-20261008-0901234"}),
    ("result", {"DanhSachGiayToKetQua": [RESULT]}),
    ("supplement", {"DanhSachHoSoBoSung": [{**ROUND, "TrangThaiBoSung": True, "DanhSachGiayToBoSung": [FILE]}]}),
]


@pytest.mark.parametrize("changes", [row[1] for row in TOLERATED], ids=[row[0] for row in TOLERATED])
def test_what_the_real_portal_tolerates_is_tolerated(changes: dict[str, Any]) -> None:
    """
    The item is stored as it came.
    """
    portal = a_portal()
    header = a_wire_dossier(**changes)

    assert a_province(portal).push(header).code == "0"
    assert [record.header for record in portal.dossiers()] == [header]


def test_unknown_fields_are_kept_and_counted() -> None:
    """
    A misspelt optional field passes, as in production; the counter gives it away.
    """
    portal = a_portal()

    a_province(portal).push(a_wire_dossier(GhiChuu="gõ nhầm"))

    assert portal.counters().unknown_fields == 1


def test_the_first_profile_wants_fewer_and_other_fields() -> None:
    """
    v1 knows nothing of the fields of 2023; v2 refuses their absence.
    """
    old = a_wire_dossier(
        NoiNopHoSo=..., HoSoCoThanhPhanSoHoa=..., TaiKhoanDuocXacThucVoiVNeID=..., DuocThanhToanTrucTuyen=...,
        DSKetNoiCSDL=..., SoGiayToChuHoSo=..., DinhDanhCHS=..., NgayNopHoSo=..., SoBienNhan="12/2026",
    )  # fmt: skip

    assert a_province(a_portal(profile="v1")).push(old).code == "0"
    assert a_province(a_portal(profile="v2")).push(old).message == "Dữ liệu không hợp lệ: SoGiayToChuHoSo"
    without_id = [{**FILE, "TepDinhKemId": ""}]
    assert a_province(a_portal(profile="v1")).push({**old, "TaiLieuNop": without_id}).code == "1"
    assert a_province(a_portal(profile="v2")).push(a_wire_dossier(TaiLieuNop=without_id)).code == "0"


@pytest.mark.parametrize(
    ("demand", "status", "code"),
    [("always", "1", "1"), ("when-accepted", "1", "0"), ("when-accepted", "4", "1"), ("never", "4", "0")],
)
def test_the_acceptance_date_is_demanded_as_set(demand: str, status: str, code: str) -> None:
    """
    Nobody has accepted a dossier that was only filed: by default its date may be empty.
    """
    portal = a_portal(acceptance_date=demand)

    assert a_province(portal).push(a_wire_dossier(TrangThaiHoSo=status, NgayTiepNhan="")).code == code


@pytest.mark.parametrize("word", [None, True, "true", "", "1"], ids=repr)
def test_updating_is_one_of_two_words(word: object) -> None:
    """
    2.5: the words True and False, nothing that resembles them.
    """
    reply = a_province(a_portal()).push(a_wire_dossier(), updating=word)

    assert reply.message == "Dữ liệu không hợp lệ: isUpdating"


@pytest.mark.parametrize("data", [None, [], {}, "x", [1]], ids=repr)
def test_the_payload_is_a_list_with_objects(data: Any) -> None:
    """
    18.3: a non-empty array, asked after session and unit.
    """
    reply = a_province(a_portal()).call("DongBoHoSoMC", isUpdating="False", data=data)

    assert reply.message == "Dữ liệu không hợp lệ: data"


def test_an_unknown_procedure_has_its_own_code() -> None:
    """
    13.2: code 4 names the procedure, after everything else about the item was right.
    """
    province = a_province(a_portal())

    assert province.push(a_wire_dossier(MaTTHC="1.999999")).json == {
        "error_code": "4",
        "message": "Mã thủ tục 1.999999 không tồn tại",
    }
    assert province.push(a_wire_dossier(MaTTHC="9.000123.000.00.00.H99")).code == "4"
    assert province.push(a_wire_dossier(MaTTHC="1.999999", NgayHenTra="x")).code == "1"


STEP_MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("null-text", {"NoiDungXuLy": None}, "NoiDungXuLy"),
    ("no-officer", {"NguoiXuLy": ""}, "NguoiXuLy"),
    ("long-officer", {"NguoiXuLy": "x" * 51}, "NguoiXuLy"),
    ("no-time", {"ThoiDiemXuLy": ""}, "ThoiDiemXuLy"),
    ("bad-time", {"ThoiDiemXuLy": "20260303250000"}, "ThoiDiemXuLy"),
    ("status-eleven", {"TrangThai": "11"}, "TrangThai"),
    ("null-optional", {"ChucDanh": None}, "ChucDanh"),
    ("bad-term", {"NgayKetThucTheoQuyDinh": "2026-03-16"}, "NgayKetThucTheoQuyDinh"),
    ("number-of-another-province", {"MaHoSo": "H98.01-260302-0001"}, "MaHoSo"),
]


@pytest.mark.parametrize(("wanted", "code"), [("present", "0"), ("filled", "1")])
def test_the_text_of_a_step_is_demanded_as_set(wanted: str, code: str) -> None:
    """
    Whether an empty text is taken is not public (contract 20, question 6).
    """
    province = a_province(a_portal(step_text=wanted))
    province.push(a_wire_dossier())

    assert province.step(a_wire_step(NoiDungXuLy="")).code == code


@pytest.mark.parametrize(
    ("changes", "field"), [row[1:] for row in STEP_MISTAKES], ids=[row[0] for row in STEP_MISTAKES]
)
def test_a_mistake_in_a_step_is_named(changes: dict[str, Any], field: str) -> None:
    """
    Code 1 names the first bad field, and the timeline stays as it was.
    """
    portal = a_portal()
    province = a_province(portal)
    province.push(a_wire_dossier())

    reply = province.step(a_wire_step(**changes))

    assert reply.json == {"error_code": "1", "message": f"Dữ liệu không hợp lệ: {field}"}
    record = portal.dossier(CODE)
    assert record is not None
    assert record.steps == ()
