"""
The portal's default publications: the real procedures, agencies and provinces that ship with ``mappings``.

Where the shipped list lacks a code that the portal surely has, a fictional one (``G99``) stands in its place.
"""

from __future__ import annotations

import mappings
from connectors.national_portal.mock.catalogue import ProcedureSeed


def shipped_procedures() -> list[ProcedureSeed]:
    """All procedures of the shipped catalogue."""
    return [_procedure(entry) for entry in mappings.procedures()]


def _procedure(entry: mappings.ProcedureEntry) -> ProcedureSeed:
    number = entry.code.replace(".", "")
    return ProcedureSeed(
        code=entry.code,
        name=entry.name,
        field_code=entry.field_code or "",
        field_name=entry.field_name,
        levels=entry.levels,
        results=tuple(
            (code or f"KQ.G99.{number}{index}", name or entry.name)
            for index, (code, name) in enumerate(entry.results, start=1)
        ),
        time_limit="" if entry.time_limit is None else str(entry.time_limit),
        time_unit=entry.time_unit or "",
        fee=entry.fee_vnd,
        papers=tuple(dict.fromkeys(paper.name for paper in mappings.components_of(entry.code))),
        listed=entry.listed,
    )


def shipped_agencies() -> list[tuple[str, str, int]]:
    """Agencies with their code and level; the level is the number of the code's parts."""
    return [(row["code"], row["name_vi"], row["code"].count(".") + 1) for row in mappings.code_list("agency_codes")]


def shipped_provinces() -> list[dict[str, str]]:
    """Rows of ``LayDanhMucTinhThanh``."""
    return [{"MA": row["code"], "TEN": row["name"]} for row in mappings.code_list("provinces_34")]
