"""
The portal's words in, ours out: dossiers and steps in the layout of contract 6.1 and 6.4.

Lenient where the portal is known to be careless: an array may be missing or null, a number may be text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from connectors.national_portal.code_settings import CodeTables
from connectors.national_portal.rows import Row, count_of, rows_in, text_in, upper
from gateway.errors import InvalidInput, UnknownCode
from gateway.model import (
    Agency,
    Applicant,
    Document,
    Dossier,
    DossierCode,
    DossierStatus,
    FeeLine,
    Identifier,
    Origin,
    OtherPaper,
    ProcedureCode,
    ProcessingStep,
    Result,
    SupplementRound,
)
from gateway.model.text import show
from gateway.model.times import from_wire14

K = TypeVar("K")


class Reader:
    """Reads dossiers and steps in the layout that provinces push (contract 6.1, 6.4, 7.7) into canonical values."""

    def __init__(self, codes: CodeTables) -> None:
        self._channels = _turned(codes.channels)
        self._applicants = _turned(codes.applicants)
        self._identifiers = _turned(codes.identifiers)
        self._deliveries = _turned(codes.result_deliveries)
        self._payments = _turned(codes.online_payments)
        self._moments = _turned(codes.fee_moments)
        self._kinds = _turned(codes.fee_kinds)
        self._reuses = _turned(codes.reuses)
        self._filed_at = _turned(codes.filed_at)

    def dossier(self, element: Mapping[str, Any], *, status_at: datetime | None = None) -> Dossier:
        """
        One element of ``data``. The wire does not say when the status was reached: it is the time that belongs to the
        status, or *status_at*. Raises ``InvalidInput`` or ``pydantic.ValidationError``.
        """
        row = upper(element)
        status = _status(text_in(row, "TRANGTHAIHOSO"), "TrangThaiHoSo")
        times = {name: from_wire14(text_in(row, name.upper()), name) for name in _TIMES}
        reached = times[_TIME_OF_STATUS.get(status, "NgayTiepNhan")] or status_at
        if reached is None:
            raise InvalidInput(
                "NgayTiepNhan",
                "",
                "không cho biết khi nào hồ sơ tới trạng thái này (no time of the status)",
                "Bổ sung ngày (give the date)",
            )
        channel, filed_at = text_in(row, "KENHTHUCHIEN"), text_in(row, "NOINOPHOSO")
        return Dossier(
            code=DossierCode.parse(text_in(row, "MAHOSO")),
            procedure=ProcedureCode.parse(text_in(row, "MATTHC")),
            procedure_name=text_in(row, "TENTTHC") or None,
            status=status,
            status_at=reached,
            channel=_word(self._channels, channel, "KenhThucHien") if channel else None,
            submitted_at=times["NgayNopHoSo"],
            accepted_at=times["NgayTiepNhan"],
            due_at=times["NgayHenTra"],
            completed_at=times["NgayKetThucXuLy"],
            returned_at=times["NgayTra"],
            refused_at=times["NgayTuChoi"],
            applicant=self._applicant(row),
            subject=text_in(row, "TRICHYEUHOSO"),
            agency=Agency(name=text_in(row, "DONVIXULY")),
            result_delivery=_word(self._deliveries, text_in(row, "HINHTHUC"), "HinhThuc"),
            return_note=text_in(row, "THONGTINTRA") or None,
            note=text_in(row, "GHICHU") or None,
            extra=text_in(row, "THONGTINKHAC") or None,
            receipt_number=text_in(row, "SOBIENNHAN") or None,
            documents=tuple(self._document(file) for file in rows_in(row, "TAILIEUNOP")),
            other_papers=tuple(_other_paper(paper) for paper in rows_in(row, "DANHSACHTEPDINHKEMKHAC")),
            fees=tuple(self._fee(line) for line in rows_in(row, "DANHSACHLEPHI")),
            supplements=tuple(self._supplement(each) for each in rows_in(row, "DANHSACHHOSOBOSUNG")),
            results=tuple(_result(paper) for paper in rows_in(row, "DANHSACHGIAYTOKETQUA")),
            account_verified=text_in(row, "TAIKHOANDUOCXACTHUCVOIVNEID") == "1",
            online_payment=_word(
                self._payments, text_in(row, "DUOCTHANHTOANTRUCTUYEN") or "0", "DuocThanhToanTrucTuyen"
            ),
            databases=tuple(text_in(used, "MACSDL") for used in rows_in(row, "DSKETNOICSDL")),
            origin=_word(self._filed_at, filed_at, "NoiNopHoSo") if filed_at else Origin.LOCAL,
        )

    def step(self, element: Mapping[str, Any]) -> ProcessingStep:
        """One element of the timeline."""
        row = upper(element)
        at = from_wire14(text_in(row, "THOIDIEMXULY"), "ThoiDiemXuLy")
        if at is None:
            raise InvalidInput("ThoiDiemXuLy", "", "đang để trống (is empty)", "yyyyMMddHHmmss")
        return ProcessingStep(
            dossier=DossierCode.parse(text_in(row, "MAHOSO")),
            at=at,
            status=_status(text_in(row, "TRANGTHAI"), "TrangThai"),
            officer=text_in(row, "NGUOIXULY"),
            content=text_in(row, "NOIDUNGXULY"),
            title=text_in(row, "CHUCDANH") or None,
            department=text_in(row, "PHONGBANXULY") or None,
            started_at=from_wire14(text_in(row, "NGAYBATDAU"), "NgayBatDau"),
            due_at=from_wire14(text_in(row, "NGAYKETTHUCTHEOQUYDINH"), "NgayKetThucTheoQuyDinh"),
        )

    def _applicant(self, row: Row) -> Applicant:
        return Applicant(
            name=text_in(row, "CHUHOSO"),
            kind=_word(self._applicants, text_in(row, "LOAIDOITUONG"), "LoaiDoiTuong"),
            identifiers=tuple(
                Identifier(
                    kind=_word(self._identifiers, text_in(each, "LOAIDINHDANH"), "LoaiDinhDanh"),
                    number=text_in(each, "SODINHDANH"),
                )
                for each in rows_in(row, "DINHDANHCHS")
            ),
            account_id=text_in(row, "MADOITUONG") or None,
            email=text_in(row, "EMAIL") or None,
            phone=text_in(row, "SODIENTHOAI") or None,
            fax=text_in(row, "FAX") or None,
        )

    def _document(self, file: Row) -> Document:
        return Document(
            name=text_in(file, "TENTEPDINHKEM"),
            url=text_in(file, "DUONGDANTAITEPTIN"),
            id=text_in(file, "TEPDINHKEMID") or None,
            component_code=text_in(file, "MATHANHPHANHOSO") or None,
            deleted=text_in(file, "ISDELETED").casefold() == "true",
            digitised=text_in(file, "DUOCSOHOA") == "1",
            reuse=_word(self._reuses, text_in(file, "DUOCTAISUDUNG") or "0", "DuocTaiSuDung"),
            from_national_store=text_in(file, "DUOCLAYTUKHODMQG") == "1",
            replaces_result=text_in(file, "MAKETQUATHAYTHE") or None,
        )

    def _fee(self, line: Row) -> FeeLine:
        return FeeLine(
            name=text_in(line, "TENPHILEPHI"),
            # "" and "không" are how the portal writes a fee that is not asked (contract 5.4).
            amount=count_of(text_in(line, "GIA")) or 0,
            code=text_in(line, "MAPHILEPHI") or None,
            kind=_word(self._kinds, text_in(line, "LOAIPHILEPHI"), "LoaiPhiLePhi"),
            moment=_word(self._moments, text_in(line, "HINHTHUCTHU"), "HinhThucThu"),
        )

    def _supplement(self, row: Row) -> SupplementRound:
        requested_at = from_wire14(text_in(row, "NGAYBOSUNG"), "NgayBoSung")
        if requested_at is None:
            raise InvalidInput("NgayBoSung", "", "đang để trống (is empty)", "yyyyMMddHHmmss")
        return SupplementRound(
            id=text_in(row, "HOSOBOSUNGID"),
            requested_at=requested_at,
            content=text_in(row, "NOIDUNGBOSUNG"),
            requested_by=text_in(row, "NGUOIYEUCAUBOSUNG") or None,
            received_at=from_wire14(text_in(row, "NGAYTIEPNHANBOSUNG"), "NgayTiepNhanBoSung"),
            received_by=text_in(row, "NGUOITIEPNHANBOSUNG") or None,
            receipt_note=text_in(row, "THONGTINTIEPNHAN") or None,
            due_before=from_wire14(text_in(row, "NGAYHENTRATRUOC"), "NgayHenTraTruoc"),
            due_after=from_wire14(text_in(row, "NGAYHENTRAMOI"), "NgayHenTraMoi"),
            documents=tuple(self._document(file) for file in rows_in(row, "DANHSACHGIAYTOBOSUNG")),
            fees=tuple(self._fee(line) for line in rows_in(row, "DANHSACHLEPHIBOSUNG")),
        )


_TIMES = ("NgayNopHoSo", "NgayTiepNhan", "NgayHenTra", "NgayTra", "NgayTuChoi", "NgayKetThucXuLy")
_TIME_OF_STATUS = {
    DossierStatus.SUBMITTED: "NgayNopHoSo",
    DossierStatus.REFUSED: "NgayTuChoi",
    DossierStatus.FINISHED: "NgayKetThucXuLy",
    DossierStatus.RETURNED: "NgayTra",
}


def _other_paper(row: Row) -> OtherPaper:
    return OtherPaper(
        name=text_in(row, "TENGIAYTO"), quantity=count_of(text_in(row, "SOLUONG")) or 0, kind=text_in(row, "LOAIGIAYTO")
    )


def _result(row: Row) -> Result:
    return Result(
        name=text_in(row, "TENGIAYTO"),
        url=text_in(row, "DUONGDANTEPTINKETQUA"),
        result_code=text_in(row, "MAGIAYTOKETQUA") or None,
        component_code=text_in(row, "MATHANHPHANHOSO") or None,
        id=text_in(row, "GIAYTOID") or None,
    )


def _status(text: str, field: str) -> DossierStatus:
    try:
        return DossierStatus(int(text))
    except ValueError:
        raise UnknownCode(
            field, show(text), "không thuộc danh mục trạng thái (is no status of the list)", "1 … 10 (contract 12.1)"
        ) from None


def _turned(table: Mapping[K, str]) -> dict[str, K]:
    """Codes to words; where several words share a code, the first."""
    turned: dict[str, K] = {}
    for word, code in table.items():
        turned.setdefault(code, word)
    return turned


def _word(table: Mapping[str, K], code: str, field: str) -> K:
    if code not in table:
        raise UnknownCode(
            field, show(code), "không thuộc danh mục (is not in the list)", "Giá trị đúng (right): " + ", ".join(table)
        )
    return table[code]
