"""
Which encoding a text file has, decided before the first row is read.

The whole file is decoded once: broken bytes, NUL bytes and endless lines are found while nothing has
happened yet. Windows-1258 is accepted (its tone marks stand apart; comparison is NFC). TCVN3 (ABC), the
font encoding of the 1990s, reads as valid text of another language, so it is recognised and refused.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from connectors.provincial.file.refusals import FileRefused

_CHUNK = 1 << 20
_SAMPLE = 1 << 18
MAX_LINE_BYTES = 16 << 20
_UTF8_LETTER = re.compile(rb"[\xC3-\xC6][\x80-\xBF]|\xE1[\xBA\xBB][\x80-\xBF]|\xCC[\x80\x81\x83\x89\xA3]|\xEF\xBB\xBF")
_HIGH = re.compile(rb"[\x80-\xFF]")

# TCVN 5712:1993 VN3, bytes 0xA1 to 0xFE; a space where it has no letter.
_TCVN3 = (
    "ĂÂÊÔƠƯĐăâêôơưđ \u0300\u0309\u0303\u0301\u0323àảãáạ ằẳẵắ       ặầẩẫấậè ẻẽéẹềểễếệìỉ   ĩíịò "
    "ỏõóọồổỗốộờởỡớợù ủũúụừửữứựỳỷỹýỵ"
)
TO_TCVN3 = {0xA1 + offset: letter for offset, letter in enumerate(_TCVN3) if letter != " "}
_VIETNAMESE = frozenset("ăâêôơưđĂÂÊÔƠƯĐ") | frozenset(
    unicodedata.normalize("NFC", base + mark)
    for base in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
    for mark in "\u0300\u0309\u0303\u0301\u0323"
)
_ALSO_FINE = frozenset("–—‘’“”…•₫°²³§«»×÷±€\u00a0\u200b\ufeff")
ADVICE_TCVN3 = (
    "Chuyển sang Unicode rồi nhập lại: mở tệp, chép nội dung, dùng UniKey (Ctrl+Shift+F6) với nguồn TCVN3 (ABC) "
    "và đích Unicode dựng sẵn, lưu dạng «CSV UTF-8»"
)


@dataclass(frozen=True, slots=True)
class TextEncoding:
    """The Python codec to open a file with; *name* is what people call it."""

    codec: str
    name: str


UTF8 = TextEncoding("utf-8-sig", "UTF-8")
UTF16 = TextEncoding("utf-16", "UTF-16")
UTF16_LE = TextEncoding("utf-16-le", "UTF-16 LE")
UTF16_BE = TextEncoding("utf-16-be", "UTF-16 BE")
WINDOWS_1258 = TextEncoding("cp1258", "Windows-1258")


def recognise(path: Path, wanted: str | None = None) -> TextEncoding:
    """
    The encoding of the whole file; *wanted* is the mapping's word and yields to a byte order mark.

    Raises FileRefused: broken bytes with line and byte, NUL bytes, TCVN3, an unknown encoding, an endless line.
    """
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    encoding = _by_shape(path, head) or {"utf-8": UTF8, "utf-16": UTF16, "windows-1258": WINDOWS_1258}.get(wanted or "")
    if encoding is None:
        if _is_clean(path, UTF8):
            return UTF8
        encoding = _legacy(path)
    if not _is_clean(path, encoding):
        faults = "; ".join(islice(_faults(path, encoding), 1 if encoding.codec.startswith("utf-16") else 5))
        reason = f"không đọc được theo {encoding.name}: {faults}"
        raise FileRefused(path, reason, "Xuất lại tệp và chọn «CSV UTF-8», hoặc sửa các chỗ đã nêu")
    return encoding


def looks_like_tcvn3(text: str) -> str | None:
    """
    *text* read as TCVN3, when it is TCVN3 that somebody stored as Western letters; else None.

    This is how a workbook in a ``.VnTime`` font looks to a program: «Hå s¬» for «Hồ sơ».
    """
    if all(ord(c) < 0x80 for c in text) or any(ord(c) > 0xFF and c not in _ALSO_FINE for c in text):
        return None
    odd = sum(1 for c in text if ord(c) >= 0x80 and c not in _VIETNAMESE)
    read = text.translate(TO_TCVN3)
    good = sum(1 for c in read if c in _VIETNAMESE)
    return read if odd and good >= 2 * sum(1 for c in read if ord(c) >= 0x80 and c not in _VIETNAMESE) else None


def _by_shape(path: Path, head: bytes) -> TextEncoding | None:
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise FileRefused(path, "dùng bảng mã UTF-32", "Lưu lại dạng «CSV UTF-8»")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return UTF16
    if head.startswith(codecs.BOM_UTF8):
        return UTF8
    pairs = len(head[:4096]) // 2
    even, odd = head[:4096:2].count(0), head[1:4096:2].count(0)
    if pairs >= 8 and odd > pairs // 3 and even < pairs // 20 + 1:
        return UTF16_LE
    if pairs >= 8 and even > pairs // 3 and odd < pairs // 20 + 1:
        return UTF16_BE
    return None


def _is_clean(path: Path, encoding: TextEncoding) -> bool:
    """Decodes, holds no NUL, and ends its lines."""
    decoder = codecs.getincrementaldecoder(encoding.codec)()
    unended = 0
    with path.open("rb") as file:
        while True:
            piece = file.read(_CHUNK)
            try:
                text = decoder.decode(piece, final=not piece)
            except UnicodeDecodeError:
                return False
            end = piece.rfind(b"\n")
            unended = unended + len(piece) if end < 0 else len(piece) - end
            if "\0" in text or unended > MAX_LINE_BYTES:
                return False
            if not piece:
                return True


def _faults(path: Path, encoding: TextEncoding) -> Iterator[str]:
    """Where the file cannot be decoded, or is no text: line, byte, position in the line."""
    decoder = codecs.getincrementaldecoder(encoding.codec)()
    line, before = 1, 0
    with path.open("rb") as file:
        while True:
            piece = file.readline(_CHUNK)
            try:
                text = decoder.decode(piece, final=not piece)
            except UnicodeDecodeError as error:
                at = before + error.start + 1
                yield f"dòng {line}, byte thứ {at} của dòng là 0x{error.object[error.start]:02X}"
                decoder.reset()
                text = ""
            if "\0" in text:
                yield f"dòng {line} có byte NUL"
            ended = piece.endswith(b"\n")
            line, before = (line + 1, 0) if ended else (line, before + len(piece))
            if before > MAX_LINE_BYTES:
                yield f"dòng {line} dài hơn {MAX_LINE_BYTES >> 20} MB"
                return
            if not piece:
                return


def _legacy(path: Path) -> TextEncoding:
    """What a file that is not UTF-8 is: broken UTF-8, Windows-1258, TCVN3 (refused), or unknown (refused)."""
    sample = b"".join(_lines_with_high_bytes(path))
    letters = sum(len(letter) for letter in _UTF8_LETTER.findall(sample))
    if letters > len(_HIGH.findall(sample)) // 2:
        return UTF8
    known_1258 = _share_of_letters(sample.decode("cp1258", errors="replace"))
    if known_1258 >= 0.97:
        return WINDOWS_1258
    if _share_of_letters(sample.decode("latin-1").translate(TO_TCVN3)) >= 0.9:
        raise FileRefused(path, "dùng bảng mã TCVN3 (ABC), không phải Unicode", ADVICE_TCVN3)
    raise FileRefused(
        path, "dùng bảng mã không nhận ra", "Xuất lại tệp dạng «CSV UTF-8» (UTF-8, UTF-16 và Windows-1258 đọc được)"
    )


def _lines_with_high_bytes(path: Path) -> Iterator[bytes]:
    size = 0
    with path.open("rb") as file:
        while size < _SAMPLE and (line := file.readline(_CHUNK)):
            if not line.isascii():
                size += len(line)
                yield line


def _share_of_letters(text: str) -> float:
    high = [c for c in unicodedata.normalize("NFC", text) if ord(c) >= 0x80]
    fine = sum(1 for c in high if c in _VIETNAMESE or c in _ALSO_FINE)
    return fine / len(high) if high else 1.0
