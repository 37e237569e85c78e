"""
From the rows of one dossier to the dossier with its history, or to a refusal of each of its rows.

Nothing is half done: one row that cannot be read holds back the whole dossier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.provincial.file.cells import RowReader
from connectors.provincial.file.faults import DossierFaulty, Faults, in_words
from connectors.provincial.file.header import HeaderReader
from connectors.provincial.file.headings import Binding
from connectors.provincial.file.mapping import FileMapping, Layout
from connectors.provincial.file.merge import Header, merge
from connectors.provincial.file.refusals import DossierRefused, Part
from connectors.provincial.file.sequence import WrongOrder, check
from connectors.provincial.file.staging import StagedRow
from connectors.provincial.file.steps import StepReader
from gateway.model import Dossier, ProcessingStep
from gateway.model.text import show
from mappings import ProcedureCatalogue


@dataclass(frozen=True, slots=True)
class DossierHistory:
    """One dossier of a file: as it stands, its steps in order, and the lines of the dossier table that told it."""

    dossier: Dossier
    steps: tuple[ProcessingStep, ...]
    lines: tuple[int, ...]


class Builder:
    """Builds the dossiers of one reading, one after the other. Not shared between threads."""

    def __init__(
        self,
        mapping: FileMapping,
        header: Binding,
        steps: Binding | None,
        catalogue: ProcedureCatalogue,
        now: datetime,
    ) -> None:
        self._reader = RowReader(mapping, now)
        self._header = HeaderReader(mapping, header, self._reader, catalogue)
        self._steps = StepReader(mapping, header, steps, self._reader)
        self._headings = header.headings
        self._positions = sorted(self._header.positions | self._steps.header_positions)
        self._inherit = mapping.layout is Layout.FLAT
        self._widths = {Part.DOSSIERS: len(header.headings), Part.STEPS: len(steps.headings) if steps else 0}

    def build(self, code: str, rows: Sequence[StagedRow]) -> DossierHistory:
        """The dossier that *rows* tell under *code*. Raises DossierRefused with a refusal for each of *rows*."""
        faults = Faults()
        try:
            return self._build(rows, faults)
        except DossierFaulty:
            raise DossierRefused(show(code), faults.refusals(rows)) from None

    def _build(self, rows: Sequence[StagedRow], faults: Faults) -> DossierHistory:
        self._check_widths(rows, faults)
        header = merge(rows, self._positions, self._headings, faults, inherit=self._inherit)
        reader = self._reader
        reader.start(header.cells)
        code = self._header.code()
        self._blame(header, faults)
        steps = self._steps.read(code, rows, header, faults)
        reader.start(header.cells)
        dossier = self._header.dossier(code, steps)
        self._blame(header, faults)
        if faults or dossier is None:
            raise DossierFaulty
        try:
            check(steps, dossier.status, dossier.status_at)
        except WrongOrder as wrong:
            row, place = header.first, self._header.status
            if wrong.at is not None:
                row, place = wrong.at.row, self._steps.fields.get("status")
            faults.add(row, place.heading if place else "", in_words(wrong.refusal))
            raise DossierFaulty from None
        lines = tuple(row.line for row in rows if row.part is Part.DOSSIERS)
        return DossierHistory(dossier, tuple(read.step for read in steps), lines)

    def _blame(self, header: Header, faults: Faults) -> None:
        """Move the reader's faults to the rows that the cells came from."""
        for place, reason in self._reader.faults:
            if place is None:
                faults.add(header.first, "", reason)
            else:
                faults.add(header.row_of(place.position), place.heading, reason)
        self._reader.faults = []

    def _check_widths(self, rows: Sequence[StagedRow], faults: Faults) -> None:
        for index, row in enumerate(rows):
            width = self._widths[row.part]
            if len(row.cells) > width and any(cell.strip() for cell in row.cells[width:]):
                cause = "Thường là dấu phân cách nằm trong một ô không có dấu nháy kép"
                faults.add(index, "", f"có {len(row.cells)} ô, tiêu đề có {width}. {cause}")
        if faults:
            raise DossierFaulty
