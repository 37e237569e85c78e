"""A delimited text file as a table."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import islice
from pathlib import Path

from connectors.provincial.file.encoding import recognise
from connectors.provincial.file.refusals import FileRefused
from connectors.provincial.file.tables import Headings, Row

DELIMITERS = (",", ";", "\t", "|")
_LOOK = 40


class CsvTable:
    """
    Rows of a text file. Encoding and delimiter are found when it is made, or given.

    The delimiter is the one by which a row near the top shows the most headings of the mapping; a comma
    inside a Vietnamese address can therefore not win a vote.
    """

    def __init__(
        self, path: Path, headings: Headings, *, delimiter: str | None = None, encoding: str | None = None
    ) -> None:
        self._path = path
        self._size = path.stat().st_size
        self._encoding = recognise(path, encoding)
        self._read = 0
        self.name = path.name
        self.delimiter = delimiter or self._sniff(headings)

    def rows(self) -> Iterator[Row]:
        """All rows, blank ones too. Raises FileRefused where quoting makes no sense."""
        return self._rows(self.delimiter)

    def done(self) -> tuple[int, int | None]:
        return self._read, self._size

    def _rows(self, delimiter: str) -> Iterator[Row]:
        line = 1
        with self._path.open("rb") as raw, TextIOWrapper(raw, encoding=self._encoding.codec, newline="") as file:
            reader = csv.reader(file, delimiter=delimiter)
            try:
                for cells in reader:
                    yield Row(line, cells)
                    line = reader.line_num + 1
                    if line % 1024 < 2:
                        self._read = raw.tell()
            except csv.Error:
                reason = f"từ dòng {line} có một ô dài bất thường"
                raise FileRefused(self._path, reason, "Thường là dấu nháy kép mở mà không đóng; sửa dòng đó") from None
        self._read = self._size

    def _sniff(self, headings: Headings) -> str:
        best, most = DELIMITERS[0], (0, 0)
        for delimiter in DELIMITERS:
            try:
                rows = list(islice(self._rows(delimiter), _LOOK))
            except FileRefused:
                continue
            score = max(((headings.known(row.cells), len(row.cells)) for row in rows), default=(0, 0))
            if score > most:
                best, most = delimiter, score
        return best
