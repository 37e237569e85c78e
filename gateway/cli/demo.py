"""``lienthong demo``: five localities, a portal that lies, and the portal's own count of what arrived."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import output
from gateway.cli.exits import ExitCode
from gateway.cli.shell import JsonOption
from gateway.cli.signals import stopping_on_signals
from gateway.config import LogSettings
from gateway.demo import DEFAULT_DOSSIERS, DEFAULT_SEED
from gateway.observe import set_up


def demo(
    profile: Annotated[
        str, typer.Option(help="Kịch bản lỗi của cổng / How the portal misbehaves: calm, flaky, liar, tet.")
    ] = "flaky",
    dossiers: Annotated[
        int | None,
        typer.Option(min=0, help=f"Số hồ sơ; 0: khối lượng thật. / How many; 0: real volumes. [{DEFAULT_DOSSIERS}]"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Cùng số, cùng hồ sơ, cùng lỗi. / Same seed, same run.")] = DEFAULT_SEED,
    locality: Annotated[
        str | None, typer.Option(metavar="NAME", help="Chỉ một địa phương, ví dụ ha-tinh. / One place only.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Giữ lại tệp và cơ sở dữ liệu. / Keep files and databases.")
    ] = None,
    write_exports: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Chỉ ghi tệp xuất của các địa phương rồi dừng. / Write the places' exports and end."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """
    Xem hồ sơ của năm địa phương đi tới một cổng giả lập hay lỗi. / Watch five localities' dossiers travel.

    Bảng cuối đọc từ sổ của cổng, không phải của ta. / The closing table is read from the portal's ledger, not ours.

    Ví dụ / Examples:

      [cyan]lienthong demo[/]

      [cyan]lienthong demo --profile tet --dossiers 200 --json[/]

      [cyan]lienthong demo --locality ha-tinh --write-exports .[/]
    """
    # What only the demonstration needs would be a third of every command's start.
    from gateway.demo.display import show, watching
    from gateway.demo.run import Options, run

    set_up(LogSettings(level="error"))
    if dossiers is None and locality is None:
        dossiers = DEFAULT_DOSSIERS
    if write_exports is not None:
        with _writing_to(write_exports):
            _write_exports(write_exports, dossiers or None, seed, locality, json=json)
        return
    options = Options(profile=profile, dossiers=dossiers or None, seed=seed, locality=locality, keep=keep)
    with _writing_to(keep), stopping_on_signals() as stop, watching(output.err) as watch:
        report = run(options, watch, stop.event)
    if json:
        output.print_json(report.document())
    else:
        show(report, output.out)
    if stop.signal is not None:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if not report.clean:
        raise typer.Exit(ExitCode.DEMO_FAILED)


@contextmanager
def _writing_to(folder: Path | None) -> Iterator[None]:
    """Blame the folder that was asked for when it cannot be written."""
    try:
        yield
    except OSError as error:
        if folder is None:
            raise
        raise typer.BadParameter(f"{folder}: không ghi được / cannot be written ({error.strerror})") from error


def _write_exports(folder: Path, dossiers: int | None, seed: int, locality: str | None, *, json: bool) -> None:
    from gateway.demo.staging import write_places

    folder.mkdir(parents=True, exist_ok=True)
    places = write_places(folder, dossiers=dossiers, seed=seed, only=locality)
    written = [str(path) for place in places for export in (place.first, place.later) for path in export.paths]
    if json:
        output.print_json({"files": written})
    for path in () if json else written:
        output.say(f"Đã ghi / Wrote {path}")
