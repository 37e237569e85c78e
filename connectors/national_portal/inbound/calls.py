"""
What the portal sends to the province, read and not stored (contract 7).

A reception says what arrived and about which dossiers; its *body* keeps the whole message for whoever handles it, and
stays out of ``repr``.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson
from pydantic import ValidationError

from connectors.national_portal.dialect.asks import PREFIXES
from connectors.national_portal.inbound.answers import Refused, Unreadable
from connectors.national_portal.inbound.taxes import MOST_NAME, TaxNotice, notices_in
from connectors.national_portal.received import Reader
from connectors.national_portal.rows import text_in, upper
from gateway.errors import InvalidInput
from gateway.model import Dossier, explain

MOST_BYTES = 32 * 1024 * 1024
MOST_DEPTH = 32
MOST_DOSSIERS = 500

TAX_RECEIPT_SERVICE = "NhanChungTuThueDat"


class Kind(StrEnum):
    """What the portal sends."""

    PROMOTION = "promotion"
    PROMOTION_AMENDED = "promotion-amended"
    TAX_RECEIPT = "tax-receipt"
    TAX_NOTICES = "tax-notices"
    LOOK_UP = "look-up"
    DOSSIERS = "dossiers"


@dataclass(frozen=True, slots=True)
class Reception:
    """
    One message that arrived. *number* is the portal's dossier number, "" where the message names several.

    *updating* says that an existing dossier may be overwritten; otherwise a known number is a duplicate (7.2).
    """

    kind: Kind
    number: str
    service: str = ""
    updating: bool = False
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    notices: Sequence[TaxNotice] = ()
    dossiers: Sequence[Dossier] = field(default=(), repr=False)


# Contract 7.1, 7.2: what the receiver cannot do without.
_PROMOTION = ("MaHoSo", "MaTTHC", "TenThuongNhan", "MaSoThue")
_AMENDMENT = ("MaHoSoQG", "MaTTHC", "TenThuongNhan", "MaSoThue", "ThongTinSuaDoi")
_RECEIPT = (
    "MaHoSo",
    "HoTenNguoiNopTien",
    "SoCMTNguoiNopTien",
    "DiaChiNguoiNopTien",
    "TinhNguoiNopTien",
    "HuyenNguoiNopTien",
    "XaNguoiNopTien",
    "MaSoThue",
    "UrlFileChungTu",
    "ThongTinThanhToan",
)
_PAYMENT = ("MaThongBaoThue", "ThoiGianThanhToan", "SoTien", "NoiDungThanhToan", "TrangThaiThanhToan")


SERVICES = ("addtthcKhuyenMai", "nhanhsdvcqg", "nhantbthuedvcqg", "search/call", "nhanhosodvcqg")
PLACES = tuple(f"{prefix}/{service}" for prefix in (*PREFIXES, "") for service in SERVICES)
"""Where the portal calls (contract 7): below either prefix, or none."""


def is_question(path: str) -> bool:
    """Whether a call to *path* only asks."""
    return _last_of(path) == "search/call"


def has_key(content: bytes, keys: Sequence[str]) -> bool:
    """
    Whether the body carries one of *keys* as ``SecurityKey``, beside the fields or within ``data`` (contract 7);
    compared in constant time.
    """
    try:
        body = _body(content)
    except Unreadable:
        return False
    data = body.get("data")
    places = (body, data if isinstance(data, dict) else {})
    said = [str(place.get("SecurityKey", "")).encode(errors="replace") for place in places]
    fits = [hmac.compare_digest(each, key.encode()) for each in said for key in keys]
    return any(fits)


class Inbound:
    """Reads the portal's calls. *reader* knows the code tables for general dossiers (7.7)."""

    def __init__(self, reader: Reader) -> None:
        self._general = GeneralDossiers(reader)

    def read(self, path: str, content: bytes) -> Reception | None:
        """
        The reception of a call to *path*, with any of the prefixes seen; none when no service of ours is meant.

        Raises ``Unreadable`` or ``Refused``.
        """
        service = _last_of(path)
        readers = {
            "addtthcKhuyenMai": _promotion,
            "nhanhsdvcqg": _from_portal,
            "nhantbthuedvcqg": _tax_notices,
            "search/call": _look_up,
            GeneralDossiers.path: self._general.read,
        }
        if service not in readers:
            return None
        body = _body(content)
        _bearable(body)
        return readers[service](body)


