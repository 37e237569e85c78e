"""The steps of one dossier, from rows or from columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.provincial.file.cells import Place, RowReader, places
from connectors.provincial.file.faults import Faults
from connectors.provincial.file.groups import make, positions_of
from connectors.provincial.file.headings import Binding
from connectors.provincial.file.mapping import FileMapping, Layout
from connectors.provincial.file.merge import Header
from connectors.provincial.file.refusals import Part
from connectors.provincial.file.sequence import ReadStep, ordered
from connectors.provincial.file.staging import StagedRow
from gateway.model import DossierCode, DossierStatus, ProcessingStep

STATUSES = {str(int(status)): status for status in DossierStatus}


class StepReader:
    """Reads the steps in the layout that the mapping names."""

    def __init__(self, mapping: FileMapping, header: Binding, steps: Binding | None, reader: RowReader) -> None:
        self._layout = mapping.layout
        self._words = mapping.words["step_status"]
        self._reader = reader
        self.fields = places(mapping.steps, header if steps is None else steps)
        self._columns = [
            (
                STATUSES[str(column.status)],
                {
                    name: Place(source, header)
                    for name in ("at", "officer", "content", "department", "title")
                    if (source := getattr(column, name)) is not None
                },
            )
            for column in mapping.step_columns
        ]

    @property
    def header_positions(self) -> set[int]:
        """Where in the dossier's own row steps are read."""
        return positions_of([fields for _, fields in self._columns])

    def read(
        self, code: DossierCode | None, rows: Sequence[StagedRow], header: Header, faults: Faults
    ) -> list[ReadStep]:
        """The steps in order; what is wrong with a row goes to *faults*."""
        if self._layout is Layout.COLUMNS:
            return ordered(self._from_columns(code, header, faults))
        wanted = Part.STEPS if self._layout is Layout.SHEETS else Part.DOSSIERS
        found: list[ReadStep] = []
        for index, row in enumerate(rows):
            if row.part is not wanted:
                continue
            self._reader.start(row.cells)
            order = self._reader.amount(self.fields.get("order")) or 0
            step = self._step(code, self.fields, None)
            if step is not None:
                found.append(ReadStep(step, index, order))
            for place, reason in self._reader.faults:
                faults.add(index, "" if place is None else place.heading, reason)
        return ordered(self._once(found, rows, faults))

    def _from_columns(self, code: DossierCode | None, header: Header, faults: Faults) -> list[ReadStep]:
        found = []
        self._reader.start(header.cells)
        for number, (status, fields) in enumerate(self._columns):
            step = self._step(code, fields, status)
            if step is not None:
                found.append(ReadStep(step, header.row_of(fields["at"].position), number))
        for place, reason in self._reader.faults:
            position, heading = (None, "") if place is None else (place.position, place.heading)
            faults.add(header.row_of(position), heading, reason)
        return found

    def _step(
        self, code: DossierCode | None, fields: Mapping[str, Place], status: DossierStatus | None
    ) -> ProcessingStep | None:
        reader = self._reader
        if self._is_blank(fields, status):
            return None
        before = len(reader.faults)
        values: dict[str, Any] = {"at": reader.at(fields["at"])}
        if len(reader.faults) == before:
            reader.needed(fields["at"], "thời điểm của bước")
        if status is None:
            words = self._words
            status = reader.parsed(fields["status"], lambda raw: STATUSES[words.meaning(raw)], "trạng thái của bước")
        values["officer"] = reader.needed(fields["officer"], "cán bộ xử lý")
        values["content"] = reader.needed(fields["content"], "nội dung xử lý")
        for name in ("title", "department"):
            if name in fields:
                values[name] = reader.text(fields[name])
        if "started_at" in fields:
            values["started_at"] = reader.at(fields["started_at"])
        if "due_at" in fields:
            values["due_at"] = reader.at(fields["due_at"], past=False)
        if len(reader.faults) > before or code is None:
            return None
        return make(ProcessingStep, reader, fields.get, dossier=code, status=status, **values)

    def _is_blank(self, fields: Mapping[str, Place], status: DossierStatus | None) -> bool:
        """No step here: a date column that is empty, or a flat row that tells the dossier only."""
        if status is not None:
            return self._reader.text(fields["at"]) is None
        if self._layout is Layout.SHEETS:
            return False
        return all(place.value is not None or self._reader.text(place) is None for place in fields.values())

    def _once(self, steps: Sequence[ReadStep], rows: Sequence[StagedRow], faults: Faults) -> list[ReadStep]:
        """Without rows that repeat a step; a repeat that differs is a fault."""
        if len({(read.step.at, read.step.status) for read in steps}) == len(steps):
            return list(steps)
        seen: dict[str, ReadStep] = {}
        for read in steps:
            held = seen.setdefault(read.step.identity, read)
            if held is not read and held.step != read.step:
                line = rows[held.row].line
                reason = f"cùng thời điểm, trạng thái, nội dung với dòng {line} nhưng khác ở cột khác. Giữ lại một dòng"
                faults.add(read.row, self.fields["at"].heading, reason)
        return list(seen.values())
