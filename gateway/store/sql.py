"""
Named statements, written once for both databases: read from ``statements/*.sql``, run on any DB-API cursor.

Three things differ between SQLite and PostgreSQL and are written in one way here:

- ``each_id(:x)`` and ``each_text(:x)``: a table of one column ``value``, from a list that is passed as ``x``;
- ``rows r``: a table of the rows given to ``Statements.many``; its columns and their types stand in a line
  ``-- rows: name type, ...`` above the statement. PostgreSQL gets one statement with arrays, SQLite one for each block
  of rows and, for what is left over, for each row; two rows never aim at the same one;
- ``/*lock t*/``, ``/*skip locked t*/``: row locks on table ``t``, where a database has them.

A statement ``name`` in the dialect's own file takes the place of the common one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain
from operator import itemgetter
from typing import Any, Literal, Protocol

import orjson

Dialect = Literal["sqlite", "postgresql"]

BLOCKS = (32, 8)
"""
How many rows go into one SQLite statement, where so many are left. The driver lets go of the interpreter for each
statement: one for many rows lets the threads that call partners run meanwhile, one for each row makes them take turns.
"""

_HEAD = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_ROWS = re.compile(r"^-- rows: (.+)$", re.MULTILINE)
_EACH = re.compile(r"each_(id|text)\(:(\w+)\)")
_LOCK = re.compile(r"/\*(lock|skip locked) (\w+)\*/")
_TENANT = re.compile(r":tenant\b")
_COLUMN = re.compile(r"\br\.(\w+)")
_PARAMETER = re.compile(r"(?<![:\w]):(\w+)")


class Cursor(Protocol):
    """What the store needs of a database driver's cursor."""

    def execute(self, sql: str, parameters: Mapping[str, Any] | Sequence[Any], /) -> object: ...
    def executemany(self, sql: str, parameters: Iterable[Mapping[str, Any]], /) -> object: ...
    def fetchall(self) -> list[Any]: ...
    def close(self) -> object: ...


@dataclass(frozen=True, slots=True)
class Statement:
    """
    *text* in the words of one driver; *columns* are those of ``rows``, in order. *blocks*, where there are any, are the
    same for so many rows at once, with parameters by position: first the rows, then the tenant.
    """

    text: str
    columns: tuple[str, ...] = ()
    blocks: tuple[tuple[int, str], ...] = ()


@cache
def statements(dialect: Dialect) -> Mapping[str, Statement]:
    """All named statements for *dialect*."""
    found: dict[str, Statement] = {}
    for file in ("ledger", "outbox", "reports", "control", "upkeep", "vitals", "service", "notices", dialect):
        text = files("gateway.store").joinpath("statements", f"{file}.sql").read_text(encoding="utf-8")
        parts = _HEAD.split(text)
        for name, body in zip(parts[1::2], parts[2::2], strict=True):
            found[name] = _statement(body, dialect)
    return found


def _statement(body: str, dialect: Dialect) -> Statement:
    declared = _ROWS.search(body)
    columns = dict(part.split() for part in declared[1].split(", ")) if declared else {}
    text = "\n".join(line for line in body.splitlines() if line and not line.startswith("--"))
    single = _FOR[dialect](text, columns)
    in_blocks = dialect == "sqlite" and ("FROM rows r" in text or "USING rows r" in text)
    blocks = [(count, _block_for_sqlite(_LOCK.sub("", text), tuple(columns), count)) for count in BLOCKS if in_blocks]
    return Statement(single, tuple(columns), tuple(blocks))


def _block_for_sqlite(text: str, columns: Sequence[str], count: int) -> str:
    """A deletion names row by row: SQLite has no join there, and looks up a list of keys by the wrong index."""
    size = len(columns)
    text = _TENANT.sub(f"?{count * size + 1}", text)
    deletion, _, is_row = text.partition("USING rows r\nWHERE ")
    if is_row:
        rows = [_numbered(is_row, columns, n * size + 1) for n in range(count)]
        return f"{deletion}WHERE ({') OR ('.join(rows)})"
    values = ", ".join([f"({', '.join('?' * size)})"] * count)
    return f"WITH r({', '.join(columns)}) AS (VALUES {values}) {text.replace('rows r', 'r')}"


