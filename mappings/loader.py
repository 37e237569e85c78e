"""
Read the shipped code lists and answer questions about them; what a list does not contain is refused, never defaulted.

Lists are CSV files in ``mappings/codes`` with their source and confidence columns; they are read once, on first use.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Generic, TypeVar


class NotInList(LookupError):
    """A code or name that a list does not contain. *suggestions* are near entries for a person, never a default."""

    def __init__(self, list_name: str, code: str, suggestions: Sequence[str] = ()) -> None:
        super().__init__(list_name, code, tuple(suggestions))
        self.list = list_name
        self.code = code
        self.suggestions = tuple(suggestions)

    @property
    def remedy(self) -> str:
        """What a person can do, with the near entries."""
        if not self.suggestions:
            return "Bổ sung vào danh mục hoặc sửa mã ở nguồn (add it to the list, or correct it at the source)"
        return f"Gần giống (did you mean): {'; '.join(self.suggestions)}"

    def __str__(self) -> str:
        return f"«{self.code}» không có trong danh mục {self.list} (is not in the list {self.list}). {self.remedy}"


class Row(Mapping[str, str]):
    """One line of a list by column name; an absent value is the empty string."""

    __slots__ = ("_cells", "list")

    def __init__(self, list_name: str, cells: Mapping[str, str]) -> None:
        self.list = list_name
        self._cells = dict(cells)

    def __getitem__(self, column: str) -> str:
        return self._cells[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)

    def __repr__(self) -> str:
        return f"Row({self.list!r}, {self._cells!r})"

    @property
    def source(self) -> str:
        return self._cells.get("source", "")

    @property
    def confidence(self) -> str:
        """A official text, B practical source, C derived, D estimate; empty where the file speaks for all rows."""
        return self._cells.get("confidence", "")

    def valid_on(self, day: date) -> bool:
        """Whether the row holds on *day*; open ends hold for ever."""
        start, end = self._cells.get("valid_from", ""), self._cells.get("valid_to", "")
        return (not start or date.fromisoformat(start) <= day) and (not end or day <= date.fromisoformat(end))


class CodeList:
    """
    A closed list of codes. Looking up compares keys: NFC, blanks squeezed, without case.
    """

    def __init__(self, name: str, rows: Mapping[str, Row]) -> None:
        self.name = name
        self._rows = {name_key(code): (code, row) for code, row in rows.items()}
        if len(self._rows) != len(rows):
            raise ValueError(f"{name}: two rows share a code")

    def row(self, code: str) -> Row:
        """The row of *code*. Raises ``NotInList``."""
        found = self._rows.get(name_key(code))
        if found is None:
            raise NotInList(self.name, code, self.near(code))
        return found[1]

    def near(self, code: str, limit: int = 3) -> list[str]:
        """Codes that look like *code*, best first."""
        return _near(code, [listed for listed, _ in self._rows.values()], limit)

    @property
    def codes(self) -> tuple[str, ...]:
        """All codes as they are written in the list."""
        return tuple(code for code, _ in self._rows.values())

    def __contains__(self, code: object) -> bool:
        return isinstance(code, str) and name_key(code) in self._rows

    def __iter__(self) -> Iterator[Row]:
        return (row for _, row in self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)


Ours = TypeVar("Ours", bound=Hashable)


class CodeMap(Generic[Ours]):
    """
    Our values and a partner's codes for the same list, both ways.

    *unmapped* are our values for which the partner is known to have no code. Two of ours may share a code only when
    *back* says which one the code means.
    """

    def __init__(
        self,
        name: str,
        pairs: Mapping[Ours, str],
        *,
        unmapped: Iterable[Ours] = (),
        back: Mapping[str, Ours] | None = None,
    ) -> None:
        self.name = name
        self._theirs = dict(pairs)
        self._unmapped = frozenset(unmapped)
        self._ours = {code: ours for ours, code in pairs.items()}
        shared = len(self._ours) != len(pairs)
        if shared and back is None:
            raise ValueError(f"{name}: two of our values share a code and nothing says what it means")
        self._ours.update(back or {})

    def theirs(self, ours: Ours) -> str:
        """The partner's code. Raises ``NotInList``."""
        try:
            return self._theirs[ours]
        except KeyError:
            raise NotInList(self.name, str(ours)) from None

    def ours(self, theirs: str) -> Ours:
        """Our value for the partner's code. Raises ``NotInList``."""
        try:
            return self._ours[theirs]
        except KeyError:
            raise NotInList(self.name, theirs, _near(theirs, self._ours)) from None

    def missing(self, everything: Iterable[Ours]) -> set[Ours]:
        """Values of *everything* that are neither mapped nor declared unmapped: a test keeps this empty."""
        return set(everything) - set(self._theirs) - self._unmapped


def name_key(text: str) -> str:
    """The key by which names and codes compare: NFC, blanks squeezed, without case."""
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()


def code_list(name: str, dialect: str | None = None) -> CodeList:
    """
    The list *name*: a file of ``mappings/codes`` without its ending, or a coded field of ``code_lists.csv``.

    A coded field that partners number differently needs its *dialect*; there is no default one.
    """
    if name in _FILE_KEYS:
        return _file_list(name)
    dialects = _coded_fields().get(name)
    if dialects is None:
        raise NotInList("code lists", name, _near(name, [*_FILE_KEYS, *_coded_fields()]))
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


def _near(code: str, choices: Iterable[str], limit: int = 3) -> list[str]:
    """Codes a few characters away, those first that begin alike."""
    # Imported here: only a refusal needs it, and it doubles the time to import this module.
    from rapidfuzz import fuzz, process

    wanted = name_key(code)
    keyed = {choice: name_key(choice) for choice in choices}
    found = process.extract(wanted, keyed, scorer=fuzz.ratio, limit=10 * limit, score_cutoff=60)
    found.sort(key=lambda hit: (-hit[1], -_alike_at_start(wanted, hit[0])))
    return [choice for _, _, choice in found[:limit]]


def _alike_at_start(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _near_names(name: str, choices: Iterable[str], limit: int = 3) -> list[str]:
    """Names with about the same words."""
    from rapidfuzz import fuzz, process

    found = process.extract(name_key(name), list(choices), scorer=fuzz.token_sort_ratio, limit=limit, score_cutoff=60)
    return [choice for choice, _, _ in found]


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
            near = _near(base, self._by_code)
            raise NotInList("procedures", base, [f"{code} {self._by_code[code].name}" for code in near])
        return found

    def by_name(self, name: str) -> tuple[ProcedureEntry, ...]:
        """
        All procedures of that *name*; several procedures may bear one name, and then only a person can choose.

        Raises ``NotInList`` with near names.
        """
        found = self._by_name.get(name_key(name))
        if found is None:
            near = _near_names(name, self._by_name)
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
