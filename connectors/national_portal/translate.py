"""
Our words in, the portal's words out (contract 6, 7.6). Pure; everything is either rendered or refused.

What happened is what is sent: no date, number, code or result is made up, and a status is never turned into another
one. What the portal insists on and we do not have stops the message with a reason that names the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar, cast

from connectors.national_portal import wire
from connectors.national_portal.codes import ELLIPSIS
from connectors.national_portal.rows import Row
from connectors.national_portal.settings import PortalSettings
from connectors.national_portal.tables import Tables
from connectors.national_portal.wording import Misfit, worded
from gateway.errors import Rejected, UnknownCode
from gateway.model import (
    Document,
    Dossier,
    DossierStatus,
    FeeLine,
    Identifier,
    Procedure,
    ProcessingStep,
    Result,
    Reuse,
    SupplementRound,
    Wording,
)
from gateway.model.text import cut, name_key

OUTCOME_FORM = "DongBoTrangThaiHoSo"
STEP_FORM = "CapNhatTienDoHoSoMC"

T = TypeVar("T", bound=Mapping[str, object])

_HANOI = timedelta(hours=7)
_FLAGS = ("0", "1")
_WORDS = ("False", "True")
_STATUSES = {status: str(status.value) for status in DossierStatus}


@dataclass(frozen=True, slots=True)
class Listed:
    """
    A procedure as the portal's catalogue has it. *code* is the form under which the portal knows it, *row* the portal's
    own words, where it was asked.
    """

    code: str
    procedure: Procedure
    row: Row = field(default_factory=dict, repr=False)


def dossier_form(profile: str) -> str:
    """The form of a header, for what a source wrote in it (``Wording``)."""
    return f"DongBoHoSoMC/{profile}"


def moment(value: datetime | None) -> str:
    """
    Fourteen digits of Vietnamese wall time, "" for none (contract 3.2).

    One number in place of six, as formatting is what costs: six times as quick as ``strftime``.
    """
    if value is None:
        return ""
    local = (value if value.tzinfo is UTC else value.astimezone(UTC)) + _HANOI
    day = (local.year * 100 + local.month) * 100 + local.day
    return str(((day * 100 + local.hour) * 100 + local.minute) * 100 + local.second).zfill(14)


class Translator:
    """Renders canonical values by the profile and the tables of the settings."""

    def __init__(self, partner: str, settings: PortalSettings) -> None:
        self._partner = partner
        self._settings = settings
        self._codes = settings.codes
        self._tables = Tables(settings.codes)
        self._v2 = settings.profile == "v2"
        self._form = dossier_form(settings.profile)
        self._limits = settings.length_limits

    def dossier(self, dossier: Dossier, listed: Listed) -> wire.Dossier:
        """
        One element of ``DongBoHoSoMC``. Raises ``Rejected`` when something mandatory is missing or a word has no code.
        """
        try:
            return self._worded(self._dossier(dossier, listed), dossier.wording, self._form)
        except UnknownCode as error:
            raise Rejected(self._partner, "unknown-code", f"{dossier.code}: {error}") from None

    def step(self, step: ProcessingStep) -> wire.Step:
        """One element of ``CapNhatTienDoHoSoMC``."""
        body: wire.Step = {
            "MaHoSo": step.dossier.text,
            "NguoiXuLy": self._cut("NguoiXuLy", step.officer),
            "ChucDanh": step.title or "",
            "ThoiDiemXuLy": moment(step.at),
            "PhongBanXuLy": step.department or "",
            "NoiDungXuLy": step.content,
            "TrangThai": _STATUSES[step.status],
            "NgayBatDau": moment(step.started_at),
            "NgayKetThucTheoQuyDinh": moment(step.due_at),
        }
        return self._worded(body, step.wording, STEP_FORM)

    def outcome(self, dossier: Dossier) -> wire.Outcome | None:
        """
        ``data`` of ``DongBoTrangThaiHoSo``; none when the status is one that the portal itself gave the dossier.
        """
        code = self._codes.outcomes.get(dossier.status)
        if code is None:
            if dossier.status is DossierStatus.SUBMITTED:
                return None
            raise self._missing(
                dossier,
                "TrangThai",
                f"{dossier.status.value} không có mã kết quả / has no outcome code",
                "Thêm dòng vào codes.outcomes / Add a row to codes.outcomes",
            )
        body: wire.Outcome = {
            "MaHoSo": dossier.code.text,
            "MaHoSoDonVi": dossier.local_code or "",
            "MaDoiTuong": dossier.applicant.account_id or "",
            "TrangThai": code,
            "NoiDung": dossier.return_note or dossier.status.label_vi,
            "NgayXuLy": moment(dossier.status_at),
            "TaiLieuXuLy": [
                {
                    "TepDinhKemId": result.id or "",
                    "TenTepDinhKem": self._cut("TenTepDinhKem", result.name),
                    "IsDeleted": "False",
                    "MaThanhPhanHoSo": result.component_code or "",
                    "DuongDanTaiTepTin": result.url,
                }
                for result in dossier.results
            ],
        }
        return self._worded(body, dossier.wording, OUTCOME_FORM)

    def _worded(self, body: T, wording: Wording | None, form: str) -> T:
        if wording is None:
            return body
        try:
            return cast("T", worded(body, wording, form))
        except Misfit:
            raise Rejected(
                self._partner, "wording", "lời của hệ thống nguồn không khớp hồ sơ / the source's own words do not fit"
            ) from None

    def _dossier(self, dossier: Dossier, listed: Listed) -> wire.Dossier:
        tables, applicant, procedure = self._tables, dossier.applicant, listed.procedure
        if not procedure.field_code or not procedure.field_name:
            raise self._missing(
                dossier,
                "MaLinhVuc",
                f"thủ tục {listed.code} trên Cổng chưa có lĩnh vực / the portal lists no field for the procedure",
                "Đề nghị cơ quan công bố bổ sung trên Cổng / Ask the announcing agency to complete it",
            )
        if dossier.accepted_at is None and dossier.status in self._settings.accepted_statuses:
            raise self._missing(
                dossier,
                "NgayTiepNhan",
                f"hồ sơ ở trạng thái {dossier.status.value} mà không có ngày tiếp nhận / is accepted without a date",
                "Bổ sung ngày tiếp nhận trong hệ thống một cửa / Give the acceptance date in the source system",
            )
        body: wire.Dossier = {
            "MaHoSo": dossier.code.text,
            "MaTTHC": listed.code,
            "TenTTHC": procedure.name,
            "MaLinhVuc": procedure.field_code,
            "TenLinhVuc": procedure.field_name,
            "ChuHoSo": applicant.name,
            "LoaiDoiTuong": tables.applicants[applicant.kind],
            "MaDoiTuong": applicant.account_id or "",
            "ThongTinKhac": dossier.extra or "",
            "Email": applicant.email or "",
            "Fax": applicant.fax or "",
            "SoDienThoai": applicant.phone or "",
            "TrichYeuHoSo": self._cut("TrichYeuHoSo", dossier.subject),
            "NgayTiepNhan": moment(dossier.accepted_at),
            "NgayHenTra": moment(dossier.due_at),
            "TrangThaiHoSo": _STATUSES[dossier.status],
            "NgayTra": moment(dossier.returned_at),
            "NgayKetThucXuLy": moment(dossier.completed_at),
            "ThongTinTra": dossier.return_note or "",
            "HinhThuc": tables.result_deliveries[dossier.result_delivery],
            "DonViXuLy": dossier.agency.name,
            "GhiChu": self._cut("GhiChu", dossier.note or ""),
            "TaiLieuNop": [self._file(dossier, document) for document in dossier.documents],
            "DanhSachLePhi": [self._fee(line) for line in dossier.fees],
            "DanhSachTepDinhKemKhac": [
                {
                    "TenGiayTo": self._cut("TenGiayTo", paper.name),
                    "SoLuong": str(paper.quantity),
                    "LoaiGiayTo": self._tables.other_papers[name_key(paper.kind)],
                }
                for paper in dossier.other_papers
            ],
            "DanhSachHoSoBoSung": [self._supplement(dossier, supplement) for supplement in dossier.supplements],
            "DanhSachGiayToKetQua": [self._result(dossier, result, procedure) for result in dossier.results],
        }
        if self._v2:
            self._add_v2(body, dossier)
        else:
            self._add_v1(body, dossier)
        return body

    def _add_v1(self, body: wire.Dossier, dossier: Dossier) -> None:
        body["SoBienNhan"] = dossier.receipt_number or ""
        if not dossier.subject.strip():
            raise self._missing(
                dossier,
                "TrichYeuHoSo",
                "đang để trống / is empty",
                "Bổ sung trích yếu trong hệ thống một cửa / Give the subject in the source system",
            )

    def _add_v2(self, body: wire.Dossier, dossier: Dossier) -> None:
        tables, applicant = self._tables, dossier.applicant
        channel = "" if dossier.channel is None else tables.channels[dossier.channel]
        if dossier.submitted_at is None:
            raise self._missing(
                dossier,
                "NgayNopHoSo",
                "không có ngày nộp / there is no submission date",
                "Bổ sung ngày nộp trong hệ thống một cửa / Give the submission date in the source system",
            )
        if not applicant.identifiers and self._settings.without_identifier == "refuse":
            raise self._missing(
                dossier,
                "SoGiayToChuHoSo",
                "chủ hồ sơ không có số giấy tờ / the owner has no id number",
                'Bổ sung số định danh; không dùng số giả (hoặc without_identifier = "send") / Give the real number',
            )
        refused_at = dossier.refused_at
        if refused_at is None and dossier.status is DossierStatus.REFUSED:
            # The moment at which the status "refused" was reached is the refusal.
            refused_at = dossier.status_at
        # Contract 6.1, 11: the account goes with a dossier that was filed online, and with no other.
        if channel != "2":
            body["MaDoiTuong"] = ""
        body["KenhThucHien"] = channel
        body["SoGiayToChuHoSo"] = applicant.identifiers[0].number if applicant.identifiers else ""
        body["DinhDanhCHS"] = [self._owner_id(identifier) for identifier in applicant.identifiers]
        body["NgayNopHoSo"] = moment(dossier.submitted_at)
        body["NgayTuChoi"] = moment(refused_at)
        body["NoiNopHoSo"] = tables.filed_at[dossier.origin]
        body["HoSoCoThanhPhanSoHoa"] = _FLAGS[dossier.digitised]
        body["TaiKhoanDuocXacThucVoiVNeID"] = _FLAGS[dossier.account_verified]
        body["DuocThanhToanTrucTuyen"] = tables.online_payments[dossier.online_payment]
        body["DSKetNoiCSDL"] = self._databases(dossier)

    def _databases(self, dossier: Dossier) -> list[wire.UsedDatabase]:
        if dossier.databases:
            return [{"MaCSDL": self._tables.databases[name]} for name in dossier.databases]
        if self._settings.no_database_code is None:
            raise self._missing(
                dossier,
                "DSKetNoiCSDL",
                "không khai thác cơ sở dữ liệu nào / no database was used",
                "Đặt no_database_code nếu Cổng có mã cho trường hợp này / Set it if the portal has a code for that",
            )
        return [{"MaCSDL": self._settings.no_database_code}]

    def _owner_id(self, identifier: Identifier) -> wire.OwnerId:
        return {
            "LoaiDinhDanh": self._tables.identifiers[identifier.kind],
            "SoDinhDanh": identifier.number,
        }

    def _file(self, dossier: Dossier, document: Document) -> wire.SubmittedFile:
        file: wire.SubmittedFile = {
            "TepDinhKemId": document.id or "",
            "TenTepDinhKem": self._cut("TenTepDinhKem", document.name),
            "IsDeleted": _WORDS[document.deleted],
            "MaThanhPhanHoSo": document.component_code or "",
            "DuongDanTaiTepTin": document.url,
        }
        if not self._v2:
            if not document.id:
                raise self._missing(
                    dossier,
                    "TepDinhKemId",
                    "tệp không có id / a file has no id",
                    "Giữ id cố định cho mỗi tệp ở hệ thống nguồn / Keep a stable id per file in the source system",
                )
            return file
        if document.reuse is Reuse.RESULT and not document.replaces_result:
            raise self._missing(
                dossier,
                "MaKetQuaThayThe",
                "tái sử dụng kết quả mà thiếu mã / a result is reused without its code",
                "Bổ sung mã kết quả thay thế / Give the code of the replacing result",
            )
        file["DuocSoHoa"] = _FLAGS[document.digitised]
        file["DuocTaiSuDung"] = self._tables.reuses[document.reuse]
        file["DuocLayTuKhoDMQG"] = _FLAGS[document.from_national_store]
        file["MaKetQuaThayThe"] = document.replaces_result or ""
        return file

    def _fee(self, line: FeeLine) -> wire.Fee:
        kind = self._tables.fee_kinds[line.kind]
        return {
            "TenPhiLePhi": line.name,
            "MaPhiLePhi": line.code or kind,
            "HinhThucThu": self._tables.fee_moments[line.moment],
            "Gia": str(line.amount),
            "LoaiPhiLePhi": kind,
        }

    def _supplement(self, dossier: Dossier, supplement: SupplementRound) -> wire.Supplement:
        return {
            "HoSoBoSungId": supplement.id,
            "NguoiYeuCauBoSung": supplement.requested_by or "",
            "NoiDungBoSung": supplement.content,
            "NgayBoSung": moment(supplement.requested_at),
            "NguoiTiepNhanBoSung": supplement.received_by or "",
            "ThongTinTiepNhan": supplement.receipt_note or "",
            "NgayTiepNhanBoSung": moment(supplement.received_at),
            "TrangThaiBoSung": self._codes.supplement_done if supplement.completed else self._codes.supplement_open,
            "DanhSachGiayToBoSung": [self._file(dossier, document) for document in supplement.documents],
            "DanhSachLePhiBoSung": [self._fee(line) for line in supplement.fees],
            "NgayHenTraTruoc": moment(supplement.due_before),
            "NgayHenTraMoi": moment(supplement.due_after),
        }

    def _result(self, dossier: Dossier, result: Result, procedure: Procedure) -> wire.ResultPaper:
        paper: wire.ResultPaper = {
            "TenGiayTo": self._cut("TenGiayTo", result.name),
            "MaThanhPhanHoSo": result.component_code or "",
            "GiayToId": result.id or "",
            "DuongDanTepTinKetQua": result.url,
        }
        if self._v2:
            paper["MaGiayToKetQua"] = result.result_code or self._code_of_result(dossier, result, procedure)
        return paper

    def _code_of_result(self, dossier: Dossier, result: Result, procedure: Procedure) -> str:
        """The code under which the portal lists a result of exactly this name (contract 5.4); never a guess."""
        key = name_key(result.name)
        for known in procedure.results:
            if known.code and known.name and name_key(known.name) == key:
                return known.code
        raise self._missing(
            dossier,
            "MaGiayToKetQua",
            "giấy tờ kết quả không có mã / a result paper has no code",
            f"Bổ sung mã kết quả như thủ tục {procedure.code} công bố / Give the code that the procedure announces",
        )

    def _cut(self, field: str, text: str) -> str:
        limit = self._limits.get(field)
        if limit is None or len(text) <= limit:
            return text
        return cut(text, limit, ELLIPSIS.get(field, ""))

    def _missing(self, dossier: Dossier, field: str, reason: str, remedy: str) -> Rejected:
        return Rejected(self._partner, "incomplete", f"{dossier.code}: {field} {reason}. {remedy}")
