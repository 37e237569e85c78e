"""
Reading a file into dossiers: tables, staging, building. No ledger is needed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from connectors.provincial.file.build import Builder, DossierHistory
from connectors.provincial.file.cells import same_heading_row
from connectors.provincial.file.csv_table import CsvTable
from connectors.provincial.file.headings import Binding, KnownHeadings, bind
from connectors.provincial.file.mapping import Column, FileMapping, Layout
from connectors.provincial.file.progress import NoProgress, Phase, Progress
from connectors.provincial.file.refusals import DossierRefused, FileRefused, Part, Refusal
from connectors.provincial.file.staging import StagedRow, Staging
from connectors.provincial.file.tables import Row, Table, is_workbook
from connectors.provincial.file.words import heading_key
from connectors.provincial.file.xlsx_table import Workbook
from gateway.ports import Clock, SystemClock
from mappings import ProcedureCatalogue, procedures

_REPORT_ROWS = 2_048


@dataclass(frozen=True, slots=True)
class Read:
    """One dossier of the file and the rows that told it; *refused* instead of *history* when it is held back."""

    rows: tuple[StagedRow, ...]
    history: DossierHistory | None = None
    refused: DossierRefused | None = None


@dataclass(slots=True)
class Job:
    """
    One reading of one file (with its steps). A context manager: everything temporary is gone at its end.

    Making it opens the tables and finds the headings; ``stage`` reads the rows; ``dossiers`` gives them back grouped.
    """

    path: Path
    mapping: FileMapping
    steps_path: Path | None
    now: datetime
    progress: Progress
    staging: Staging = field(init=False)
    tables: dict[Part, tuple[Table, Binding]] = field(init=False, default_factory=dict)
    _rows: dict[Part, Iterator[Row]] = field(init=False, default_factory=dict)
    _open: ExitStack = field(init=False, default_factory=ExitStack)

    def __enter__(self) -> Self:
        try:
            for part, path, table in self._find_tables():
                binding, rows = bind(path, table, KnownHeadings(self._columns(part)))
                self.tables[part] = (table, binding)
                self._rows[part] = rows
            self.staging = self._open.enter_context(Staging())
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def stage(self) -> int:
        """Read every row once, and return how many there are; rows without a dossier code are refused."""
        count = 0
        whole = [table.done()[1] for table, _ in self.tables.values()]
        total = None if None in whole else sum(size for size in whole if size is not None)
        before = 0
        for part, (table, binding) in self.tables.items():
            for number, (key, row) in enumerate(self._keyed(part, binding), start=1):
                if key:
                    self.staging.add(key, row)
                else:
                    self.staging.refuse(_without_code(row), row.cells)
                if number % _REPORT_ROWS == 0:
                    self.progress.update(Phase.READING, before + table.done()[0], total)
                count += 1
            before += table.done()[0]
            self.progress.update(Phase.READING, before, total)
        return count

    def dossiers(self, catalogue: ProcedureCatalogue) -> Iterator[Read]:
        """Each dossier of the file, by code, built or refused."""
        steps = self.tables.get(Part.STEPS)
        builder = Builder(self.mapping, self.tables[Part.DOSSIERS][1], steps[1] if steps else None, catalogue, self.now)
        for code, rows in self.staging.groups():
            try:
                yield Read(tuple(rows), history=builder.build(code, rows))
            except DossierRefused as refused:
                yield Read(tuple(rows), refused=refused)

    def _columns(self, part: Part) -> list[Column]:
        mapping = self.mapping
        if part is Part.STEPS:
            return list(mapping.steps.values())
        columns = [*mapping.columns.values()]
        columns += [column for group in mapping.groups for column in group.columns.values()]
        for step in mapping.step_columns:
            columns += [c for c in (step.at, step.officer, step.content, step.department, step.title) if c is not None]
        return columns + ([*mapping.steps.values()] if mapping.layout is Layout.FLAT else [])

    def _find_tables(self) -> Iterator[tuple[Part, Path, Table]]:
        mapping, wants_steps = self.mapping, self.mapping.layout is Layout.SHEETS
        if self.steps_path is not None and not wants_steps:
            reason = f'không cần tệp các bước: tệp ánh xạ ghi layout = "{mapping.layout}"'
            raise FileRefused(self.steps_path, reason, 'Bỏ tệp các bước (--steps), hoặc đổi layout thành "sheets"')
        if is_workbook(self.path):
            book = self._workbook(self.path)
            yield Part.DOSSIERS, self.path, book.sheet(mapping.sheets, first=True)
            if wants_steps and self.steps_path is None:
                yield Part.STEPS, self.path, book.sheet(mapping.steps_sheets, first=False)
        else:
            yield Part.DOSSIERS, self.path, self._text(self.path, Part.DOSSIERS)
            if wants_steps and self.steps_path is None:
                reason = 'không có các bước xử lý: tệp ánh xạ ghi layout = "sheets"'
                raise FileRefused(
                    self.path, reason, "Thêm tệp các bước (--steps TỆP), hoặc đổi layout trong tệp ánh xạ"
                )
        if self.steps_path is not None:
            if is_workbook(self.steps_path):
                sheet = self._workbook(self.steps_path).sheet(mapping.steps_sheets, first=True)
                yield Part.STEPS, self.steps_path, sheet
            else:
                yield Part.STEPS, self.steps_path, self._text(self.steps_path, Part.STEPS)

    def _workbook(self, path: Path) -> Workbook:
        book = Workbook(path)
        self._open.callback(book.close)
        return book

    def _text(self, path: Path, part: Part) -> CsvTable:
        known = KnownHeadings(self._columns(part))
        return CsvTable(path, known, delimiter=self.mapping.delimiter, encoding=self.mapping.encoding)

    def _keyed(self, part: Part, binding: Binding) -> Iterator[tuple[str, StagedRow]]:
        """Rows that say something, each with the key of its dossier ('' when it has no code)."""
        column = self.mapping.steps["code"] if part is Part.STEPS else self.mapping.columns["code"]
        position = binding.position(column)
        assert position is not None
        again = heading_key(binding.headings[position])
        inherit, last = self.mapping.layout is Layout.FLAT, ""
        for line, cells in self._rows[part]:
            raw = cells[position].strip() if position < len(cells) else ""
            if not raw:
                if not any(cell.strip() for cell in cells):
                    continue
                yield last if inherit else "", StagedRow(part, line, cells)
                continue
            last = dossier_key(raw)
            if heading_key(raw) == again and same_heading_row(cells, binding):
                continue
            yield last, StagedRow(part, line, cells)


def dossier_key(raw: str) -> str:
    """Under which key the rows of one dossier meet; the same as ``DossierCode.key`` for a valid code."""
    if raw.startswith('="') and raw.endswith('"'):
        raw = raw[2:-1].strip()
    return (raw if raw.isascii() else unicodedata.normalize("NFC", raw)).upper()


def _without_code(row: StagedRow) -> Refusal:
    return Refusal(row.part, row.line, "mã hồ sơ", "thiếu mã hồ sơ. Điền theo giấy tiếp nhận")


def read_dossiers(
    path: Path,
    mapping: FileMapping,
    *,
    steps_path: Path | None = None,
    refused: Callable[[DossierRefused], None] | None = None,
    progress: Progress | None = None,
    clock: Clock | None = None,
    catalogue: ProcedureCatalogue | None = None,
) -> Iterator[DossierHistory]:
    """
    The dossiers of a file with their histories, by code; nothing is submitted anywhere.

    *refused* is called for each dossier held back, and for each row without a code; without it the first one is
    raised. Raises FileRefused when the file cannot be read at all.
    """
    now = (clock or SystemClock()).now()
    with Job(path, mapping, steps_path, now, progress or NoProgress()) as job:
        job.stage()
        for part in Part:
            for refusal, _ in job.staging.refused(part):
                _tell(DossierRefused("", (refusal,)), refused)
        for read in job.dossiers(catalogue or procedures()):
            if read.history is not None:
                yield read.history
            elif read.refused is not None:
                _tell(read.refused, refused)


def _tell(what: DossierRefused, refused: Callable[[DossierRefused], None] | None) -> None:
    if refused is None:
        raise what
    refused(what)
