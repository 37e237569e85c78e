"""
An administrative procedure as a catalogue entry, from the shipped list or from the portal.
"""

from __future__ import annotations

from enum import StrEnum

from gateway.model.codes import ProcedureCode
from gateway.model.fields import Count, Filled, Record
from mappings import ProcedureEntry, components_of


class TimeUnit(StrEnum):
    HOUR = "hour"
    WORKING_DAY = "working_day"
    DAY = "day"
    MONTH = "month"


_UNITS = {
    "giờ": TimeUnit.HOUR,
    "ngày làm việc": TimeUnit.WORKING_DAY,
    "ngày": TimeUnit.DAY,
    "tháng": TimeUnit.MONTH,
}


class TimeLimit(Record):
    """The longest time that processing may take."""

    amount: Count
    unit: TimeUnit


class ProcedureResult(Record):
    """A result paper that the procedure ends in; the catalogue may know its code or its name only."""

    code: str | None = None
    name: Filled | None = None


class ProcedurePaper(Record):
    """A paper that an applicant has to hand in; *case* says in which situation."""

    name: Filled
    code: str | None = None
    case: str | None = None
    originals: Count | None = None
    copies: Count | None = None


class Procedure(Record):
    """
    A procedure of the national catalogue. Names are verbatim; compare them with ``text.name_key``.
    """

    code: ProcedureCode
    name: Filled
    field_code: str | None = None
    field_name: str | None = None
    results: tuple[ProcedureResult, ...] = ()
    papers: tuple[ProcedurePaper, ...] = ()
    levels: tuple[str, ...] = ()
    max_time: TimeLimit | None = None
    listed: bool = True

    @classmethod
    def of(cls, entry: ProcedureEntry) -> Procedure:
        """The canonical form of a row of the shipped catalogue."""
        return cls(
            code=ProcedureCode.parse(entry.code),
            name=entry.name,
            field_code=entry.field_code,
            field_name=entry.field_name,
            results=tuple(ProcedureResult(code=code, name=name) for code, name in entry.results),
            papers=tuple(
                ProcedurePaper(name=paper.name, case=paper.case, originals=paper.originals, copies=paper.copies)
                for paper in components_of(entry.code)
            ),
            levels=entry.levels,
            max_time=None
            if entry.time_limit is None or entry.time_unit is None
            else TimeLimit(amount=entry.time_limit, unit=_UNITS[entry.time_unit]),
            listed=entry.listed,
        )
