"""The command ``lienthong`` and its subcommands."""

from __future__ import annotations

import threading
from importlib.metadata import version
from typing import Annotated

import typer

from gateway.cli import (
    check,
    dead_letters,
    demo,
    import_,
    init,
    keys,
    operate,
    received,
    sandbox,
    serve,
    status,
    sync,
    timeline,
)
from gateway.cli.exits import MEANINGS
from gateway.cli.shell import Commands, thread_failed

_CODES = "\n\n".join(f"{code:>3d}  {vietnamese} / {english}" for code, (vietnamese, english) in MEANINGS.items())

app = typer.Typer(
    name="lienthong",
    cls=Commands,
    help="Liên Thông: chuyển hồ sơ và trạng thái giữa các hệ thống dịch vụ công, một lần và đúng thứ tự."
    " / Carries dossiers and their statuses between public-service systems, once and in order.",
    epilog=f"Mã thoát / Exit codes:\n\n{_CODES}",
    rich_markup_mode="rich",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lienthong {version('lienthong')}")
        raise typer.Exit


@app.callback()
def _program(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Phiên bản. / The version.")
    ] = False,
) -> None:
    pass


app.command("init")(init.init)
app.command("check")(check.check)
app.command("demo")(demo.demo)
app.command("sandbox")(sandbox.sandbox)
app.command("import")(import_.import_)
app.command("sync")(sync.sync)
app.command("serve")(serve.serve)
app.command("status")(status.status)
app.command("received")(received.received)
app.command("timeline")(timeline.timeline)
app.command("pause")(operate.pause)
app.command("resume")(operate.resume)
app.command("limits")(operate.limits)
app.command("maintenance")(operate.maintenance)
app.command("workers")(operate.workers)
app.command("drain")(operate.drain)
app.command("audit")(operate.audit)
app.command("retention")(operate.retention)
app.add_typer(keys.app, name="keys")
app.add_typer(dead_letters.app, name="dead-letters")


def main() -> None:
    """Run the command line of this process."""
    threading.excepthook = thread_failed
    app()
