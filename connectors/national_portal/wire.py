"""
The objects that we push, in the portal's own words; no I/O.

Keys are PascalCase; every scalar is a string, "" stands for none (contract 2.5, 3.2).
"""

from __future__ import annotations

from typing import NotRequired, TypedDict

import orjson


class SubmittedFile(TypedDict):
    """``TaiLieuNop[]`` (contract 6.2.1)."""

    TepDinhKemId: str
    TenTepDinhKem: str
    IsDeleted: str
    MaThanhPhanHoSo: str
    DuongDanTaiTepTin: str
    DuocSoHoa: NotRequired[str]
    DuocTaiSuDung: NotRequired[str]
    DuocLayTuKhoDMQG: NotRequired[str]
    MaKetQuaThayThe: NotRequired[str]


class Fee(TypedDict):
    """``DanhSachLePhi[]`` (contract 6.2.2)."""

    TenPhiLePhi: str
    MaPhiLePhi: str
    HinhThucThu: str
    Gia: str
    LoaiPhiLePhi: str


class OtherPaper(TypedDict):
    """``DanhSachTepDinhKemKhac[]`` (contract 6.2.3)."""

    TenGiayTo: str
    SoLuong: str
    LoaiGiayTo: str


class Supplement(TypedDict):
    """``DanhSachHoSoBoSung[]`` (contract 6.2.4)."""

    HoSoBoSungId: str
    NguoiYeuCauBoSung: str
    NoiDungBoSung: str
    NgayBoSung: str
    NguoiTiepNhanBoSung: str
    ThongTinTiepNhan: str
    NgayTiepNhanBoSung: str
    TrangThaiBoSung: str
    DanhSachGiayToBoSung: list[SubmittedFile]
    DanhSachLePhiBoSung: list[Fee]
    NgayHenTraTruoc: str
    NgayHenTraMoi: str


class ResultPaper(TypedDict):
    """``DanhSachGiayToKetQua[]`` (contract 6.2.5)."""

    TenGiayTo: str
    MaThanhPhanHoSo: str
    GiayToId: str
    DuongDanTepTinKetQua: str
    MaGiayToKetQua: NotRequired[str]


class OwnerId(TypedDict):
    """``DinhDanhCHS[]`` (contract 6.1, 12.8)."""

    LoaiDinhDanh: str
    SoDinhDanh: str


class UsedDatabase(TypedDict):
    """``DSKetNoiCSDL[]`` (contract 6.1, 12.9)."""

    MaCSDL: str


class Dossier(TypedDict):
    """One element of ``data`` of ``DongBoHoSoMC`` (contract 6.1); keys of one layout only are not required."""

    MaHoSo: str
    MaTTHC: str
    TenTTHC: str
    MaLinhVuc: str
    TenLinhVuc: str
    SoBienNhan: NotRequired[str]
    KenhThucHien: NotRequired[str]
    ChuHoSo: str
    SoGiayToChuHoSo: NotRequired[str]
    LoaiDoiTuong: str
    MaDoiTuong: str
    DinhDanhCHS: NotRequired[list[OwnerId]]
    ThongTinKhac: str
    Email: str
    Fax: str
    SoDienThoai: str
    TrichYeuHoSo: str
    NgayNopHoSo: NotRequired[str]
    NgayTiepNhan: str
    NgayHenTra: str
    TrangThaiHoSo: str
    NgayTra: str
    NgayTuChoi: NotRequired[str]
    NgayKetThucXuLy: str
    ThongTinTra: str
    HinhThuc: str
    DonViXuLy: str
    GhiChu: str
    TaiLieuNop: list[SubmittedFile]
    DanhSachLePhi: list[Fee]
    DanhSachTepDinhKemKhac: list[OtherPaper]
    DanhSachHoSoBoSung: list[Supplement]
    DanhSachGiayToKetQua: list[ResultPaper]
    NoiNopHoSo: NotRequired[str]
    HoSoCoThanhPhanSoHoa: NotRequired[str]
    TaiKhoanDuocXacThucVoiVNeID: NotRequired[str]
    DuocThanhToanTrucTuyen: NotRequired[str]
    DSKetNoiCSDL: NotRequired[list[UsedDatabase]]


class Step(TypedDict):
    """One element of ``data`` of ``CapNhatTienDoHoSoMC`` (contract 6.4)."""

    MaHoSo: str
    NguoiXuLy: str
    ChucDanh: str
    ThoiDiemXuLy: str
    PhongBanXuLy: str
    NoiDungXuLy: str
    TrangThai: str
    NgayBatDau: str
    NgayKetThucTheoQuyDinh: str


class Outcome(TypedDict):
    """``data`` of ``DongBoTrangThaiHoSo``, a single object (contract 7.6)."""

    MaHoSo: str
    MaHoSoDonVi: str
    MaDoiTuong: str
    TrangThai: str
    NoiDung: str
    NgayXuLy: str
    TaiLieuXuLy: list[SubmittedFile]


class Question(TypedDict):
    """One element of ``data`` of ``DongBoHoiDap`` (contract 8.2)."""

    HOIDAPID: str
    MaLinhVuc: str
    NOIDUNG: str
    MADONVI: str
    TENDONVI: str


class Reply(TypedDict):
    """One element of ``data`` of ``DongBoKetQuaHoiDapGuiTuDVCQG`` (contract 8.2)."""

    HOIDAPID: str
    MADONVI: str
    NGUOITRALOI: str
    CHUCVUNGUOITRALOI: str
    NGAYTRALOI: str
    NOIDUNGTRALOI: str


class Evaluation(TypedDict):
    """One element of ``data`` of ``DongBoDanhGia`` (contract 8.3)."""

    NgayTongHop: str
    TongSoNguoiDanhGia: int
    PhanTramDanhGiaRatHaiLong: str
    PhanTramDanhGiaHaiLong: str
    PhanTramDanhGiaChuaHaiLong: str
    DanhSachNoiDungYKien: str
    MaThuTuc: str
    NoiDung: str
    PhanTramDanhGiaDichVuRatHaiLong: str
    PhanTramDanhGiaDichVuHaiLong: str
    PhanTramDanhGiaDichVuChuaHaiLong: str
    Madonvi: str
    TenDonVi: str


_FORMS = (
    SubmittedFile, Fee, OtherPaper, Supplement, ResultPaper, OwnerId, UsedDatabase, Dossier, Step, Outcome, Question,
    Reply, Evaluation,
)  # fmt: skip
KEYS = frozenset(name for form in _FORMS for name in form.__annotations__)
"""Every key of the objects that we write. What else a source sends may mean anything."""


def render(body: object) -> bytes:
    """A request body in UTF-8."""
    return orjson.dumps(body)
