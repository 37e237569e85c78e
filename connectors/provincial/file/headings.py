"""
Finding the headings of a table, and where each field of the mapping stands.

Exports begin with titles ("BÁO CÁO TÌNH HÌNH…"), so the heading row is the one near the top that shows the
most headings of the mapping.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from connectors.provincial.file.encoding import ADVICE_TCVN3, looks_like_tcvn3
from connectors.provincial.file.mapping import Column
from connectors.provincial.file.refusals import FileRefused
from connectors.provincial.file.tables import Row, Table
from connectors.provincial.file.words import heading_key, nearest, quoted

_LOOK = 40


class KnownHeadings:
    """All headings that a set of columns accepts."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        self._keys = frozenset(heading_key(heading) for column in columns for heading in column.headings)

    def known(self, cells: Sequence[str]) -> int:
        """How many different accepted headings are among *cells*."""
        return len(self._keys & {heading_key(cell) for cell in cells if cell})


@dataclass(frozen=True, slots=True)
class Binding:
    """The heading row of one table and the position of each column of the mapping that the table has."""

    table: str
    line: int
    headings: tuple[str, ...]
    positions: Mapping[str, int]

    def position(self, column: Column) -> int | None:
        return self.positions.get(column.path)

    def heading(self, column: Column) -> str:
        """What the file calls the column, for messages; the constant's path where there is no column."""
        position = self.position(column)
        return self.headings[position].strip() if position is not None else column.path


def bind(path: Path, table: Table, known: KnownHeadings) -> tuple[Binding, Iterator[Row]]:
    """
    The binding of *table*, and the rows below its headings.

    Raises FileRefused naming every missing heading with the nearest one found, headings that stand twice, and
    headings in TCVN3 letters.
    """
    rows = table.rows()
    top = list(islice(rows, _LOOK))
    best = max(range(len(top)), key=lambda index: (known.known(top[index].cells), -index), default=None)
    if best is None or not known.known(top[best].cells):
        _refuse_tcvn3(path, top, known)
        wanted = quoted(column.headings[0] for column in known.columns if column.headings and not column.optional)
        remedy = "Kiểm tra đúng tệp và đúng tệp ánh xạ chưa, hoặc sửa tiêu đề trong tệp ánh xạ"
        raise FileRefused(path, f"không tìm thấy dòng tiêu đề trong {table.name}; cần có {wanted}", remedy)
    head = top[best]
    binding = Binding(table.name, head.line, tuple(head.cells), _positions(path, table, head.cells, known))
    return binding, chain(top[best + 1 :], rows)


def _positions(path: Path, table: Table, cells: Sequence[str], known: KnownHeadings) -> dict[str, int]:
    places: dict[str, list[int]] = {}
    for index, cell in enumerate(cells):
        if cell.strip():
            places.setdefault(heading_key(cell), []).append(index)
    positions: dict[str, int] = {}
    missing, twice = [], []
    for column in known.columns:
        found = next((key for key in map(heading_key, column.headings) if key in places), None)
        if found is not None:
            positions[column.path] = places[found][0]
            if len(places[found]) > 1:
                where = " và ".join(column_letters(index) for index in places[found])
                twice.append(f"«{cells[places[found][0]].strip()}» (cột {where})")
        elif column.headings and not column.optional:
            missing.append(column)
    if missing:
        bound = set(positions.values())
        free = [cell.strip() for cell in cells if cell.strip() and places[heading_key(cell)][0] not in bound]
        lines = [_missing(column, free) for column in missing]
        reason = f"{table.name} thiếu cột: " + "; ".join(lines)
        raise FileRefused(path, reason, "Thêm tiêu đề của tệp vào tệp ánh xạ, hoặc đánh dấu optional = true")
    if twice:
        reason = f"{table.name} có tiêu đề lặp lại: {', '.join(dict.fromkeys(twice))}"
        raise FileRefused(path, reason, "Đổi tên hoặc xóa cột thừa để biết lấy cột nào")
    return positions


def _missing(column: Column, free: Sequence[str]) -> str:
    near = nearest(column.headings[0], free, limit=1)
    return f"{quoted(column.headings)} ({column.path})" + (f", gần nhất là {quoted(near)}" if near else "")


def _refuse_tcvn3(path: Path, top: Sequence[Row], known: KnownHeadings) -> None:
    for row in top:
        read = looks_like_tcvn3("\t".join(row.cells))
        if read is not None and known.known(read.split("\t")):
            reason = f"dòng {row.line} viết bằng chữ TCVN3 (ABC), ví dụ font .VnTime, không phải Unicode"
            raise FileRefused(path, reason, ADVICE_TCVN3)


def column_letters(index: int) -> str:
    """0 is A, 26 is AA, as a spreadsheet names its columns."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
