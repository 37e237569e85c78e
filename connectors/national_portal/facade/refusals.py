"""
Why something is not taken, in the portal's words: the field by its name on the wire, its value masked where personal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from connectors.national_portal.dialect.answers import SYSTEM_ERROR, Answer, invalid, unknown_procedure
from connectors.national_portal.preview import shown
from gateway.errors import DeliveryError, InvalidInput
from gateway.model import explain
from gateway.model.codes import AGENCY_FIELD, DOSSIER_FIELD, PROCEDURE_FIELD
from gateway.model.text import show

_STEP: Final = re.compile(r"([^.\[\]]+)(?:\[(\d+)\])?")

_NAMES: Final[Mapping[tuple[str, str], str]] = {
    ("Dossier", "code"): "MaHoSo",
    ("Dossier", "procedure"): "MaTTHC",
    ("Dossier", "status"): "TrangThaiHoSo",
    ("Dossier", "due_at"): "NgayHenTra",
    ("Dossier", "completed_at"): "NgayKetThucXuLy",
    ("Dossier", "returned_at"): "NgayTra",
    ("Dossier", "refused_at"): "NgayTuChoi",
    ("Identifier", "number"): "DinhDanhCHS.SoDinhDanh",
    ("Applicant", "name"): "ChuHoSo",
    ("Document", "name"): "TenTepDinhKem",
    ("Document", "url"): "DuongDanTaiTepTin",
    ("Result", "name"): "TenGiayTo",
    ("Result", "url"): "DuongDanTepTinKetQua",
    ("OtherPaper", "name"): "DanhSachTepDinhKemKhac.TenGiayTo",
    ("FeeLine", "name"): "TenPhiLePhi",
    ("Agency", "name"): "DonViXuLy",
    ("SupplementRound", "id"): "HoSoBoSungId",
    ("ProcessingStep", "officer"): "NguoiXuLy",
    ("", DOSSIER_FIELD): "MaHoSo",
    ("", AGENCY_FIELD): "MaHoSo",
    ("", PROCEDURE_FIELD): "MaTTHC",
    ("Step", "status"): "TrangThai",
}


def of_field(field: str, item: Mapping[str, Any]) -> Answer:
    """The field at the path *field*, with the value that *item* has there."""
    value = _value(item, field)
    name = field.rpartition(".")[2]
    if not isinstance(value, str | int | float) or value == "":
        return invalid(field)
    return invalid(f"{field} «{show(shown(name, str(value)))}»")


def of_input(error: InvalidInput, kind: str = "") -> Answer:
    """A refusal of the model: *kind* is the value that was built."""
    name = _NAMES.get((kind, error.field)) or _NAMES.get(("", error.field), error.field)
    # Where a value may not be shown, its length stands in its place, which says nothing to a one-stop system.
    value = "" if error.shown.startswith("…") or not error.shown else f" «{error.shown}»"
    return invalid(f"{name}{value}: {error.reason}")


def of_validation(error: ValidationError) -> Answer:
    """The first mistake of a value that could not be built."""
    return of_input(explain(error)[0], error.title)


def of_procedure(code: str) -> Answer:
    """The portal does not list *code* (contract 13.2)."""
    return unknown_procedure(show(code))


def of_delivery(error: DeliveryError) -> Answer:
    """The portal itself cannot be asked, and nothing is remembered."""
    return Answer(
        SYSTEM_ERROR.code,
        f"{SYSTEM_ERROR.message}: chưa hỏi được Cổng DVCQG ({error.code}), và chưa có dữ liệu lưu / "
        "the portal cannot be asked now, and nothing is remembered",
    )


def of_relay(error: DeliveryError) -> Answer:
    """What was to be told at once was not, or nobody knows; an outcome may be told again (contract 7.6)."""
    return Answer(
        SYSTEM_ERROR.code,
        f"{SYSTEM_ERROR.message}: chưa rõ Cổng DVCQG đã nhận ({error.code}), hãy gửi lại / "
        "it is not known that the portal has it, send it again",
    )


NOT_TAKEN: Final = Answer(
    SYSTEM_ERROR.code, f"{SYSTEM_ERROR.message}: chưa nhận, hãy gửi lại sau / not taken, send it again later"
)
NOT_LOOKED_AT: Final = Answer(
    -4, "Sai mật khẩu quá nhiều lần, hãy thử lại sau một phút / too many wrong passwords, try again in a minute"
)


def _value(item: Mapping[str, Any], field: str) -> object:
    value: object = item
    for found in _STEP.finditer(field):
        value = value.get(found[1]) if isinstance(value, Mapping) else None
        if found[2] is not None:
            value = value[int(found[2])] if isinstance(value, list) and int(found[2]) < len(value) else None
    return value
