"""
One place at work: its gateway on its own SQLite file and account, its exports going in, its messages going out.
"""

from __future__ import annotations

import threading
import time
import tomllib
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.provincial.file import import_file
from gateway.api import Gateway
from gateway.config import Settings, settings_from
from gateway.demo.exports import ExportFiles
from gateway.demo.staging import Place
from gateway.ports import Clock

PASSWORD = "sandbox"  # noqa: S105 - of the demonstration's own portal, which lives as long as the run.
_LOOK_EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class SiteProgress:
    """How far a place is, in messages; *imported* and *refused* in dossiers."""

    name: str
    imported: int
    refused: int
    delivered: int
    waiting: int
    unknown: int
    dead: int
    attempts: int
    probes: int

    @property
    def messages(self) -> int:
        return self.delivered + self.waiting + self.unknown + self.dead


class Site:
    """
    Carries both exports of *place* to the portal at *portal_url*.

    With *patient* the delivery's own defaults hold instead of the example's short waits: for a virtual clock, on
    which hours cost nothing.
    """

    def __init__(self, place: Place, portal_url: str, folder: Path, clock: Clock, *, patient: bool) -> None:
        self.place = place
        self._folder = folder
        settings = _settings(place, portal_url, folder / f"{place.locality.slug}.db", patient=patient)
        self.gateway = Gateway(settings, clock=clock)
        self._engines = self.gateway.engines()
        self._imported = 0
        self._refused = 0

    def close(self) -> None:
        self.gateway.close()

    def run(self, stop: threading.Event) -> None:
        """Import, deliver, import again when half is delivered, and deliver the rest."""
        self._import(self.place.first)
        with ThreadPoolExecutor(1, thread_name_prefix=f"demo-{self.place.locality.slug}") as pool:
            delivering = pool.submit(self.gateway.run_until_idle, stop, self._engines)
            self._wait_for_half(delivering)
            if not stop.is_set():
                self._import(self.place.later)
                for engine in self._engines:
                    engine.wake()
            delivering.result()
        if not stop.is_set():
            self.gateway.run_until_idle(stop, self._engines)

    def progress(self) -> SiteProgress:
        """Read from the store; may be called from any thread while the site runs."""
        partners = self.gateway.status()
        return SiteProgress(
            name=self.place.locality.name,
            imported=self._imported,
            refused=self._refused,
            delivered=sum(partner.delivered for partner in partners),
            waiting=sum(partner.pending + partner.in_flight for partner in partners),
            unknown=sum(partner.unknown for partner in partners),
            dead=sum(partner.dead for partner in partners),
            attempts=sum(partner.attempts for partner in partners),
            probes=sum(partner.probes for partner in partners),
        )

    def _import(self, files: ExportFiles) -> None:
        rejects = self._folder / f"{files.dossiers.stem}.tu-choi.csv"
        report = import_file(
            files.dossiers, self.place.mapping, self.gateway, rejects_path=rejects, steps_path=files.steps
        )
        self._imported = report.dossiers
        self._refused += report.refused_dossiers

    def _wait_for_half(self, delivering: Future[Any]) -> None:
        half = sum(partner.pending for partner in self.gateway.status()) / 2
        while not delivering.done() and sum(engine.counts.delivered for engine in self._engines) < half:
            time.sleep(_LOOK_EVERY_S)


def merged_provinces(place: Place) -> frozenset[str]:
    """Provinces whose codes old dossiers of *place* still carry."""
    issuing = {agency.code.partition(".")[0] for agency in place.locality.agencies}
    return frozenset(issuing - {place.locality.unit})


def _settings(place: Place, portal_url: str, database: Path, *, patient: bool) -> Settings:
    """The example's own configuration, pointed at this portal and this database."""
    values = tomllib.loads((place.locality.folder / "lienthong.toml").read_text(encoding="utf-8"))
    values["database"]["path"] = str(database)
    secrets: dict[str, str] = {}
    for partner in values["partners"].values():
        partner["adapter_url"] = portal_url
        secrets[partner["password_env"]] = PASSWORD
    if patient:
        del values["delivery"]["retry"], values["delivery"]["breaker"]
    return settings_from(values, env=secrets, folder=place.locality.folder)
