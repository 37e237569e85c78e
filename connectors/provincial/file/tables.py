"""
A table of a file: rows of text, each with its line, whatever the file is.

What kind a file is follows from its first bytes, not from its name: exports called ``.xls`` are often web
pages, and workbooks called ``.csv`` happen.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from connectors.provincial.file.refusals import FileRefused

MAX_CELL_CHARACTERS = 32_767
"""What one cell of a workbook can hold; a longer cell is an unclosed quote or a file in the wrong column."""

MAX_COLUMNS = 512


class Row(NamedTuple):
    """Line in the file (1 is the first), and the cells as text."""

    line: int
    cells: list[str]


class Table(Protocol):
    """One sheet or text file, read once from top to bottom."""

    @property
    def name(self) -> str:
        """For messages: the file, and the sheet where there is one."""
        ...

    @property
    def delimiter(self) -> str:
        """What separates cells when rows of this table are written back as text."""
        ...

    def rows(self) -> Iterator[Row]: ...

    def done(self) -> tuple[int, int | None]:
        """How many bytes ``rows`` has taken, and of how many."""
        ...


class Headings(Protocol):
    """Tells how many of a row's cells are headings that the mapping knows."""

    def known(self, cells: Sequence[str]) -> int: ...


@dataclass(frozen=True, slots=True)
class _Kind:
    magic: bytes
    reason: str
    remedy: str


_OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SAVE_AS = "Mở tệp bằng Excel hoặc LibreOffice, chọn Lưu thành, kiểu «Excel Workbook (.xlsx)» hoặc «CSV UTF-8»"
_REFUSED_KINDS = (
    _Kind(_OLD, "là tệp .xls cũ, hoặc .xlsx có mật khẩu", _SAVE_AS + ", không đặt mật khẩu"),
    _Kind(b"%PDF", "là tệp PDF", "Xuất lại từ hệ thống một cửa dạng .xlsx hoặc .csv"),
    _Kind(b"\x1f\x8b", "là tệp nén (gzip)", "Giải nén rồi nhập tệp bên trong"),
    _Kind(b"7z\xbc\xaf\x27\x1c", "là tệp nén (7z)", "Giải nén rồi nhập tệp bên trong"),
    _Kind(b"Rar!", "là tệp nén (rar)", "Giải nén rồi nhập tệp bên trong"),
)
_WEB = (b"<html", b"<!doctype", b"<table", b"<meta", b"<head")


def is_workbook(path: Path) -> bool:
    """
    True for XLSX, False for text.

    Raises FileRefused for a missing or empty file and for every kind that is neither, with the way out.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        reason = {"FileNotFoundError": "không có tệp này", "IsADirectoryError": "là thư mục, không phải tệp"}.get(
            type(error).__name__, f"không mở được ({error.strerror})"
        )
        raise FileRefused(path, reason, "Kiểm tra đường dẫn và quyền đọc") from None
    if not head.strip():
        raise FileRefused(path, "là tệp rỗng", "Xuất lại từ hệ thống một cửa")
    for kind in _REFUSED_KINDS:
        if head.startswith(kind.magic):
            raise FileRefused(path, kind.reason, kind.remedy)
    if head.startswith(b"PK"):
        _require_workbook(path)
        return True
    text = head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").replace(b"\0", b"").lower()
    if text.startswith(_WEB):
        raise FileRefused(path, "là trang web (HTML) mang tên tệp bảng tính", _SAVE_AS)
    if text.startswith(b"<?xml"):
        raise FileRefused(path, "là tệp XML", _SAVE_AS)
    return False


def _require_workbook(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError):
        raise FileRefused(path, "là tệp .xlsx hỏng hoặc tải về dở dang", "Tải hoặc xuất lại tệp") from None
    if "xl/workbook.xml" in names:
        return
    if "xl/workbook.bin" in names:
        raise FileRefused(path, "là tệp .xlsb", _SAVE_AS)
    if "content.xml" in names:
        raise FileRefused(path, "là tệp OpenDocument (.ods)", _SAVE_AS)
    raise FileRefused(path, "là tệp nén (zip), không phải bảng tính", "Giải nén rồi nhập tệp bên trong")
