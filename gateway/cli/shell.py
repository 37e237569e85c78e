"""What every command shares: its configuration, an open gateway, and the way errors end."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from gateway.api import Gateway
from gateway.cli import output
from gateway.cli.exits import ExitCode, exit_for
from gateway.config import LogSettings, Settings, load
from gateway.errors import ConfigurationError, GatewayError
from gateway.observe import Event, get_logger, set_up

log = get_logger(__name__)

DEFAULT_CONFIG = Path("lienthong.toml")

ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config",
        "-c",
        envvar="LIENTHONG_CONFIG",
        show_envvar=True,
        help="Tệp cấu hình. / The configuration file.",
        metavar="FILE",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Một văn bản JSON ra stdout. / One JSON document on standard output.")
]


class Commands(TyperGroup):
    """Ends every command with its exit code and a text; a traceback goes to the log, without values."""

    def invoke(self, ctx: Any) -> Any:
        # Whatever fails before the configuration is read must not print values either.
        set_up(LogSettings())
        try:
            return super().invoke(ctx)
        except GatewayError as error:
            output.fail(str(error))
            raise typer.Exit(exit_for(error)) from None
        except KeyboardInterrupt:
            output.say("Đã ngắt. / Interrupted.")
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except (typer.TyperException, typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, no traceback with values may reach the terminal.
            self._unexpected(error)
            raise typer.Exit(ExitCode.UNEXPECTED) from None

    @staticmethod
    def _unexpected(error: Exception) -> None:
        log.error(Event.COMMAND_FAILED, exc_info=error)
        output.fail(
            f"lỗi ngoài dự kiến / unexpected ({type(error).__name__}). Những gì đã nhận vẫn còn nguyên; hãy gửi nhật ký"
            " cho nhóm phát triển / What was accepted is safe; please report it with the log"
        )


def thread_failed(failed: threading.ExceptHookArgs) -> None:
    """A thread beside the command's own ended with a bug: by its places, as the terminal would show values."""
    log.error(Event.THREAD_FAILED, thread=failed.thread.name if failed.thread else "", exc_info=failed.exc_value)


def settings_at(config: Path, *, offline: bool = False) -> Settings:
    """
    Read the configuration and set up the log.

    *offline* is for commands that only read the database: they need no secret of a partner.
    """
    settings = load(config, offline=offline)
    set_up(settings.log)
    return settings


@contextmanager
def gateway_at(config: Path, *, offline: bool = False) -> Iterator[Gateway]:
    """Open the gateway that *config* describes; *offline*, without its partners."""
    settings = settings_at(config, offline=offline)
    with Gateway(settings, connectors=[] if offline else None) as gateway:
        yield gateway


@contextmanager
def gateway_with_what_is_there(config: Path) -> Iterator[Gateway]:
    """Open the gateway with its partners when their secrets are at hand, else without: for what is only better so."""
    offline = settings_at(config, offline=True)
    try:
        gateway = Gateway(load(config))
    except ConfigurationError:
        gateway = Gateway(offline, connectors=[])
    with gateway:
        yield gateway


def interactive() -> bool:
    """Whether a person sits there who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()
