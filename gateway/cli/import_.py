"""``lienthong import``: a file of a one-stop system into the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from connectors.provincial.file import (
    FileMapping,
    ImportReport,
    Phase,
    PlainProgress,
    import_file,
    load_mapping,
)
from connectors.provincial.file import Progress as ImportProgress
from gateway.cli import output
from gateway.cli.exits import ExitCode
from gateway.cli.shell import DEFAULT_CONFIG, ConfigOption, JsonOption, gateway_at
from gateway.config import Settings
from gateway.errors import ConfigurationError, Problem
from gateway.observe import Event, get_logger

log = get_logger(__name__)


def import_(
    file: Annotated[Path, typer.Argument(help="Tệp CSV hoặc XLSX. / A CSV or XLSX file.", metavar="TỆP")],
    source: Annotated[
        str | None,
        typer.Option(
            "--source", "-s", help="Nguồn trong cấu hình; bỏ qua nếu chỉ có một. / A source of the configuration."
        ),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--mapping", "-m", metavar="FILE", help="Tệp ánh xạ, thay cho --source. / A mapping file instead."
        ),
    ] = None,
    steps: Annotated[
        Path | None, typer.Option("--steps", metavar="FILE", help="Tệp riêng của các bước. / The steps' own file.")
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(
            "--rejects", metavar="FILE", help="Nơi ghi các dòng bị từ chối. / Where refused rows go. [TỆP.tu-choi.csv]"
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Chỉ đọc và so sánh, không ghi gì vào sổ. / Read and compare only.")
    ] = False,
    backfill: Annotated[
        bool,
        typer.Option("--backfill", help="Hồ sơ cũ: gửi sau hồ sơ đang xử lý. / Old dossiers: sent after live ones."),
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """
    Nhập hồ sơ từ tệp xuất của hệ thống một cửa. / Import dossiers from an export of a one-stop system.

    Nhập lại cùng một tệp không thay đổi gì; dòng đã sửa thành một thay đổi. Dòng bị từ chối được ghi ra kèm lý do.
    / The same file again changes nothing, a changed row becomes a change; refused rows are written down with reasons.

    Ví dụ / Examples:

      [cyan]lienthong import ho-so.xlsx[/]

      [cyan]lienthong import ho-so.csv --steps qua-trinh.csv --source mot-cua --dry-run[/]
    """
    rejects = rejects or file.parent / f"{file.stem}.tu-choi.csv"
    with gateway_at(config) as gateway:
        rules = _mapping(gateway.settings, source, mapping)
        log.info(Event.IMPORT_STARTED, source=rules.source, file=file.name)
        with _progress() as progress:
            report = import_file(
                file,
                rules,
                gateway,
                rejects_path=rejects,
                steps_path=steps,
                progress=progress,
                clock=gateway.clock,
                dry_run=dry_run,
                backfill=backfill,
            )
    log.info(Event.IMPORT_FINISHED, source=rules.source, **_document(report))
    if json:
        output.print_json({**_document(report), "dry_run": dry_run})
    else:
        _tell(report, dry_run=dry_run)
    if report.refused_rows:
        raise typer.Exit(ExitCode.BAD_INPUT)


def _mapping(settings: Settings, source: str | None, mapping: Path | None) -> FileMapping:
    if mapping is not None:
        return load_mapping(mapping)
    names = sorted(settings.sources)
    if source is None and len(names) == 1:
        source = names[0]
    if source is None or source not in settings.sources:
        reason = (
            "thiếu --source hoặc --mapping / --source or --mapping is missing"
            if source is None
            else f"không có nguồn «{source}» / there is no source «{source}»"
        )
        remedy = f"Chọn một trong / Choose one of: {', '.join(names) or '–'}"
        raise ConfigurationError([Problem("sources", reason, remedy)])
    return load_mapping(settings.sources[source].mapping)


def _document(report: ImportReport) -> dict[str, object]:
    return {
        **asdict(report),
        "rejects": [str(path) for path in report.rejects],
        "seconds": round(report.seconds, 3),
        "rows_per_second": round(report.rows_per_second),
    }


def _tell(report: ImportReport, *, dry_run: bool) -> None:
    n = output.number
    if dry_run:
        output.say("Chạy thử, không ghi gì. / A dry run: nothing was written.")
    output.say(
        f"Đã đọc / Read: {n(report.rows)} dòng / rows ({n(round(report.rows_per_second))}/s),"
        f" {n(report.dossiers)} hồ sơ / dossiers, {n(report.steps)} bước / steps"
    )
    output.say(
        f"Mới / New: {n(report.new)} · thay đổi / changed: {n(report.changed)}"
        f" · như cũ / unchanged: {n(report.unchanged)} · đã nhận / accepted: {n(report.accepted)}"
    )
    if report.refused_rows:
        files = ", ".join(map(str, report.rejects))
        output.fail(
            f"{n(report.refused_rows)} dòng của {n(report.refused_dossiers)} hồ sơ bị từ chối, xem lý do ở {files}"
            f" / {n(report.refused_rows)} rows were refused; the reasons are in that file"
        )


_TITLES = {Phase.READING: "Đọc tệp / Reading", Phase.SUBMITTING: "Ghi nhận / Submitting"}


class _Bar:
    """The import's progress on a terminal."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._tasks: dict[Phase, TaskID] = {}

    def update(self, phase: Phase, done: int, total: int | None) -> None:
        if phase not in self._tasks:
            self._tasks[phase] = self._bar.add_task(_TITLES[phase], total=total)
        rate = self._bar.tasks[self._tasks[phase]].speed
        self._bar.update(
            self._tasks[phase], completed=done, total=total, rate=f"{output.number(round(rate))}/s" if rate else ""
        )


@contextmanager
def _progress() -> Iterator[ImportProgress]:
    """A bar on a terminal, a line of the log now and then elsewhere."""
    if not output.err.is_terminal:
        yield PlainProgress(lambda line: log.info(Event.IMPORT_PROGRESS, text=line))
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=output.err, transient=True) as bar:
        yield _Bar(bar)