class GeneralDossiers:
    """
    A general dossier from the portal. No public source shows this message; everything about it is assumed (7.7), so
    that this class can be replaced as a whole.
    """

    path = "nhanhosodvcqg"

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def read(self, body: Mapping[str, Any]) -> Reception:
        data = body.get("data")
        elements = data if isinstance(data, list) else []
        if not elements:
            raise Refused("", "thiếu data / data is missing")
        if len(elements) > MOST_DOSSIERS or not all(isinstance(each, Mapping) for each in elements):
            raise Refused("", f"data: tối đa {MOST_DOSSIERS} hồ sơ / data holds too many, or what is no dossier")
        dossiers: list[Dossier] = []
        for element in elements:
            number = text_in(upper(element), "MAHOSO")
            try:
                dossiers.append(self._reader.dossier(element))
            except InvalidInput as error:
                raise Refused(number, f"{error.field}: {error.reason}") from None
            except ValidationError as error:
                # The library's own text may show personal values; ours does not.
                raise Refused(number, "; ".join(f"{each.field}: {each.reason}" for each in explain(error))) from None
        number = dossiers[0].code.text if len(dossiers) == 1 else ""
        return Reception(
            Kind.DOSSIERS, number, str(body.get("service", "")), _flag(body.get("isUpdating")), body, dossiers=dossiers
        )


def _last_of(path: str) -> str:
    for prefix in PREFIXES:
        if path.startswith(prefix):
            path = path.removeprefix(prefix)
    parts = [part for part in path.split("/") if part]
    return "/".join(parts[-2:]) if parts[-2:] == ["search", "call"] else "".join(parts[-1:])


def _body(content: bytes) -> Mapping[str, Any]:
    if len(content) > MOST_BYTES:
        raise Unreadable("too large")
    try:
        body = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        raise Unreadable("not JSON") from None
    if not isinstance(body, dict):
        raise Unreadable("not a JSON object")
    return body


def _bearable(body: Mapping[str, Any]) -> None:
    """Raises ``Refused`` for what could be read, and then neither written as JSON nor kept in a database."""
    depth = 0
    level: list[Any] = [body]
    while level:
        depth += 1
        if depth > MOST_DEPTH:
            raise Refused("", "JSON lồng quá sâu / is nested too deep")
        inner = [value for each in level for value in _inside(each)]
        if any(isinstance(value, str) and "\0" in value for value in inner):
            raise Refused("", "có ký tự NUL / holds a NUL character")
        level = [value for value in inner if isinstance(value, dict | list)]


def _inside(value: Mapping[str, Any] | list[Any]) -> Iterable[Any]:
    return value if isinstance(value, list) else (*value, *value.values())


def _promotion(body: Mapping[str, Any]) -> Reception:
    number = _text(body, "MaHoSo")
    _complete(body, _PROMOTION, number)
    return Reception(Kind.PROMOTION, number, body=body)


def _from_portal(body: Mapping[str, Any]) -> Reception:
    """One path, two messages, told apart by the service (contract 7.2)."""
    service, data = str(body.get("service", "")), body.get("data")
    if not isinstance(data, dict):
        raise Refused("", "thiếu data / data is missing")
    updating = _flag(body.get("isUpdating"))
    if service == TAX_RECEIPT_SERVICE:
        number = _text(data, "MaHoSo")
        _complete(data, _RECEIPT, number)
        payment = data["ThongTinThanhToan"]
        payment = payment if isinstance(payment, dict) else {}
        _complete(payment, _PAYMENT, number)
        for name in ("MaThongBaoThue", "ThoiGianThanhToan"):
            if not 0 < len(_text(payment, name)) <= MOST_NAME:
                raise Refused(number, f"{name} không đọc được / is unreadable")
        return Reception(Kind.TAX_RECEIPT, number, service, updating, data)
    number = _text(data, "MaHoSoQG")
    _complete(data, _AMENDMENT, number)
    return Reception(Kind.PROMOTION_AMENDED, number, service, updating, data)


def _tax_notices(body: Mapping[str, Any]) -> Reception:
    data = body.get("data")
    encoded = data.get("FileThongBaoThue") if isinstance(data, dict) else None
    if not isinstance(encoded, str) or not encoded.strip():
        raise Refused("", "thiếu FileThongBaoThue / FileThongBaoThue is missing")
    notices = notices_in(encoded)
    numbers = {notice.dossier for notice in notices}
    return Reception(
        Kind.TAX_NOTICES,
        numbers.pop() if len(numbers) == 1 else "",
        str(body.get("service", "")),
        body=body,
        notices=notices,
    )


def _look_up(body: Mapping[str, Any]) -> Reception:
    return Reception(Kind.LOOK_UP, _text(body, "masohoso"), str(body.get("service", "")), body=body)


def _complete(data: Mapping[str, Any], mandatory: Iterable[str], number: str) -> None:
    for name in mandatory:
        if data.get(name) in (None, "", {}, []):
            raise Refused(number, f"thiếu {name} / {name} is missing")


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return str(value).strip() if isinstance(value, str | int) else ""


def _flag(value: object) -> bool:
    """A real boolean or the words ``True`` and ``False`` (contract 3.2)."""
    return value is True or (isinstance(value, str) and value.strip().casefold() == "true")
