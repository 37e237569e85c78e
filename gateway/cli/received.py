"""``lienthong received``: what partners told us, what became of it, and who was turned away."""

from __future__ import annotations

from collections.abc import Container
from typing import Annotated

import typer

from gateway.cli import output
from gateway.cli.exits import ExitCode
from gateway.cli.letter_options import ActorOption, actor_of
from gateway.cli.shell import DEFAULT_CONFIG, ConfigOption, JsonOption, gateway_at
from gateway.cli.story import end_of
from gateway.store.views import Notice


def received(
    config: ConfigOption = DEFAULT_CONFIG,
    again: Annotated[
        list[int] | None,
        typer.Option(help="Xử lý lại thông báo SỐ đã hỏng nhiều lần. / Try this one again, that failed so often."),
    ] = None,
    again_all: Annotated[
        bool, typer.Option("--again-all", help="Xử lý lại mọi thông báo như thế. / Try all of those again.")
    ] = False,
    actor: ActorOption = None,
    last: Annotated[int, typer.Option(help="Bao nhiêu dòng mới nhất. / How many of the newest.", min=1)] = 50,
    json: JsonOption = False,
) -> None:
    """
    Đối tác đã báo gì, kết quả ra sao, ai bị từ chối ở cửa. / What partners told us, and who was turned away.

    Ví dụ / Examples:

      [cyan]lienthong received --last 200[/]

      [cyan]lienthong received --again 17[/]   serve hoặc sync xử lý lại / serve or sync try it again
    """
    with gateway_at(config, offline=True) as gateway:
        if again or again_all:
            tried = gateway.callbacks.try_again(None if again_all else again, actor=actor_of(actor))
            output.say(f"{output.number(len(tried))} thông báo sẽ được xử lý lại / notices will be tried again")
            missed = sorted(set(again or ()) - set(tried))
            if missed:
                numbers = ", ".join(map(str, missed))
                output.say(f"Không chờ người xử lý / Not waiting for a person: {numbers}")
                raise typer.Exit(ExitCode.BAD_INPUT)
            return
        notices, strangers = gateway.callbacks.newest(last), gateway.callbacks.strangers(last)
        parked = [id_ for ids in gateway.callbacks.parked().values() for id_ in ids]
        unserved = gateway.unserved_notices()
        unmatched = [entry for entry in gateway.received() if entry.dossier is None]
    if json:
        output.print_json(
            {
                "notices": notices, "turned_away": strangers, "unmatched": unmatched, "parked": parked,
                "unserved": unserved,
            }
        )  # fmt: skip
        return
    output.table(
        ["Số", "Lúc", "Đối tác", "Nơi gọi", "Từ", "Kết quả", "Hồ sơ", "Lần"],
        [
            [
                str(each.id), output.local(each.at), each.partner, each.path, each.source or output.NONE,
                _end(each, unserved),
                each.dossier or output.NONE, output.number(each.times),
            ]
            for each in notices
        ],
        numbers=frozenset({0, 7}),
    )  # fmt: skip
    if unmatched:
        output.say(
            f"{output.number(len(unmatched))} thông báo cho hồ sơ chưa có, chờ người xem"
            " / notices name dossiers that are not known, and wait for a person"
        )
    for name, count in unserved.items():
        output.say(output.nobody_takes_in(name, count))
    if parked:
        output.say(
            f"{output.number(len(parked))} thông báo hỏng nhiều lần: «lienthong received --again-all»"
            " / notices failed again and again"
        )
    for each in strangers:
        output.say(
            f"Từ chối ở cửa / turned away: {each.partner}, {end_of(each.why)}, {each.source or output.NONE}:"
            f" {output.number(each.times)}, {output.local(each.at)}"
        )


def _end(notice: Notice, unserved: Container[str]) -> str:
    if notice.said:
        return end_of(notice.said)
    if notice.partner in unserved:
        return "chờ đối tác / waits for its partner"
    return f"chờ xử lý ({notice.attempts}) / waits" if notice.attempts else "chờ xử lý / waits"
