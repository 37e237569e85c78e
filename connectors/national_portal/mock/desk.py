"""
From a request to its answer: admit, work, and fail where a fault says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.mocks import Directive, Request
from connectors.national_portal.dialect import answers, asks, lists
from connectors.national_portal.dialect.answers import HTML, JSON, TEXT, Answer, CodeForm, written_code
from connectors.national_portal.dialect.asks import Ask, Group
from connectors.national_portal.mock import documents, files, pushes, questions, reads
from connectors.national_portal.mock.accounts import Account
from connectors.national_portal.mock.faults import Fault, FaultKind
from connectors.national_portal.mock.invariants import Call
from connectors.national_portal.mock.ledger import RawRequest, key_of
from connectors.national_portal.mock.masking import masked, masked_headers, masked_query
from connectors.national_portal.mock.state import State
from connectors.national_portal.mock.wrecks import wreck


class Desk:
    """Answers one request at a time; the portal's lock is held meanwhile."""

    def __init__(self, state: State) -> None:
        self._state = state

    def handle(self, request: Request) -> Directive:
        state, settings = self._state, self._state.settings
        call = Call(state.watch, len(state.calls) + 1, state.now(), request.present)
        if len(request.body) > settings.max_body_bytes:
            return self._unserved(call, request, 413, TEXT, b"Request entity too large")
        try:
            ask = asks.read(request, settings)
        except asks.NotFound:
            return self._unserved(call, request, 404, HTML, answers.page(404, "Not Found"))
        except asks.NotAllowed:
            return self._unserved(call, request, 405, HTML, answers.page(405, "Method Not Allowed"))
        except asks.NoDestination:
            return self._unserved(call, request, 400, JSON, answers.body(answers.NO_DESTINATION, settings.code_form))
        except asks.Unreadable:
            return self._unserved(call, request, 200, JSON, answers.body(answers.invalid("JSON"), settings.code_form))
        self._remember(request, call, ask.session)
        self._describe(call, ask)
        state.watch.begin(call)
        if ask.group is Group.STORE:
            return self._open_store(ask, call)
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
        self._state.calls.append(call)
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
        if self._state.closed:
            pending = self._state.closure.pending()
            return self._state.closure.draw(call.service, subject) or (pending[-1] if pending else None)
        return self._state.faults.draw(call.service, subject)

    def _open_store(self, ask: Ask, call: Call) -> Directive:
        """The document store; it has no faults of its own."""
        if ask.service == "list":
            return Directive(200, JSON, self._state.documents.list(ask.parameters), exchange=call)
        if ask.service == "file":
            return Directive(200, TEXT, self._state.documents.file(ask.parameters), exchange=call)
        return Directive(200, JSON, documents.logged_in(self._new_session(ask)), exchange=call)

    def _work(self, ask: Ask, call: Call, *, only_half: bool = False) -> Answer:
        if ask.group is Group.LOGIN:
            return self._log_in(ask)
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
            case service if service in lists.MATTERS:
                return questions.push(self._state, ask)
            case _:
                return reads.answer(self._state, ask)

    def _log_in(self, ask: Ask) -> Answer:
        session = self._new_session(ask)
        if session is None:
            return answers.NO_LOGIN
        return Answer(0, "Đăng nhập thành công", session=session)

    def _new_session(self, ask: Ask) -> str | None:
        username, password = ask.parameters.get("username", ""), ask.parameters.get("password", "")
        session = self._state.sessions.log_in(str(username), str(password), self._state.now())
        if session is None:
            self._state.watch.count.failed_logins += 1
        else:
            self._state.watch.count.logins += 1
        return session

    def _admit(self, ask: Ask, call: Call) -> Account | Answer:
        """The account that asks, or why it may not: session, unit, group of the service (18.3)."""
        if ask.group is Group.ADAPTER:
            return self._account_of(ask, call) or answers.NO_RIGHT
        account = self._state.sessions.account(ask.session, self._state.now())
        if account is None:
            return answers.NO_SESSION
        if not account.may_send_as(ask.unit):
            return answers.NO_RIGHT
        if ask.service not in (lists.SHARE if ask.group is Group.SHARE else lists.INTEGRATION) and not (
            self._state.settings.any_group and ask.service in lists.SERVICES
        ):
            return answers.NO_SERVICE
        return account

    def _deliver(
        self, ask: Ask, call: Call, answer: Answer, *, form: CodeForm | None = None, delay_s: float = 0.0
    ) -> Directive:
        """The plain answer."""
        call.code, call.message = answer.code, answer.message
        if answer is answers.NO_SESSION and self._state.settings.expired_as != "code":
            status = int(self._state.settings.expired_as.removeprefix("http-"))
            return Directive(status, JSON, answers.body(answer, form or self._state.settings.code_form), exchange=call)
        if ask.service == lists.TIMELINE and answer.success:
            self._state.watch.answered_cleanly(call, pushes.identities(ask.data))
        return Directive(200, JSON, self._body(ask, answer, form), delay_s, exchange=call)

    def _body(self, ask: Ask, answer: Answer, form: CodeForm | None = None) -> bytes:
        body = answers.body(answer, form or self._state.settings.code_form)
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
        stall = self._state.settings.stall_s if fault.delay_s is None else fault.delay_s
        match fault.kind:
            case FaultKind.SAYS_EXISTS if ask.updating == "False":
                return self._deliver(ask, call, answers.existing_dossier(_number_in(ask), "0"))
            case FaultKind.NO_SUCCESS | FaultKind.SAYS_EXISTS:
                return self._deliver(ask, call, answers.NO_SUCCESS)
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
