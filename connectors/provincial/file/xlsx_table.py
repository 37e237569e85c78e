"""
A sheet of an XLSX workbook as a table.

The workbook is data from outside: it is bounded before it is unpacked, entity definitions are refused, and a
formula is never evaluated; its text arrives as it stands (``=A1+B1``) for the row reader to refuse.
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from connectors.provincial.file.refusals import FileRefused
from connectors.provincial.file.tables import MAX_COLUMNS, Row
from connectors.provincial.file.words import folded, nearest, quoted

MAX_UNPACKED_BYTES = 2 << 30
MAX_SHARED_BYTES = 256 << 20
MAX_PARTS = 2_000
MAX_RATIO = 150
_SMALL_BYTES = 10 << 20
MAX_ROWS = 1_048_576
_STREAMED = "xl/worksheets/"
_AS_CSV = "Lưu trang tính dạng «CSV UTF-8» rồi nhập tệp đó"


class Workbook:
    """An open workbook; a context manager."""

    def __init__(self, path: Path) -> None:
        from openpyxl import load_workbook

        _bounded(path)
        self._path = path
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._book: Any = load_workbook(path, read_only=True, data_only=False, keep_links=False)
        except Exception as error:
            raise FileRefused(path, f"là tệp .xlsx hỏng ({type(error).__name__})", "Mở bằng Excel, lưu lại") from error

    def close(self) -> None:
        self._book.close()

    def sheet(self, wanted: tuple[str, ...], *, first: bool) -> XlsxTable:
        """The first of the *wanted* sheets that exists; with *first*, the first of all when none is named."""
        sheets = {folded(sheet.title): sheet for sheet in self._book.worksheets}
        for name in wanted:
            if folded(name) in sheets:
                return XlsxTable(self._path, sheets[folded(name)])
        if first and not wanted and sheets:
            return XlsxTable(self._path, self._book.worksheets[0])
        titles = [sheet.title for sheet in self._book.worksheets]
        near = nearest(wanted[0], titles, limit=1) if wanted else []
        hint = f"Có phải là {quoted(near)}? " if near else ""
        reason = f"không có trang {quoted(wanted)}" if wanted else "không có trang ghi các bước xử lý"
        remedy = f"{hint}Sửa tên trang trong tệp ánh xạ, mục [file]"
        raise FileRefused(self._path, f"{reason}; tệp có {quoted(titles)}", remedy)


class XlsxTable:
    """Rows of one sheet, cells as text: dates in ISO 8601, whole numbers without a point."""

    delimiter = ","

    def __init__(self, path: Path, sheet: Any) -> None:
        self._path = path
        self._sheet = sheet
        self._total = sheet.max_row if isinstance(sheet.max_row, int) and sheet.max_row <= MAX_ROWS else None
        self._read = 0
        self.name = f"{path.name}, trang «{sheet.title}»"
        sheet.reset_dimensions()

    def rows(self) -> Iterator[Row]:
        """All rows. Raises FileRefused for a damaged sheet or one beyond a workbook's own limits."""
        values = self._sheet.iter_rows(values_only=True)
        while (cells := self._next(values)) is not None:
            self._read += 1
            if self._read > MAX_ROWS or len(cells) > MAX_COLUMNS:
                reason = f"{self.name} vượt quá {MAX_ROWS} dòng hoặc {MAX_COLUMNS} cột (dòng {self._read})"
                raise FileRefused(self._path, reason, "Xóa các dòng, cột trống ở cuối rồi lưu lại")
            yield Row(self._read, [value if type(value) is str else as_text(value) for value in cells])

    def _next(self, values: Iterator[tuple[object, ...]]) -> tuple[object, ...] | None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return next(values, None)
        except (zipfile.BadZipFile, ValueError, KeyError, SyntaxError, EOFError, OSError) as error:
            reason = f"hỏng ở dòng {self._read + 1} ({type(error).__name__})"
            raise FileRefused(self._path, reason, "Mở bằng Excel, lưu lại") from error

    def done(self) -> tuple[int, int | None]:
        return self._read, self._total


def as_text(value: object) -> str:
    """One cell as a person would type it; a date alone has no time of day."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        rounded = (value + timedelta(microseconds=500_000)).replace(microsecond=0)
        return f"{rounded:%Y-%m-%d}" if rounded.time() == time() else f"{rounded:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _bounded(path: Path) -> None:
    """Refuse what would unpack to more than a real export can hold, before unpacking it."""
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        whole = sum(part.file_size for part in parts if not part.filename.startswith(_STREAMED))
        inflated = any(p.file_size > max(_SMALL_BYTES, MAX_RATIO * p.compress_size) for p in parts)
        if inflated or len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
            raise FileRefused(path, "phình ra quá lớn khi giải nén, giống tệp phá hoại", _AS_CSV)
        if whole > MAX_SHARED_BYTES:
            raise FileRefused(path, f"có hơn {MAX_SHARED_BYTES >> 20} MB chữ và hình trong một khối", _AS_CSV)
        for part in parts:
            if part.filename.endswith((".xml", ".rels")):
                with archive.open(part) as content:
                    if b"<!DOCTYPE" in content.read(4096):
                        raise FileRefused(path, f"có khai báo DTD trong {part.filename}", _AS_CSV)
