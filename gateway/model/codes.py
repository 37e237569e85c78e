"""
Codes of agencies, dossiers and procedures.

Layouts: QCVN 102:2016/BTTTT and QĐ 20/2020/QĐ-TTg for agencies, ``mappings/codes/dossier_code_formats.csv`` for
dossiers, national_portal contract 3.1 for procedures.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from gateway.errors import InvalidInput
from gateway.model.text import show
from gateway.model.verbatim import Verbatim, given_text

_FORWARD = re.compile(r"[A-Z]\d{2}(?:\.\d{2,3}){0,4}", re.ASCII)
_REVERSE = re.compile(r"\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}", re.ASCII)
_REVERSE_WIDTHS = (3, 2, 2, 3)

AGENCY_FIELD = "mã định danh cơ quan (agency code)"
DOSSIER_FIELD = "mã hồ sơ (dossier code)"
PROCEDURE_FIELD = "mã thủ tục (procedure code)"


class AgencyCode(Verbatim):
    """
    An agency's electronic code, in the old order (``000.17.22.H56``) or the new one (``H56.22.17``).

    Both orders of one agency are equal.
    """

    __slots__ = ("forward", "reverse")

    forward: str
    """New order, level 1 first, upper case."""
    reverse: str | None
    """Old order, or none when the code has parts that the old layout cannot hold."""

    @classmethod
    def parse(cls, text: str) -> AgencyCode:
        return _agency(given_text(AGENCY_FIELD, text))

    @property
    def province(self) -> str:
        """Level 1: ``H27`` a province, ``G22`` a ministry, ``K54`` a people's council."""
        return self.forward[:3]

    @property
    def old_order(self) -> bool:
        """Whether it was written in the old order."""
        return self.text[0].isdigit()


@lru_cache(maxsize=4096)
def _agency(text: str) -> AgencyCode:
    upper = text.upper() if text.isascii() else ""
    if _FORWARD.fullmatch(upper):
        return AgencyCode(text=text, key=upper, forward=upper, reverse=_to_reverse(upper))
    if _REVERSE.fullmatch(upper):
        forward = ".".join(part for part in reversed(upper.split(".")) if part.strip("0"))
        return AgencyCode(text=text, key=forward, forward=forward, reverse=upper)
    raise InvalidInput(
        AGENCY_FIELD,
        show(text),
        "không đúng cấu trúc (does not have the layout of an agency code)",
        "Ví dụ đúng: H27.01 (thứ tự mới) hoặc 000.00.01.H27 (thứ tự cũ) (right: new or old order)",
    )


def _to_reverse(forward: str) -> str | None:
    parts = forward.split(".")
    fits = len(parts) <= len(_REVERSE_WIDTHS) and all(
        len(part) == width and part.strip("0") for part, width in zip(parts, _REVERSE_WIDTHS, strict=False)
    )
    if not fits:
        return None
    zeros = ["0" * width for width in _REVERSE_WIDTHS[len(parts) :]]
    return ".".join(reversed([*parts, *zeros]))


# (agency in the old order, digits of the date, digits of the serial) -> id in dossier_code_formats.csv
_LAYOUTS: dict[tuple[bool, int, int], str] = {
    (True, 6, 4): "qcvn102-reverse",
    (False, 6, 4): "qd20-forward",
    (False, 6, 5): "local-5",
    (False, 6, 6): "central-6/7",
    (False, 6, 7): "central-6/7",
    (False, 8, 7): "central-8date",
}
_DOSSIER = re.compile(r"([^-\s]+)-(\d+)-(\d+)", re.ASCII)
_DOSSIER_REMEDY = (
    "Cấu trúc: <mã cơ quan>-<ngày tiếp nhận yyMMdd>-<số thứ tự>, ví dụ H56.14-240823-0001 "
    "(agency code, acceptance date, serial)"
)


class DossierCode(Verbatim):
    """
    The one code of a dossier, printed on the appointment slip (NĐ 118/2025 Đ17.3).

    Stored and printed as received, compared without case. The agency in it may be one that no longer exists.
    """

    __slots__ = ("accepted_on", "agency", "layout", "serial")

    agency: AgencyCode
    accepted_on: date
    """Acceptance day in Viet Nam."""
    serial: str
    layout: str
    """Id of the layout in ``dossier_code_formats.csv``."""

    @classmethod
    def parse(cls, text: str) -> DossierCode:
        return _dossier(given_text(DOSSIER_FIELD, text))

    @property
    def is_alias(self) -> bool:
        """Whether it has the five-digit form that some local systems make up: never a primary key."""
        return self.layout == "local-5" and self.agency.forward.startswith("H")


