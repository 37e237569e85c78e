"""Which dead letters a command is about, who gives the order, and whether that is really meant."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from gateway.choice import Choice, grouped
from gateway.cli import output
from gateway.cli.exits import ExitCode
from gateway.cli.shell import interactive
from gateway.config.settings import vietnamese
from gateway.model import subject_of
from gateway.operations import account
from gateway.store.views import DeadLetter

NumbersArgument = Annotated[
    list[int] | None, typer.Argument(help="Số của các thông điệp. / Their numbers.", metavar="[SỐ]...")
]
CauseOption = Annotated[
    str | None,
    typer.Option(
        "--cause",
        metavar="ĐỐI-TÁC/VIỆC/MÃ[/VẾT]",
        help="Chỉ một nguyên nhân, như «list» in ra; bỏ vết là mọi câu của mã đó."
        " / One cause only, as «list» prints it; without its print, whatever was said with that code.",
    ),
]
PartnerOption = Annotated[str | None, typer.Option("--partner", help="Chỉ một đối tác. / One partner only.")]
OperationOption = Annotated[str | None, typer.Option("--operation", help="Chỉ một nghiệp vụ. / One operation only.")]
CodeOption = Annotated[str | None, typer.Option("--code", help="Chỉ một mã lỗi. / One code of failure only.")]
DossierOption = Annotated[str | None, typer.Option("--dossier", help="Chỉ một hồ sơ. / One dossier only.")]
SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="NGÀY[TGIỜ]",
        help="Chết từ lúc này, giờ Việt Nam: 2026-11-20, 2026-11-20T08:00. / Dead since then, Vietnamese time.",
    ),
]
AllOption = Annotated[bool, typer.Option("--all", help="Tất cả. / All of them.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Không hỏi lại. / Do not ask.")]
ActorOption = Annotated[
    str | None,
    typer.Option(
        "--actor",
        metavar="TÀI-KHOẢN",
        help="Ai quyết định; mặc định là tài khoản đang dùng. / Who decides; the present account by default.",
    ),
]
ReasonOption = Annotated[
    str,
    typer.Option(
        "--reason",
        metavar="LÝ-DO",
        help="Vì sao; lưu vào nhật ký kiểm tra, không ghi dữ liệu cá nhân. / Why; kept in the audit, no personal data.",
    ),
]


def filtered(
    cause: str | None, partner: str | None, operation: str | None, code: str | None, since: str | None,
    dossier: str | None,
) -> Choice:  # fmt: skip
    """The filters of the command line. Raises ``InvalidInput`` for what is no dossier code."""
    return Choice(
        cause=cause, partner=partner, operation=operation, code=code,
        dossier=None if dossier is None else subject_of(dossier),
        since=None if since is None else _moment(since),
    )  # fmt: skip


def one_choice(numbers: Sequence[int] | None, filters: Choice, *, every: bool) -> Choice:
    """Numbers, filters, or all: exactly one of them, so that nothing is decided by accident."""
    if sum((bool(numbers), filters != Choice(), every)) != 1:
        raise typer.BadParameter(
            "chọn một: SỐ…, --all, hoặc các điều kiện (--cause, --partner, --operation, --code, --since, --dossier)"
            " / choose one: numbers, --all, or filters"
        )
    return Choice(ids=tuple(numbers)) if numbers else filters


def actor_of(given: str | None) -> str:
    """Who gives the order: as told, the account behind ``sudo``, or the process's own."""
    return given if given is not None else os.environ.get("SUDO_USER") or account()


def make_sure(letters: Sequence[DeadLetter], question: str, *, yes: bool) -> None:
    """Ask the person at the terminal; without one, *yes* must have been given."""
    if not letters or yes:
        return
    for group in grouped(letters):
        output.say(f"  {group.cause}: {len(group.letters)}")
    if not interactive():
        raise typer.BadParameter("thêm --yes khi không có người trả lời / add --yes when nobody can answer")
    if not typer.confirm(question, err=True):
        raise typer.Exit(ExitCode.INTERRUPTED)


def ids_of(letters: Sequence[DeadLetter]) -> list[int]:
    return [letter.id for letter in letters]


def _moment(text: str) -> datetime:
    try:
        return vietnamese(datetime.fromisoformat(text))
    except ValueError:
        raise typer.BadParameter(
            f"--since: «{text}» không phải ngày giờ, ví dụ 2026-11-20T08:00 / is no date, such as 2026-11-20T08:00"
        ) from None
