"""
Rows waiting on disk until their dossier is complete.

An export may hold the steps of a dossier anywhere in the file. Rows are therefore laid down as they come and
taken up again dossier by dossier, so that memory does not grow with the file. The database is SQLite's private
temporary one: it has no name, and is gone when the process is, however it ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from types import TracebackType
from typing import NamedTuple, Self

import orjson

from connectors.provincial.file.refusals import Part, Refusal
from gateway.errors import StoreFull, StoreUnavailable

_PARTS = tuple(Part)
_CACHE_KIB = 2_048
_BATCH = 1_000
_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
CREATE TABLE staged (dossier TEXT NOT NULL, part INTEGER NOT NULL, line INTEGER NOT NULL, cells BLOB NOT NULL);
CREATE TABLE refused (
    part INTEGER NOT NULL, line INTEGER NOT NULL, heading TEXT NOT NULL, reason TEXT NOT NULL, cells BLOB NOT NULL
);
"""


class StagedRow(NamedTuple):
    """One row as read: its table, its line, its cells as text."""

    part: Part
    line: int
    cells: list[str]


class Staging:
    """A context manager; everything in it is forgotten at its end."""

    def __init__(self) -> None:
        with _faults():
            self._db = sqlite3.connect("", isolation_level=None)
            self._db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            self._db.executescript(_SCHEMA)
            self._db.execute("BEGIN")
        self._pending: list[tuple[str, int, int, bytes]] = []
        self.rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def add(self, dossier: str, row: StagedRow) -> None:
        """Lay down a row of the dossier with key *dossier*."""
        self._pending.append((dossier, row.part, row.line, orjson.dumps(row.cells)))
        self.rows += 1
        if len(self._pending) >= _BATCH:
            self._flush()

    def groups(self) -> Iterator[tuple[str, list[StagedRow]]]:
        """Each dossier's rows, dossiers by key, rows by table and line."""
        self._flush()
        with _faults():
            rows = self._db.execute("SELECT dossier, part, line, cells FROM staged ORDER BY dossier, part, line")
            for dossier, group in groupby(rows, key=itemgetter(0)):
                yield dossier, [StagedRow(_PARTS[part], line, orjson.loads(cells)) for _, part, line, cells in group]

    def refuse(self, refusal: Refusal, cells: Sequence[str]) -> None:
        """Keep a refused row with its reason until ``refused`` is asked."""
        with _faults():
            self._db.execute(
                "INSERT INTO refused VALUES (?, ?, ?, ?, ?)",
                (refusal.part, refusal.line, refusal.column, refusal.reason, orjson.dumps(list(cells))),
            )

    def refused(self, part: Part) -> Iterator[tuple[Refusal, list[str]]]:
        """The refused rows of one table, in the order of the file."""
        with _faults():
            query = "SELECT line, heading, reason, cells FROM refused WHERE part = ? ORDER BY line, rowid"
            for line, heading, reason, cells in self._db.execute(query, (part,)):
                yield Refusal(part, line, heading, reason), orjson.loads(cells)

    def _flush(self) -> None:
        with _faults():
            self._db.executemany("INSERT INTO staged VALUES (?, ?, ?, ?)", self._pending)
        self._pending.clear()


class _faults:  # noqa: N801 - reads as a phrase after `with`
    """Errors of the temporary database leave as errors of ours."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, sqlite3.OperationalError):
            if "full" in str(error):
                text = "Hết chỗ trong thư mục tạm khi sắp xếp tệp; dọn đĩa hoặc đặt biến TMPDIR sang đĩa khác"
                raise StoreFull(text) from error
            text = f"Không dùng được thư mục tạm để sắp xếp tệp ({error}); kiểm tra biến TMPDIR"
            raise StoreUnavailable(text) from error
