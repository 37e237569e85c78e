"""
Importing a file into the ledger: read, compare, submit in batches, write down what was refused.

May be stopped at any moment and started again: what the ledger accepted is recognised, the rest follows.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from connectors.provincial.file import rejects
from connectors.provincial.file.faults import accompanying, in_words
from connectors.provincial.file.ledger import Ledger
from connectors.provincial.file.mapping import FileMapping
from connectors.provincial.file.news import news
from connectors.provincial.file.progress import NoProgress, Phase, Progress
from connectors.provincial.file.reading import Job, Read
from connectors.provincial.file.refusals import Part, Refusal
from connectors.provincial.file.staging import StagedRow
from gateway.errors import InvalidInput
from gateway.model import Change
from gateway.ports import Clock, SystemClock
from mappings import ProcedureCatalogue, procedures

BATCH_CHANGES = 500


@dataclass(frozen=True, slots=True)
class ImportReport:
    """
    What an import did.

    *rows* are all rows of all tables that hold something. *dossiers* and *steps* were read whole; of these dossiers
    *new* were unknown to the ledger, *changed* known and told something, *unchanged* known as they are. *accepted*
    counts changes. *refused_rows* stand in the files *rejects*. In a dry run everything is as it would be.
    """

    rows: int
    dossiers: int
    steps: int
    accepted: int
    new: int
    changed: int
    unchanged: int
    refused_rows: int
    refused_dossiers: int
    rejects: tuple[Path, ...]
    seconds: float

    @property
    def rows_per_second(self) -> float:
        return self.rows / self.seconds if self.seconds > 0 else 0.0


def import_file(
    path: Path,
    mapping: FileMapping,
    ledger: Ledger,
    *,
    rejects_path: Path,
    steps_path: Path | None = None,
    progress: Progress | None = None,
    clock: Clock | None = None,
    dry_run: bool = False,
    backfill: bool = False,
    catalogue: ProcedureCatalogue | None = None,
) -> ImportReport:
    """
    Bring the ledger to what the file says. The same file again changes nothing, a changed row becomes a change.

    Refused rows are written to *rejects_path* (those of a separate steps table beside it), only when there are any.
    With *dry_run* the ledger is only asked; with *backfill* what is told leaves after what is live. Raises FileRefused
    when the file cannot be read at all, and StoreError; what was accepted before stays accepted.
    """
    began = time.perf_counter()
    rejects.guard(rejects_path, [path, *([steps_path] if steps_path else [])])
    progress = progress or NoProgress()
    with Job(path, mapping, steps_path, (clock or SystemClock()).now(), progress) as job:
        rows = job.stage()
        run = _Run(job, ledger, dry_run=dry_run, backfill=backfill)
        done = 0
        for batch in _batches(job.dossiers(catalogue or procedures())):
            run.take(batch)
            done += sum(len(read.rows) for read in batch)
            progress.update(Phase.SUBMITTING, done, job.staging.rows)
        refused_rows, written = _write_rejects(job, rejects_path)
        return ImportReport(
            rows=rows,
            dossiers=run.dossiers,
            steps=run.steps,
            accepted=run.accepted,
            new=run.new,
            changed=run.changed,
            unchanged=run.unchanged,
            refused_rows=refused_rows,
            refused_dossiers=run.refused,
            rejects=written,
            seconds=time.perf_counter() - began,
        )


def _batches(reads: Iterator[Read]) -> Iterator[list[Read]]:
    """Whole dossiers, about ``BATCH_CHANGES`` changes at a time."""
    batch: list[Read] = []
    changes = 0
    for read in reads:
        batch.append(read)
        changes += 2 + (len(read.history.steps) if read.history else 0)
        if changes >= BATCH_CHANGES:
            yield batch
            batch, changes = [], 0
    if batch:
        yield batch


def _write_rejects(job: Job, path: Path) -> tuple[int, tuple[Path, ...]]:
    count, written = 0, []
    for part, (table, binding) in job.tables.items():
        target = rejects.path_for(path, part)
        rows = rejects.write(target, binding, table.delimiter, job.staging.refused(part))
        if rows:
            count += rows
            written.append(target)
    return count, tuple(written)


@dataclass(slots=True)
class _Run:
    """Counts of one import, and what happens to one batch."""

    job: Job
    ledger: Ledger
    dry_run: bool
    backfill: bool
    dossiers: int = field(default=0, init=False)
    steps: int = field(default=0, init=False)
    accepted: int = field(default=0, init=False)
    new: int = field(default=0, init=False)
    changed: int = field(default=0, init=False)
    unchanged: int = field(default=0, init=False)
    refused: int = field(default=0, init=False)

    def take(self, batch: list[Read]) -> None:
        """Compare, submit in one commit, and count; a dossier that is refused is kept for the rejects file."""
        known = self.ledger.known([read.history.dossier.code for read in batch if read.history])
        told: list[tuple[Read, bool, list[Change]]] = []
        for read in batch:
            if read.history is None:
                self._refuse(read.rows, read.refused.refusals if read.refused else ())
                continue
            before = known.get(read.history.dossier.code.key)
            try:
                changes = news(read.history, before, self.job.mapping.source)
            except InvalidInput as refusal:
                self._refuse(read.rows, _for_all(read.rows, refusal))
                continue
            if changes or before is not None:
                told.append((read, before is None, changes))
        self._submit(told)

    def _submit(self, told: list[tuple[Read, bool, list[Change]]]) -> None:
        changes = [change for _, _, some in told for change in some]
        receipts = iter([] if self.dry_run or not changes else self.ledger.submit_many(changes, backfill=self.backfill))
        for read, is_new, some in told:
            answers = [] if self.dry_run else [next(receipts) for _ in some]
            refusal = next((answer.refusal for answer in answers if answer.refusal is not None), None)
            fresh = len(some) if self.dry_run else sum(1 for a in answers if a.refusal is None and not a.duplicate)
            self.accepted += fresh
            if refusal is not None:
                self._refuse(read.rows, _for_all(read.rows, refusal))
                continue
            self.dossiers += 1
            self.steps += len(read.history.steps) if read.history else 0
            self.new += is_new and fresh > 0
            self.changed += not is_new and fresh > 0
            self.unchanged += fresh == 0

    def _refuse(self, rows: tuple[StagedRow, ...], refusals: tuple[Refusal, ...]) -> None:
        self.refused += 1
        for row, refusal in zip(rows, refusals, strict=True):
            self.job.staging.refuse(refusal, row.cells)


def _for_all(rows: tuple[StagedRow, ...], refusal: InvalidInput) -> tuple[Refusal, ...]:
    """A refusal of the dossier as a whole: its first row bears the reason, the others go with it."""
    first = next((row for row in rows if row.part is Part.DOSSIERS), rows[0])
    return tuple(
        Refusal(row.part, row.line, "", in_words(refusal)) if row is first else accompanying(row, first) for row in rows
    )
