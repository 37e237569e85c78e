"""
What we answer to the portal (contract 7): the words of every answer, and why a call cannot be taken.
"""

from __future__ import annotations

from enum import IntEnum

import orjson

from gateway.model import Dossier, DossierStatus
from gateway.ports import Said


class Code(IntEnum):
    """``error_code`` of our answers (contract 7)."""

    DONE = 0
    DUPLICATE = 1
    FAILED = -1


class Unreadable(Exception):
    """The body is no JSON object: HTTP 500 with plain text (contract 7)."""


class Refused(Exception):
    """The message cannot be taken; *answer* says so to the portal, *said* to ourselves."""

    def __init__(self, number: str, text: str, said: Said = Said.REFUSED) -> None:
        super().__init__(number, text)
        self.number = number
        self.said = said
        self.answer = answer(Code.FAILED, number, text)


def answer(code: Code, number: str, text: str) -> bytes:
    """The answer to every call but a look-up: HTTP 200 with this body (contract 7)."""
    return orjson.dumps({"error_code": int(code), "message": f"{number}| {text}"})


def found(
    dossier: Dossier, *, procedure_name: str, field_code: str, field_name: str, kind: str, delivery: str
) -> bytes:
    """The answer to a look-up of a dossier that we have (contract 7.4)."""
    return orjson.dumps(
        {
            "MaHoSo": dossier.code.text,
            "MaTTHC": dossier.procedure.text,
            "TenTTHC": procedure_name,
            "MaLinhVuc": field_code,
            "TenLinhVuc": field_name,
            "LoaiDoiTuong": kind,
            "TrangThaiHoSo": str(DossierStatus(dossier.status).value),
            "HinhThuc": delivery,
            "DonViXuLy": dossier.agency.name,
        }
    )


def not_found() -> bytes:
    """The answer to a look-up of a dossier that we do not have: the code is a string here (contract 7.4)."""
    return orjson.dumps({"error_code": "-1", "message": "masohoso not found"})
