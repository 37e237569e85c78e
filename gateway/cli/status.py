"""``lienthong status``: what waits for whom."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli import output
from gateway.cli.exits import ExitCode
from gateway.cli.shell import DEFAULT_CONFIG, ConfigOption, JsonOption, gateway_at
from gateway.store.views import PartnerStatus


def status(
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
    exit_code: Annotated[
        bool,
        typer.Option(
            "--exit-code",
            help="Thoát với mã 7 khi có việc chờ người. / Exit with 7 when something waits for a person.",
        ),
    ] = False,
) -> None:
    """
    Còn gì chờ gửi, cho đối tác nào. / What waits, and for whom.

    Ví dụ / Examples:

      [cyan]lienthong status[/]

      [cyan]lienthong status --json --exit-code[/]   cho hệ thống giám sát / for a monitor
    """
    with gateway_at(config, offline=True) as gateway:
        told = {partner.partner: partner for partner in gateway.status()}
        partners = [
            told.get(name) or PartnerStatus(name, 0, 0, 0, 0, 0, 0, 0, None, None)
            for name in sorted({*told, *gateway.settings.partners})
        ]
        totals, now = gateway.totals(), gateway.clock.now()
        unserved, unserved_notices = gateway.unserved(), gateway.unserved_notices()
        parked = {name: len(ids) for name, ids in gateway.callbacks.parked().items()}
    if json:
        output.print_json(
            {
                "partners": partners, "totals": totals, "at": now, "parked_notices": parked,
                "unserved_notices": unserved_notices,
            }
        )  # fmt: skip
    else:
        output.table(
            ["Đối tác", "Chờ gửi", "Đang gửi", "Chưa rõ", "Chết", "Đã gửi", "Chờ lâu nhất", "Tạm nghỉ đến"],
            [
                [
                    partner.partner,
                    *map(
                        output.number,
                        (partner.pending, partner.in_flight, partner.unknown, partner.dead, partner.delivered),
                    ),
                    output.age(now - partner.oldest if partner.oldest else None),
                    output.local(partner.hold_until),
                ]
                for partner in partners
            ],
            numbers=frozenset(range(1, 7)),
        )
        output.out.print(
            f"Sổ cái / Ledger: {output.number(totals.get('dossiers', 0))} hồ sơ / dossiers,"
            f" {output.number(totals.get('step', 0))} bước / steps"
        )
        for partner in partners:
            if partner.paused:
                output.say(f"«{partner.partner}» đang tạm ngừng: «lienthong resume {partner.partner}» / is paused.")
            if partner.slowdown > 1:
                output.say(f"«{partner.partner}» đang được gọi chậm lại {partner.slowdown:.1f} lần / is slowed down.")
        for name, count in unserved.items():
            output.say(output.nobody_serves(name, count))
        for name, count in unserved_notices.items():
            output.say(output.nobody_takes_in(name, count))
        for name, count in parked.items():
            output.say(
                f"{output.number(count)} thông báo của «{name}» hỏng nhiều lần: «lienthong received» / notices failed"
            )
        if any(partner.dead for partner in partners):
            output.say("Có thông điệp chết: «lienthong dead-letters list» / There are dead letters.")
    if exit_code and (parked or any(partner.dead for partner in partners)):
        raise typer.Exit(ExitCode.WAITING_FOR_A_PERSON)
