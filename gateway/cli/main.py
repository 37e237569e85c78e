"""The command ``lienthong`` and its subcommands."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Annotated, Final

import typer

from gateway.cli.exits import MEANINGS
from gateway.cli.program import Place, Program, thread_failed

COMMANDS: Final[Mapping[str, Place]] = {
    "init": Place(
        "gateway.cli.init", "init",
        "Tạo tệp cấu hình và tệp ánh xạ mẫu, có chú thích từng dòng."
        " / Write a commented configuration and mapping.",
    ),
    "check": Place(
        "gateway.cli.check", "check",
        "Kiểm tra cấu hình, cơ sở dữ liệu, tệp ánh xạ, đối tác và tài khoản; nêu mọi lỗi một lần."
        " / Check configuration, database, mapping files, partners and credentials; every mistake at once.",
    ),
    "demo": Place(
        "gateway.cli.demo", "demo",
        "Xem hồ sơ của năm địa phương đi tới một cổng giả lập hay lỗi."
        " / Watch five localities' dossiers travel.",
    ),
    "sandbox": Place(
        "gateway.cli.sandbox", "sandbox",
        "Chạy cổng quốc gia giả lập trên máy này để phát triển và kiểm thử."
        " / Run the mock national portal on loopback.",
    ),
    "import": Place(
        "gateway.cli.import_", "import_",
        "Nhập hồ sơ từ tệp xuất của hệ thống một cửa."
        " / Import dossiers from an export of a one-stop system.",
    ),
    "sync": Place(
        "gateway.cli.sync", "sync",
        "Gửi mọi thứ đang chờ, và chạy tiếp như một dịch vụ."
        " / Deliver what waits, and go on as a service.",
    ),
    "serve": Place("gateway.cli.serve", "serve", "Chạy dịch vụ HTTP. / Run the HTTP service."),
    "status": Place("gateway.cli.status", "status", "Còn gì chờ gửi, cho đối tác nào. / What waits, and for whom."),
    "received": Place(
        "gateway.cli.received", "received",
        "Đối tác đã báo gì, kết quả ra sao, ai bị từ chối ở cửa."
        " / What partners told us, and who was turned away.",
    ),
    "timeline": Place(
        "gateway.cli.timeline", "timeline",
        "Mọi điều đã xảy ra với một hồ sơ: tiếp nhận, từng lần gửi, trả lời."
        " / Everything that happened to one dossier.",
    ),
    "pause": Place(
        "gateway.cli.operate", "pause",
        "Tạm ngừng gửi cho một đối tác hoặc một hồ sơ."
        " / Stop sending to a partner, or of one dossier.",
    ),
    "resume": Place("gateway.cli.operate", "resume", "Gửi tiếp sau khi tạm ngừng. / Go on after a pause."),
    "limits": Place(
        "gateway.cli.operate", "limits",
        "Xem hoặc đổi giới hạn của đối tác khi đang chạy."
        " / Show or change a partner's limits while workers run.",
    ),
    "maintenance": Place(
        "gateway.cli.operate", "maintenance",
        "Xem hoặc báo trước lịch bảo trì của đối tác."
        " / Show or announce a partner's maintenance.",
    ),
    "workers": Place(
        "gateway.cli.operate", "workers",
        "Ai đang gửi, ở máy nào, phiên bản nào."
        " / Who delivers, on which machine, of which release.",
    ),
    "drain": Place(
        "gateway.cli.operate", "drain",
        "Cho tiến trình gửi nốt việc đang giữ rồi dừng; không nêu nơi: tất cả."
        " / Let workers finish and end; all by default.",
    ),
    "audit": Place(
        "gateway.cli.operate", "audit",
        "Ai đã làm gì với hộp thư đi, và vì sao."
        " / Who did what to the outbox, and why.",
    ),
    "retention": Place(
        "gateway.cli.operate", "retention",
        "Xóa dữ liệu quá hạn lưu, từng ít một; sổ cái luôn được giữ."
        " / Delete what is past its time; the ledger stays.",
    ),
    "keys": Place(
        "gateway.cli.keys", "app",
        "Khóa API của dịch vụ HTTP: tạo, xoay, thu hồi."
        " / API keys of the HTTP service: make, rotate, revoke.",
    ),
    "dead-letters": Place(
        "gateway.cli.dead_letters", "app",
        "Thông điệp chết: xem nguyên nhân, xem trước, cho gửi lại, hủy, xác nhận."
        " / Dead letters: see why, rehearse, let them try again, cancel, resolve.",
    ),
}  # fmt: skip
"""Each with the first paragraph of its own help."""

_CODES = "\n\n".join(f"{code:>3d}  {vietnamese} / {english}" for code, (vietnamese, english) in MEANINGS.items())


class _LienThong(Program):
    places = COMMANDS


app = typer.Typer(
    name="lienthong",
    cls=_LienThong,
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
        from importlib.metadata import version

        typer.echo(f"lienthong {version('lienthong')}")
        raise typer.Exit


@app.callback()
def _program(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Phiên bản. / The version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line of this process."""
    threading.excepthook = thread_failed
    app()