def _numbered(text: str, columns: Sequence[str], first: int) -> str:
    """*text* with the columns of a row as parameters by number, from *first* on."""
    return _COLUMN.sub(lambda found: f"?{first + columns.index(found[1])}", text)


def _for_sqlite(text: str, columns: Mapping[str, str]) -> str:
    text = _EACH.sub(r"json_each(:\2)", _LOCK.sub("", text))
    if not columns:
        return text
    text = text.replace("rows r CROSS JOIN ", "").replace("FROM rows r", "").replace("USING rows r", "")
    return _COLUMN.sub(r":\1", text)


def _for_postgresql(text: str, columns: Mapping[str, str]) -> str:
    text = _LOCK.sub(lambda m: f"FOR UPDATE OF {m[2]}" + (" SKIP LOCKED" if m[1] == "skip locked" else ""), text)
    kinds = {"id": "bigint", "text": "text"}
    text = _EACH.sub(lambda m: f"(SELECT unnest(%({m[2]})b::{kinds[m[1]]}[]) AS value)", text)
    if columns:
        arrays = ", ".join(f"%({name})b::{kind}[]" for name, kind in columns.items())
        text = text.replace("rows r", f"unnest({arrays}) AS r({', '.join(columns)})")
    return _PARAMETER.sub(r"%(\1)s", text)


_FOR: Mapping[Dialect, Callable[[str, Mapping[str, str]], str]] = {
    "sqlite": _for_sqlite,
    "postgresql": _for_postgresql,
}


class Statements:
    """
    Runs named statements of one tenant on one cursor; every statement may use ``:tenant``.

    *heard* is told the name of each statement before it runs.
    """

    def __init__(
        self, cursor: Cursor, dialect: Dialect, tenant: str, heard: Callable[[str], None] | None = None
    ) -> None:
        self.tenant = tenant
        self.dialect = dialect
        self._cursor = cursor
        self._sql = statements(dialect)
        self._heard = heard

    def rows(self, name: str, /, **parameters: object) -> list[Any]:
        self._execute(name, parameters)
        return self._cursor.fetchall()

    def row(self, name: str, /, **parameters: object) -> Any:
        """The first row, or None. Reads to the end, so that a ``RETURNING`` statement is complete."""
        found = self.rows(name, **parameters)
        return found[0] if found else None

    def run(self, name: str, /, **parameters: object) -> None:
        self._execute(name, parameters)

    def many(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement over ``rows``; nothing happens without any."""
        if not rows:
            return
        statement = self._sql[name]
        if self._heard is not None:
            self._heard(name)
        if self.dialect == "sqlite":
            self._many_on_sqlite(statement, rows)
        else:
            arrays: dict[str, Any] = {column: [row[column] for row in rows] for column in statement.columns}
            self._cursor.execute(statement.text, {**arrays, "tenant": self.tenant})

    def _many_on_sqlite(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        done, values = 0, _values(statement.columns)
        for count, text in statement.blocks:
            while len(rows) - done >= count:
                block = rows[done : done + count]
                self._cursor.execute(text, [*chain.from_iterable(map(values, block)), self.tenant])
                done += count
        if done < len(rows):
            self._cursor.executemany(statement.text, ({**row, "tenant": self.tenant} for row in rows[done:]))

    def _execute(self, name: str, parameters: dict[str, object]) -> None:
        if self._heard is not None:
            self._heard(name)
        if self.dialect == "sqlite":
            for key, value in parameters.items():
                if isinstance(value, list):
                    parameters[key] = orjson.dumps(value).decode()
        parameters["tenant"] = self.tenant
        self._cursor.execute(self._sql[name].text, parameters)


def _values(columns: Sequence[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Takes the values of a row in the order of *columns*; also where there is one only."""
    if len(columns) == 1:
        (column,) = columns
        return lambda row: (row[column],)
    return itemgetter(*columns)


def ids(sql: Statements, count: int) -> list[int]:
    """*count* new ids, growing."""
    if sql.dialect == "sqlite":
        (first,) = sql.row("new_ids", count=count)
        return list(range(first, first + count))
    return [row[0] for row in sql.rows("new_ids", count=count)]
