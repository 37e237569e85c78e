"""
One method per operation of the portal, and the only place that knows what can go wrong on the wire.

Every fault leaves as an error of ours. What decides between them is whether the portal may have done the work:

====================================================  =====================  ==================================
what happened                                         a push                 a question or a login
====================================================  =====================  ==================================
no connection, TLS refused                            Unreachable            Unreachable
silence, broken or over-long answer, HTML, no JSON    OutcomeUnknown         Unreachable (nothing can be lost)
HTTP 408, 500, 502, 504, other 5xx                    OutcomeUnknown         Unreachable
HTTP 429, 503                                         Busy, ``Retry-After``  the same
HTTP 401, 403, or a session code                      one new login, then AuthenticationFailed
HTTP 407                                              AuthenticationFailed   the same
HTTP 404, 405, 410, 421, a redirect elsewhere         Unreachable            the same
HTTP 413                                              Rejected               Faulted
any other 4xx                                         Faulted                the same
====================================================  =====================  ==================================

``Retry-After`` is obeyed with every status but 401 and 403: a gateway in front may send it with a 502 as well.

404 and its kin mean that the configured path leads to no service, so nothing was done and *no* message can pass: the
partner as a whole is left alone by the breaker, and no message is given up for an operator's wrong path. A 4xx
that carries the portal's own envelope is read as an answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

from connectors.national_portal import wire
from connectors.national_portal.envelope import Answer, NoAnswerKind, NotAnAnswer, read_answer
from connectors.national_portal.patience import Patience
from connectors.national_portal.quiet import Quiet
from connectors.national_portal.rows import Row
from connectors.national_portal.scrub import scrubbed
from connectors.national_portal.session import Session
from connectors.national_portal.settings import PortalSettings
from connectors.national_portal.shapes import Call, Envelope, Group, Request, Shape, push_shape, question_shape
from connectors.national_portal.transport import AdapterLine, Reply
from connectors.national_portal.verdict import Judge, Verdict
from gateway.errors import (
    AuthenticationFailed,
    Busy,
    DeliveryError,
    Faulted,
    OutcomeUnknown,
    Rejected,
    Unreachable,
)
from gateway.http import HttpFault, Network, delivery_error

_NO_SERVICE = frozenset({404, 405, 410, 421})
_BUSY = frozenset({429, 503})
_SESSION_REFUSED = frozenset({401, 403})
_LOST = frozenset({408})
_LONGEST_WAIT = timedelta(days=366)
_SHORT = 1024
_REMEMBERED = 64
_NO_ANSWER_WORDS: Mapping[NoAnswerKind, str] = {
    NoAnswerKind.EMPTY: "câu trả lời rỗng / an empty answer",
    NoAnswerKind.HTML: "trang web thay vì câu trả lời / a web page instead of an answer",
    NoAnswerKind.TEXT: "văn bản thường thay vì câu trả lời / plain text instead of an answer",
    NoAnswerKind.BROKEN: "câu trả lời hỏng / a broken answer",
    NoAnswerKind.SHAPE: "câu trả lời không có error_code / an answer without error_code",
}


class _SessionRefused(Exception):
    """HTTP 401 or 403 (contract 2.4)."""


class PortalClient:
    """
    The portal behind one adapter. Safe for several threads; *transport* stands in for the network in tests.
    """

    def __init__(
        self,
        partner: str,
        settings: PortalSettings,
        judge: Judge,
        *,
        transport: Network | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._partner = partner
        self._settings = settings
        self._judge = judge
        self._now = now
        self._sleep = sleep
        self._line = AdapterLine(settings, transport=transport, monotonic=monotonic, sleep=self._wait)
        self._quiet = Quiet(now)
        self._envelope = Envelope(settings)
        self._pushes = push_shape(settings)
        self._questions = question_shape(settings)
        self._read_again = lru_cache(_REMEMBERED)(read_answer)
        """Answers to pushes are the same few again and again; those to questions differ, to logins are secret."""
        self._session = Session(self._log_in, lifetime_s=settings.session_lifetime_s, monotonic=monotonic)

    def push_dossiers(self, data: Sequence[wire.Dossier], *, updating: bool, patience: Patience) -> Answer:
        """``DongBoHoSoMC``: create, or replace when *updating* (contract 6.3)."""
        return self._push(Call("DongBoHoSoMC", data=data, updating=updating), patience)

    def push_steps(self, data: Sequence[wire.Step], *, patience: Patience) -> Answer:
        """``CapNhatTienDoHoSoMC``: append to timelines (contract 6.4)."""
        return self._push(Call("CapNhatTienDoHoSoMC", data=data), patience)

    def push_outcome(self, data: wire.Outcome, *, patience: Patience) -> Answer:
        """``DongBoTrangThaiHoSo``: what became of a dossier that the portal sent (contract 7.6)."""
        return self._push(Call("DongBoTrangThaiHoSo", data=data, parameters={"type": "2"}), patience)

    def push_matter(self, service: str, data: Mapping[str, object], *, patience: Patience) -> Answer:
        """A question, an answer or an evaluation, one in a call (contract 8.2, 8.3)."""
        return self._push(Call(service, data=[data]), patience)

    def find_dossier(self, code: str, *, patience: Patience) -> list[Row]:
        """``TraCuuHoSo``: rows when the portal has the dossier, none otherwise (contract 5.7)."""
        return self._ask(Call("TraCuuHoSo", parameters={"mahoso": code}), patience)

    def read_procedure(self, code: str, *, patience: Patience) -> Row | None:
        """``LayThuTuc``: the procedure, or none when the portal does not list it (contract 5.4)."""
        rows = self._ask(Call("LayThuTuc", parameters={"maTTHC": code}), patience)
        return rows[0] if rows else None

    def list_procedures(self, *, patience: Patience) -> list[Row]:
        """``LayDanhSachTTHC``: codes and names of the national list (contract 5.3)."""
        return self._ask(Call("LayDanhSachTTHC", Group.SHARE), patience)

    def list_category(self, service: str, *, patience: Patience) -> list[Row]:
        """A category, for example ``LayDanhMucLinhVuc`` or ``LayDanhMucCoQuan`` (contract 4, 5.1, 5.2)."""
        return self._ask(Call(service, Group.SHARE), patience)

    def ask(self, call: Call, *, patience: Patience) -> list[Row]:
        """Any other question, as it is (contract 5, 8.1): the rows of its answer."""
        return self._ask(call, patience)

    def log_in(self, *, patience: Patience) -> None:
        """Open a session unless one is open; nothing to do where the adapter has its own (contract 2.6)."""
        if self._settings.needs_session:
            self._session.token(patience)

    def close(self) -> None:
        """Give back connections."""
        self._line.close()

    def error_of(self, answer: Answer, verdict: Verdict, sent: object = None) -> DeliveryError:
        """The answer as the error that decides what follows (contract 6.3, 13)."""
        kind: type[DeliveryError] = Faulted
        if verdict is Verdict.REJECTED:
            kind = Rejected
        elif verdict in {Verdict.UNAUTHORISED, Verdict.SESSION}:
            kind = AuthenticationFailed
        password = self._settings.password.get_secret_value()
        secrets = [{"session": session} for session in self._session.masked_words()]
        private = [sent, {"password": password}, *secrets]
        text = scrubbed(answer.message, private) or "không có nội dung / no text"
        return kind(self._partner, answer.shown_code, f"Cổng trả lời / the portal says: «{text}»")

    def _push(self, call: Call, patience: Patience) -> Answer:
        return self._call(self._pushes, call, patience, harmless=False)

    def _ask(self, call: Call, patience: Patience) -> list[Row]:
        answer = self._call(self._questions, call, patience, harmless=True)
        if answer.code == 0 and (answer.rows or not self._judge.denies(answer.message)):
            return answer.rows
        verdict = self._judge.verdict(answer, fresh_session=True)
        if verdict is Verdict.MISSING:
            return []
        if verdict is Verdict.REJECTED:
            # A question that is refused says nothing about the message that led to it.
            verdict = Verdict.FAULTED
        raise self.error_of(answer, verdict, call.parameters)

    def _call(self, shape: Shape, call: Call, patience: Patience, *, harmless: bool) -> Answer:
        """Call with the session; when the portal no longer takes it, log in once and call once more (contract 2.4)."""
        session = self._session.token(patience) if shape.session else ""
        try:
            answer = self._exchange(shape.request(call, session), patience, harmless=harmless)
            if not shape.session or self._judge.verdict(answer) is not Verdict.SESSION:
                return answer
        except _SessionRefused:
            if not shape.session:
                raise self._refused_credentials() from None
        session = self._session.token(patience, instead_of=session)
        try:
            answer = self._exchange(shape.request(call, session), patience, harmless=harmless)
        except _SessionRefused:
            raise self._refused_credentials() from None
        if self._judge.verdict(answer, fresh_session=True) is Verdict.SESSION:
            raise self.error_of(answer, Verdict.SESSION, call.data)
        return answer

    def _log_in(self, patience: Patience) -> str:
        settings = self._settings
        request = self._envelope.login(settings.username, settings.password.get_secret_value())
        try:
            answer = self._exchange(request, patience, harmless=True)
        except _SessionRefused:
            raise self._refused_credentials() from None
        if answer.code == 0 and answer.session:
            return answer.session
        if answer.code == 0:
            raise Faulted(self._partner, "no-session", "Cổng không cấp phiên / the portal gave no session")
        verdict = self._judge.verdict(answer, fresh_session=True)
        # Any refusal of a login is about the account, save one that says by its code that it may pass.
        if answer.code is not None and verdict is Verdict.FAULTED and answer.code in settings.error_codes:
            raise self.error_of(answer, verdict, {"username": settings.username})
        raise self.error_of(answer, Verdict.UNAUTHORISED, {"username": settings.username})

    def _refused_credentials(self) -> AuthenticationFailed:
        return AuthenticationFailed(
            self._partner,
            "http-401",
            "Cổng không nhận tài khoản; kiểm tra username, password, madonvi / the portal refuses the account",
        )

    def _exchange(self, request: Request, patience: Patience, *, harmless: bool) -> Answer:
        """Every fault leaves as an error of ours. *harmless*: losing the answer loses nothing."""
        try:
            self._quiet.check(self._partner)
            reply = self._line.exchange(request, patience.call_until())
            return self._answer(reply, harmless=harmless) if 200 <= reply.status < 300 else self._refusal(reply)
        except HttpFault as fault:
            error = delivery_error(fault, self._partner)
            if isinstance(error, OutcomeUnknown):
                raise self._lost(error.code, error.text, harmless) from fault
            raise error from fault
        except NotAnAnswer as error:
            text = f"{_NO_ANSWER_WORDS[error.kind]} ({error.size} byte)"
            raise self._lost(error.kind.value, text, harmless) from error
        except OutcomeUnknown as error:
            raise self._lost(error.code, error.text, harmless, error.retry_after) from None
        except Rejected as error:
            if harmless:
                raise Faulted(error.partner, error.code, error.text) from None
            raise

    def _wait(self, seconds: float) -> None:
        """Between two tries to connect; meanwhile another thread may have been told when to come back."""
        self._sleep(seconds)
        self._quiet.check(self._partner)

    def _answer(self, reply: Reply, *, harmless: bool) -> Answer:
        known = not harmless and len(reply.content) <= _SHORT
        try:
            return self._read_again(reply.content) if known else read_answer(reply.content)
        except NotAnAnswer as error:
            if error.kind is NoAnswerKind.TEXT and self._settings.plain_text_success:
                text = reply.content.decode("utf-8", "replace")
                if self._judge.affirms(text):
                    return Answer(0, "0", text)
            raise

    def _refusal(self, reply: Reply) -> Answer:
        """An HTTP status that is no success: the portal's envelope if there is one, else the fault it stands for."""
        status = reply.status
        code = f"http-{status}"
        if status in _SESSION_REFUSED:
            raise _SessionRefused
        wait = retry_after(reply, self._now())
        self._quiet.keep(wait)
        if status in _BUSY:
            raise Busy(
                self._partner,
                code,
                "Cổng đang quá tải hoặc bảo trì / the portal is busy or under maintenance",
                retry_after=wait,
            )
        if reply.outside:
            raise Unreachable(
                self._partner,
                code,
                "chuyển hướng ra ngoài adapter_url; sửa adapter_url / redirected elsewhere: mend adapter_url",
            )
        if status >= 500 or status in _LOST or status < 400:
            text = f"HTTP {status} thay vì câu trả lời / instead of an answer"
            raise OutcomeUnknown(self._partner, code, text, retry_after=wait)
        try:
            return read_answer(reply.content)
        except NotAnAnswer:
            pass
        if status in _NO_SERVICE:
            raise Unreachable(
                self._partner,
                code,
                "địa chỉ không có dịch vụ; kiểm tra adapter_url, adapter_prefix và các …_endpoint / no service there: "
                "check these paths",
                retry_after=wait,
            )
        if status == 407:
            raise AuthenticationFailed(self._partner, code, "proxy đòi mật khẩu / the proxy wants credentials")
        if status == 413:
            raise Rejected(self._partner, code, "gói tin quá lớn / the request is too large")
        text = f"adapter từ chối, HTTP {status} / the adapter refuses"
        raise Faulted(self._partner, code, text, retry_after=wait)

    def _lost(self, code: str, text: str, harmless: bool, wait: timedelta | None = None) -> DeliveryError:
        kind = Unreachable if harmless else OutcomeUnknown
        return kind(self._partner, code, text, retry_after=wait)


def retry_after(reply: Reply, now: datetime) -> timedelta | None:
    """
    ``Retry-After`` as a duration, from seconds or an HTTP date; none when absent or unreadable.

    A date is measured against the portal's own ``Date``, so that our clocks need not agree.
    """
    value = reply.answer.header("retry-after").strip()
    if not value:
        return None
    if value.isascii() and value.isdecimal():
        return min(timedelta(seconds=int(value[:9])), _LONGEST_WAIT)
    at = _http_date(value)
    if at is None:
        return None
    return min(max(timedelta(0), at - (_http_date(reply.answer.header("date")) or now)), _LONGEST_WAIT)


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
