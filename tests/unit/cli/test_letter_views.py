"""What a dry run advises, by what the letter died of."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.cli.letter_views import show_rehearsal
from gateway.desk import Rehearsal
from gateway.rehearsal import Comparison, Difference, Field
from gateway.store.views import DeadLetter

SAME = Comparison((Field("TrangThai", "4", Difference.SAME),))


@pytest.mark.parametrize(
    ("code", "advice", "not_advised"),
    [
        ("4", "only if the partner has mended its side", "looked up first"),
        ("outcome-unknown", "looked up first", "only if the partner has mended its side"),
    ],
)
def test_what_nobody_could_tell_need_not_change_to_be_sent(
    capsys: pytest.CaptureFixture[str], code: str, advice: str, not_advised: str
) -> None:
    """
    A refused letter that has not changed will be refused again; one whose answer was lost is right as it is.
    """
    letter = DeadLetter(17, "cong", "step", "H99.01.01-260302-0001", code, "?", datetime(2026, 3, 2, tzinfo=UTC), 1, 0)

    show_rehearsal(Rehearsal(letter, SAME))

    shown = " ".join(capsys.readouterr().out.split())
    assert advice in shown
    assert not_advised not in shown
