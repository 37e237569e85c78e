"""What is wrong with the rows of one dossier, row by row, until it is known whether the dossier stands."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.provincial.file.refusals import Part, Refusal
from connectors.provincial.file.staging import StagedRow
from gateway.errors import InvalidInput

_TABLES = {Part.DOSSIERS: " của bảng hồ sơ", Part.STEPS: " của bảng các bước"}


class DossierFaulty(Exception):
    """The dossier cannot stand; its faults are kept."""


def in_words(refusal: InvalidInput) -> str:
    """A refusal without the name of its field: the column is told beside it."""
    shown = f"«{refusal.shown}» " if refusal.shown else ""
    return f"{shown}{refusal.reason}. {refusal.remedy}"


class Faults:
    """Faults by the index of their row; every row of a dossier with any fault is refused."""

    def __init__(self) -> None:
        self._found: dict[int, list[tuple[str, str]]] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, row: int, heading: str, reason: str) -> None:
        found = self._found.setdefault(row, [])
        if (heading, reason) not in found:
            found.append((heading, reason))

    def refusals(self, rows: Sequence[StagedRow]) -> tuple[Refusal, ...]:
        """One for each row: its own reasons, or the line that it goes with."""
        cause = rows[min(self._found)]
        return tuple(self._refusal(index, row, cause) for index, row in enumerate(rows))

    def _refusal(self, index: int, row: StagedRow, cause: StagedRow) -> Refusal:
        found = self._found.get(index)
        if not found:
            return accompanying(row, cause)
        headings = ", ".join(dict.fromkeys(heading for heading, _ in found if heading))
        reasons = "; ".join(f"{heading}: {reason}" if heading else reason for heading, reason in found)
        return Refusal(row.part, row.line, headings, reasons)


def accompanying(row: StagedRow, cause: StagedRow) -> Refusal:
    """The refusal of a sound row that is held back with *cause*."""
    table = "" if row.part is cause.part else _TABLES[cause.part]
    return Refusal(row.part, row.line, "", f"kèm theo dòng {cause.line}{table}, cùng hồ sơ")
