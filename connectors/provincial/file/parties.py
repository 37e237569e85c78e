"""The people and the unit of a dossier row."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from connectors.provincial.file.cells import Place, RowReader
from connectors.provincial.file.mapping import FileMapping
from connectors.provincial.file.words import did_you_mean, folded
from gateway.errors import UnknownCode
from gateway.model import Agency, AgencyCode, Applicant, ApplicantKind, Identifier, IdentifierKind, explain
from gateway.model.text import show

_KINDS = {
    "personal_id": IdentifierKind.PERSONAL,
    "old_card": IdentifierKind.OLD_CARD,
    "passport": IdentifierKind.PASSPORT,
    "tax_code": IdentifierKind.TAX,
}
_CONTACT = ("account_id", "email", "phone", "fax")


def read_applicant(reader: RowReader, at: Mapping[str, Place], mapping: FileMapping) -> Applicant | None:
    """The owner of the dossier; every fault stays with the reader."""
    name = reader.needed(at["applicant_name"], "tên chủ hồ sơ")
    words = mapping.words["applicant_kind"]
    kind = reader.parsed(at["applicant_kind"], lambda raw: ApplicantKind(words.meaning(raw)), "đối tượng")
    identifiers = []
    for field in ("identifier", *_KINDS):
        if field in at:
            found = _identifier(reader, field, at[field], omit=mapping.omit_bad_identifiers)
            if found is not None and found not in identifiers:
                identifiers.append(found)
    contact = {field: reader.text(at[field]) for field in _CONTACT if field in at}
    if name is None or kind is None:
        return None
    return Applicant(name=name, kind=kind, identifiers=tuple(identifiers), **contact)


def _identifier(reader: RowReader, field: str, place: Place, *, omit: bool) -> Identifier | None:
    number = reader.text(place)
    if number is None:
        return None
    try:
        return Identifier(kind=_KINDS[field] if field in _KINDS else _kind_of(number), number=number)
    except ValidationError as error:
        # A wrong number is left out rather than sent (integrity_rules.csv 8), when the operator chose so.
        if not omit:
            for refusal in explain(error):
                reader.fault(place, refusal)
        return None


def _kind_of(number: str) -> IdentifierKind:
    digits = number.replace("-", "")
    if not digits.isdigit():
        return IdentifierKind.PASSPORT
    if len(digits) in (10, 13):
        return IdentifierKind.TAX
    return IdentifierKind.OLD_CARD if len(digits) == 9 else IdentifierKind.PERSONAL


def read_agency(reader: RowReader, at: Mapping[str, Place], mapping: FileMapping) -> Agency | None:
    """The processing unit: its code from its column, else by name from the table ``[agencies]``."""
    name = reader.needed(at["agency_name"], "đơn vị xử lý")
    code = reader.parsed(at.get("agency_code"), AgencyCode.parse)
    if name is None:
        return None
    if code is None and mapping.agencies:
        code = reader.parsed(at["agency_name"], lambda raw: _agency_by_name(raw, mapping.agencies))
    return Agency(name=name, code=code)


def _agency_by_name(name: str, agencies: Mapping[str, str]) -> AgencyCode:
    code = agencies.get(folded(name))
    if code is None:
        remedy = did_you_mean(name, agencies, "Thêm tên này vào bảng [agencies] của tệp ánh xạ")
        raise UnknownCode("đơn vị xử lý", show(name), "không có trong bảng [agencies]", remedy)
    return AgencyCode.parse(code)
