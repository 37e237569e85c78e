"""What a person sees: plain lines at a bearable pace, and a closing table that says what was wrong."""

from __future__ import annotations

import io

from rich.console import Console

from gateway.demo.compare import Comparison, Finding
from gateway.demo.display import PlainWatch, Rate, show, watching
from gateway.demo.run import Report
from gateway.demo.site import SiteProgress


class Seconds:
    """A monotonic clock that is set by hand."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def a_site(**changes: int) -> SiteProgress:
    values = {"imported": 40, "refused": 0, "delivered": 300, "waiting": 100, "unknown": 2, "dead": 0}
    return SiteProgress(name="Thành phố Ví Dụ", attempts=350, probes=9, **values | changes)


def a_report(*findings: Finding, **violations: int) -> Report:
    return Report(
        dossiers=40,
        steps=240,
        messages=402,
        delivered=402,
        dead=0,
        attempts=350,
        probes=9,
        comparison=Comparison(40, 240, findings),
        violations={"overlapping_calls": 0, **violations},
        seconds=4.0,
        sites=(a_site(delivered=402, waiting=0, unknown=0),),
    )


def shown(report: Report) -> str:
    console = Console(file=io.StringIO(), width=140)
    show(report, console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_rate_and_time_left_follow_what_was_delivered() -> None:
    """
    300 messages in 30 seconds, 102 to go.
    """
    clock = Seconds()
    rate = Rate(clock)
    clock.at = 30.0

    assert rate.text([a_site()]) == "10 tin/giây (messages/s) · còn khoảng (left about) 10 s"


def test_nothing_delivered_promises_nothing() -> None:
    """
    No rate, no time left.
    """
    assert Rate(Seconds()).text([a_site(delivered=0)]) == "–"


def test_a_log_gets_a_line_every_few_seconds() -> None:
    """
    Many looks, one line; sums over the places.
    """
    clock, lines = Seconds(), list[str]()
    watch = PlainWatch(lines.append, clock)
    watch.stage("Gửi", "Sending")
    for tenth in range(60):
        clock.at = tenth / 10
        watch.update([a_site(), a_site(delivered=1_000)])

    assert lines[0] == "Gửi / Sending"
    assert len(lines) == 2
    assert "nhập (imported) 80 · đã gửi (delivered) 1.300 · chờ (waiting) 200 · chưa rõ (unknown) 4" in lines[1]


def test_a_file_gets_plain_lines() -> None:
    """
    No cursor movement in what is not a terminal.
    """
    console = Console(file=io.StringIO())
    with watching(console) as watch:
        watch.stage("Gửi", "Sending")

    assert console.file.getvalue() == "Gửi / Sending\n"  # type: ignore[attr-defined]


def test_the_closing_table_is_vietnamese_first() -> None:
    """
    Both languages, the numbers, the zeros.
    """
    text = shown(a_report())

    assert "Mất" in text
    assert "Lost" in text
    assert "Hai cuộc gọi cùng lúc cho một hồ sơ" in text
    assert a_report().clean


def test_what_is_wrong_is_named() -> None:
    """
    The dossier and the field, never a personal value; the run is not clean.
    """
    report = a_report(Finding("lost", "H99.01.01-260302-0007", "NgayTiepNhan"))

    assert "lost: H99.01.01-260302-0007 NgayTiepNhan" in shown(report)
    assert not report.clean


def test_misbehaviour_seen_by_the_portal_is_not_clean() -> None:
    """
    Nothing lost, but two calls for one dossier at once.
    """
    assert not a_report(overlapping_calls=1).clean


def test_the_json_line_has_exactly_the_promised_keys() -> None:
    """
    Scripts are built on them.
    """
    assert list(a_report().document()) == [
        "dossiers",
        "steps",
        "messages",
        "delivered",
        "dead",
        "attempts",
        "probes",
        "lost",
        "duplicated",
        "out_of_order",
        "seconds",
        "dossiers_per_second",
        "violations",
    ]
