"""
A sheet of an XLSX workbook as a table.

The workbook is data from outside: it is bounded before it is unpacked, entity definitions are refused, and a
formula is never evaluated; its text arrives as it stands (``=A1+B1``) for the row reader to refuse. Sheets are read
row by row with lxml; a general workbook library takes ten times as long for the same rows and keeps every string.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from posixpath import normpath
from typing import IO

from lxml import etree

from connectors.provincial.file.refusals import FileRefused
from connectors.provincial.file.tables import MAX_COLUMNS, Row
from connectors.provincial.file.words import folded, nearest, quoted
from connectors.provincial.file.xlsx_strings import SharedStrings, parsed, text_of

MAX_UNPACKED_BYTES = 4 << 30
MAX_PARTS = 2_000
MAX_RATIO = 150
_SMALL_BYTES = 10 << 20
_AS_CSV = "Lưu trang tính dạng «CSV UTF-8» rồi nhập tệp đó"
_DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_LITERAL = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.')
_CELL = re.compile(r"([A-Z]{1,3})\d+")
_FAULTS = (
    # RuntimeError: a part with a password, or packed in a way that is not known here.
    zipfile.BadZipFile, zlib.error, RuntimeError, etree.XMLSyntaxError, ValueError, KeyError, IndexError, EOFError,
    OSError,
)  # fmt: skip


class Workbook:
    """An open workbook; ``close`` it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._archive = zipfile.ZipFile(path)
        try:
            _bounded(path, self._archive)
            with _readable(path):
                self._sheets, self._epoch = self._read_sheets()
                self._date_styles = self._read_styles()
                shared = "xl/sharedStrings.xml"
                with _opened(self._archive, shared if shared in self._archive.namelist() else None) as stream:
                    self._strings = SharedStrings(stream)
        except BaseException:
            self._archive.close()
            raise

    def close(self) -> None:
        self._strings.close()
        self._archive.close()

    def sheet(self, wanted: Sequence[str], *, first: bool) -> XlsxTable:
        """The first of the *wanted* sheets that exists; with *first*, the first of all when none is named."""
        by_name = {folded(title): (title, part) for title, part in self._sheets}
        found = next((by_name[folded(name)] for name in wanted if folded(name) in by_name), None)
        if found is None and first and not wanted and self._sheets:
            found = self._sheets[0]
        if found is not None:
            with _readable(self._path):
                stream = self._archive.open(found[1])
            size = self._archive.getinfo(found[1]).file_size
            return XlsxTable(self._path, found[0], stream, size, self._strings, self._date_styles, self._epoch)
        titles = [title for title, _ in self._sheets]
        near = nearest(wanted[0], titles, limit=1) if wanted else []
        hint = f"Có phải là {quoted(near)}? " if near else ""
        reason = f"không có trang {quoted(wanted)}" if wanted else "không có trang ghi các bước xử lý"
        remedy = f"{hint}Sửa tên trang trong tệp ánh xạ, mục [file]"
        raise FileRefused(self._path, f"{reason}; tệp có {quoted(titles)}", remedy)

    def _read_sheets(self) -> tuple[list[tuple[str, str]], datetime]:
        """Title and part of each sheet that holds cells, in order; and the day that counts as 0."""
        parts: dict[str, str] = {}
        with self._archive.open("xl/_rels/workbook.xml.rels") as stream:
            for relation in parsed(stream, "Relationship"):
                if relation.get("Type", "").endswith("/worksheet"):
                    target = relation.get("Target", "")
                    part = target.lstrip("/") if target.startswith("/") else normpath(f"xl/{target}")
                    parts[relation.get("Id", "")] = part
        epoch = datetime(1899, 12, 30)  # noqa: DTZ001 - serial days have no zone.
        sheets: list[tuple[str, str]] = []
        with self._archive.open("xl/workbook.xml") as stream:
            for element in parsed(stream, "*"):
                name = str(element.tag).rpartition("}")[2]
                if name == "workbookPr" and element.get("date1904") in ("1", "true"):
                    epoch = datetime(1904, 1, 1)  # noqa: DTZ001
                elif name == "sheet":
                    held = [parts[value] for value in map(str, element.attrib.values()) if value in parts]
                    sheets += [(element.get("name", ""), part) for part in held[:1]]
        return sheets, epoch

    def _read_styles(self) -> frozenset[str]:
        """The styles (``s`` of a cell) under which a number is a date."""
        part = "xl/styles.xml"
        if part not in self._archive.namelist():
            return frozenset()
        dates = set(_DATE_FORMATS)
        with self._archive.open(part) as stream:
            for element in parsed(stream, "numFmt"):
                shown = _LITERAL.sub("", element.get("formatCode", "")).lower().partition(";")[0]
                (dates.add if re.search("[dmyhs]", shown) else dates.discard)(int(element.get("numFmtId", "0")))
        found: set[str] = set()
        with self._archive.open(part) as stream:
            for element in parsed(stream, "cellXfs"):
                styles = [int(style.get("numFmtId", "0")) for style in element]
                found |= {str(index) for index, number in enumerate(styles) if number in dates}
        return frozenset(found)


