"""Where a command prints: answers on standard output, everything else on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.model.times import VIETNAM

_PIPE_WIDTH = 240


def _width() -> int | None:
    """The terminal's; a pipe gets long lines, so that nothing is broken for ``grep``."""
    return None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH


out = Console(highlight=False, width=_width())
err = Console(stderr=True, highlight=False, soft_wrap=True)

NONE = "–"


def print_json(document: object) -> None:
    """Print one JSON document on one line; dataclasses, enums and aware times are understood."""
    typer.echo(orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS).decode())


def say(text: str) -> None:
    """Tell the person at the terminal something that is not the answer itself."""
    err.print(escape(text))


def fail(text: str) -> None:
    """Tell why the command fails: one mistake on one line, several as a list."""
    lines = text.splitlines()
    if len(lines) == 1:
        err.print(f"[bold red]Lỗi / Error:[/] {escape(text)}")
        return
    err.print(f"[bold red]{len(lines)} lỗi / errors:[/]")
    for line in lines:
        err.print(f"  • {escape(line)}")


def plain(text: str) -> str:
    """*text* as it stands within markup."""
    return escape(text)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: frozenset[int] = frozenset()) -> None:
    """Print rows for people; columns in *numbers* are aligned to the right."""
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for index, heading in enumerate(headings):
        drawn.add_column(heading, justify="right" if index in numbers else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(escape(cell) for cell in row))
    out.print(drawn)


def local(moment: datetime | None) -> str:
    """A moment as Vietnamese officials write it, in Vietnamese time."""
    return NONE if moment is None else moment.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S")


def age(span: timedelta | None) -> str:
    """``45 giây``, ``12 phút``, ``3 giờ``, ``9 ngày``: the largest whole unit."""
    if span is None:
        return NONE
    seconds = max(0, int(span.total_seconds()))
    for unit, length in (("ngày", 86400), ("giờ", 3600), ("phút", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} giây"


def number(value: int) -> str:
    """12000 as Vietnamese readers write it: ``12.000``."""
    return f"{value:,}".replace(",", ".")


def nobody_serves(partner: str, count: int) -> str:
    """What to say of *count* messages for a *partner* that is no longer configured."""
    return (
        f"{number(count)} tin chờ «{partner}», đối tác không còn trong cấu hình: thêm lại [partners.{partner}]"
        f" / messages wait for «{partner}», which is no longer configured: add it again"
    )


def nobody_takes_in(partner: str, count: int) -> str:
    """What to say of *count* notices of a *partner* that is no longer configured."""
    return (
        f"{number(count)} thông báo của «{partner}», đối tác không còn trong cấu hình, chờ đến khi có lại"
        f" [partners.{partner}] / notices of «{partner}», which is no longer configured, wait until it is"
    )
