"""``lienthong demo``: five localities, a portal that lies, and the portal's own count of what arrived."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import output
from gateway.cli.exits import ExitCode
from gateway.cli.shell import JsonOption, stopping_on_signals
from gateway.config import LogSettings
from gateway.demo.display import show, watching
from gateway.demo.run import DEFAULT_DOSSIERS, DEFAULT_SEED, Options, run
from gateway.observe import set_up


def demo(
    profile: Annotated[
        str, typer.Option(help="Kịch bản lỗi của cổng / How the portal misbehaves: calm, flaky, liar, tet.")
    ] = "flaky",
    dossiers: Annotated[
        int, typer.Option(min=0, help="Số hồ sơ; 0: khối lượng thật / How many; 0: each place its own volume.")
    ] = DEFAULT_DOSSIERS,
    seed: Annotated[int, typer.Option(help="Cùng số, cùng hồ sơ, cùng lỗi. / Same seed, same run.")] = DEFAULT_SEED,
    locality: Annotated[
        str | None, typer.Option(metavar="NAME", help="Chỉ một địa phương, ví dụ ha-tinh. / One place only.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Giữ lại tệp và cơ sở dữ liệu. / Keep files and databases.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """
    Xem hồ sơ của năm địa phương đi tới một cổng giả lập hay lỗi. / Watch five localities' dossiers travel.

    Bảng cuối đọc từ sổ của cổng, không phải của ta. / The closing table is read from the portal's ledger, not ours.

    Ví dụ / Examples:

      [cyan]lienthong demo[/]

      [cyan]lienthong demo --profile tet --dossiers 200 --json[/]
    """
    set_up(LogSettings(level="error"))
    options = Options(profile=profile, dossiers=dossiers or None, seed=seed, locality=locality, keep=keep)
    with stopping_on_signals() as stop, watching(output.err) as watch:
        report = run(options, watch, stop.event)
    if json:
        output.print_json(report.document())
    else:
        show(report, output.out)
    if stop.signal is not None:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if not report.clean:
        raise typer.Exit(ExitCode.DEMO_FAILED)
