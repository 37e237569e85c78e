"""
Calls from the portal to a province (contract 7): what a citizen or business did here reaches the one-stop system.

Messages are made here, sent by whoever is given: nothing in this module opens a connection.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

import orjson

from connectors.national_portal.mock.settings import Settings

Item = Mapping[str, Any]
Post = Callable[[str, bytes], tuple[int, bytes]]
"""Posts JSON to an address: HTTP status and body. Raises ``OSError`` when nothing was answered."""

PROMOTION: Final = "addtthcKhuyenMai"
AMENDMENT: Final = "nhanhsdvcqg"
TAX_NOTICE: Final = "nhantbthuedvcqg"
SEARCH: Final = "search/call"
AMENDMENT_SERVICE: Final = "NhanHoSoKhuyenMai"
TAX_RECEIPT_SERVICE: Final = "NhanChungTuThueDat"
TAX_NOTICE_SERVICE: Final = "NhanThongBaoThueDat"


@dataclass(frozen=True, slots=True)
class Outbound:
    """A message before it is sent: *code* is the dossier that it makes known to the province, if any."""

    path: str
    body: Item
    code: str = ""
    header: Item | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A message and what the province answered; *status* 0 when nothing came back."""

    path: str
    code: str
    status: int
    error_code: str
    message: str


def promotion(fields: Item) -> Outbound:
    """7.1: flat, files as base64."""
    return Outbound(PROMOTION, fields, str(fields["MaHoSo"]), {"MaHoSo": fields["MaHoSo"], "MaTTHC": fields["MaTTHC"]})


def amendment(fields: Item, *, updating: bool | str = "False") -> Outbound:
    """7.2 a: *updating* may be the word or a JSON boolean."""
    header = {"MaHoSo": fields["MaHoSoQG"], "MaTTHC": fields["MaTTHC"]}
    body = {"service": AMENDMENT_SERVICE, "isUpdating": updating, "data": fields}
    return Outbound(AMENDMENT, body, str(fields["MaHoSoQG"]), header)


def tax_receipt(fields: Item) -> Outbound:
    """7.2 b."""
    return Outbound(AMENDMENT, {"service": TAX_RECEIPT_SERVICE, "isUpdating": "False", "data": fields})


def tax_notice(notices: Sequence[tuple[str, Sequence[Mapping[str, str]]]]) -> Outbound:
    """7.3: for each dossier number its notices; each notice names its elements."""
    rows = "".join(
        f"<ROW_LIST><MA_HSO>{escape(code)}</MA_HSO>{''.join(_notice(one) for one in ones)}</ROW_LIST>"
        for code, ones in notices
    )
    xml = f'<?xml version="1.0" encoding="UTF-8"?><DATA><BODY>{rows}</BODY></DATA>'
    file = base64.b64encode(xml.encode()).decode()
    return Outbound(
        TAX_NOTICE, {"service": TAX_NOTICE_SERVICE, "isUpdating": "False", "data": {"FileThongBaoThue": file}}
    )


def _notice(fields: Mapping[str, str]) -> str:
    return "<LIST>" + "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items()) + "</LIST>"


def general(settings: Settings, fields: Item, *, updating: str = "False") -> Outbound:
    """7.7: *fields* are those of 6.1 v2 and ``EFormData``."""
    body = {"service": settings.general_service, "isUpdating": updating, "data": [fields]}
    return Outbound(settings.general_path, body, str(fields["MaHoSo"]), fields)


def search(unit: str, code: str) -> Outbound:
    """7.4."""
    return Outbound(SEARCH, {"madonvi": unit, "service": "search", "masohoso": code})


def send(message: Outbound, base_url: str, post: Post, security_key: str = "") -> Sent:
    """Post *message* below *base_url* and read the answer as leniently as a portal must."""
    body = {**message.body, "SecurityKey": security_key} if security_key else dict(message.body)
    try:
        status, answer = post(f"{base_url.rstrip('/')}/{message.path}", orjson.dumps(body))
    except OSError as error:
        return Sent(message.path, message.code, 0, "", type(error).__name__)
    try:
        envelope = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return Sent(message.path, message.code, status, "", "")
    if not isinstance(envelope, dict):
        return Sent(message.path, message.code, status, "", "")
    return Sent(
        message.path,
        message.code,
        status,
        str(envelope.get("error_code", "")),
        str(envelope.get("message", "")),
    )
