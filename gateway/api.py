"""
The library's front door: submit changes, ask about dossiers, run the engines.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from random import Random
from types import TracebackType
from typing import Self

from gateway import running
from gateway.access import ApiKeys
from gateway.callbacks import Callbacks
from gateway.config import Settings, build_connectors
from gateway.config.callbacks import CallbackSettings
from gateway.config.reload import taken_over
from gateway.delivery import Counts, Engine, configured
from gateway.delivery.threads import beside, together
from gateway.desk import Desk
from gateway.errors import ConfigurationError
from gateway.fronts import Call, Front
from gateway.jobs import Jobs
from gateway.links import file_addresses, print_of
from gateway.model import Change, DossierCode, Subject, subject_of
from gateway.notices import PartnerCall
from gateway.observe import NOBODY, Observer
from gateway.observe.tracing import led_to, span
from gateway.operations import Operations, account
from gateway.partners import Partners
from gateway.ports import Clock, Connector, Pulled, Receipt, Reply, SystemClock
from gateway.pulling import Pulling
from gateway.store import audit
from gateway.store.answers import Answer, Asked
from gateway.store.audit import Act
from gateway.store.contract import Known
from gateway.store.opening import open_store
from gateway.store.views import DeadLetter, Delivery, DossierEntry, PartnerStatus, Received, TimelineEntry
from gateway.store.vitals import Vitals


class Gateway:
    """
    One tenant's gateway on one database.

    Threads may share it. Use as a context manager, or ``close`` it.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        connectors: Sequence[Connector] | None = None,
        clock: Clock | None = None,
        chance: Random | None = None,
    ) -> None:
        """
        Open the database, migrating it to this release, and build the partners' connectors.

        Tests and programs that build their own connectors or clock pass them. Raises ``ConfigurationError`` and
        ``StoreError``.
        """
        self.settings = settings
        self.clock = clock or SystemClock()
        self._chance = chance or Random()
        self._partners = Partners(
            list(build_connectors(settings, self.clock).values()) if connectors is None else connectors
        )
        database = settings.database
        url = None if database.url is None else database.url.get_secret_value()
        self._store = open_store(database.path, url, tenant=settings.tenant.code, pool=database.pool)
        self.callbacks = Callbacks(
            self._store,
            self.connectors,
            self.clock,
            _callers(settings),
        )
        """Partners' calls: who may call, what they told us, and what became of it."""
        self.desk = self._desk()
        """Dead letters for operators: by cause, with advice, dry runs and audited decisions."""
        self.observer: Observer = NOBODY
        """Who is told what the engines do that are made from now on."""

    def reconfigure(self, settings: Settings, *, delivering: bool = False) -> tuple[str, ...]:
        """
        Go on by *settings*, with connectors built anew; engines that were made before go on with their own. Returns the
        sections that differ and wait for the next start. While *delivering* there must be somebody to deliver to.

        Raises ``ConfigurationError``; then nothing has changed.
        """
        settings, waiting = taken_over(self.settings, settings)
        partners = Partners(list(build_connectors(settings, self.clock).values()))
        try:
            if delivering:
                partners.must_deliver()
            self.callbacks.reconfigure(partners.connectors, _callers(settings))
        except ConfigurationError:
            partners.close()
            raise
        partners.take_over(self._partners)
        self.settings, self._partners = settings, partners
        self.desk = self._desk()
        return waiting

    @property
    def connectors(self) -> Sequence[Connector]:
        """The configured partners, one connector each."""
        return self._partners.connectors

    def _desk(self) -> Desk:
        return Desk(self._store, self.connectors, self.clock, per_minute=self.settings.delivery.requeue_per_minute)

    def hurry(self, within: timedelta) -> None:
        """The process is to end: nobody waits for the database beyond *within* from now on."""
        self._store.hurry(within)

    def close(self) -> None:
        self.callbacks.close()
        self._partners.close()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def submit(self, change: Change, connection: object | None = None, *, backfill: bool = False) -> Receipt:
        """
        Accept one change: on return it is durable, and it will be delivered or a person told.

        With *connection* (a DB-API connection, an SQLAlchemy connection or session, Django's connection) to the
        gateway's database it becomes part of the caller's own transaction: accepted when that commits, forgotten when
        it does not (on return, where the connection commits each statement by itself). With *backfill* its messages
        leave after live ones. A repeat of what is known has no effect (``Receipt.duplicate``). Raises ``InvalidInput``
        when the change is refused, and ``StoreError``.
        """
        (receipt,) = self.submit_many([change], connection, backfill=backfill)
        if receipt.refusal is not None:
            raise receipt.refusal
        return receipt

    def submit_many(
        self, changes: Iterable[Change], connection: object | None = None, *, backfill: bool = False
    ) -> list[Receipt]:
        """
        Accept *changes* in order in one durable commit; one receipt each.

        A refused change does not hold back the others: its receipt carries the ``refusal``. Raises ``StoreError``; then
        nothing of *changes* was accepted.
        """
        told = list(changes)
        with span("accept", "internal", {"changes": len(told)}):
            return self._store.accept(
                told, self.connectors, now=self.clock.now(), connection=connection, backfill=backfill
            )

    def submit_once(self, asked: Sequence[Asked]) -> list[Answer | Exception]:
        """
        ``submit_many`` for callers over a network, who may ask twice, several requests in one commit: the answer to
        each is made of its receipts and kept with what it answers; the same request again gets it again, without
        effect.

        In the place of an answer stands what its caller must be told: what ``Asked.answer`` raised, ``KeyReused`` for
        another content under the same key, ``AlreadyRunning`` while it is worked on elsewhere, or ``StoreError``. Of
        such a request nothing was accepted.
        """
        _, before = led_to([each.trace for each in asked])
        with span("accept", "internal", {"changes": sum(len(each.changes) for each in asked)}, after=before):
            return self._store.accept_once(asked, self.connectors, now=self.clock.now())

    def receive(self, partner: str, path: str, content: bytes) -> Reply | None:
        """
        Take in a call that *partner* made to *path* with the raw body *content*: kept durably before it is processed,
        and answered when it is. Whoever calls this has made sure that it is the partner's.

        A repeat has no second effect. None when the partner does not call us. Raises ``InvalidInput`` for a partner
        that is not configured, and ``StoreError``: then nothing was kept, and the partner must be told to call again.
        """
        if self._partners.receiver(partner) is None:
            return None
        return self.callbacks.accept(partner, PartnerCall(path, content))

    def front_at(self, path: str) -> tuple[str, Front] | None:
        """The partner in whose place the gateway answers calls to *path*, and what answers; None where it does not."""
        return self._partners.front_at(path)

    def fronts(self) -> list[tuple[str, Front]]:
        """The partners in whose place the gateway answers, and what answers."""
        return self._partners.fronts()

    def answer(self, call: Call) -> Reply | None:
        """
        Answer *call* in the place of the partner that it is meant for, as that partner would: what it brings is
        accepted like any other change. None when no partner is answered for at its path.
        """
        found = self.front_at(call.path)
        if found is None:
            return None
        partner, front = found
        now = self.clock.now()
        with span("accept", "internal", {"partner": partner}):
            intake = partial(self._store.receiving, partner, self.connectors, now=now)
            return front.answer(replace(call, tenant=self.settings.tenant.code), intake, self._store.look_up, now)

    def received(self) -> list[Received]:
        """What partners have told us, oldest first; entries without a dossier wait for a person."""
        return self._store.received()

    def known(self, codes: Sequence[DossierCode]) -> Mapping[str, Known]:
        """What the ledger holds of these dossiers, by ``DossierCode.key``."""
        return self._store.known(codes)

    def dossiers(self, *, after: int = 0, want: int = 100) -> list[DossierEntry]:
        """Up to *want* dossiers beyond the number *after* (``DossierEntry.n``), the longest known first."""
        return self._store.dossiers(after=after, want=want)

    def dossier(self, code: DossierCode | str) -> tuple[DossierEntry, list[Delivery]] | None:
        """A dossier and how far each partner is with it; None for an unknown one. Raises ``InvalidInput``."""
        return self._store.dossier(_code(code))

    def file_address(self, code: DossierCode, print_: str) -> str | None:
        """Where the file lies whose address has this print (``links.print_of``); None when there is none such."""
        header = self._store.header(code)
        if header is None:
            return None
        return next((url for url in file_addresses(header) if print_of(url) == print_), None)

    def timeline(self, code: Subject | str) -> list[TimelineEntry]:
        """
        Everything the gateway knows of one dossier or matter, by time; empty for an unknown one.

        Raises ``InvalidInput`` when *code* is the code of neither.
        """
        return self._store.timeline(_subject(code))

    def broken_link(self, code: Subject | str) -> int | None:
        """
        The first change of the dossier or matter that was tampered with, by its hash chain; None when the chain holds.
        """
        return self._store.broken_link(_subject(code))

    def status(self) -> list[PartnerStatus]:
        """The backlog of every partner that was ever told something, or is configured."""
        return self._with_configured(self._store.status())

    def _with_configured(self, told: Iterable[PartnerStatus]) -> list[PartnerStatus]:
        found = {status.partner: status for status in told}
        for connector in self.connectors:
            found.setdefault(connector.name, PartnerStatus(connector.name, 0, 0, 0, 0, 0, 0, 0, None, None))
        return [found[name] for name in sorted(found)]

    def unserved(self) -> dict[str, int]:
        """How many messages wait for partners that nobody serves: they are no longer configured."""
        waiting = {each.partner: each.pending + each.in_flight + each.unknown for each in self._store.status()}
        return {partner: count for partner, count in waiting.items() if count and not self._serves(partner)}

    def unserved_notices(self) -> dict[str, int]:
        """How many notices of such partners wait to be processed."""
        return {name: count for name, count in self.callbacks.waiting().items() if not self._serves(name)}

    def _serves(self, partner: str) -> bool:
        return partner in self.settings.partners or any(each.name == partner for each in self.connectors)

    def vitals(self) -> Vitals:
        """Everything that a monitor counts, in one consistent view."""
        found = self._store.vitals()
        return replace(found, partners=tuple(self._with_configured(found.partners)))

    def schema_is_ours(self) -> bool:
        """Whether this release can work with the database as it is now: a newer one may have migrated it."""
        return self._store.schema().is_ours

    def try_to_write(self) -> None:
        """Write something and take it back. Raises ``StoreError`` when the database cannot be written."""
        self._store.try_to_write()

    def totals(self) -> dict[str, int]:
        """How many ``dossiers`` the ledger holds, and how many changes of each kind: ``dossier``, ``step``."""
        return self._store.totals()

    def dead_letters(self) -> list[DeadLetter]:
        """The messages that wait for a person, oldest first."""
        return self._store.dead_letters()

    def requeue(self, ids: Sequence[int]) -> list[int]:
        """
        Let dead letters try again, in the order of their lanes; returns the ids that were dead letters.

        The audit names this process's account; ``desk`` also takes a reason and a pace.
        """
        return self._store.requeue(ids, now=self.clock.now(), actor=account())

    @property
    def operations(self) -> Operations:
        """What an operator may order while workers run, in the name of this process's account."""
        return self.operations_of(account())

    def operations_of(self, actor: str) -> Operations:
        """The same in the name of *actor*."""
        return Operations(self._store, self.clock, sorted(self.settings.partners), actor)

    @property
    def keys(self) -> ApiKeys:
        """The API keys of the service, in the name of this process's account."""
        return ApiKeys(self._store, self.clock, account())

    @property
    def jobs(self) -> Jobs:
        """Long work that clients of the service asked for."""
        return Jobs(self._store, self.clock)

    def note_access(self, actor: str, action: str, subject: str) -> None:
        """Enter into the audit that *actor* read *subject*. Raises ``StoreError``."""
        with self._store.writing() as sql:
            audit.append(sql, Act(actor, self.clock.now()), action, subject)

    def engines(self) -> list[Engine]:
        """One delivery engine for each partner, with the configured pace. Raises ``ConfigurationError``."""
        return running.engines(
            self.settings, self.pushed, self._store, self.clock, chance=self._chance, observer=self.observer
        )

    @property
    def pushed(self) -> list[Connector]:
        """The partners that workers deliver to."""
        return self._partners.pushed()

    def must_deliver(self) -> None:
        """Raises ``ConfigurationError`` when there is no partner that workers could deliver to."""
        self._partners.must_deliver()

    @property
    def pulled(self) -> dict[str, Pulled]:
        """The partners that fetch their messages, by name."""
        return self._partners.pulled()

    def pulling(self, partner: str) -> Pulling:
        """What *partner*, one of ``pulled``, has to be told. Raises ``InvalidInput``."""
        connector = self._partners.puller(partner)
        bearing = configured.bearing(self.settings, partner)
        return Pulling(self._store, connector, self.clock, bearing.limits, bearing.windows)

    def run(self, stop: threading.Event, engines: Sequence[Engine] | None = None) -> list[Counts]:
        """
        Deliver until *stop* is set, then end gracefully within the configured time; what is past its retention is
        deleted meanwhile.
        """
        chosen = self.engines() if engines is None else list(engines)
        with running.woken(chosen, self._store), self._tidying(), self.working_off():
            return together(chosen, lambda engine: engine.run(stop))

    def _stop_s(self) -> float:
        return self.settings.delivery.stop_s

    def _tidying(self) -> AbstractContextManager[None]:
        return running.tidying(self.settings, self._store, self.clock, self.observer, self._stop_s)

    def working_off(self) -> AbstractContextManager[None]:
        """Beside the block, process what partners told and nobody has processed yet."""
        return beside("notices-left", self.callbacks.run, self._stop_s)

    def run_until_idle(
        self, stop: threading.Event | None = None, engines: Sequence[Engine] | None = None
    ) -> list[Counts]:
        """Deliver until nothing waits but dead letters."""
        return together(self.engines() if engines is None else engines, lambda engine: engine.run_until_idle(stop))


def _callers(settings: Settings) -> dict[str, CallbackSettings | None]:
    return {name: partner.callbacks for name, partner in settings.partners.items()}


def _code(code: DossierCode | str) -> DossierCode:
    return DossierCode.parse(code) if isinstance(code, str) else code


def _subject(code: Subject | str) -> Subject:
    return subject_of(code) if isinstance(code, str) else code
