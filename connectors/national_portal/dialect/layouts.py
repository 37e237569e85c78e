"""
What a pushed object must look like: mandatory fields, formats, lengths (contract 6.1, 6.2, 6.4, 7.6, 3.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Protocol

from connectors.national_portal.dialect import lists
from connectors.national_portal.dialect.formats import (
    is_boolean,
    is_dossier_code,
    is_link,
    is_moment,
    is_number,
    is_procedure_code,
)
from connectors.national_portal.dialect.layout import Item, Layout, Need, Rows, Rule, Scalar


class Rules(Protocol):
    """What public material leaves open about the objects, as whoever takes them has it."""

    @property
    def profile(self) -> Literal["v1", "v2"]: ...
    @property
    def acceptance_date(self) -> Literal["when-accepted", "always", "never"]: ...
    @property
    def step_text(self) -> Literal["present", "filled"]: ...
    @property
    def paper_kinds(self) -> frozenset[str]: ...
    @property
    def identifier_kinds(self) -> frozenset[str]: ...
    @property
    def databases(self) -> frozenset[str]: ...
    @property
    def fee_moments(self) -> frozenset[str]: ...
    @property
    def fee_kinds(self) -> frozenset[str]: ...
    @property
    def online_payments(self) -> frozenset[str]: ...
    @property
    def outcome_statuses(self) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True)
class Layouts:
    """The layouts of one profile."""

    dossier: Layout
    step: Layout
    outcome: Layout


def layouts(rules: Rules) -> Layouts:
    """The layouts that *rules* describe."""
    v2 = rules.profile == "v2"
    new = Need.FILLED if v2 else Need.OPTIONAL
    old = Need.OPTIONAL if v2 else Need.FILLED
    files = _files(new, old)
    fees = _fees(rules)
    return Layouts(dossier=_dossier(rules, files, fees, new, old), step=_step(rules), outcome=_outcome(rules))


def _files(new: Need, old: Need) -> Layout:
    return Layout(
        (
            Scalar("TepDinhKemId", old),
            Scalar("TenTepDinhKem", Need.FILLED, limit=4000),
            Scalar("IsDeleted", old, lists.WORDS.__contains__),
            Scalar("MaThanhPhanHoSo", Need.PRESENT),
            Scalar("DuongDanTaiTepTin", Need.FILLED, is_link),
            Scalar("DuocSoHoa", new, lists.FLAGS.__contains__),
            Scalar("DuocTaiSuDung", new, lists.REUSES.__contains__),
            Scalar("DuocLayTuKhoDMQG", check=lists.FLAGS.__contains__),
            Scalar("MaKetQuaThayThe"),
        )
    )


def _fees(rules: Rules) -> Layout:
    return Layout(
        (
            Scalar("TenPhiLePhi"),
            Scalar("MaPhiLePhi"),
            Scalar("HinhThucThu", check=rules.fee_moments.__contains__),
            Scalar("Gia", check=is_number),
            Scalar("LoaiPhiLePhi", check=rules.fee_kinds.__contains__),
        )
    )


def _supplements(files: Layout, fees: Layout) -> Layout:
    return Layout(
        (
            Scalar("HoSoBoSungId", Need.FILLED),
            Scalar("NguoiYeuCauBoSung"),
            Scalar("NoiDungBoSung"),
            Scalar("NgayBoSung", check=is_moment),
            Scalar("NguoiTiepNhanBoSung"),
            Scalar("ThongTinTiepNhan"),
            Scalar("NgayTiepNhanBoSung", check=is_moment),
            Scalar("TrangThaiBoSung", check=is_boolean),
            Scalar("NgayHenTraTruoc", check=is_moment),
            Scalar("NgayHenTraMoi", check=is_moment),
        ),
        (Rows("DanhSachGiayToBoSung", files), Rows("DanhSachLePhiBoSung", fees)),
    )


def _results(new: Need, old: Need) -> Layout:
    return Layout(
        (
            Scalar("TenGiayTo", Need.FILLED, limit=2000),
            Scalar("MaThanhPhanHoSo", Need.PRESENT if old is Need.FILLED else Need.OPTIONAL),
            Scalar("GiayToId", old),
            Scalar("DuongDanTepTinKetQua", Need.FILLED, is_link),
            Scalar("MaGiayToKetQua", new),
        )
    )


def _other_papers(rules: Rules) -> Layout:
    return Layout(
        (
            Scalar("TenGiayTo"),
            Scalar("SoLuong", check=is_number),
            Scalar("LoaiGiayTo", check=rules.paper_kinds.__contains__),
        )
    )


def _identifiers(rules: Rules) -> Layout:
    return Layout(
        (
            Scalar("LoaiDinhDanh", Need.FILLED, rules.identifier_kinds.__contains__),
            Scalar("SoDinhDanh", Need.FILLED),
        ),
        also_well_formed=_identifier_digits,
    )


def _identifier_digits(item: Item) -> str | None:
    """12.8: kind 1 has 12 digits, kind 2 has 9."""
    digits = {"1": 12, "2": 9}.get(str(item["LoaiDinhDanh"]))
    number = str(item["SoDinhDanh"])
    return "SoDinhDanh" if digits is not None and not (len(number) == digits and is_number(number)) else None


def _dossier(rules: Rules, files: Layout, fees: Layout, new: Need, old: Need) -> Layout:
    v2 = rules.profile == "v2"
    return Layout(
        (
            Scalar("MaHoSo", Need.FILLED, is_dossier_code),
            Scalar("MaTTHC", Need.FILLED, is_procedure_code),
            Scalar("TenTTHC", Need.FILLED),
            Scalar("MaLinhVuc", Need.FILLED),
            Scalar("TenLinhVuc", Need.FILLED),
            Scalar("SoBienNhan"),
            Scalar("KenhThucHien", check=lists.CHANNELS.__contains__),
            Scalar("ChuHoSo"),
            Scalar("SoGiayToChuHoSo", new),
            Scalar("LoaiDoiTuong", Need.FILLED, lists.APPLICANT_KINDS.__contains__),
            Scalar("MaDoiTuong"),
            Scalar("ThongTinKhac"),
            Scalar("Email"),
            Scalar("Fax"),
            Scalar("SoDienThoai"),
            Scalar("TrichYeuHoSo", old, limit=1000),
            Scalar("NgayNopHoSo", new, is_moment),
            Scalar("NgayTiepNhan", Need.PRESENT, is_moment),
            Scalar("NgayHenTra", Need.OPTIONAL if v2 else Need.PRESENT, is_moment),
            Scalar("TrangThaiHoSo", Need.FILLED, lists.STATUSES.__contains__),
            Scalar("NgayTra", check=is_moment),
            Scalar("NgayTuChoi", check=is_moment),
            Scalar("NgayKetThucXuLy", check=is_moment),
            Scalar("ThongTinTra"),
            Scalar("HinhThuc", Need.FILLED, lists.RETURN_FORMS.__contains__),
            Scalar("DonViXuLy", Need.FILLED),
            Scalar("GhiChu", limit=2000),
            Scalar("NoiNopHoSo", new, lists.FILING_PLACES.__contains__),
            Scalar("HoSoCoThanhPhanSoHoa", new, lists.FLAGS.__contains__),
            Scalar("TaiKhoanDuocXacThucVoiVNeID", new, lists.FLAGS.__contains__),
            Scalar("DuocThanhToanTrucTuyen", new, rules.online_payments.__contains__),
        ),
        (
            Rows("DinhDanhCHS", _identifiers(rules), new),
            Rows("TaiLieuNop", files),
            Rows("DanhSachLePhi", fees),
            Rows("DanhSachTepDinhKemKhac", _other_papers(rules)),
            Rows("DanhSachHoSoBoSung", _supplements(files, fees)),
            Rows("DanhSachGiayToKetQua", _results(new, old)),
            Rows("DSKetNoiCSDL", Layout((Scalar("MaCSDL", Need.FILLED, rules.databases.__contains__),)), new),
        ),
        also_filled=_conditional(rules),
    )


_ACCEPTED: Final = frozenset({"2", "4", "8", "9", "10"})


def _conditional(rules: Rules) -> Rule:
    """
    Dates that a status demands.

    A dossier that nobody accepted has no acceptance date, and section 16 knows dossiers without one; inventing one
    would be worse than leaving it empty.
    """
    v2 = rules.profile == "v2"

    def rule(item: Item) -> str | None:
        status = str(item["TrangThaiHoSo"])
        wanted = rules.acceptance_date == "always" or (rules.acceptance_date == "when-accepted" and status in _ACCEPTED)
        if wanted and item["NgayTiepNhan"] == "":
            return "NgayTiepNhan"
        if v2 and status == "3" and not item.get("NgayTuChoi"):
            return "NgayTuChoi"
        return None

    return rule


def _step(rules: Rules) -> Layout:
    return Layout(
        (
            Scalar("MaHoSo", Need.FILLED, is_dossier_code),
            Scalar("NguoiXuLy", Need.FILLED, limit=50),
            Scalar("ChucDanh"),
            Scalar("ThoiDiemXuLy", Need.FILLED, is_moment),
            Scalar("PhongBanXuLy"),
            Scalar("NoiDungXuLy", Need.FILLED if rules.step_text == "filled" else Need.PRESENT),
            Scalar("TrangThai", Need.FILLED, lists.STATUSES.__contains__),
            Scalar("NgayBatDau", check=is_moment),
            Scalar("NgayKetThucTheoQuyDinh", check=is_moment),
        )
    )


def _outcome(rules: Rules) -> Layout:
    files = Layout(
        (
            Scalar("TepDinhKemId", Need.NULLABLE),
            Scalar("TenTepDinhKem", Need.FILLED, limit=4000),
            Scalar("IsDeleted", check=lists.WORDS.__contains__),
            Scalar("MaThanhPhanHoSo"),
            Scalar("DuongDanTaiTepTin", Need.FILLED, is_link),
        )
    )
    return Layout(
        (
            Scalar("MaHoSo", Need.FILLED),
            Scalar("MaHoSoDonVi", Need.FILLED),
            Scalar("MaDoiTuong", Need.PRESENT),
            Scalar("TrangThai", Need.FILLED, rules.outcome_statuses.__contains__),
            Scalar("NoiDung", Need.PRESENT),
            Scalar("NgayXuLy", Need.FILLED, is_moment),
        ),
        (Rows("TaiLieuXuLy", files),),
    )
