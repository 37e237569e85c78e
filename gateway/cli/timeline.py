"""``lienthong timeline CODE``: the story of one dossier."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli import output, story
from gateway.cli.exits import ExitCode
from gateway.cli.shell import DEFAULT_CONFIG, ConfigOption, JsonOption, gateway_at


def timeline(
    code: Annotated[str, typer.Argument(help="Mã hồ sơ. / The dossier's code.", metavar="MÃ-HỒ-SƠ")],
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """
    Mọi điều đã xảy ra với một hồ sơ: tiếp nhận, từng lần gửi, trả lời. / Everything that happened to one dossier.

    Ví dụ / Example:

      [cyan]lienthong timeline H99.01-261120-0001[/]
    """
    with gateway_at(config, offline=True) as gateway:
        entries, broken = gateway.timeline(code), gateway.broken_link(code)
    if json:
        output.print_json({"dossier": code, "entries": entries, "broken_link": broken})
    else:
        story.show(entries)
    if not entries:
        output.fail(f"sổ cái không có hồ sơ «{code}» / the ledger has no such dossier")
        raise typer.Exit(ExitCode.BAD_INPUT)
    if broken is not None:
        output.fail(
            f"chuỗi băm đứt từ thay đổi số {broken}: dữ liệu đã bị sửa ngoài chương trình"
            f" / the hash chain breaks at change {broken}: somebody changed the data"
        )
        raise typer.Exit(ExitCode.DATABASE)
