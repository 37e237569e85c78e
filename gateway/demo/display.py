"""
How the demonstration looks: one live table on a terminal, plain lines elsewhere, and the closing table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from gateway.demo.run import Report, Watch
from gateway.demo.site import SiteProgress

_LINE_EVERY_S = 5.0
_SHOWN_FINDINGS = 20


def grouped(number: int) -> str:
    """12000 as Vietnamese readers write it: ``12.000``."""
    return f"{number:,}".replace(",", ".")


class Rate:
    """Messages a second since the first look, and how long the rest will take at that pace."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._began = now()

    def text(self, sites: Sequence[SiteProgress]) -> str:
        seconds = self._now() - self._began
        delivered = sum(site.delivered for site in sites)
        left = sum(site.waiting + site.unknown for site in sites)
        if seconds <= 0 or delivered == 0:
            return "–"
        rate = delivered / seconds
        return f"{grouped(round(rate))} tin/giây (messages/s) · còn khoảng (left about) {round(left / rate)} s"


class PlainWatch:
    """Plain lines, at most one every few seconds."""

    def __init__(self, write: Callable[[str], None], now: Callable[[], float] = monotonic) -> None:
        self._write = write
        self._now = now
        self._told = now()
        self._rate = Rate(now)

    def stage(self, vi: str, en: str) -> None:
        self._write(f"{vi} / {en}")
        self._rate = Rate(self._now)

    def update(self, sites: Sequence[SiteProgress]) -> None:
        if self._now() - self._told < _LINE_EVERY_S:
            return
        self._told = self._now()
        total = [sum(column) for column in zip(*(_numbers(site) for site in sites), strict=True)]
        imported, delivered, waiting, unknown, dead = map(grouped, total)
        self._write(
            f"nhập (imported) {imported} · đã gửi (delivered) {delivered} · chờ (waiting) {waiting}"
            f" · chưa rõ (unknown) {unknown} · chết (dead) {dead} · {self._rate.text(sites)}"
        )


class LiveWatch:
    """A table that redraws itself."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._title = ""
        self._rate = Rate()

    def stage(self, vi: str, en: str) -> None:
        self._title = f"{vi} / {en}"
        self._rate = Rate()
        self._live.update(escape(self._title), refresh=True)

    def update(self, sites: Sequence[SiteProgress]) -> None:
        table = _site_table(sites)
        table.title = escape(self._title)
        table.caption = self._rate.text(sites)
        self._live.update(table, refresh=True)


@contextmanager
def watching(console: Console) -> Iterator[Watch]:
    """A live display when *console* is a terminal, plain lines otherwise."""
    if not console.is_terminal:
        yield PlainWatch(lambda line: console.print(escape(line), soft_wrap=True))
        return
    with Live(console=console, transient=True, auto_refresh=False) as live:
        yield LiveWatch(live)


def show(report: Report, console: Console) -> None:
    """The closing tables, and what is wrong, if anything is."""
    console.print(_site_table(report.sites))
    console.print(_verdict_table(report))
    for finding in report.findings[:_SHOWN_FINDINGS]:
        console.print(escape(f"  {finding.kind}: {finding.dossier} {finding.what}"))
    if len(report.findings) > _SHOWN_FINDINGS:
        console.print(f"  … và (and) {len(report.findings) - _SHOWN_FINDINGS} nữa (more)")
    for letter in report.dead_letters[:_SHOWN_FINDINGS]:
        console.print(escape(f"  dead: {letter.dossier} {letter.operation} [{letter.code}] {letter.text}"))


def _site_table(sites: Sequence[SiteProgress]) -> Table:
    table = Table("Địa phương / Place", box=None, pad_edge=False)
    for heading in (
        "Hồ sơ nhập\nImported",
        "Đã gửi\nDelivered",
        "Chờ\nWaiting",
        "Chưa rõ\nUnknown",
        "Chết\nDead",
    ):
        table.add_column(heading, justify="right")
    for site in sites:
        table.add_row(site.name, *map(grouped, _numbers(site)))
    return table


def _numbers(site: SiteProgress) -> tuple[int, int, int, int, int]:
    return site.imported, site.delivered, site.waiting, site.unknown, site.dead


def _verdict_table(report: Report) -> Table:
    """Vietnamese first; what must be zero comes last and is coloured."""
    table = Table("Sổ của cổng so với tệp nguồn\nThe portal's ledger against the source files")
    table.add_column("", justify="right")
    for what, value in (
        ("Hồ sơ / Dossiers", grouped(report.dossiers)),
        ("Bước xử lý / Steps", grouped(report.steps)),
        ("Thông điệp / Messages", grouped(report.messages)),
        ("  đã gửi / delivered", grouped(report.delivered)),
        ("Lượt gửi / Attempts", grouped(report.attempts)),
        ("Lượt hỏi lại / Look-ups", grouped(report.probes)),
        ("Giây / Seconds", f"{report.seconds:.1f}"),
        ("Hồ sơ mỗi giây / Dossiers per second", f"{report.dossiers / report.seconds:.1f}"),
    ):
        table.add_row(what, value)
    table.add_section()
    for what, count in (
        ("Mất / Lost", report.comparison.lost),
        ("Trùng / Duplicated", report.comparison.duplicated),
        ("Sai thứ tự / Out of order", report.comparison.out_of_order),
        ("Chết, chờ người xử lý / Dead, waiting for a person", report.dead),
        ("Bị từ chối khi nhập / Refused at import", sum(site.refused for site in report.sites)),
    ):
        table.add_row(what, _zero(count))
    table.add_section()
    for name, count in report.violations.items():
        english = name.replace("_", " ").capitalize()
        table.add_row(f"{_VIOLATIONS[name]} / {english}" if name in _VIOLATIONS else english, _zero(count))
    return table


def _zero(count: int) -> str:
    return f"[green]{count}[/]" if count == 0 else f"[bold red]{grouped(count)}[/]"


_VIOLATIONS = {
    "overlapping_calls": "Hai cuộc gọi cùng lúc cho một hồ sơ",
    "status_moved_backwards": "Trạng thái công khai đi lùi",
    "retry_after_ignored": "Không chờ đủ Retry-After",
    "steps_repeated_after_clean_answer": "Bước gửi lại sau câu trả lời rõ ràng",
    "steps_out_of_order": "Bước đến sai thứ tự",
    "steps_before_dossier": "Bước đến trước hồ sơ",
    "portal_born_pushed": "Hồ sơ của cổng bị gửi ngược",
}
