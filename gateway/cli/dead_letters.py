"""``lienthong dead-letters``: what a person must decide, by cause, and letting it try again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from gateway.cli import output, story
from gateway.cli.exits import ExitCode
from gateway.cli.shell import DEFAULT_CONFIG, ConfigOption, JsonOption, gateway_at, interactive
from gateway.errors import InvalidInput
from gateway.store.contract import DeadLetter

app = typer.Typer(
    no_args_is_help=True,
    help="Thông điệp chết: xem nguyên nhân, cho gửi lại. / Dead letters: see why, let them try again.",
)

CauseOption = Annotated[
    str | None,
    typer.Option(
        "--cause",
        metavar="ĐỐI-TÁC/VIỆC/MÃ",
        help="Chỉ một nguyên nhân, như «list» in ra. / One cause only, as «list» prints it.",
    ),
]
SHOWN = 50


def cause_of(letter: DeadLetter) -> str:
    """Letters of one cause are mended together: partner, operation and the partner's code."""
    return f"{letter.partner}/{letter.operation}/{letter.code}"


@app.command("list")
def list_letters(config: ConfigOption = DEFAULT_CONFIG, cause: CauseOption = None, json: JsonOption = False) -> None:
    """
    Các nguyên nhân, rồi từng thông điệp. / The causes, then the messages.

    Ví dụ / Examples:

      [cyan]lienthong dead-letters list[/]

      [cyan]lienthong dead-letters list --cause cong/dossier/-7 --json[/]
    """
    with gateway_at(config, offline=True) as gateway:
        letters = _of_cause(gateway.dead_letters(), cause)
    causes = _causes(letters)
    if json:
        output.print_json({"causes": causes, "letters": [_document(letter) for letter in letters]})
        return
    if not letters:
        output.say("Không có thông điệp chết. / There are no dead letters.")
        return
    output.table(
        ["Nguyên nhân", "Số lượng", "Đang chờ sau", "Từ lúc", "Đối tác nói"],
        [
            [
                name,
                output.number(len(found)),
                output.number(sum(letter.waiting_behind for letter in found)),
                output.local(min(letter.since for letter in found)),
                found[0].text,
            ]
            for name, found in _grouped(letters).items()
        ],
        numbers=frozenset({1, 2}),
    )
    output.out.print()
    output.table(
        ["Số", "Hồ sơ", "Nguyên nhân", "Lần gửi", "Từ lúc"],
        [
            [str(letter.id), letter.dossier, cause_of(letter), str(letter.attempts), output.local(letter.since)]
            for letter in letters[:SHOWN]
        ],
        numbers=frozenset({0, 3}),
    )
    if len(letters) > SHOWN:
        output.say(f"… và {len(letters) - SHOWN} thông điệp nữa: --cause, --json / and {len(letters) - SHOWN} more")


@app.command("show")
def show(
    number: Annotated[int, typer.Argument(help="Số của thông điệp. / Its number.", metavar="SỐ")],
    config: ConfigOption = DEFAULT_CONFIG,
    json: JsonOption = False,
) -> None:
    """
    Một thông điệp chết và chuyện của hồ sơ đó. / One dead letter and the story of its dossier.

    Ví dụ / Example:

      [cyan]lienthong dead-letters show 17[/]
    """
    with gateway_at(config, offline=True) as gateway:
        letter = next((letter for letter in gateway.dead_letters() if letter.id == number), None)
        if letter is None:
            raise _no_such_letter([number])
        entries = gateway.timeline(letter.dossier)
    if json:
        output.print_json({**_document(letter), "timeline": entries})
        return
    output.table(
        ["", ""],
        [
            ["Hồ sơ / Dossier", letter.dossier],
            ["Nguyên nhân / Cause", cause_of(letter)],
            ["Đối tác nói / The partner says", letter.text or output.NONE],
            ["Chết lúc / Dead since", output.local(letter.since)],
            ["Số lần gửi / Attempts", str(letter.attempts)],
            ["Đang chờ sau / Waiting behind", str(letter.waiting_behind)],
        ],
    )
    output.out.print()
    story.show(entries)


