"""What is refused, and where it stands: a whole file, or one row of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from gateway.errors import InvalidInput


class FileRefused(InvalidInput):
    """
    The file as a whole cannot be read; nothing of it was accepted.

    The reason names line and byte, sheet or heading where there is one.
    """

    def __init__(self, path: Path, reason: str, remedy: str) -> None:
        super().__init__("tệp", path.name, reason, remedy)


class Part(IntEnum):
    """Which table of an export a row came from."""

    DOSSIERS = 0
    STEPS = 1


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    One refused row: its table, its line in the file, the headings of the cells at fault, and why.

    *reason* is Vietnamese, for the person who mends the file; personal values in it are masked.
    """

    part: Part
    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        where = "dòng" if self.part is Part.DOSSIERS else "các bước, dòng"
        column = f", cột {self.column}" if self.column else ""
        return f"{where} {self.line}{column}: {self.reason}"


class DossierRefused(Exception):
    """A dossier held back whole; carries one refusal for each of its rows."""

    def __init__(self, code: str, refusals: tuple[Refusal, ...]) -> None:
        super().__init__(code, refusals)
        self.code = code
        self.refusals = refusals

    def __str__(self) -> str:
        return "; ".join(str(refusal) for refusal in self.refusals)
