"""
The portal's texts as people may read them: what identifies a person, and what opens a session, is masked.

Dossier codes, procedure codes and dates stay, as an officer needs them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from connectors.national_portal.wire import KEYS
from gateway.model.text import cut, mask_email, mask_id, mask_phone, nfc, squeeze

_SHOWN = 300
_READ = 4000
_SHORTEST = 3
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_TOKEN = re.compile(
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
    r"|\b(?=[A-Za-z_]*\d)[\w+/=-]{24,}"
    r"|\beyJ[\w.-]+",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<![\w.-])(?:\+?84|0)(?:[ .]?\d){9,10}(?![\w])")
_NUMBER = re.compile(r"(?<![\w.-])\d{9,13}(?![\w])")
# Names that we did not send ourselves: a frequent family name and two to four more words, all with capitals. In texts
# that are all in capitals only names that are no other word ("HỒ SƠ" is one), so that the sentence stays readable.
_SURNAMES = (
    "Nguyễn|Trần|Lê|Phạm|Hoàng|Huỳnh|Phan|Vũ|Võ|Đặng|Bùi|Đỗ|Hồ|Ngô|Dương|Lý|Đinh|Đoàn|Trịnh|Trương|Mai|Lâm|Đào|Hà|Cao|"
    "Lương|Tô|Tạ|Chu|Thái|Phùng|Vương|Quách|Châu|Triệu|Nông|Lò|Giàng"
)
_UPPER = "A-ZÀ-ÝĂĐĨŨƠƯẠ-Ỹ"
_NAME = re.compile(rf"\b(?:{_SURNAMES}|(?i:nguyễn|nguyen|huỳnh|huynh|hoàng|hoang|trần))(?: [{_UPPER}]\w*){{2,4}}\b")
# Whatever the family name: words with capitals behind a word that announces a person.
_ANNOUNCED = re.compile(
    r"\b([Cc]hủ hồ sơ|[Nn]gười (?:nộp|xử lý|yêu cầu)|[Hh]ọ (?:và )?tên|[Cc]ông dân|[Ôô]ng|[Bb]à|[Aa]nh|[Cc]hị|"
    rf"[Cc]án bộ|[Cc]huyên viên)([ :,]+)[{_UPPER}]\w*(?: [{_UPPER}]\w*){{1,5}}"
)
_GROUPED = re.compile(r"(?<![\w.-])\d{3,4}(?: \d{3,4}){2,3}(?!\w)")
_LINK = re.compile(r"https?://\S+", re.IGNORECASE)

PRIVATE = frozenset(
    {
        "ChuHoSo",
        "SoGiayToChuHoSo",
        "SoDinhDanh",
        "MaDoiTuong",
        "ThongTinKhac",
        "Email",
        "Fax",
        "SoDienThoai",
        "TrichYeuHoSo",
        "ThongTinTra",
        "GhiChu",
        "SoBienNhan",
        "TenTepDinhKem",
        "TenGiayTo",
        "DuongDanTaiTepTin",
        "DuongDanTepTinKetQua",
        "NguoiXuLy",
        "NoiDungXuLy",
        "NguoiYeuCauBoSung",
        "NoiDungBoSung",
        "NguoiTiepNhanBoSung",
        "ThongTinTiepNhan",
        "NoiDung",
        "NOIDUNG",
        "NGUOITRALOI",
        "CHUCVUNGUOITRALOI",
        "NOIDUNGTRALOI",
        "DanhSachNoiDungYKien",
        "username",
        "password",
        "session",
    }
)
"""Keys of pushed objects whose values are personal, free text or secret."""


_OPEN = (KEYS | {"mahoso", "maTTHC", "type"}) - PRIVATE


def scrubbed(text: str, sent: object = None) -> str:
    """
    *text* on one line, cut, with everything private in *sent* (what the request carried) and everything that looks
    like an id, a phone, an e-mail, a link or a token masked.
    """
    clean = squeeze("".join(char if char.isprintable() else " " for char in nfc(text[:_READ])))
    clean = _without(clean, private_values(sent))
    clean = _LINK.sub("[liên kết]", clean)
    clean = _EMAIL.sub(lambda found: mask_email(found[0]), clean)
    clean = _PHONE.sub(lambda found: mask_phone(found[0].replace(".", "")), clean)
    clean = _NUMBER.sub(lambda found: mask_id(found[0]), clean)
    clean = _GROUPED.sub(lambda found: mask_id(found[0].replace(" ", "")), clean)
    clean = _TOKEN.sub("***", clean)
    clean = _ANNOUNCED.sub(r"\1\2***", clean)
    clean = _NAME.sub("***", clean)
    return cut(clean, _SHOWN, "…")


def private_values(sent: object) -> Iterator[str]:
    """Every private text in a pushed object, at any depth, and whatever stands under a key that we do not know."""
    if isinstance(sent, Mapping):
        for key, value in sent.items():
            if isinstance(value, str):
                if key not in _OPEN:
                    yield value
            else:
                yield from private_values(value)
    elif isinstance(sent, Iterable) and not isinstance(sent, str | bytes):
        for value in sent:
            yield from private_values(value)


def _without(text: str, private: Iterable[str]) -> str:
    """Mask *private* in *text*, also where it stands in capitals or without marks."""
    folded = _folded(text)
    hidden = bytearray(len(text))
    for value in private:
        needle = _folded(squeeze(nfc(value)))
        if len(needle) < _SHORTEST:
            continue
        for found in re.finditer(rf"(?<!\w){re.escape(needle)}(?!\w)", folded):
            hidden[found.start() : found.end()] = b"\x01" * (found.end() - found.start())
    if not any(hidden):
        return text
    parts: list[str] = []
    for position, char in enumerate(text):
        if not hidden[position]:
            parts.append(char)
        elif position == 0 or not hidden[position - 1]:
            parts.append("***")
    return "".join(parts)


def _folded(text: str) -> str:
    """*text* without marks and case, character by character, so that positions stay."""
    return "".join(map(_bare, text))


def _bare(char: str) -> str:
    if char in "đĐ":
        return "d"
    lower = unicodedata.normalize("NFD", char)[0].lower()
    return lower if len(lower) == 1 else char
