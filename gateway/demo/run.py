"""
The demonstration: five places, one portal that lies, and a verdict from the portal's own ledger.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Protocol

from connectors.national_portal.mock import PROFILES, Account
from connectors.national_portal.mock import Settings as PortalSettings
from connectors.provincial.file import read_dossiers
from gateway.demo import DEFAULT_DOSSIERS, DEFAULT_SEED
from gateway.demo.compare import Comparison, Expected, Finding, compare, expected_from
from gateway.demo.ledger import portal_ledger, portal_violations
from gateway.demo.site import PASSWORD, Site, SiteProgress, merged_provinces
from gateway.demo.staging import Place, write_places
from gateway.errors import InvalidInput
from gateway.ports import Clock, SystemClock
from gateway.sandbox.clock import VirtualClock
from gateway.sandbox.serving import Running, furnished_portal, serve
from gateway.store.views import DeadLetter

_GRACE_S = 1.0
"""How late a call may arrive after a Retry-After has left: portal and gateways share one busy process here."""
_STALL_S = 1.5
_LOOK_EVERY_S = 0.25
_TET_EVE = datetime(2027, 2, 4, 1, 0, tzinfo=UTC)
"""A Thursday morning in Vietnam: the portal closes for the nine days around Tết Đinh Mùi (2027-02-06)."""


@dataclass(frozen=True, slots=True)
class Options:
    """
    What is demonstrated.

    *dossiers* None gives each place its own volume. *keep* is a folder that stays, with exports and databases.
    """

    profile: str = "flaky"
    dossiers: int | None = DEFAULT_DOSSIERS
    seed: int = DEFAULT_SEED
    locality: str | None = None
    keep: Path | None = None


class Watch(Protocol):
    """Whoever shows how far the demonstration is."""

    def stage(self, vi: str, en: str) -> None: ...

    def update(self, sites: Sequence[SiteProgress]) -> None: ...


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict. Everything up to *probes* is counted by us, *lost* and what follows by or from the portal."""

    dossiers: int
    steps: int
    messages: int
    delivered: int
    dead: int
    attempts: int
    probes: int
    comparison: Comparison
    violations: Mapping[str, int]
    seconds: float
    sites: tuple[SiteProgress, ...]
    dead_letters: tuple[DeadLetter, ...] = field(default=())

    @property
    def clean(self) -> bool:
        """Nothing lost, doubled, out of order, dead, refused, or done that the portal counts as misbehaviour."""
        return (
            not self.comparison.findings
            and self.dead == 0
            and self.delivered == self.messages
            and not any(self.violations.values())
            and not any(site.refused for site in self.sites)
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.comparison.findings

    def document(self) -> dict[str, Any]:
        """The JSON line of ``lienthong demo --json``."""
        return {
            "dossiers": self.dossiers,
            "steps": self.steps,
            "messages": self.messages,
            "delivered": self.delivered,
            "dead": self.dead,
            "attempts": self.attempts,
            "probes": self.probes,
            "lost": self.comparison.lost,
            "duplicated": self.comparison.duplicated,
            "out_of_order": self.comparison.out_of_order,
            "seconds": round(self.seconds, 3),
            "dossiers_per_second": round(self.dossiers / self.seconds, 1),
            "violations": dict(self.violations),
        }


def run(options: Options, watch: Watch, stop: threading.Event | None = None) -> Report:
    """
    Run the whole demonstration; with *stop* set it ends early and the report tells what is missing.

    Raises ``InvalidInput`` for an unknown profile or place, and whatever a site raises.
    """
    if options.profile not in PROFILES:
        raise InvalidInput(
            "--profile",
            options.profile,
            "không có kịch bản lỗi này / no such profile",
            f"Chọn một trong / Choose one of: {', '.join(PROFILES)}",
        )
    stop = stop or threading.Event()
    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(TemporaryDirectory(prefix="lienthong-demo-")))
        watch.stage("Sinh tệp xuất của các địa phương", "Writing the exports")
        places = write_places(folder, dossiers=options.dossiers, seed=options.seed, only=options.locality)
        _refuse_leftovers(folder, places)
        on_virtual_clock = bool(PROFILES[options.profile].closed_for)
        clock: Clock = VirtualClock(_TET_EVE) if on_virtual_clock else SystemClock()
        portal = stack.enter_context(_portal(places, options, clock))
        sites = [
            stack.enter_context(_site(place, portal.url, folder, clock, patient=on_virtual_clock)) for place in places
        ]
        watch.stage(f"Chuyển hồ sơ đến cổng giả lập {portal.url}", "Carrying dossiers to the sandbox portal")
        began = perf_counter()
        _run_all(sites, watch, stop)
        seconds = perf_counter() - began
        watch.stage("Đối chiếu sổ của cổng với tệp nguồn", "Comparing the portal's ledger with the source files")
        comparison = compare(_expected(places), portal_ledger(portal.control_url))
        progress = tuple(site.progress() for site in sites)
        return Report(
            dossiers=comparison.dossiers,
            steps=comparison.steps,
            messages=sum(site.messages for site in progress),
            delivered=sum(site.delivered for site in progress),
            dead=sum(site.dead for site in progress),
            attempts=sum(site.attempts for site in progress),
            probes=sum(site.probes for site in progress),
            comparison=comparison,
            violations=portal_violations(portal.control_url),
            seconds=seconds,
            sites=progress,
            dead_letters=tuple(letter for site in sites for letter in site.gateway.dead_letters()),
        )


