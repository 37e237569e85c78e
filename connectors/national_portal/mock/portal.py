"""
The National Public Service Portal in process: stateful, strict about its contract, honest about what it saw.

::

    portal = Portal(Settings(), clock)
    portal.add_account(Account.of_province("H99", "a password"))
    portal.add_procedures([ProcedureSeed("9.000123", "Thủ tục ví dụ")])
    directive = portal.handle(request)

The portal keeps no socket. Who carries a directive out reports its fate to ``directive.exchange``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from threading import RLock
from typing import Any, Protocol
from uuid import uuid4

from connectors.mocks import Directive, Request
from connectors.national_portal.dialect.layouts import layouts
from connectors.national_portal.mock import outbound
from connectors.national_portal.mock.accounts import Account, Sessions
from connectors.national_portal.mock.catalogue import Catalogue, ProcedureSeed, Row
from connectors.national_portal.mock.desk import Desk
from connectors.national_portal.mock.documents import DocumentStore, StoredPaper
from connectors.national_portal.mock.faults import Fault, FaultPlan
from connectors.national_portal.mock.invariants import Counters, Watch
from connectors.national_portal.mock.ledger import CallRecord, DossierRecord, FileFetch, Ledger, RawRequest, key_of
from connectors.national_portal.mock.outbound import Outbound, Post, Sent
from connectors.national_portal.mock.profiles import PROFILES
from connectors.national_portal.mock.report import Report, report
from connectors.national_portal.mock.settings import Settings
from connectors.national_portal.mock.state import State


class Clock(Protocol):
    """The part of ``gateway.ports.Clock`` that a portal needs."""

    def now(self) -> datetime: ...


def _new_session() -> str:
    return str(uuid4())


class Portal:
    """
    One portal. Safe to call from several threads; one lock guards everything, and nothing waits while holding it.
    """

    def __init__(
        self, settings: Settings, clock: Clock, *, new_session: Callable[[], str] = _new_session, seed: int = 0
    ) -> None:
        self._lock = RLock()
        self._clock = clock
        self._state = State(
            settings=settings,
            layouts=layouts(settings),
            now=clock.now,
            sessions=Sessions(settings, new_session),
            catalogue=Catalogue(),
            ledger=Ledger(settings.keep_requests),
            watch=Watch(self._lock, clock.now, settings.retry_after_grace_s),
            documents=DocumentStore(),
            faults=FaultPlan(seed=seed),
            closure=FaultPlan(seed=seed),
        )
        self._desk = Desk(self._state)

    def handle(self, request: Request) -> Directive:
        """Do what *request* asks, or what a fault says, and tell how to answer."""
        with self._lock:
            return self._desk.handle(request)

    def now(self) -> datetime:
        """This portal's time."""
        return self._clock.now()

    # Seeding

    @property
    def settings(self) -> Settings:
        return self._state.settings

    def configure(self, **changes: Any) -> None:
        """Change settings while running."""
        with self._lock:
            settings = replace(self._state.settings, **changes)
            self._state.settings = self._state.sessions.settings = settings
            self._state.layouts = layouts(settings)
            self._state.watch.grace_s = settings.retry_after_grace_s

    def add_account(self, account: Account) -> None:
        """Let a province in; an account of the same name is replaced."""
        with self._lock:
            self._state.sessions.accounts[account.username] = account

    def add_procedures(self, procedures: Iterable[ProcedureSeed | Row]) -> None:
        """Publish procedures, in short or as full ``LayThuTuc`` objects."""
        with self._lock:
            self._state.catalogue.add_procedures(procedures)

    def remove_procedure(self, code: str) -> None:
        with self._lock:
            self._state.catalogue.remove_procedure(code)

    def add_agencies(self, agencies: Iterable[tuple[str, str, int]]) -> None:
        """Publish agencies: code, name, level."""
        with self._lock:
            self._state.catalogue.add_agencies(agencies)

    def add_tech_ids(self, ids: Mapping[str, str]) -> None:
        """Account ids by tax code or personal id (5.6)."""
        with self._lock:
            self._state.catalogue.tech_ids.update(ids)

    def add_online_services(self, rows: Iterable[Row]) -> None:
        """Rows of ``LayDVC`` (5.5)."""
        with self._lock:
            self._state.catalogue.online_services.extend(rows)

    def add_questions(
        self, asked: Iterable[Row] = (), own: Iterable[Row] = (), answers: Mapping[str, list[Row]] | None = None
    ) -> None:
        """Questions asked here, questions of agencies, and answers by question id (8.1)."""
        with self._lock:
            self._state.catalogue.questions_asked.extend(asked)
            self._state.catalogue.questions_own.extend(own)
            self._state.catalogue.answers.update(answers or {})

    def set_category(self, service: str, rows: Iterable[Row]) -> None:
        """The rows of a common category, by the name of its service."""
        with self._lock:
            self._state.catalogue.categories[service] = list(rows)

    def add_papers(self, papers: Iterable[StoredPaper]) -> None:
        """Put papers into the personal document store (11)."""
        with self._lock:
            self._state.documents.papers.extend(papers)

    def add_portal_born(self, code: str, header: Mapping[str, Any], status: int = 1) -> None:
        """A dossier that a citizen filed here; the province must answer it with ``DongBoTrangThaiHoSo``."""
        with self._lock:
            dossier = self._state.ledger.open(code)
            dossier.header = dict(header)
            dossier.portal_born = True
            dossier.status = status

    def reset(self) -> None:
        """Forget dossiers, calls, counters, sessions and faults; accounts and what is published stay."""
        with self._lock:
            self._state.calls = []
            self._state.ledger = Ledger(self._state.settings.keep_requests)
            self._state.watch.reset()
            self._state.sessions.end_all()
            self.clear_faults()

    # Faults

    def inject(self, fault: Fault) -> None:
        """Let *fault* happen from now on."""
        self._state.faults.add(fault)

    def use_profile(self, name: str, seed: int | None = None) -> None:
        """Replace all faults by those of a named profile; a closure begins now, on this portal's clock."""
        profile = PROFILES[name]
        with self._lock:
            seed = self._state.faults.seed if seed is None else seed
            self._state.faults.replace(profile.faults, seed)
            self._state.closure.replace(profile.while_closed, seed)
            self._state.closed_until = self._clock.now() + profile.closed_for if profile.closed_for else None

    def clear_faults(self) -> None:
        with self._lock:
            self._state.faults.replace(seed=self._state.faults.seed)
            self._state.closure.replace(seed=self._state.faults.seed)
            self._state.closed_until = None

    @property
    def faults(self) -> Sequence[Fault]:
        """What may still go wrong."""
        return (*self._state.faults.pending(), *(self._state.closure.pending() if self.closed else ()))

    @property
    def closed(self) -> bool:
        """Whether a profile's closure is going on."""
        return self._state.closed

    def expire_sessions(self) -> None:
        """All sessions die silently."""
        with self._lock:
            self._state.sessions.end_all()

    # What it saw

    def counters(self) -> Counters:
        with self._lock:
            return self._state.watch.totals()

    def dossier(self, code: str) -> DossierRecord | None:
        with self._lock:
            dossier = self._state.ledger.find(code)
            return None if dossier is None else dossier.record()

    def dossiers(self) -> list[DossierRecord]:
        """All dossiers in the order in which they were first seen."""
        with self._lock:
            return [dossier.record() for dossier in self._state.ledger.by_key.values()]

    def calls(self, service: str | None = None, dossier: str | None = None) -> list[CallRecord]:
        """The calls in order of arrival, of one service or about one dossier."""
        key = None if dossier is None else key_of(dossier)
        with self._lock:
            return [
                call.log_entry()
                for call in self._state.calls
                if (service is None or call.service == service) and (key is None or key in call.dossiers)
            ]

    def requests(self) -> list[RawRequest]:
        """The requests as they arrived, secrets masked; old ones are forgotten first."""
        with self._lock:
            return list(self._state.ledger.raw)

    def pushed_questions(self) -> list[Mapping[str, Any]]:
        """Questions and answers as provinces pushed them (8.2)."""
        with self._lock:
            return list(self._state.ledger.questions)

    def evaluations(self) -> list[Mapping[str, Any]]:
        """Monthly evaluations as provinces pushed them (8.3)."""
        with self._lock:
            return list(self._state.ledger.evaluations)

    def report(self, start: datetime, end: datetime) -> Report:
        """The indicators of contract 16 for dossiers accepted from *start* until before *end*."""
        with self._lock:
            return report(self.dossiers(), self._state.catalogue, self._state.settings, start, end)

    # Calls of its own

    def send(self, message: Outbound, base_url: str, post: Post, *, times: int = 1) -> list[Sent]:
        """
        Send *message* to a province, *times* over, and note the answers.

        The dossier that it carries is portal-born from then on, whatever the province answers.
        """
        if message.header is not None:
            with self._lock:
                known = self._state.ledger.find(message.code)
            if known is None:
                self.add_portal_born(message.code, message.header)
        answers = [outbound.send(message, base_url, post, self.settings.security_key) for _ in range(times)]
        with self._lock:
            self._state.ledger.sent.extend(answers)
        return answers

    def sent(self) -> list[Sent]:
        """The calls that this portal made to provinces, and their answers."""
        with self._lock:
            return list(self._state.ledger.sent)

    def fetch_links(self, fetch: Callable[[str], tuple[int, int]]) -> int:
        """Pull the files that wait (7.5) with *fetch*, which gives HTTP status and size; returns how many."""
        fetched = 0
        while True:
            with self._lock:
                if not self._state.ledger.links:
                    return fetched
                code, url = self._state.ledger.links.popleft()
            status, size = fetch(url)
            fetched += 1
            with self._lock:
                dossier = self._state.ledger.find(code)
                if dossier is not None:
                    dossier.files[url] = FileFetch(url, status, size)
