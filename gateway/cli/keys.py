"""``lienthong keys``: who may use the HTTP service, and for how long."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table

from gateway.access import RIGHTS, ApiKey, NewKey
from gateway.cli import output
from gateway.cli.shell import DEFAULT_CONFIG, ConfigOption, JsonOption, gateway_at
from gateway.model.times import VIETNAM

app = typer.Typer(
    help="Khóa API của dịch vụ HTTP: tạo, xoay, thu hồi. / API keys of the HTTP service: make, rotate, revoke.",
    no_args_is_help=True,
)

_RIGHTS_HELP = "Quyền, lặp lại được / A right, may be repeated: " + "; ".join(
    f"{right} = {words}" for right, words in RIGHTS.items()
)
IdArgument = Annotated[str, typer.Argument(metavar="KHÓA", help="Mã khóa trong danh sách. / The key's id in the list.")]
DaysOption = Annotated[int, typer.Option("--days", help="Hết hạn sau chừng này ngày. / It expires after so many days.")]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="LÝ-DO", help="Vì sao; được ghi lại. / Why; is kept.")]


@app.command("create")
def create(
    name: Annotated[
        str, typer.Argument(metavar="TÊN", help="Hệ thống dùng khóa, cũng là tên nguồn. / Who uses it: the source.")
    ],
    right: Annotated[list[str], typer.Option("--right", metavar="QUYỀN", help=_RIGHTS_HELP)],
    agency: Annotated[
        list[str] | None,
        typer.Option("--agency", metavar="MÃ", help="Chỉ hồ sơ của đơn vị này và cấp dưới. / Only its dossiers."),
    ] = None,
    all_agencies: Annotated[
        bool, typer.Option("--all-agencies", help="Hồ sơ của mọi đơn vị. / Dossiers of all agencies.")
    ] = False,
    days: DaysOption = 365,
    reason: ReasonOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """
    Tạo một khóa; bí mật chỉ hiện một lần. / Make a key; its secret is shown once.

    Ví dụ / Example:

      [cyan]lienthong keys create mot-cua --right submit --right read --agency H99.01[/]
    """
    if bool(agency) == all_agencies:
        raise typer.BadParameter("--agency MÃ … hoặc --all-agencies, đúng một trong hai / exactly one of both")
    with gateway_at(config, offline=True) as gateway:
        made = gateway.keys.create(
            name, right, agencies=None if all_agencies else agency, life=timedelta(days=days), reason=reason
        )
    _hand_over(made, json=json)


@app.command("list")
def list_(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Mọi khóa, cả khóa đã hết hạn. / All keys, also those that ended."""
    with gateway_at(config, offline=True) as gateway:
        found, now = gateway.keys.list(), gateway.clock.now()
    if json:
        output.print_json([{**_document(key), "usable": key.usable(now)} for key in found])
        return
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("Khóa", "Tên", "Quyền", "Đơn vị", "Hết hạn", ""):
        drawn.add_column(heading, no_wrap=heading != "Quyền")
    for key in found:
        agencies = key.grant.agencies
        scope = "mọi đơn vị" if agencies is None else " ".join(map(str, agencies))
        state = "" if key.usable(now) else "thu hồi" if key.revoked_at else "hết hạn"
        expires = f"{key.expires_at.astimezone(VIETNAM):%d/%m/%Y %H:%M}"
        drawn.add_row(key.id, key.grant.name, " ".join(sorted(key.grant.rights)), scope, expires, state)
    output.out.print(drawn)


@app.command("rotate")
def rotate(
    id_: IdArgument,
    overlap_hours: Annotated[
        float, typer.Option("--overlap-hours", min=0.0, help="Khóa cũ còn dùng được. / The old one works on.")
    ] = 168.0,
    days: DaysOption = 365,
    reason: ReasonOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """
    Tạo khóa thay thế cùng quyền; khóa cũ hết hạn sau thời gian chồng lấn. / Replace a key; the old one ends later.

    Ví dụ / Example:

      [cyan]lienthong keys rotate abcdefghij --overlap-hours 24[/]
    """
    with gateway_at(config, offline=True) as gateway:
        made = gateway.keys.rotate(
            id_, overlap=timedelta(hours=overlap_hours), life=timedelta(days=days), reason=reason
        )
    _hand_over(made, json=json)


@app.command("revoke")
def revoke(id_: IdArgument, reason: ReasonOption, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Thu hồi một khóa ngay lập tức. / End a key at once."""
    with gateway_at(config, offline=True) as gateway:
        ended = gateway.keys.revoke(id_, reason=reason)
    output.say(f"Đã thu hồi khóa «{ended.id}» của «{ended.grant.name}». / Revoked.")


def _hand_over(made: NewKey, *, json: bool) -> None:
    if json:
        output.print_json({**_document(made.key), "token": made.token})
        return
    output.say(
        f"Khóa «{made.key.id}» cho «{made.key.grant.name}», hết hạn {made.key.expires_at.astimezone(VIETNAM):%d/%m/%Y}."
        " Bí mật dưới đây chỉ hiện một lần, hãy cất ngay. / The secret below is shown this one time; keep it now."
    )
    output.out.print(output.plain(made.token), soft_wrap=True)


def _document(key: ApiKey) -> dict[str, object]:
    agencies = key.grant.agencies
    return {
        "id": key.id,
        "name": key.grant.name,
        "rights": sorted(key.grant.rights),
        "agencies": None if agencies is None else [str(agency) for agency in agencies],
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }
