"""
The shipped catalogue of administrative procedures, and the papers that they ask for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from mappings.lists import NotInList, Row, name_key, near_codes, near_names
from mappings.shipped import read_rows


@dataclass(frozen=True, slots=True)
class ProcedureEntry:
    """
    One administrative procedure of the shipped catalogue; an empty cell of the file is none.

    *derived* names the columns that are reasoned, not attested. *listed* is false when the procedure was gone from the
    latest export, which is no proof that it was repealed. *results* are pairs of code and name, one of them attested.
    """

    code: str
    name: str
    field_name: str
    field_code: str | None
    publisher: str
    levels: tuple[str, ...]
    decision: str | None
    time_limit: int | None
    time_unit: str | None
    fee_vnd: int | None
    fee_kind: str | None
    results: tuple[tuple[str | None, str | None], ...]
    topic: str
    listed: bool
    last_seen: date
    derived: frozenset[str]
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Component:
    """One paper that a procedure asks for, in one *case* of filing."""

    procedure: str
    number: int
    name: str
    case: str | None
    originals: int | None
    copies: int | None
    source: str
    confidence: str


class ProcedureCatalogue:
    """The shipped procedures, found by base code or by name."""

    def __init__(self, entries: Iterable[ProcedureEntry]) -> None:
        self._by_code = {entry.code: entry for entry in entries}
        self._by_name: dict[str, list[ProcedureEntry]] = {}
        for entry in self._by_code.values():
            self._by_name.setdefault(name_key(entry.name), []).append(entry)

    def by_code(self, base: str) -> ProcedureEntry:
        """The procedure with the base code *base* (``1.001193``). Raises ``NotInList`` with near codes and names."""
        found = self._by_code.get(base.strip())
        if found is None:
            near = near_codes(base, self._by_code)
            raise NotInList("procedures", base, [f"{code} {self._by_code[code].name}" for code in near])
        return found

    def by_name(self, name: str) -> tuple[ProcedureEntry, ...]:
        """
        All procedures of that *name*; several procedures may bear one name, and then only a person can choose.

        Raises ``NotInList`` with near names.
        """
        found = self._by_name.get(name_key(name))
        if found is None:
            near = near_names(name, self._by_name)
            raise NotInList("procedures", name, [f"{e.code} {e.name}" for key in near for e in self._by_name[key]])
        return tuple(found)

    def __contains__(self, base: object) -> bool:
        return base in self._by_code

    def __iter__(self) -> Iterator[ProcedureEntry]:
        return iter(self._by_code.values())

    def __len__(self) -> int:
        return len(self._by_code)


@lru_cache(maxsize=1)
def procedures() -> ProcedureCatalogue:
    """The shipped catalogue of administrative procedures."""
    return ProcedureCatalogue(_procedure(row) for row in read_rows("procedures"))


def _procedure(row: Row) -> ProcedureEntry:
    return ProcedureEntry(
        code=row["code"],
        name=row["name"],
        field_name=row["field"],
        field_code=row["field_code"] or None,
        publisher=row["publisher"],
        levels=tuple(row["level"].split("|")) if row["level"] else (),
        decision=row["decision"] or None,
        time_limit=_number(row["time_limit"]),
        time_unit=row["time_unit"] or None,
        fee_vnd=_number(row["fee_vnd"]),
        fee_kind=row["fee_kind"] or None,
        results=_results(row),
        topic=row["topic"],
        listed=row["status"] == "listed",
        last_seen=date.fromisoformat(row["last_seen"]),
        derived=frozenset(row["derived"].split("|")) - {""},
        source=row.source,
        confidence=row.confidence,
    )


def _results(row: Row) -> tuple[tuple[str | None, str | None], ...]:
    """Codes and names stand in the same order; a row that lacks one column altogether keeps the other."""
    names, codes = _several(row["result_name"]), _several(row["result_code"])
    names, codes = names or [""] * len(codes), codes or [""] * len(names)
    return tuple((code or None, name or None) for code, name in zip(codes, names, strict=True))


def components_of(procedure: str) -> tuple[Component, ...]:
    """Papers that the procedure with base code *procedure* asks for; none are known for most procedures."""
    return _components().get(procedure, ())


@lru_cache(maxsize=1)
def _components() -> dict[str, tuple[Component, ...]]:
    found: dict[str, list[Component]] = {}
    for row in read_rows("procedure_components"):
        found.setdefault(row["code"], []).append(
            Component(
                procedure=row["code"],
                number=int(row["no"]),
                name=row["name"],
                case=row["case"] or None,
                originals=_number(row["originals"]),
                copies=_number(row["copies"]),
                source=row.source,
                confidence=row.confidence,
            )
        )
    return {code: tuple(papers) for code, papers in found.items()}


def _several(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(" | ")] if cell else []


def _number(cell: str) -> int | None:
    return int(cell) if cell else None
