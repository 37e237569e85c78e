"""
The lists that are shipped: CSV files in ``mappings/codes`` with their source and confidence columns, read on first use.
"""

from __future__ import annotations

import csv
import io
from datetime import date
from functools import lru_cache
from importlib.resources import files

from mappings.lists import CodeList, NotInList, Row, near_codes


def code_list(name: str, dialect: str | None = None) -> CodeList:
    """
    The list *name*: a file of ``mappings/codes`` without its ending, or a coded field of ``code_lists.csv``.

    A coded field that partners number differently needs its *dialect*; there is no default one.
    """
    if name in _FILE_KEYS:
        return _file_list(name)
    dialects = _coded_fields().get(name)
    if dialects is None:
        raise NotInList("code lists", name, near_codes(name, [*_FILE_KEYS, *_coded_fields()]))
    if dialect is None and len(dialects) == 1:
        return next(iter(dialects.values()))
    if dialect not in dialects:
        raise NotInList(f"{name}: dialects", dialect or "", sorted(dialects))
    return dialects[dialect]


def status_words(dialect: str) -> CodeList:
    """
    Words of one kind of local system for dossier statuses; column ``code`` is the national status.

    Vendors contradict each other (``new`` is 1 for one and 2 for another), so the dialect must be named.
    """
    dialects = _status_dialects()
    if dialect not in dialects:
        raise NotInList("local_status_words: dialects", dialect, sorted(dialects))
    return dialects[dialect]


def transitions() -> tuple[Row, ...]:
    """The legal moves between dossier statuses; ``from`` 0 means that the dossier does not exist yet."""
    return tuple(read_rows("transitions"))


def service_level(code: str, day: date) -> Row:
    """The service level *code* under the rules that held on *day*. Raises ``NotInList``."""
    held = {row["code"]: row for row in read_rows("service_levels") if row.valid_on(day)}
    if code not in held:
        raise NotInList(f"service_levels {day.isoformat()}", code, sorted(held))
    return held[code]


@lru_cache(maxsize=32)
def read_rows(name: str) -> list[Row]:
    """All lines of the file *name* in their order."""
    text = (files("mappings") / "codes" / f"{name}.csv").read_text(encoding="utf-8")
    return [Row(name, cells) for cells in csv.DictReader(io.StringIO(text, newline=""))]


_FILE_KEYS: dict[str, str] = {
    "agency_codes": "code",
    "dossier_code_formats": "id",
    "dossier_statuses": "code",
    "integrity_rules": "n",
    "provinces_2025": "old_code",
    "provinces_34": "code",
    "sync_fields": "field",
}


@lru_cache(maxsize=16)
def _file_list(name: str) -> CodeList:
    return CodeList(name, {row[_FILE_KEYS[name]]: row for row in read_rows(name)})


@lru_cache(maxsize=1)
def _coded_fields() -> dict[str, dict[str, CodeList]]:
    return _grouped("code_lists", "list", "code")


@lru_cache(maxsize=1)
def _status_dialects() -> dict[str, CodeList]:
    by_dialect = _grouped("local_status_words", "dialect", "word")
    return {dialect: lists[dialect] for dialect, lists in by_dialect.items()}


def _grouped(file: str, group: str, code: str) -> dict[str, dict[str, CodeList]]:
    rows: dict[tuple[str, str], dict[str, Row]] = {}
    for row in read_rows(file):
        rows.setdefault((row[group], row["dialect"]), {})[row[code]] = row
    lists: dict[str, dict[str, CodeList]] = {}
    for (name, spoken), entries in rows.items():
        lists.setdefault(name, {})[spoken] = CodeList(f"{name} ({spoken})", entries)
    return lists
