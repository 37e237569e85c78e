"""Dead letters as people read them, and as JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from gateway.choice import cause_of
from gateway.cli import output
from gateway.desk import Cause, Rehearsal
from gateway.policy import UNDECIDABLE
from gateway.rehearsal import Difference
from gateway.store.views import DeadLetter

SHOWN = 50
REHEARSED = 20

_DIFFERENCES: Mapping[Difference, str] = {
    Difference.SAME: "như cũ / same",
    Difference.CHANGED: "đã đổi / changed",
    Difference.NEW: "mới / new",
    Difference.UNKNOWN: "không rõ / not known",
}
_GONE = "không còn / gone"


def letter_document(letter: DeadLetter) -> dict[str, object]:
    return {**asdict(letter), "cause": cause_of(letter)}


def rehearsal_document(rehearsal: Rehearsal) -> dict[str, object]:
    """*shown* says whether the connector can show a form; *differs* is null when the failure's form is not known."""
    form = rehearsal.form
    return {
        "id": rehearsal.letter.id,
        "dossier": rehearsal.letter.dossier,
        "cause": cause_of(rehearsal.letter),
        "refusal": rehearsal.refusal or None,
        "shown": form is not None,
        "differs": None if form is None else form.differs,
        "fields": [] if form is None else form.fields,
        "gone": [] if form is None else form.gone,
    }


def show_causes(causes: Sequence[Cause]) -> None:
    """A table of causes, then for each whom to ask."""
    output.table(
        ["Nguyên nhân", "Số lượng", "Đang chờ sau", "Từ lúc", "Đối tác nói"],
        [
            [
                cause.cause,
                output.number(cause.count),
                output.number(cause.waiting_behind),
                output.local(cause.since),
                cause.text,
            ]
            for cause in causes
        ],
        numbers=frozenset({1, 2}),
    )
    output.out.print()
    output.table(
        ["Nguyên nhân", "Ai xử lý / Owner", "Cách xử lý / Remedy"],
        [[cause.cause, cause.owner, cause.remedy] for cause in causes],
    )


def show_letters(letters: Sequence[DeadLetter]) -> None:
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


def show_rehearsal(rehearsal: Rehearsal) -> None:
    """What one letter would say now, what is other than at the failure, and a verdict."""
    letter, form = rehearsal.letter, rehearsal.form
    output.out.print(f"[bold]{letter.id}[/]  {output.plain(letter.dossier)}  {output.plain(cause_of(letter))}")
    if form is not None:
        output.table(
            ["Trường / Field", "Sẽ gửi / Would be sent", "So với lúc chết / Since it died"],
            [
                *([field.path, field.shown, _DIFFERENCES[field.difference]] for field in form.fields),
                *([path, output.NONE, _GONE] for path in form.gone),
            ],
        )
    output.out.print(output.plain(_verdict(rehearsal)))
    output.out.print()


def _verdict(rehearsal: Rehearsal) -> str:
    if rehearsal.refusal:
        return f"Vẫn không gửi được / Would still be refused here: {rehearsal.refusal}"
    if rehearsal.form is None:
        return "Bộ kết nối không xem trước được / Its connector cannot show what it would send"
    if rehearsal.letter.code == UNDECIDABLE:
        return (
            "Chưa rõ kết quả: được tra cứu trước, chỉ gửi khi đối tác chưa có; --not-there gửi ngay"
            " / Its outcome is unknown: looked up first, and sent only where it is not there; --not-there sends it"
        )
    match rehearsal.form.differs:
        case None:
            return "Không rõ khác gì lúc chết / What it was when it died is not known"
        case True:
            return "Đã khác so với lúc chết / It is other than when it died"
        case False:
            return (
                "Không có gì thay đổi: chỉ gửi lại nếu đối tác đã sửa phía họ"
                " / Nothing has changed: requeue only if the partner has mended its side"
            )