@lru_cache(maxsize=16384)
def _dossier(text: str) -> DossierCode:
    found = _DOSSIER.fullmatch(text)
    if found is None:
        raise InvalidInput(
            DOSSIER_FIELD,
            show(text),
            "không gồm đúng ba phần nối bằng dấu gạch ngang (is not three parts joined by hyphens)",
            _DOSSIER_REMEDY,
        )
    agency_text, day, serial = found.groups()
    try:
        agency = _agency(agency_text)
    except InvalidInput as refusal:
        raise InvalidInput(
            DOSSIER_FIELD,
            show(text),
            f"có phần cơ quan «{show(agency_text)}» không phải mã cơ quan (its agency part is no agency code)",
            refusal.remedy,
        ) from None
    layout = _LAYOUTS.get((agency.old_order, len(day), len(serial)))
    if layout is None:
        raise InvalidInput(
            DOSSIER_FIELD,
            show(text),
            f"có ngày {len(day)} chữ số và số thứ tự {len(serial)} chữ số, không thuộc cấu trúc nào đã biết "
            "(no known layout has such a date and serial)",
            "Các cấu trúc đúng: ngày 6 chữ số với số thứ tự 4, 6 hoặc 7 chữ số (5 chữ số chỉ là bí danh); "
            "ngày 8 chữ số với số thứ tự 7 chữ số (accepted layouts)",
        )
    return DossierCode(
        text=text, key=text.upper(), agency=agency, accepted_on=_day(day, text), serial=serial, layout=layout
    )


def _day(digits: str, text: str) -> date:
    century = 2000 if len(digits) == 6 else 0
    try:
        return date(century + int(digits[:-4]), int(digits[-4:-2]), int(digits[-2:]))
    except ValueError:
        raise InvalidInput(
            DOSSIER_FIELD,
            show(text),
            f"có ngày tiếp nhận {digits[-2:]}/{digits[-4:-2]} không tồn tại (its acceptance date does not exist)",
            "Kiểm tra lại mã trên giấy tiếp nhận (check the code on the appointment slip)",
        ) from None


_PROCEDURE = re.compile(r"(\d\.\d{6})(?:\.((?:\d{3}\.\d{2}\.\d{2}\.)?[A-Z]\d{2}))?", re.ASCII)
_DELETED_MARK = re.compile(r"[-_. ]?(x[oóo]a|xoá|deleted?|h[uủ]y)$", re.IGNORECASE)


class ProcedureCode(Verbatim):
    """
    A procedure's national code, with the agency suffix that some partners append (``1.001193.000.00.00.H56``).

    The suffix is kept as received; both orders of it compare equal.
    """

    __slots__ = ("base", "suffix")

    base: str
    """National part, ``1.001193``."""
    suffix: AgencyCode | None

    @classmethod
    def parse(cls, text: str) -> ProcedureCode:
        return _procedure(given_text(PROCEDURE_FIELD, text))


@lru_cache(maxsize=8192)
def _procedure(text: str) -> ProcedureCode:
    found = _PROCEDURE.fullmatch(text.upper()) if text.isascii() else None
    if found is None:
        reason, remedy = _why_no_procedure(text)
        raise InvalidInput(PROCEDURE_FIELD, show(text), reason, remedy)
    base = found[1]
    suffix = _agency(text[len(base) + 1 :]) if found[2] else None
    key = base if suffix is None else f"{base}.{suffix.key}"
    return ProcedureCode(text=text, key=key, base=base, suffix=suffix)


def _why_no_procedure(text: str) -> tuple[str, str]:
    """The trouble seen in real procedure lists, each named; nothing is repaired by guessing."""
    if _DELETED_MARK.search(text):
        return (
            "mang dấu đã xóa, hệ thống nguồn không còn dùng mã này (carries a mark of deletion)",
            "Dùng mã đang công bố của thủ tục, đừng chỉ cắt bỏ phần đuôi (use the code now in force)",
        )
    if re.match(r"\d,\d", text):
        return (
            "dùng dấu phẩy thay cho dấu chấm (has a comma where a dot belongs)",
            f"Có phải {show(text.replace(',', '.', 1))}? Định dạng cột mã là văn bản (format the code column as text)",
        )
    if re.fullmatch(r"\d{7}", text, re.ASCII):
        return (
            "thiếu dấu chấm sau chữ số đầu (lacks the dot after the first digit)",
            f"Có phải {text[0]}.{text[1:]}? (is this the code meant?)",
        )
    if found := re.match(r"\d\.(\d+)(?=\.|$)", text, re.ASCII):
        count = len(found[1])
        if count < 6:
            return (
                f"chỉ có {count} chữ số sau dấu chấm, cần đúng 6 (has {count} digits after the dot, 6 are needed)",
                "Bảng tính có thể đã bỏ số 0: lấy lại mã gốc (a spreadsheet may have dropped zeros: take the original)",
            )
        if count > 6:
            return (
                f"có {count} chữ số sau dấu chấm, cần đúng 6 (has {count} digits after the dot, 6 are needed)",
                "Thừa chữ số; đối chiếu với danh mục thủ tục (a digit too many: compare with the procedure list)",
            )
        return (
            "có phần đuôi không phải mã cơ quan cấp 1 (has a suffix that is no level-1 agency code)",
            "Ví dụ đúng: 1.001193, 1.001193.H56 hoặc 1.001193.000.00.00.H56 (right values)",
        )
    return (
        "không đúng cấu trúc n.nnnnnn (does not have the form n.nnnnnn)",
        "Ví dụ đúng: 1.001193 hoặc 1.001193.000.00.00.H56 (right values)",
    )
