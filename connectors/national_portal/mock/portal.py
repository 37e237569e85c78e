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
from connectors.national_portal.mock import answers, files, lists, pushes, questions, reads, routes
from connectors.national_portal.mock.accounts import Account, Sessions
from connectors.national_portal.mock.answers import HTML, JSON, TEXT, Answer, written_code
from connectors.national_portal.mock.catalogue import Catalogue, ProcedureSeed, Row
from connectors.national_portal.mock.faults import Fault, FaultKind, FaultPlan
from connectors.national_portal.mock.fields import layouts
from connectors.national_portal.mock.invariants import Call, Counters, Watch
from connectors.national_portal.mock.ledger import CallRecord, DossierRecord, Ledger, RawRequest, key_of
from connectors.national_portal.mock.masking import masked, masked_headers, masked_query
from connectors.national_portal.mock.profiles import PROFILES
from connectors.national_portal.mock.routes import Ask, Group
from connectors.national_portal.mock.settings import Settings
from connectors.national_portal.mock.state import State
from connectors.national_portal.mock.wrecks import wreck


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
        self._new_session = new_session
        self._settings = settings
        self._faults = FaultPlan(seed=seed)
        self._closure = FaultPlan(seed=seed)
        self._closed_until: datetime | None = None
        self._calls: list[Call] = []
        self._number = 0
        self._state = State(
            settings=settings,
            layouts=layouts(settings),
            now=clock.now,
            sessions=Sessions(settings, new_session),
            catalogue=Catalogue(),
            ledger=Ledger(settings.keep_requests),
            watch=Watch(self._lock, clock.now, settings.retry_after_grace_s),
        )

    # Seeding

    @property
    def settings(self) -> Settings:
        return self._settings

    def configure(self, **changes: Any) -> None:
        """Change settings while running."""
        with self._lock:
            settings = replace(self._settings, **changes)
            self._settings = self._state.settings = self._state.sessions.settings = settings
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
            self._calls = []
            self._state.ledger = Ledger(self._settings.keep_requests)
            self._state.watch.reset()
            self._state.sessions.end_all()
            self.clear_faults()

    # Faults

    def inject(self, fault: Fault) -> None:
        """Let *fault* happen from now on."""
        self._faults.add(fault)

    def use_profile(self, name: str, seed: int | None = None) -> None:
        """Replace all faults by those of a named profile; a closure begins now, on this portal's clock."""
        profile = PROFILES[name]
        with self._lock:
            seed = self._faults.seed if seed is None else seed
            self._faults.replace(profile.faults, seed)
            self._closure.replace(profile.while_closed, seed)
            self._closed_until = self._clock.now() + profile.closed_for if profile.closed_for else None

    def clear_faults(self) -> None:
        with self._lock:
            self._faults.replace(seed=self._faults.seed)
            self._closure.replace(seed=self._faults.seed)
            self._closed_until = None

    @property
    def faults(self) -> Sequence[Fault]:
        """What may still go wrong."""
        return (*self._faults.pending(), *(self._closure.pending() if self.closed else ()))

    @property
    def closed(self) -> bool:
        return self._closed_until is not None and self._clock.now() < self._closed_until

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
                for call in self._calls
                if (service is None or call.service == service) and (key is None or key in call.dossiers)
            ]

    def requests(self) -> list[RawRequest]:
        """The requests as they arrived, secrets masked; old ones are forgotten first."""
        with self._lock:
            return list(self._state.ledger.raw)

    # Answering

    def handle(self, request: Request) -> Directive:
        """Do what *request* asks, or what a fault says, and tell how to answer."""
        with self._lock:
            self._number += 1
            call = Call(self._state.watch, self._number, self._clock.now(), request.present)
            if len(request.body) > self._settings.max_body_bytes:
                return self._unserved(call, request, 413, TEXT, b"Request entity too large")
            try:
                ask = routes.read(request, self._settings)
            except routes.NotFound:
                return self._unserved(call, request, 404, HTML, answers.page(404, "Not Found"))
            except routes.NotAllowed:
                return self._unserved(call, request, 405, HTML, answers.page(405, "Method Not Allowed"))
            except routes.NoDestination:
                return self._unserved(call, request, 400, JSON, answers.body(answers.NO_DESTINATION, self._settings))
            except routes.Unreadable:
                return self._unserved(call, request, 200, JSON, answers.body(answers.invalid("JSON"), self._settings))
            self._remember(request, call, ask.session)
            self._describe(call, ask)
            self._state.watch.begin(call)
            fault = self._draw(call)
            if fault is not None:
                return self._fail(fault, ask, call)
            return self._deliver(ask, call, self._work(ask, call))

    def _unserved(
        self, call: Call, request: Request, status: int, headers: Mapping[str, str], body: bytes
    ) -> Directive:
        self._remember(request, call, "")
        return Directive(status, headers, body, exchange=call)

    def _remember(self, request: Request, call: Call, session: str) -> None:
        self._state.watch.count.calls += 1
        self._calls.append(call)
        self._state.ledger.raw.append(
            RawRequest(
                call.number,
                call.at,
                request.method,
                request.path,
                masked_query(request.query),
                masked_headers(request.headers),
                masked(request.body, session),
            )
        )

    def _describe(self, call: Call, ask: Ask) -> None:
        call.service = ask.service
        call.updating = "" if ask.updating is None else str(ask.updating)
        if ask.service not in lists.ABOUT_DOSSIERS:
            numbers: list[Any] = []
        elif ask.service == lists.LOOKUP:
            numbers = [ask.parameters.get("mahoso", "")]
        else:
            items = ask.data if isinstance(ask.data, list) else [ask.data]
            numbers = [item.get("MaHoSo", "") for item in items if isinstance(item, dict)]
            call.items = len(items)
        call.dossiers = tuple({key_of(number): None for number in numbers})
        account = self._account_of(ask, call)
        call.account = "" if account is None else account.username

    def _account_of(self, ask: Ask, call: Call) -> Account | None:
        """Whose call this is, as far as can be told, whether it may do it or not."""
        sessions = self._state.sessions
        if ask.group is Group.LOGIN or ask.group is Group.STORE:
            return sessions.accounts.get(str(ask.parameters.get("username", "")))
        if ask.group is Group.ADAPTER:
            return sessions.serving(ask.unit) if ask.unit else sessions.owning(call.dossiers)
        return sessions.holder(ask.session) or sessions.serving(ask.unit)

    def _draw(self, call: Call) -> Fault | None:
        subject = call.dossiers[0] if call.dossiers else call.account
        if self.closed:
            pending = self._closure.pending()
            return self._closure.draw(call.service, subject) or (pending[-1] if pending else None)
        return self._faults.draw(call.service, subject)

    def _work(self, ask: Ask, call: Call, *, only_half: bool = False) -> Answer:
        if ask.group is Group.LOGIN:
            return self._log_in(ask)
        if ask.group is Group.STORE:
            return answers.NO_SERVICE
        account = self._admit(ask, call)
        if isinstance(account, Answer):
            return account
        match ask.service:
            case lists.DOSSIERS:
                return pushes.dossiers(self._state, account, ask, call, only_half=only_half)
            case lists.TIMELINE:
                return pushes.timeline(self._state, account, ask, call, only_half=only_half)
            case lists.OUTCOME:
                return pushes.outcome(self._state, ask, call)
            case service if service in lists.PUSHES:
                return questions.push(self._state, ask)
            case _:
                return reads.answer(self._state, ask)

    def _log_in(self, ask: Ask) -> Answer:
        username, password = ask.parameters.get("username", ""), ask.parameters.get("password", "")
        session = self._state.sessions.log_in(str(username), str(password), self._clock.now())
        if session is None:
            self._state.watch.count.failed_logins += 1
            return answers.NO_LOGIN
        self._state.watch.count.logins += 1
        return Answer(0, "Đăng nhập thành công", session=session)

    def _admit(self, ask: Ask, call: Call) -> Account | Answer:
        """The account that asks, or why it may not: session, unit, group of the service (18.3)."""
        if ask.group is Group.ADAPTER:
            return self._account_of(ask, call) or answers.NO_RIGHT
        account = self._state.sessions.account(ask.session, self._clock.now())
        if account is None:
            return answers.NO_SESSION
        if not account.may_send_as(ask.unit):
            return answers.NO_RIGHT
        if ask.service not in (lists.SHARE if ask.group is Group.SHARE else lists.INTEGRATION) and not (
            self._settings.any_group and ask.service in lists.SERVICES
        ):
            return answers.NO_SERVICE
        return account

    def _deliver(
        self, ask: Ask, call: Call, answer: Answer, *, form: str | None = None, delay_s: float = 0.0
    ) -> Directive:
        """The plain answer."""
        call.code, call.message = answer.code, answer.message
        if answer is answers.NO_SESSION and self._settings.expired_as != "code":
            status = int(self._settings.expired_as.removeprefix("http-"))
            return Directive(status, JSON, answers.body(answer, self._settings, form), exchange=call)
        if ask.service == lists.TIMELINE and answer.success:
            self._state.watch.answered_cleanly(call, pushes.identities(ask.data))
        return Directive(200, JSON, self._body(ask, answer, form), delay_s, exchange=call)

    def _body(self, ask: Ask, answer: Answer, form: str | None = None) -> bytes:
        body = answers.body(answer, self._settings, form)
        return answers.doubled(body) if ask.doubled else body

    def _fail(self, fault: Fault, ask: Ask, call: Call) -> Directive:
        call.fault = fault.kind.value
        self._state.watch.count.faults += 1
        if fault.kind is FaultKind.EXPIRED:
            self._state.sessions.end(ask.session)
        if not fault.works:
            return self._spoil(fault, ask, call, None)
        answer = self._work(ask, call, only_half=fault.kind is FaultKind.PARTIAL)
        call.code, call.message = answer.code, answer.message
        return self._spoil(fault, ask, call, answer)

    def _spoil(self, fault: Fault, ask: Ask, call: Call, answer: Answer | None) -> Directive:
        """The answer as *fault* makes it; *answer* None when nothing was done."""
        said = answer or answers.SYSTEM_ERROR
        stall = self._settings.stall_s if fault.delay_s is None else fault.delay_s
        match fault.kind:
            case FaultKind.NO_SUCCESS:
                return self._deliver(ask, call, answers.NO_SUCCESS)
            case FaultKind.SAYS_EXISTS:
                return self._deliver(ask, call, answers.existing_dossier(_number_in(ask), "0"))
            case FaultKind.SLOW:
                return self._deliver(ask, call, said, delay_s=stall)
            case FaultKind.PADDED_CODE:
                return self._deliver(ask, call, said, form="padded")
            case FaultKind.INT_CODE:
                return self._deliver(ask, call, said, form="int")
            case FaultKind.FILE_404:
                self._lose_files(ask, said)
                return self._deliver(ask, call, said)
            case FaultKind.ERROR | FaultKind.EXPIRED | FaultKind.PARTIAL:
                return self._deliver(ask, call, said)
            case _:
                if fault.retry_after_s is not None:
                    call.hold_s = fault.retry_after_s
                return wreck(fault, call, said.message, self._body(ask, said), written_code(said, "string"), stall)

    def _lose_files(self, ask: Ask, answer: Answer) -> None:
        """The links of dossiers just accepted turn out to be dead."""
        if ask.service == lists.DOSSIERS and answer.success:
            for item in ask.data:
                files.note(self._state.ledger, item, 404, 0)


def _number_in(ask: Ask) -> str:
    """The first dossier number of a push."""
    items = ask.data if isinstance(ask.data, list) else [ask.data]
    return next((str(item.get("MaHoSo", "")) for item in items if isinstance(item, dict)), "")