class XlsxTable:
    """Rows of one sheet, cells as text: dates in ISO 8601, whole numbers without a point."""

    delimiter = ","

    def __init__(
        self,
        path: Path,
        title: str,
        stream: IO[bytes],
        size: int,
        strings: SharedStrings,
        date_styles: frozenset[str],
        epoch: datetime,
    ) -> None:
        self._path = path
        self._stream = stream
        self._size = size
        self._strings = strings
        self._date_styles = date_styles
        self._epoch = epoch
        self._columns: dict[str, int] = {}
        self.name = f"{path.name}, trang «{title}»"

    def done(self) -> tuple[int, int | None]:
        return self._size if self._stream.closed else self._stream.tell(), self._size

    def rows(self) -> Iterator[Row]:
        """Rows that the sheet has. Raises FileRefused for a damaged sheet and for one with too many columns."""
        line = 0
        elements = parsed(self._stream, "row")
        with self._stream:
            while True:
                with _readable(self._path, line + 1):
                    element = next(elements, None)
                    if element is None:
                        return
                    line = int(element.get("r") or line + 1)
                    cells = self._cells(element)
                if len(cells) > MAX_COLUMNS:
                    reason = f"{self.name} có hơn {MAX_COLUMNS} cột ở dòng {line}"
                    raise FileRefused(self._path, reason, "Xóa các cột thừa ở cuối rồi lưu lại")
                yield Row(line, cells)

    def _cells(self, row: etree._Element) -> list[str]:
        cells: list[str] = []
        following = 0
        for cell in row:
            text = self._text(cell)
            position = self._position(cell.get("r"), following)
            following = position + 1
            if not text:
                continue
            if position >= len(cells):
                cells += [""] * (min(following, MAX_COLUMNS + 1) - len(cells))
            cells[min(position, MAX_COLUMNS)] = text
        return cells

    def _position(self, reference: str | None, following: int) -> int:
        if reference is None:
            return following
        letters = reference.rstrip("0123456789")
        position = self._columns.get(letters)
        if position is None:
            if not _CELL.fullmatch(reference):
                raise ValueError(reference)
            position = 0
            for letter in letters:
                position = position * 26 + ord(letter) - 64
            position -= 1
            self._columns[letters] = position
        return position

    def _text(self, cell: etree._Element) -> str:
        value = None
        for child in cell:
            name = str(child.tag)
            if name.endswith("}v"):
                value = child.text
            elif name.endswith("}f"):
                return f"={child.text or '…'}"
            elif name.endswith("}is"):
                return text_of(child)
        if value is None:
            return ""
        kind = cell.get("t")
        if kind is None or kind == "n":
            return self._number(value, cell.get("s"))
        if kind == "s":
            return self._strings[int(value)]
        if kind == "b":
            return "TRUE" if value == "1" else "FALSE"
        return value

    def _number(self, value: str, style: str | None) -> str:
        if style in self._date_styles:
            return moment_text(float(value), self._epoch) or value
        return value if value.isdigit() else number_text(float(value))


def number_text(number: float) -> str:
    """As a person would type it: ``99090000017``, not ``9.9090000017E10``."""
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def moment_text(serial: float, epoch: datetime) -> str | None:
    """A serial day as ISO 8601 to the second, a whole day without a time; None for what is no date."""
    try:
        at = epoch + timedelta(seconds=round(serial * 86_400))
    except OverflowError:
        return None
    return f"{at:%Y-%m-%d}" if serial == int(serial) else f"{at:%Y-%m-%d %H:%M:%S}"


@contextmanager
def _readable(path: Path, line: int | None = None) -> Iterator[None]:
    try:
        yield
    except _FAULTS as error:
        where = f" ở dòng {line}" if line else ""
        reason = f"là tệp .xlsx hỏng{where} ({type(error).__name__})"
        raise FileRefused(path, reason, "Mở bằng Excel, lưu lại") from error


@contextmanager
def _opened(archive: zipfile.ZipFile, part: str | None) -> Iterator[IO[bytes] | None]:
    if part is None:
        yield None
    else:
        with archive.open(part) as stream:
            yield stream


def _bounded(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse what would unpack to more than a real export can hold, before unpacking it."""
    parts = archive.infolist()
    inflated = any(p.file_size > max(_SMALL_BYTES, MAX_RATIO * p.compress_size) for p in parts)
    if inflated or len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise FileRefused(path, "phình ra quá lớn khi giải nén, giống tệp phá hoại", _AS_CSV)
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            with _readable(path), archive.open(part) as content:
                declared = b"<!DOCTYPE" in content.read(4096)
            if declared:
                raise FileRefused(path, f"có khai báo DTD trong {part.filename}", _AS_CSV)
