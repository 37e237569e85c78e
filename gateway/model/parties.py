"""
Who files and who processes.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import ValidationInfo, field_validator

from gateway.errors import InvalidInput
from gateway.model.codes import AgencyCode
from gateway.model.enums import ApplicantKind, IdentifierKind
from gateway.model.fields import Filled, Private, Record
from gateway.model.identifiers import TaxCode, check_personal
from gateway.model.text import mask_id
from gateway.model.verbatim import as_validation_error

_PASSPORT = re.compile(r"[A-Z0-9]{5,20}", re.ASCII | re.IGNORECASE)

_DIGITS = {IdentifierKind.PERSONAL: 12, IdentifierKind.OLD_CARD: 9}


class Identifier(Record):
    """
    One number that identifies an applicant. The number must fit its kind; placeholders are refused.
    """

    kind: IdentifierKind
    number: Annotated[str, Private]

    @field_validator("number")
    @classmethod
    def _fits_kind(cls, number: str, info: ValidationInfo) -> str:
        kind = info.data.get("kind")
        try:
            return _checked_number(kind, number) if kind is not None else number
        except InvalidInput as refusal:
            raise as_validation_error(refusal) from None


def _checked_number(kind: IdentifierKind, number: str) -> str:
    if kind is IdentifierKind.TAX:
        return TaxCode.parse(number).text
    if kind is IdentifierKind.PASSPORT:
        clean = number.strip()
        if not _PASSPORT.fullmatch(clean):
            raise InvalidInput(
                "số hộ chiếu (passport number)",
                mask_id(clean),
                "không phải 5 đến 20 chữ cái và chữ số (is not 5 to 20 letters and digits)",
                "Ghi đúng như trên hộ chiếu (as printed in the passport)",
            )
        return clean
    clean = number.strip()
    check_personal(clean)
    if len(clean) != _DIGITS[kind]:
        raise InvalidInput(
            "số định danh (identifier)",
            mask_id(clean),
            f"có {len(clean)} chữ số, không khớp loại giấy tờ «{kind}» (does not fit its kind)",
            "12 chữ số là «personal», 9 chữ số là «old_card» (12 digits are personal, 9 an old card)",
        )
    return clean


class Applicant(Record):
    """
    The owner of a dossier (chủ hồ sơ).

    *account_id* is the opaque account on the national portal (TechID). Contact data stays as given.
    """

    name: Annotated[Filled, Private]
    kind: ApplicantKind
    identifiers: tuple[Identifier, ...] = ()
    account_id: Annotated[str | None, Private] = None
    email: Annotated[str | None, Private] = None
    phone: Annotated[str | None, Private] = None
    fax: Annotated[str | None, Private] = None


class Agency(Record):
    """A unit that processes dossiers. The name is the one of the time."""

    name: Filled
    code: AgencyCode | None = None
