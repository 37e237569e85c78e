"""
The portal's messages in the portal's own words: parse and render, no I/O.

Pushed objects have PascalCase keys, rows that the portal returns UPPERCASE ones; every scalar is a string, "" stands
for none (contract 2.5, 3.2). An answer may come in any of the forms of contract 13 and 15.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NotRequired, TypedDict

import orjson

Row = Mapping[str, Any]
"""One object that the portal returned, keys in upper case; arrays may be missing or null."""


class SubmittedFile(TypedDict):
    """``TaiLieuNop[]`` (contract 6.2.1)."""

    TepDinhKemId: str
    TenTepDinhKem: str
    IsDeleted: str
    MaThanhPhanHoSo: str
    DuongDanTaiTepTin: str
    DuocSoHoa: NotRequired[str]
    DuocTaiSuDung: NotRequired[str]
    DuocLayTuKhoDMQG: NotRequired[str]
    MaKetQuaThayThe: NotRequired[str]


class Fee(TypedDict):
    """``DanhSachLePhi[]`` (contract 6.2.2)."""

    TenPhiLePhi: str
    MaPhiLePhi: str
    HinhThucThu: str
    Gia: str
    LoaiPhiLePhi: str


class OtherPaper(TypedDict):
    """``DanhSachTepDinhKemKhac[]`` (contract 6.2.3)."""

    TenGiayTo: str
    SoLuong: str
    LoaiGiayTo: str


class Supplement(TypedDict):
    """``DanhSachHoSoBoSung[]`` (contract 6.2.4)."""

    HoSoBoSungId: str
    NguoiYeuCauBoSung: str
    NoiDungBoSung: str
    NgayBoSung: str
    NguoiTiepNhanBoSung: str
    ThongTinTiepNhan: str
    NgayTiepNhanBoSung: str
    TrangThaiBoSung: str
    DanhSachGiayToBoSung: list[SubmittedFile]
    DanhSachLePhiBoSung: list[Fee]
    NgayHenTraTruoc: str
    NgayHenTraMoi: str


class ResultPaper(TypedDict):
    """``DanhSachGiayToKetQua[]`` (contract 6.2.5)."""

    TenGiayTo: str
    MaThanhPhanHoSo: str
    GiayToId: str
    DuongDanTepTinKetQua: str
    MaGiayToKetQua: NotRequired[str]


class OwnerId(TypedDict):
    """``DinhDanhCHS[]`` (contract 6.1, 12.8)."""

    LoaiDinhDanh: str
    SoDinhDanh: str


class UsedDatabase(TypedDict):
    """``DSKetNoiCSDL[]`` (contract 6.1, 12.9)."""

    MaCSDL: str


class Dossier(TypedDict):
    """One element of ``data`` of ``DongBoHoSoMC`` (contract 6.1); keys of one layout only are not required."""

    MaHoSo: str
    MaTTHC: str
    TenTTHC: str
    MaLinhVuc: str
    TenLinhVuc: str
    SoBienNhan: NotRequired[str]
    KenhThucHien: NotRequired[str]
    ChuHoSo: str
    SoGiayToChuHoSo: NotRequired[str]
    LoaiDoiTuong: str
    MaDoiTuong: str
    DinhDanhCHS: NotRequired[list[OwnerId]]
    ThongTinKhac: str
    Email: str
    Fax: str
    SoDienThoai: str
    TrichYeuHoSo: str
    NgayNopHoSo: NotRequired[str]
    NgayTiepNhan: str
    NgayHenTra: str
    TrangThaiHoSo: str
    NgayTra: str
    NgayTuChoi: NotRequired[str]
    NgayKetThucXuLy: str
    ThongTinTra: str
    HinhThuc: str
    DonViXuLy: str
    GhiChu: str
    TaiLieuNop: list[SubmittedFile]
    DanhSachLePhi: list[Fee]
    DanhSachTepDinhKemKhac: list[OtherPaper]
    DanhSachHoSoBoSung: list[Supplement]
    DanhSachGiayToKetQua: list[ResultPaper]
    NoiNopHoSo: NotRequired[str]
    HoSoCoThanhPhanSoHoa: NotRequired[str]
    TaiKhoanDuocXacThucVoiVNeID: NotRequired[str]
    DuocThanhToanTrucTuyen: NotRequired[str]
    DSKetNoiCSDL: NotRequired[list[UsedDatabase]]


class Step(TypedDict):
    """One element of ``data`` of ``CapNhatTienDoHoSoMC`` (contract 6.4)."""

    MaHoSo: str
    NguoiXuLy: str
    ChucDanh: str
    ThoiDiemXuLy: str
    PhongBanXuLy: str
    NoiDungXuLy: str
    TrangThai: str
    NgayBatDau: str
    NgayKetThucTheoQuyDinh: str


class Outcome(TypedDict):
    """``data`` of ``DongBoTrangThaiHoSo``, a single object (contract 7.6)."""

    MaHoSo: str
    MaHoSoDonVi: str
    MaDoiTuong: str
    TrangThai: str
    NoiDung: str
    NgayXuLy: str
    TaiLieuXuLy: list[SubmittedFile]


class Question(TypedDict):
    """One element of ``data`` of ``DongBoHoiDap`` (contract 8.2)."""

    HOIDAPID: str
    MaLinhVuc: str
    NOIDUNG: str
    MADONVI: str
    TENDONVI: str


class Reply(TypedDict):
    """One element of ``data`` of ``DongBoKetQuaHoiDapGuiTuDVCQG`` (contract 8.2)."""

    HOIDAPID: str
    MADONVI: str
    NGUOITRALOI: str
    CHUCVUNGUOITRALOI: str
    NGAYTRALOI: str
    NOIDUNGTRALOI: str


class Evaluation(TypedDict):
    """One element of ``data`` of ``DongBoDanhGia`` (contract 8.3)."""

    NgayTongHop: str
    TongSoNguoiDanhGia: int
    PhanTramDanhGiaRatHaiLong: str
    PhanTramDanhGiaHaiLong: str
    PhanTramDanhGiaChuaHaiLong: str
    DanhSachNoiDungYKien: str
    MaThuTuc: str
    NoiDung: str
    PhanTramDanhGiaDichVuRatHaiLong: str
    PhanTramDanhGiaDichVuHaiLong: str
    PhanTramDanhGiaDichVuChuaHaiLong: str
    Madonvi: str
    TenDonVi: str


_FORMS = (
    SubmittedFile, Fee, OtherPaper, Supplement, ResultPaper, OwnerId, UsedDatabase, Dossier, Step, Outcome, Question,
    Reply, Evaluation,
)  # fmt: skip
KEYS = frozenset(name for form in _FORMS for name in form.__annotations__)
"""Every key of the objects that we write. What else a source sends may mean anything."""


def render(body: object) -> bytes:
    """A request body in UTF-8."""
    return orjson.dumps(body)


class NoAnswerKind(StrEnum):
    """Why something that arrived is no answer (contract 13.3)."""

    EMPTY = "empty"
    HTML = "html"
    TEXT = "plain-text"
    BROKEN = "not-json"
    SHAPE = "not-an-envelope"


class NotAnAnswer(Exception):
    """What arrived does not say what became of the request. The body itself is never part of the text."""

    def __init__(self, kind: NoAnswerKind, size: int) -> None:
        super().__init__(kind, size)
        self.kind = kind
        self.size = size


@dataclass(frozen=True, slots=True)
class Answer:
    """
    The portal's envelope. *code* is none when ``error_code`` is there but no number; *shown_code* is what stood there.
    """

    code: int | None
    shown_code: str
    message: str = field(repr=False)
    result: Any = field(default=None, repr=False)
    session: str = field(default="", repr=False)

    @property
    def rows(self) -> list[Row]:
        """The objects of ``result``, keys in upper case; a single object counts as one (contract 5.5)."""
        found = self.result if isinstance(self.result, list) else [self.result]
        return [upper(row) for row in found if isinstance(row, dict)]


_NESTED = 3


def read_answer(content: bytes) -> Answer:
    """
    Read an answer, unwrapping the double encoding of some adapters (contract 2.6 D).

    Raises ``NotAnAnswer`` for everything that is not a JSON object with an ``error_code``.
    """
    envelope = _object(content)
    for _ in range(_NESTED):
        inner = _inner_envelope(envelope)
        if inner is None:
            break
        envelope = inner
    if "error_code" not in envelope:
        raise NotAnAnswer(NoAnswerKind.SHAPE, len(content))
    raw = envelope["error_code"]
    session = envelope.get("session")
    return Answer(
        code_of(raw),
        "" if raw is None else str(raw).strip()[:20],
        _text(envelope),
        envelope.get("result"),
        session if isinstance(session, str) else "",
    )


def _object(content: bytes) -> dict[str, Any]:
    clean = content.removeprefix(b"\xef\xbb\xbf").strip()
    if not clean:
        raise NotAnAnswer(NoAnswerKind.EMPTY, len(content))
    try:
        value = orjson.loads(clean)
        if isinstance(value, str) and value.lstrip().startswith("{"):
            value = orjson.loads(value)
    except orjson.JSONDecodeError:
        raise NotAnAnswer(_kind_of(clean), len(content)) from None
    if not isinstance(value, dict):
        raise NotAnAnswer(NoAnswerKind.TEXT if isinstance(value, str) else NoAnswerKind.SHAPE, len(content))
    return value


def _kind_of(clean: bytes) -> NoAnswerKind:
    if clean.startswith(b"<"):
        return NoAnswerKind.HTML
    if clean.startswith((b"{", b"[")):
        return NoAnswerKind.BROKEN
    return NoAnswerKind.TEXT


def _inner_envelope(envelope: dict[str, Any]) -> dict[str, Any] | None:
    message = envelope.get("message")
    if isinstance(message, str) and message.lstrip().startswith("{"):
        try:
            message = orjson.loads(message)
        except orjson.JSONDecodeError:
            return None
    return message if isinstance(message, dict) and "error_code" in message else None


def _text(envelope: dict[str, Any]) -> str:
    message = envelope.get("message")
    if isinstance(message, str):
        return message
    return "" if message is None else orjson.dumps(message).decode()


def code_of(raw: object) -> int | None:
    """``0``, ``"0"``, ``"00"`` and ``" 00 "`` are all zero; what is no whole number is none (contract 2.5)."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        return raw
    if isinstance(raw, float) and raw.is_integer():
        return int(raw)
    if isinstance(raw, str):
        digits = raw.strip()
        if digits.removeprefix("-").isdecimal() and digits.isascii() and len(digits) <= 10:
            return int(digits)
    return None


_MOST_DEPTH = 16


def upper(value: Row, depth: int = _MOST_DEPTH) -> Row:
    """
    The same object with keys in upper case (``Url`` and ``URL`` were both seen, contract 5.4); what is nested deeper
    than any message of the contract is left out.
    """
    return {str(key).upper(): _upper_inside(inner, depth - 1) for key, inner in value.items()}


def _upper_inside(value: object, depth: int) -> object:
    if isinstance(value, dict):
        return upper(value, depth) if depth > 0 else {}
    if isinstance(value, list):
        return [_upper_inside(inner, depth - 1) for inner in value] if depth > 0 else []
    return value


def text_in(row: Row, key: str) -> str:
    """A scalar of *row* as text without outer blanks; missing and null are empty."""
    value = row.get(key)
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value).strip()


def rows_in(row: Row, key: str) -> Sequence[Row]:
    """The objects of an array in *row*; a missing, null or otherwise odd array is empty (contract 5.4)."""
    value = row.get(key)
    return [inner for inner in value if isinstance(inner, dict)] if isinstance(value, list) else []
