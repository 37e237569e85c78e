"""Generated bodies as one-stop systems write them: careless in every way that the portal bears."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.portal import CODE, a_wire_dossier, a_wire_step

Item = dict[str, Any]

ACCEPTED = datetime(2026, 3, 2, 9, 20)  # noqa: DTZ001 - a wall time, as on the wire.
TEXT = st.sampled_from(["", "Hồ sơ nộp thay", " có dấu cách ", "12", "Ghi chú «khác»\nhai dòng"])
FILLED = st.sampled_from(["Nguyễn Văn Ví Dụ", "CÔNG TY TNHH VÍ DỤ", "a", "Trích yếu  hai dấu cách"])
FLAG = st.sampled_from(["0", "1", 0, 1])
UNKNOWN = st.dictionaries(
    st.sampled_from(["MaTinhThanh", "thongtinkhac", "a.b", "GhiChuRieng", "EFormData"]),
    st.sampled_from(["", "x", 7, True, None, 1.5, {"sau": [1, {"nua": "…"}]}, ["a", "b"]]),
    max_size=2,
)


def moments(first: int = 0, last: int = 20_000) -> st.SearchStrategy[str]:
    """Fourteen digits, so many minutes after acceptance."""
    return st.integers(first, last).map(
        lambda minutes: (ACCEPTED + timedelta(minutes=minutes)).strftime("%Y%m%d%H%M%S")
    )


def _or_none(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.just("") | strategy


FILES = st.fixed_dictionaries(
    {
        "TenTepDinhKem": FILLED,
        "MaThanhPhanHoSo": st.sampled_from(["", "000.00.00.H99-KQ000001"]),
        "DuongDanTaiTepTin": st.sampled_from(["https://motcua.vidu.example/a?t=1", "http://vidu.example/b%20c.pdf"]),
        "DuocSoHoa": FLAG,
        "DuocTaiSuDung": st.sampled_from(["0", "1", 1]),
    },
    optional={
        "TepDinhKemId": st.sampled_from(["", "5501", 5502]),
        "IsDeleted": st.sampled_from(["True", "False"]),
        "DuocLayTuKhoDMQG": FLAG,
        "MaKetQuaThayThe": st.sampled_from(["", "KQ.H99.000001"]),
        "DungLuong": st.sampled_from([1024, "1024"]),
    },
)
FEES = st.fixed_dictionaries(
    {
        "TenPhiLePhi": FILLED,
        "HinhThucThu": st.sampled_from(["1", "2", "4", 1]),
        "LoaiPhiLePhi": st.sampled_from(["1", "2", 2]),
    },
    optional={"MaPhiLePhi": st.sampled_from(["", "2", "PL-07"]), "Gia": st.sampled_from(["75000", 75000, "0", ""])},
)
PAPERS = st.fixed_dictionaries(
    {"TenGiayTo": FILLED, "LoaiGiayTo": st.sampled_from(["1", "2", 3])},
    optional={"SoLuong": st.sampled_from(["1", 2, "", "007"])},
)
RESULTS = st.fixed_dictionaries(
    {
        "TenGiayTo": FILLED,
        "DuongDanTepTinKetQua": st.just("https://motcua.vidu.example/kq/1"),
        "MaGiayToKetQua": st.just("KQ.H99.000001"),
    },
    optional={"GiayToId": st.sampled_from(["", "9901", 9902]), "MaThanhPhanHoSo": TEXT, "SoKyHieu": TEXT},
)
SUPPLEMENTS = st.fixed_dictionaries(
    {"HoSoBoSungId": st.sampled_from(["1", 2]), "NgayBoSung": moments(), "NoiDungBoSung": TEXT},
    optional={
        "TrangThaiBoSung": st.sampled_from(["0", "1", "True", "False", ""]),
        "NgayTiepNhanBoSung": _or_none(moments()),
        "NguoiTiepNhanBoSung": TEXT,
        "NgayHenTraMoi": _or_none(moments()),
        "DanhSachGiayToBoSung": st.lists(FILES, max_size=1),
        "DanhSachLePhiBoSung": st.lists(FEES, max_size=1),
    },
)
_CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "ChuHoSo": FILLED,
        "SoGiayToChuHoSo": st.sampled_from(["099999999999", "H1234567", 123456789]),
        "DinhDanhCHS": st.sampled_from(
            [
                [{"LoaiDinhDanh": "1", "SoDinhDanh": "099999999999"}],
                [{"LoaiDinhDanh": 3, "SoDinhDanh": "C1234567"}, {"LoaiDinhDanh": "1", "SoDinhDanh": "099999999999"}],
            ]
        ),
        "KenhThucHien": st.sampled_from(["", "1", "2", "3", 2]),
        "LoaiDoiTuong": st.sampled_from(["1", "2", "3", "4", 1]),
        "MaDoiTuong": st.sampled_from(["", "099999999999", "00000000-0000-4000-8000-0000000000aa"]),
        "ThongTinKhac": TEXT,
        "Email": st.sampled_from(["", "vidu@example.com"]),
        "Fax": st.sampled_from(["", "0900000000"]),
        "SoDienThoai": st.sampled_from(["", "0900000000", 900000000]),
        "TrichYeuHoSo": TEXT | FILLED,
        "ThongTinTra": TEXT,
        "GhiChu": TEXT | st.just("g" * 2000),
        "HinhThuc": FLAG,
        "DonViXuLy": FILLED,
        "SoBienNhan": TEXT,
        "NgayHenTra": _or_none(moments(1)),
        "TaiLieuNop": st.lists(FILES, max_size=2),
        "DanhSachLePhi": st.lists(FEES, max_size=2),
        "DanhSachTepDinhKemKhac": st.lists(PAPERS, max_size=2),
        "DanhSachHoSoBoSung": st.lists(SUPPLEMENTS, max_size=1),
        "DanhSachGiayToKetQua": st.lists(RESULTS, max_size=2),
        "NoiNopHoSo": st.sampled_from(["1", "2", 1]),
        "HoSoCoThanhPhanSoHoa": FLAG,
        "TaiKhoanDuocXacThucVoiVNeID": FLAG,
        "DuocThanhToanTrucTuyen": st.sampled_from(["0", "1", "2", "3", 3]),
        "DSKetNoiCSDL": st.sampled_from([[{"MaCSDL": "1"}], [{"MaCSDL": 7}, {"MaCSDL": "2", "Ten": "x"}]]),
    },
)


def dossiers(code: str = CODE, **fixed: Any) -> st.SearchStrategy[Item]:
    """Headers of the 2023 layout that the portal takes, with keys that nobody knows among them."""
    return st.builds(lambda changes, more: a_wire_dossier(code, **{**more, **changes, **fixed}), _CHANGES, UNKNOWN)


def steps(code: str = CODE, **fixed: Any) -> st.SearchStrategy[Item]:
    """Entries of a timeline."""
    changes = st.fixed_dictionaries(
        {"NoiDungXuLy": TEXT, "ThoiDiemXuLy": moments()},
        optional={
            "NguoiXuLy": FILLED,
            "ChucDanh": TEXT,
            "PhongBanXuLy": TEXT,
            "NgayBatDau": _or_none(moments()),
            "NgayKetThucTheoQuyDinh": _or_none(moments()),
        },
    )
    return st.builds(lambda changed, more: a_wire_step(code, **{**more, **changed, **fixed}), changes, UNKNOWN)


def as_read(value: Any) -> Any:
    """*value* as the portal understands it: numbers are texts, and what is empty is not there (contract 3.2)."""
    if isinstance(value, dict):
        return {key: read for key, inner in value.items() if (read := as_read(inner)) not in ("", [], None)}
    if isinstance(value, list):
        return [as_read(inner) for inner in value]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
