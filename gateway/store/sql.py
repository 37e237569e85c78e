"""
Named statements: read once from ``queries.sql``, run on any DB-API cursor.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

_HEAD = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


class Cursor(Protocol):
    """What the store needs of a database driver's cursor."""

    def execute(self, sql: str, parameters: Mapping[str, Any], /) -> object: ...
    def executemany(self, sql: str, parameters: Iterable[Mapping[str, Any]], /) -> object: ...
    def fetchall(self) -> list[Any]: ...
    def fetchone(self) -> Any: ...
    def close(self) -> object: ...


@cache
def statements() -> Mapping[str, str]:
    """All named statements of ``queries.sql``."""
    parts = _HEAD.split(files("gateway.store").joinpath("queries.sql").read_text(encoding="utf-8"))
    return dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))


class Statements:
    """Runs named statements on one cursor."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._sql = statements()

    def rows(self, name: str, /, **parameters: object) -> list[Any]:
        self._cursor.execute(self._sql[name], parameters)
        return self._cursor.fetchall()

    def row(self, name: str, /, **parameters: object) -> Any:
        """The first row, or None. Reads to the end, so that a ``RETURNING`` statement is complete."""
        found = self.rows(name, **parameters)
        return found[0] if found else None

    def run(self, name: str, /, **parameters: object) -> None:
        self._cursor.execute(self._sql[name], parameters)

    def many(self, name: str, parameters: list[dict[str, Any]]) -> None:
        if parameters:
            self._cursor.executemany(self._sql[name], parameters)
