"""
Reading one row by the mapping: text, moments, amounts, words, each fault kept with its column.

A row is read to its end even when a cell is wrong, so that the person who mends it sees all faults at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from connectors.provincial.file.dates import DateReader, DateRefused, Moment
from connectors.provincial.file.faults import in_words
from connectors.provincial.file.headings import Binding
from connectors.provincial.file.mapping import Column, FileMapping
from connectors.provincial.file.tables import MAX_CELL_CHARACTERS
from connectors.provincial.file.words import folded, heading_key
from gateway.errors import InvalidInput
from gateway.model.text import show
from gateway.model.times import VIETNAM

Value = TypeVar("Value")

_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"})
_QUOTED_FORMULA = re.compile(r'="([^"]*)"')
_AMOUNT = re.compile(r"(\d{1,3}([., \u00a0\u202f])\d{3}(?:\2\d{3})*|\d+)(?:[.,]0{1,2})?", re.ASCII)
_CURRENCY = re.compile(r"\s*(?:đồng|vnđ|vnd|đ|₫)\.?$", re.IGNORECASE)
_NOTHING = frozenset({"miễn phí", "miễn", "không thu", "không"})
_YES = frozenset({"có", "x", "1", "true", "yes", "đã", "rồi", "đúng"})
_NO = frozenset({"không", "0", "false", "no", "chưa", "sai"})
_EARLIEST = datetime(1990, 1, 1, tzinfo=VIETNAM)


class Place:
    """Where one field of a table is read: a position, a constant, or nowhere. ``heading`` is for messages."""

    __slots__ = ("column", "heading", "position", "value")

    def __init__(self, column: Column, binding: Binding) -> None:
        self.column = column
        self.position = binding.position(column)
        self.value = column.value
        self.heading = binding.heading(column)


class RowReader:
    """
    Reads cells of one row of one table; ``start`` gives it the next row. Not shared between threads.
    """

    def __init__(self, mapping: FileMapping, now: datetime) -> None:
        self._dates: DateReader = mapping.dates
        self._blank = mapping.blank
        self._latest = now + mapping.future
        self._today_ends = (self._latest.astimezone(VIETNAM)).date()
        self.cells: Sequence[str] = ()
        self.faults: list[tuple[Place | None, str]] = []

    def start(self, cells: Sequence[str]) -> None:
        self.cells = cells
        self.faults = []

    def fault(self, place: Place | None, refusal: InvalidInput | str) -> None:
        """Remember why a cell, or with None the row as a whole, is refused."""
        self.faults.append((place, in_words(refusal) if isinstance(refusal, InvalidInput) else refusal))

    def text(self, place: Place | None) -> str | None:
        """The cell without outer blanks; None when it is empty, absent, refused, or a word for nothing."""
        if place is None:
            return None
        position = place.position
        if position is None:
            return place.value
        try:
            raw = self.cells[position].strip()
        except IndexError:
            return None
        if not raw or (self._blank and folded(raw) in self._blank):
            return None
        if raw[0] in "=#" or len(raw) > MAX_CELL_CHARACTERS or not raw.isprintable() or "\ufffd" in raw:
            return self._odd(place, raw)
        return raw

    def _odd(self, place: Place, raw: str) -> str | None:
        if raw[0] == "=" and len(raw) > 1:
            literal = _QUOTED_FORMULA.fullmatch(raw)
            if literal is None:
                self.fault(place, "là công thức, không được tính. Sao chép cột rồi dán giá trị (Paste Values)")
                return None
            return literal[1].strip() or None
        if raw in _ERRORS:
            self.fault(place, f"«{raw}» là lỗi của bảng tính. Sửa công thức ở tệp gốc rồi xuất lại")
            return None
        if len(raw) > MAX_CELL_CHARACTERS:
            self.fault(place, f"dài {len(raw)} ký tự, tối đa {MAX_CELL_CHARACTERS}. Kiểm tra dấu nháy kép của dòng này")
            return None
        if "\ufffd" in raw or any((c < " " and c not in "\t\r\n") or c == "\x7f" for c in raw):
            self.fault(place, "có ký tự hỏng hoặc ký tự điều khiển. Xuất lại từ hệ thống một cửa, hoặc gõ lại ô này")
            return None
        return raw

    def needed(self, place: Place | None, what: str) -> str | None:
        """As ``text``, and a fault when there is nothing."""
        before = len(self.faults)
        found = self.text(place)
        if found is None and len(self.faults) == before:
            self.fault(place, f"thiếu {what}. Điền theo hệ thống một cửa")
        return found

    def moment(self, place: Place | None, *, past: bool = True) -> Moment | None:
        """The time in a cell; with *past* it must have happened, within the mapping's tolerance."""
        raw = self.text(place)
        if raw is None or place is None:
            return None
        try:
            moment = self._dates.read(raw, place.column.fill)
        except DateRefused as refusal:
            self.fault(place, f"«{show(raw)}» {refusal.reason}. {refusal.remedy}")
            return None
        if moment.at < _EARLIEST:
            self.fault(place, f"«{show(raw)}» quá xa trong quá khứ. Kiểm tra lại năm")
            return None
        if past and (moment.at.date() > self._today_ends if moment.whole_day else moment.at > self._latest):
            self.fault(place, f"«{show(raw)}» ở tương lai. Kiểm tra ngày tháng và đồng hồ của máy")
            return None
        return moment

    def at(self, place: Place | None, *, past: bool = True) -> datetime | None:
        """As ``moment``, in UTC."""
        found = self.moment(place, past=past)
        return None if found is None else found.at.astimezone(UTC)

    def parsed(self, place: Place | None, parse: Callable[[str], Value], needed: str = "") -> Value | None:
        """What *parse* makes of the cell; its InvalidInput, or the lack of what is *needed*, is a fault of the cell."""
        raw = self.needed(place, needed) if needed else self.text(place)
        if raw is None:
            return None
        try:
            return parse(raw)
        except InvalidInput as refusal:
            self.fault(place, refusal)
            return None

    def amount(self, place: Place | None) -> int | None:
        """Whole đồng, or a whole number of things: ``50.000 đ``, ``50,000``, ``50000``, ``Miễn phí``."""
        return self.parsed(place, whole_number)

    def flag(self, place: Place | None) -> bool:
        """Yes or no; nothing is no."""
        return bool(self.parsed(place, yes_or_no))


def whole_number(raw: str) -> int:
    """Raises InvalidInput; ``12.5`` is refused, since nobody can tell what the point separates."""
    if folded(raw) in _NOTHING:
        return 0
    found = _AMOUNT.fullmatch(_CURRENCY.sub("", raw))
    if found is None:
        raise InvalidInput("số tiền", show(raw), "không phải số nguyên không âm", "Ví dụ đúng: 50000 hoặc 50.000 đ")
    return int(re.sub(r"\D", "", found[1], flags=re.ASCII))


def yes_or_no(raw: str) -> bool:
    word = folded(raw)
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise InvalidInput("có hay không", show(raw), "không rõ là có hay không", "Ghi «Có» hoặc «Không»")


def places(columns: Mapping[str, Column], binding: Binding) -> dict[str, Place]:
    """The places of several fields in one table."""
    return {name: Place(column, binding) for name, column in columns.items()}


def same_heading_row(cells: Iterable[str], binding: Binding) -> bool:
    """Whether a row is the heading row again, as printed reports repeat it on every page."""
    return [heading_key(cell) for cell in cells if cell] == [heading_key(h) for h in binding.headings if h]