@app.command("requeue")
def requeue(
    numbers: Annotated[
        list[int] | None, typer.Argument(help="Số của các thông điệp. / Their numbers.", metavar="[SỐ]...")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    cause: CauseOption = None,
    every: Annotated[bool, typer.Option("--all", help="Tất cả. / All of them.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Không hỏi lại. / Do not ask.")] = False,
    json: JsonOption = False,
) -> None:
    """
    Cho gửi lại sau khi nguyên nhân đã được sửa. / Let letters try again after their cause was mended.

    Ví dụ / Examples:

      [cyan]lienthong dead-letters requeue 17 18[/]

      [cyan]lienthong dead-letters requeue --cause cong/dossier/-7 --yes[/]
    """
    if sum((bool(numbers), cause is not None, every)) != 1:
        raise typer.BadParameter("chọn một: SỐ…, --cause hoặc --all / choose one: numbers, --cause or --all")
    with gateway_at(config, offline=True) as gateway:
        dead = gateway.dead_letters()
        if numbers:
            missing = sorted(set(numbers) - {letter.id for letter in dead})
            if missing:
                raise _no_such_letter(missing)
            chosen = [letter for letter in dead if letter.id in numbers]
        else:
            chosen = _of_cause(dead, cause)
        if chosen and not yes:
            _ask(chosen)
        requeued = gateway.requeue([letter.id for letter in chosen])
    if json:
        output.print_json({"requeued": requeued})
    else:
        output.say(f"Cho gửi lại {len(requeued)} thông điệp. / Requeued {len(requeued)} messages.")


NumbersArgument = Annotated[list[int], typer.Argument(help="Số của các thông điệp. / Their numbers.", metavar="SỐ...")]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="LÝ-DO", help="Vì sao; được ghi lại. / Why; is kept.")]


@app.command("cancel")
def cancel(
    numbers: NumbersArgument, reason: ReasonOption, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False
) -> None:
    """
    Không gửi nữa; những gì chờ sau được đi tiếp. / Never send them; what waits behind them goes on.

    Ví dụ / Example:

      [cyan]lienthong dead-letters cancel 17 --reason "Hồ sơ nhập nhầm"[/]
    """
    with gateway_at(config, offline=True) as gateway:
        done = gateway.operations.cancel(numbers, reason)
    _tell("cancelled", f"Đã hủy {len(done)} thông điệp. / Cancelled {len(done)} messages.", numbers, done, json=json)


@app.command("resolve")
def resolve(
    numbers: NumbersArgument, reason: ReasonOption, config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False
) -> None:
    """
    Đối tác đã có rồi; những gì chờ sau được đi tiếp. / The partner has them; what waits behind them goes on.

    Ví dụ / Example:

      [cyan]lienthong dead-letters resolve 17 --reason "Đã thấy trên Cổng"[/]
    """
    with gateway_at(config, offline=True) as gateway:
        done = gateway.operations.resolve(numbers, reason)
    _tell("resolved", f"Đã xác nhận {len(done)} thông điệp. / Resolved {len(done)} messages.", numbers, done, json=json)


def _tell(word: str, text: str, numbers: Sequence[int], done: Sequence[int], *, json: bool) -> None:
    missing = sorted(set(numbers) - set(done))
    if json:
        output.print_json({word: done, "no_dead_letters": missing})
    else:
        output.say(text)
    if missing:
        raise _no_such_letter(missing)


def _ask(chosen: Sequence[DeadLetter]) -> None:
    for name, found in _grouped(chosen).items():
        output.say(f"  {name}: {len(found)}")
    if not interactive():
        raise typer.BadParameter("thêm --yes khi không có người trả lời / add --yes when nobody can answer")
    if not typer.confirm(f"Gửi lại {len(chosen)} thông điệp? / Requeue them?", err=True):
        raise typer.Exit(ExitCode.INTERRUPTED)


def _of_cause(letters: Sequence[DeadLetter], cause: str | None) -> list[DeadLetter]:
    return [letter for letter in letters if cause is None or cause_of(letter) == cause]


def _grouped(letters: Sequence[DeadLetter]) -> dict[str, list[DeadLetter]]:
    groups: dict[str, list[DeadLetter]] = {}
    for letter in letters:
        groups.setdefault(cause_of(letter), []).append(letter)
    return dict(sorted(groups.items(), key=lambda group: -len(group[1])))


def _causes(letters: Sequence[DeadLetter]) -> list[dict[str, object]]:
    return [
        {
            "cause": name,
            "count": len(found),
            "waiting_behind": sum(letter.waiting_behind for letter in found),
            "since": min(letter.since for letter in found),
            "text": found[0].text,
        }
        for name, found in _grouped(letters).items()
    ]


def _document(letter: DeadLetter) -> dict[str, object]:
    return {**asdict(letter), "cause": cause_of(letter)}


def _no_such_letter(numbers: Sequence[int]) -> InvalidInput:
    return InvalidInput(
        "thông điệp chết / dead letter",
        ", ".join(map(str, numbers)),
        "không có / does not exist",
        "Xem «lienthong dead-letters list» / See «lienthong dead-letters list»",
    )
