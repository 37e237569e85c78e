"""
The command as a whole: subcommands that are loaded when they are called, and the way errors end.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class Place(NamedTuple):
    """Where a subcommand is, a function or a ``Typer`` of several, and its line in the list of all."""

    module: str
    name: str
    line: str


class Listed(TyperCommand):
    """A subcommand as the list of all shows it. Its module is loaded when it is called: that can take a second."""

    def __init__(self, name: str, place: Place) -> None:
        super().__init__(name, help=place.line)
        self._place = place

    def load(self) -> Any:
        """The command itself."""
        found = getattr(import_module(self._place.module), self._place.name)
        around = typer.Typer(rich_markup_mode="rich", add_completion=False, pretty_exceptions_enable=False)
        if isinstance(found, typer.Typer):
            around.add_typer(found, name=self.name)
        else:
            around.command(self.name)(found)
        return typer.main.get_group(around).commands[str(self.name)]


class Program(TyperGroup):
    """Ends every command with its exit code and a text; a traceback goes to the log, without values."""

    places: Mapping[str, Place] = {}

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands.update({name: Listed(name, place) for name, place in self.places.items()})

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, Listed) else command, rest

    def invoke(self, ctx: Any) -> Any:
        # Only now: who asks for help needs none of it.
        from gateway.cli import output
        from gateway.cli.exits import ExitCode, exit_for
        from gateway.config import LogSettings
        from gateway.errors import GatewayError
        from gateway.observe import set_up

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
            _unexpected(error)
            raise typer.Exit(ExitCode.UNEXPECTED) from None


def _unexpected(error: Exception) -> None:
    from gateway.cli import output
    from gateway.observe import Event, get_logger

    log = get_logger(__name__)
    log.error(Event.COMMAND_FAILED, exc_info=error)
    output.fail(
        f"lỗi ngoài dự kiến / unexpected ({type(error).__name__}). Những gì đã nhận vẫn còn nguyên; hãy gửi nhật ký"
        " cho nhóm phát triển / What was accepted is safe; please report it with the log"
    )


def thread_failed(failed: threading.ExceptHookArgs) -> None:
    """A thread beside the command's own ended with a bug: by its places, as the terminal would show values."""
    from gateway.observe import Event, get_logger

    log = get_logger(__name__)
    log.error(Event.THREAD_FAILED, thread=failed.thread.name if failed.thread else "", exc_info=failed.exc_value)
