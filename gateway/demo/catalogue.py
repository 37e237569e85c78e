"""
What the examples take from the shipped lists: procedures with their papers, and the days off.

Empty cells stay empty: a procedure without an attested fee gets no fee line, one without a time limit no due date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from gateway.demo.worktime import WorkCalendar
from mappings import ProcedureEntry, components_of, procedures, read_rows

_OF_PERSONS = frozenset({"civil-status", "residence-identity", "social"})


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One real procedure. *fee_vnd* is None when no amount is attested and 0 when it is free."""

    code: str
    name: str
    time_limit: int | None
    time_unit: str
    fee_vnd: int | None
    fee_is_charge: bool
    result_name: str
    result_code: str
    papers: tuple[str, ...]
    for_citizens_only: bool


def read_catalogue() -> Mapping[str, CatalogueEntry]:
    """All procedures of the shipped list, by code."""
    return {listed.code: _entry(listed) for listed in procedures()}


def read_calendar() -> WorkCalendar:
    """Days off and worked Saturdays of 2024 to 2027."""
    days: dict[str, set[date]] = {"off": set(), "work": set()}
    for row in read_rows("calendar_vn_2024_2027"):
        days[row["kind"]].add(date.fromisoformat(row["date"]))
    return WorkCalendar(frozenset(days["off"]), frozenset(days["work"]))


def _entry(listed: ProcedureEntry) -> CatalogueEntry:
    # Some lines of the list hold a dash for a paper without a code of its own.
    results = [(name, code) for code, name in listed.results if name and code and code != "-"]
    result_name, result_code = results[0] if results else ("", "")
    return CatalogueEntry(
        code=listed.code,
        name=listed.name,
        time_limit=listed.time_limit,
        time_unit=listed.time_unit or "",
        fee_vnd=listed.fee_vnd,
        fee_is_charge=listed.fee_kind != "phí",
        result_name=result_name,
        result_code=result_code,
        papers=tuple(paper.name for paper in components_of(listed.code)),
        for_citizens_only=listed.topic in _OF_PERSONS,
    )
