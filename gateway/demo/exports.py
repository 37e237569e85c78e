"""
Writes what a place exports, in its own layout, words, date format and encoding; the same bytes for the same records.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import TextIO

from openpyxl import Workbook

from gateway.demo.cases import Record, Value
from gateway.demo.locality import ExportForm, Locality
from gateway.demo.text import for_windows_1258

Cell = str | int | datetime
Table = tuple[Sequence[str], Iterable[Sequence[Cell]]]

_STEPS_SUFFIX = "-tien-do"
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_WRITTEN_AT = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(<)")


@dataclass(frozen=True, slots=True)
class ExportFiles:
    """Where an export lies; *steps* is the second file of a place that writes two."""

    dossiers: Path
    steps: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.dossiers,) if self.steps is None else (self.dossiers, self.steps)


def write_export(locality: Locality, records: Sequence[Record], folder: Path, stem: str, seed: int) -> ExportFiles:
    """Write *records* into *folder*; rows and the steps of a dossier come in no useful order, as in real exports."""
    rng = Random(f"{seed}:{locality.slug}:rows")
    dossiers, steps = _tables(locality, records, rng)
    form = locality.form
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}{form.suffix}"
    if form.layout == "two-sheets":
        path.write_bytes(_xlsx({form.dossier_sheet: dossiers, form.step_sheet: steps}))
        return ExportFiles(path)
    if form.layout == "flat":
        _write_csv(path, form, steps)
        return ExportFiles(path)
    steps_path = folder / f"{stem}{_STEPS_SUFFIX}{form.suffix}"
    _write_csv(path, form, dossiers)
    _write_csv(steps_path, form, steps)
    return ExportFiles(path, steps_path)


def _tables(locality: Locality, records: Sequence[Record], rng: Random) -> tuple[Table, Table]:
    """The table of dossiers and the table of steps; flat exports repeat the dossier's cells before each step's."""
    form = locality.form
    flat = form.layout == "flat"
    headings = [*(form.dossier_columns if flat else ()), *form.step_columns]
    dossier_rows, step_rows = [], []
    for record in records:
        header = [_cell(locality, key, record.dossier) for key in form.dossier_columns.values()]
        dossier_rows.append(header)
        for step in record.steps:
            row = [_cell(locality, key, step) for key in form.step_columns.values()]
            step_rows.append([*header, *row] if flat else row)
    rng.shuffle(dossier_rows)
    rng.shuffle(step_rows)
    return (list(form.dossier_columns), dossier_rows), (headings, step_rows)


def _cell(locality: Locality, key: str, values: Mapping[str, Value]) -> Cell:
    value = values.get(key, "")
    if isinstance(value, datetime):
        return value.strftime(locality.form.time_format) if locality.form.time_format else value.replace(tzinfo=None)
    if key == "procedure_code":
        return f"{value}{locality.procedure_suffix}"
    words = locality.words.get(key)
    return words[str(value)] if words and value != "" else value


def _write_csv(path: Path, form: ExportForm, table: Table) -> None:
    headings, rows = table
    spell = for_windows_1258 if form.encoding == "cp1258" else str
    with path.open("w", encoding=form.encoding, newline="") as file:
        writer = csv.writer(_Spelling(file, spell), delimiter=form.delimiter)
        writer.writerow(headings)
        writer.writerows(rows)


@dataclass(frozen=True, slots=True)
class _Spelling:
    """A file whose text is spelled as its encoding needs it."""

    file: TextIO
    spell: Callable[[str], str]

    def write(self, text: str) -> int:
        return self.file.write(self.spell(text))


def _xlsx(sheets: Mapping[str, Table]) -> bytes:
    book = Workbook(write_only=True)
    for title, (headings, rows) in sheets.items():
        sheet = book.create_sheet(title)
        sheet.append(list(headings))
        for row in rows:
            sheet.append(list(row))
    written = io.BytesIO()
    book.save(written)
    return _without_clock(written.getvalue())


def _without_clock(archive: bytes) -> bytes:
    """The same workbook without the times of its writing."""
    clean = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(clean, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = _WRITTEN_AT.sub(rb"\g<1>2026-01-01T00:00:00Z\g<2>", source.read(name))
            target.writestr(zipfile.ZipInfo(name, _ZIP_EPOCH), content, zipfile.ZIP_DEFLATED)
    return clean.getvalue()
