"""``lienthong dead-letters``: what a person must decide, by cause, and the decisions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import cleandoc
from typing import Annotated

import typer

from gateway.api import Gateway
from gateway.choice import Choice
from gateway.cli import output, story
from gateway.cli.letter_options import (
    ActorOption,
    AllOption,
    CauseOption,
    CodeOption,
    DossierOption,
    NumbersArgument,
    OperationOption,
    PartnerOption,
    ReasonOption,
    SinceOption,
    YesOption,
    actor_of,
    filtered,
    ids_of,
    make_sure,
    one_choice,
)
from gateway.cli.letter_views import (
    REHEARSED,
    letter_document,
    rehearsal_document,
    show_causes,
    show_letters,
    show_rehearsal,
)
from gateway.cli.shell import DEFAULT_CONFIG, ConfigOption, JsonOption, gateway_at, gateway_with_what_is_there
from gateway.desk import Desk, needed_reason
from gateway.policy import UNDECIDABLE
from gateway.store.views import DeadLetter

app = typer.Typer(
    no_args_is_help=True,
    help="Thông điệp chết: xem nguyên nhân, xem trước, cho gửi lại, hủy, xác nhận."
    " / Dead letters: see why, rehearse, let them try again, cancel, resolve.",
)


@app.command("list")
def list_letters(
    config: ConfigOption = DEFAULT_CONFIG,
    cause: CauseOption = None,
    partner: PartnerOption = None,
    operation: OperationOption = None,
    code: CodeOption = None,
    since: SinceOption = None,
    dossier: DossierOption = None,
    json: JsonOption = False,
) -> None:
    """
    Các nguyên nhân và ai xử lý, rồi từng thông điệp. / The causes and who mends them, then the messages.

    Ví dụ / Examples:

      [cyan]lienthong dead-letters list[/]

      [cyan]lienthong dead-letters list --cause cong/dossier/-7 --json[/]
    """
    choice = filtered(cause, partner, operation, code, since, dossier)
    with gateway_with_what_is_there(config) as gateway:
        letters = gateway.desk.letters(choice)
        causes = gateway.desk.causes(letters)
    if json:
        output.print_json({"causes": causes, "letters": [letter_document(letter) for letter in letters]})
        return
    if not letters:
        output.say("Không có thông điệp chết. / There are no dead letters.")
        return
    show_causes(causes)
    output.out.print()
    show_letters(letters)


@app.command("show")
def show(
    number: Annotated[int, typer.Argument(help="Số của thông điệp. / Its number.", metavar="SỐ")],
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """
    Một thông điệp chết, ai xử lý, và chuyện của hồ sơ đó. / One dead letter, who mends it, and its dossier's story.

    Ví dụ / Example:

      [cyan]lienthong dead-letters show 17[/]
    """
    with gateway_with_what_is_there(config) as gateway:
        (letter,) = gateway.desk.letters(Choice(ids=(number,)))
        advice = gateway.desk.advice(letter)
        entries = gateway.timeline(letter.dossier)
    document = letter_document(letter)
    if json:
        output.print_json({**document, "owner": advice.owner, "remedy": advice.remedy, "timeline": entries})
        return
    output.table(
        ["", ""],
        [
            ["Hồ sơ / Dossier", letter.dossier],
            ["Nguyên nhân / Cause", str(document["cause"])],
            ["Đối tác nói / The partner says", letter.text or output.NONE],
            ["Ai xử lý / Owner", advice.owner],
            ["Cách xử lý / Remedy", advice.remedy],
            ["Chết lúc / Dead since", output.local(letter.since)],
            ["Số lần gửi / Attempts", str(letter.attempts)],
            ["Đang chờ sau / Waiting behind", str(letter.waiting_behind)],
        ],
    )
    output.out.print()
    story.show(entries)


@app.command("requeue")
def requeue(
    numbers: NumbersArgument = None,
    config: ConfigOption = DEFAULT_CONFIG,
    cause: CauseOption = None,
    partner: PartnerOption = None,
    operation: OperationOption = None,
    code: CodeOption = None,
    since: SinceOption = None,
    dossier: DossierOption = None,
    every: AllOption = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Không gửi gì: xem sẽ gửi gì, đã khác gì. / Send nothing: show what would be sent, and what changed.",
        ),
    ] = False,
    per_minute: Annotated[
        int | None,
        typer.Option(
            "--per-minute",
            min=1,
            help="Mở lại nhiều nhất bao nhiêu hồ sơ mỗi phút; mặc định delivery.requeue_per_minute."
            " / So many dossiers in a minute at most.",
        ),
    ] = None,
    not_there: Annotated[
        bool,
        typer.Option(
            "--not-there",
            help="Đã tra cứu ở đối tác, chưa có: thông điệp chưa rõ kết quả được gửi ngay, không tra cứu lại."
            " / Looked up at the partner and not there: letters of unknown outcome are sent without a look-up.",
        ),
    ] = False,
    reason: ReasonOption = "",
    actor: ActorOption = None,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """
    Cho gửi lại sau khi nguyên nhân đã được sửa. / Let letters try again after their cause was mended.

    Ví dụ / Examples:

      [cyan]lienthong dead-letters requeue --cause cong/dossier/-7 --dry-run[/]

      [cyan]lienthong dead-letters requeue --cause cong/dossier/-7 --per-minute 30 --yes[/]

      [cyan]lienthong dead-letters requeue 17 18[/]
    """
    choice = one_choice(numbers, filtered(cause, partner, operation, code, since, dossier), every=every)
    if dry_run:
        with gateway_at(config) as gateway:
            _rehearse(gateway, gateway.desk.letters(choice), json=json)
        return
    with gateway_at(config, offline=True) as gateway:
        letters = gateway.desk.letters(choice)
        make_sure(letters, f"Gửi lại {len(letters)} thông điệp? / Requeue them?", yes=yes)
        done = gateway.desk.requeue(
            ids_of(letters), actor=actor_of(actor), reason=reason, per_minute=per_minute, not_there=not_there
        )
    if json:
        output.print_json({"requeued": done.ids, "opened_by": done.opened_by})
    else:
        output.say(
            f"Cho gửi lại {len(done.ids)} thông điệp, hồ sơ cuối mở lúc {output.local(done.opened_by)}."
            f" / Requeued {len(done.ids)} messages, the last dossier opens then."
        )
        unsure = 0 if not_there else sum(letter.code == UNDECIDABLE for letter in letters)
        if unsure:
            output.say(
                f"{unsure} thông điệp chưa rõ kết quả được tra cứu trước."
                f" / {unsure} of unknown outcome are looked up first."
            )


@dataclass(frozen=True)
class _Decision:
    """What ends letters for good, in the words it is offered, asked and told with; *n* of them."""

    name: str
    offered: str
    asked: str
    told: str
    done: str
    decide: Callable[[Desk], Callable[..., Sequence[int]]]


def _add(decision: _Decision) -> None:
    """The command of one decision: all have the same options."""

    @app.command(decision.name, help=cleandoc(decision.offered))
    def decide(
        reason: ReasonOption,
        numbers: NumbersArgument = None,
        config: ConfigOption = DEFAULT_CONFIG,
        cause: CauseOption = None,
        partner: PartnerOption = None,
        operation: OperationOption = None,
        code: CodeOption = None,
        since: SinceOption = None,
        dossier: DossierOption = None,
        every: AllOption = False,
        actor: ActorOption = None,
        yes: YesOption = False,
        json: JsonOption = False,
    ) -> None:
        choice = one_choice(numbers, filtered(cause, partner, operation, code, since, dossier), every=every)
        needed_reason(reason)
        with gateway_at(config, offline=True) as gateway:
            letters = gateway.desk.letters(choice)
            make_sure(letters, decision.asked.format(n=len(letters)), yes=yes or bool(numbers))
            done = decision.decide(gateway.desk)(ids_of(letters), actor=actor_of(actor), reason=reason)
        if json:
            output.print_json({decision.done: done})
        else:
            output.say(decision.told.format(n=len(done)))
            along = len(set(done) - set(ids_of(letters)))
            if along:
                output.say(
                    f"Trong đó {along} bước đến muộn chờ sau, giữ lại để trạng thái công khai không lùi."
                    f" / {along} of them late steps behind, kept back so that the public status does not go back."
                )


_add(
    _Decision(
        "cancel",
        """
        Không báo cho đối tác nữa; việc chờ sau được đi tiếp. / Never tell the partner; what waits behind goes on.

        Ví dụ / Example:

          [cyan]lienthong dead-letters cancel 17 --reason "Hồ sơ nhập trùng"[/]
        """,
        asked="Hủy {n} thông điệp, không gửi nữa? / Cancel them for good?",
        told="Đã hủy {n} thông điệp. / Cancelled {n} messages.",
        done="cancelled",
        decide=lambda desk: desk.cancel,
    )
)
_add(
    _Decision(
        "resolve",
        """
        Đã thấy kết quả ở đối tác; việc chờ sau được đi tiếp. / The effect was seen there; what waits behind goes on.

        Ví dụ / Example:

          [cyan]lienthong dead-letters resolve 17 --reason "Đã tra cứu trên Cổng, hồ sơ có đủ"[/]
        """,
        asked="Đối tác đã có {n} thông điệp này? / Does the partner have them?",
        told="Đã xác nhận {n} thông điệp. / Resolved {n} messages.",
        done="resolved",
        decide=lambda desk: desk.resolve,
    )
)


def _rehearse(gateway: Gateway, letters: Sequence[DeadLetter], *, json: bool) -> None:
    """For programs all of them; for people the first ones."""
    rehearsals = [gateway.desk.rehearse(letter) for letter in (letters if json else letters[:REHEARSED])]
    if json:
        output.print_json({"dry_run": [rehearsal_document(rehearsal) for rehearsal in rehearsals]})
        return
    for rehearsal in rehearsals:
        show_rehearsal(rehearsal)
    left = len(letters) - len(rehearsals)
    more = f", {left} nữa: --json / {left} more: --json" if left else ""
    output.say(f"Xem trước {len(rehearsals)} thông điệp, không gửi gì / Rehearsed, nothing was sent{more}")
