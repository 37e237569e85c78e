"""
Notices of land tax in a call of the portal: a file of XML within the JSON (contract 7.3).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from lxml import etree

from connectors.national_portal.inbound.answers import Refused

MOST_XML_BYTES = 8 * 1024 * 1024
MOST_XML_DEPTH = 16
MOST_NOTICES = 2000
"""Of one message, which is one commit that others wait for."""
MOST_NAME = 100
"""Characters of a number that something is known by; a database's index bears no endless ones."""
_MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class TaxNotice:
    """One land-tax notice; dossier, tax code and decision together identify it (contract 7.3)."""

    dossier: str
    tax_code: str = field(repr=False)
    decision: str
    decided_on: date | None
    item: str
    amount: int = field(repr=False)

    @property
    def identity(self) -> tuple[str, str, str]:
        return (self.dossier, self.tax_code, self.decision)


def notices_in(encoded: str) -> Sequence[TaxNotice]:
    """The notices in the base64 text of ``FileThongBaoThue``, at least one. Raises ``Refused``."""
    if len(encoded) > MOST_XML_BYTES * 4 // 3 + 4:
        raise Refused("", "FileThongBaoThue quá lớn / is too large")
    try:
        content = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("", "FileThongBaoThue không phải base64 / is not base64") from None
    notices = tuple(_read(content))
    if not notices:
        raise Refused("", "FileThongBaoThue không có thông báo nào / holds no notice")
    return notices


def _read(content: bytes) -> Iterable[TaxNotice]:
    """The notices in ``FileThongBaoThue`` (contract 7.3); a repeat within the file counts once."""
    try:
        root = _hardened_xml(content)
    except ValueError as error:
        raise Refused("", f"FileThongBaoThue: {error}") from None
    seen: set[tuple[str, str, str]] = set()
    for rows in root.iter("ROW_LIST"):
        number = (rows.findtext("MA_HSO") or "").strip()
        for entry in rows.iter("LIST"):
            notice = _notice(number, entry)
            if notice.identity not in seen:
                seen.add(notice.identity)
                yield notice
            if len(seen) > MOST_NOTICES:
                raise Refused(number, f"hơn {MOST_NOTICES} thông báo / too many notices")


def _notice(number: str, entry: etree._Element) -> TaxNotice:
    def value(name: str) -> str:
        return (entry.findtext(name) or "").strip()

    amount = value("SO_TIEN").replace(".", "")
    named = all(0 < len(each) <= MOST_NAME for each in (number, value("MA_SO_THUE"), value("SO_QUYET_DINH")))
    if not named or not (amount.isascii() and amount.isdecimal() and len(amount) <= _MOST_DIGITS):
        raise Refused(number, "thông báo thuế thiếu mã, số quyết định hoặc số tiền / a notice lacks code or amount")
    decided_on = None
    if text := value("NGAY_QUYET_DINH"):
        try:
            decided_on = datetime.strptime(text, "%d-%m-%Y").date()  # noqa: DTZ007 - a day, not a moment
        except ValueError:
            raise Refused(number, "NGAY_QUYET_DINH không phải dd-MM-yyyy / is not dd-MM-yyyy") from None
    item = value("TEN_TIEUMUC") or value("TEN_TIEU_MUC")
    return TaxNotice(number, value("MA_SO_THUE"), value("SO_QUYET_DINH"), decided_on, item, int(amount))


def _hardened_xml(content: bytes) -> etree._Element:
    """
    XML from outside: UTF-8, no document type, no entities, no network, bounded size and depth. Raises ``ValueError``.
    """
    if len(content) > MOST_XML_BYTES:
        raise ValueError("XML quá lớn / is too large")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("XML không phải UTF-8 / is not UTF-8") from None
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("XML có DOCTYPE / has a document type")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError:
        raise ValueError("không phải XML đọc được / is not readable XML") from None
    if _depth(root) > MOST_XML_DEPTH:
        raise ValueError("XML lồng quá sâu / is nested too deep")
    return root


def _depth(root: etree._Element) -> int:
    depth, level = 0, [root]
    while level:
        depth += 1
        level = [child for element in level for child in element]
        if depth > MOST_XML_DEPTH:
            break
    return depth