@contextmanager
def _portal(places: Sequence[Place], options: Options, clock: Clock) -> Iterator[Running]:
    accounts = [Account.of_province(place.locality.unit, PASSWORD, merged=merged_provinces(place)) for place in places]
    settings = PortalSettings(stall_s=_STALL_S, keep_requests=0, retry_after_grace_s=_GRACE_S)
    portal = furnished_portal(clock, settings, accounts=accounts, seed=options.seed)
    portal.use_profile(options.profile, options.seed)
    with serve(portal) as running:
        yield running


@contextmanager
def _site(place: Place, url: str, folder: Path, clock: Clock, *, patient: bool) -> Iterator[Site]:
    site = Site(place, url, folder, clock, patient=patient)
    try:
        yield site
    finally:
        site.close()


def _run_all(sites: Sequence[Site], watch: Watch, stop: threading.Event) -> None:
    """All sites at once; the first fault of one stops the others and is raised."""
    with ThreadPoolExecutor(max(1, len(sites)), thread_name_prefix="demo-site") as pool:
        running: list[Future[None]] = [pool.submit(site.run, stop) for site in sites]
        try:
            while wait(running, timeout=_LOOK_EVERY_S).not_done:
                watch.update([site.progress() for site in sites])
                if any(one.done() and one.exception() for one in running):
                    stop.set()
        finally:
            stop.set()
        for one in running:
            one.result()
        watch.update([site.progress() for site in sites])


def _expected(places: Sequence[Place]) -> dict[str, Expected]:
    """
    What the files say, read again from disk.

    A dossier that cannot be read was refused at import too and spoils the verdict there.
    """
    expected: dict[str, Expected] = {}
    for place in places:
        exports = (
            (
                (history.dossier, history.steps)
                for history in read_dossiers(
                    files.dossiers, place.mapping, steps_path=files.steps, refused=lambda _: None
                )
            )
            for files in (place.first, place.later)
        )
        expected |= expected_from(exports)
    return expected


def _refuse_leftovers(folder: Path, places: Sequence[Place]) -> None:
    """A kept folder of an earlier run would tell two stories at once."""
    for place in places:
        database = folder / f"{place.locality.slug}.db"
        if database.exists():
            raise InvalidInput(
                "--keep",
                str(folder),
                f"đã có {database.name} của lần chạy trước / holds the database of an earlier run",
                "Chọn một thư mục trống / Choose an empty folder",
            )
