"""
The memory that an import needs, for a small export and for one a hundred times as long.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from benchmarks.dossiers import dossiers, steps
from benchmarks.importer import HEADINGS
from benchmarks.measure import Better, Cost, Figure, Round, Sample, Setting
from gateway.model.times import VIETNAM

AT_MOST = 1.3
_STEPS = 5
_WORDS = {2: "Được tiếp nhận", 4: "Thẩm định"}


def run(setting: Setting) -> Iterator[Figure]:
    """Peak resident memory of a process that imports one row per step, five to a dossier, into a real store."""
    few, many = setting.size(10_000, 500), setting.size(1_000_000, 5_000)
    found = {}
    for rows in (few, many):
        setting.say(f"importing: {rows} rows")
        with setting.scratch() as folder:
            file = folder / "ho-so.csv"
            _write(file, rows, setting.seed)
            found[rows] = _import(file, folder)
            assert found[rows]["rows"] == found[rows]["steps"] == rows
            assert found[rows]["refused_rows"] == 0
    yield Figure(
        "import_memory",
        f"bytes at the peak of importing {many} rows",
        f"importing {few} rows",
        Better.LOWER,
        (Round(_sample(found[many]), _sample(found[few])),),
        target=AT_MOST,
        details={
            "rows": many,
            "rows_other": few,
            "before_bytes": found[many]["before_bytes"],
            "rows_per_second": found[many]["rows"] / found[many]["wall_s"],
            "rows_per_second_other": found[few]["rows"] / found[few]["wall_s"],
        },
    )


def _sample(found: dict[str, float]) -> Sample:
    return Sample(found["peak_bytes"], int(found["rows"]), Cost(found["wall_s"], found["cpu_s"]))


def _import(file: Path, folder: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.importer", str(file), str(folder)], stdout=subprocess.PIPE, check=True
    )
    found: dict[str, float] = orjson.loads(done.stdout)
    return found


def _write(path: Path, rows: int, seed: int) -> None:
    """An export as a one-stop system writes it, row by row; the steps of a dossier do not stand together."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        waiting: list[list[list[str]]] = []
        for dossier in dossiers(rows // _STEPS, seed):
            head = [
                dossier.code.text, dossier.procedure.text, "Thẩm định", "Trực tiếp", _day(dossier.submitted_at),
                _day(dossier.accepted_at), _day(dossier.due_at), dossier.applicant.name,
                dossier.applicant.identifiers[0].number, dossier.applicant.phone or "", dossier.subject,
                dossier.agency.name, dossier.fees[0].name, str(dossier.fees[0].amount),
            ]  # fmt: skip
            waiting.append(
                [
                    [*head, _day(step.at), _WORDS[step.status.value], step.officer, step.department or "", step.content]
                    for step in steps(dossier, _STEPS)
                ]
            )
            if len(waiting) == 1_000:
                _flush(writer, waiting)
        _flush(writer, waiting)


def _flush(writer: Any, waiting: list[list[list[str]]]) -> None:
    for same_step in zip(*waiting, strict=True):
        writer.writerows(same_step)
    waiting.clear()


def _day(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S")
