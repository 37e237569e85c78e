"""``lienthong sandbox``: partners that behave like production, lies included, on this machine only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import output
from gateway.cli.exits import ExitCode
from gateway.cli.signals import stopping_on_signals
from gateway.config import LogSettings
from gateway.observe import set_up

PORT = 8765


def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Cổng TCP; 0: tự chọn. / 0 takes a free one.")] = PORT,
    profile: Annotated[str, typer.Option(help="Kịch bản lỗi / Fault profile: calm, flaky, liar, tet.")] = "calm",
    seed: Annotated[int, typer.Option(help="Cùng số, cùng lỗi. / Same seed, same faults.")] = 0,
    province: Annotated[str, typer.Option(help="Mã tỉnh, bộ được đăng nhập. / Who may log in.")] = "H99",
    merged: Annotated[
        list[str] | None, typer.Option(help="Mã tỉnh đã sáp nhập vào, lặp lại được. / Codes of merged provinces.")
    ] = None,
    username: Annotated[str, typer.Option(help="Mặc định / Default: 000.00.00.<province>.")] = "",
    password: Annotated[
        str, typer.Option(envvar="LIENTHONG_SANDBOX_PASSWORD", help="Mật khẩu giả lập. / Its password.")
    ] = "sandbox",  # noqa: S107 - a password of the sandbox only, documented
    ready_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Ghi địa chỉ vào đây khi sẵn sàng. / Gets the address.")
    ] = None,
) -> None:
    """
    Chạy cổng quốc gia giả lập trên máy này để phát triển và kiểm thử. / Run the mock national portal on loopback.

    Ví dụ / Examples:

      [cyan]lienthong sandbox[/]

      [cyan]lienthong sandbox --profile liar --seed 3 --port 0[/]
    """
    # The mock is no part of what other commands need.
    from connectors.national_portal.mock import PROFILES
    from gateway.sandbox import Options, run

    set_up(LogSettings())
    if profile not in PROFILES:
        raise typer.BadParameter(f"--profile: {', '.join(PROFILES)}")
    options = Options(
        port=port,
        profile=profile,
        seed=seed,
        province=province,
        merged=tuple(merged or ()),
        username=username,
        password=password,
        ready_file=ready_file,
    )
    with stopping_on_signals() as stop:
        try:
            run(options, lambda line: output.out.print(output.plain(line), soft_wrap=True), stop.event)
        except OSError as error:
            if error.filename is not None:
                raise typer.BadParameter(
                    f"--ready-file {ready_file}: không ghi được / cannot be written ({error.strerror})"
                ) from error
            raise typer.BadParameter(
                f"không mở được cổng {port} / port {port} cannot be opened ({error.strerror})"
            ) from error
    if stop.signal is not None and stop.signal.name == "SIGINT":
        raise typer.Exit(ExitCode.INTERRUPTED)
