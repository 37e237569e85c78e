"""
The national portal as a partner: translate, call, read the verdict (contract 6, 7.6, 14).

Sending a header again is harmless: a create that was already done is answered "đã tồn tại" and becomes an update.
Timeline entries are appended; whether an exact repeat is dropped is not known (contract 6.4) and is the setting
``timeline_deduplicated``. Without it steps go one per call, the portal's status is noted before each, and a lost
answer is settled by what changed since, or by a person.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from pydantic import ValidationError

from connectors.national_portal import folding, wire
from connectors.national_portal.advice import advise
from connectors.national_portal.catalogue import Catalogue
from connectors.national_portal.client import PortalClient
from connectors.national_portal.evidence import StatusBefore, compare_header, compare_status
from connectors.national_portal.facade.counter import Facade
from connectors.national_portal.inbound import PLACES, Inbound, has_key, is_question
from connectors.national_portal.links import PublicLinks
from connectors.national_portal.patience import Patience, elapsed_s
from connectors.national_portal.preview import preview_of
from connectors.national_portal.received import Reader
from connectors.national_portal.reception import MEANWHILE, Receptionist, refusal
from connectors.national_portal.settings import PortalSettings
from connectors.national_portal.translate import Translator
from connectors.national_portal.verdict import Judge, Verdict
from connectors.national_portal.wire import text_in
from gateway.config.explain import problems_of
from gateway.errors import ConfigurationError, DeliveryError, Problem, Rejected
from gateway.http import Network
from gateway.model import Dossier, DossierCode, Notice, ProcessingStep, read_body
from gateway.notices import PartnerCall, Why
from gateway.ports import (
    Advice,
    Clock,
    Delivered,
    Failed,
    Finding,
    Health,
    Inbox,
    Message,
    Operation,
    Outcome,
    Preview,
    Probe,
    Reply,
    SystemClock,
)

log = logging.getLogger(__name__)

DOSSIER = "dossier"
STEP = "step"
OUTCOME = "outcome"

CALLS_IN_AN_ERRAND = 3
"""One delivery may take as long as three calls: the call, a new login because the session ended, the call again."""

_TAKEN = frozenset({Verdict.ACCEPTED, Verdict.UNFAMILIAR})
_RECREATED = (
    "CẢNH BÁO: Cổng không còn hồ sơ đã nhận, đã tạo lại / WARNING: the portal had lost the dossier, created again"
)
_UPDATED = "Cổng đã có hồ sơ, đã gửi dạng cập nhật / the portal had the dossier, sent as an update"
_UNFAMILIAR = "Cổng trả lời bằng câu lạ / the portal answered in unfamiliar words"
_STALE = "thông tin thủ tục quá hạn, chưa hỏi lại được Cổng / procedure data is out of date, the portal cannot be asked"
_STEP_THERE = "Cổng báo bước này đã có / the portal says that it has this step"
_NOT_TOLD = "Cổng không nhận thông báo / the portal is told no notices"
_PORTAL_KNOWS = "hồ sơ mới đăng ký trên Cổng, không có gì để báo / just filed on the portal, nothing to tell"


class _Header(NamedTuple):
    """A header that is ready to go."""

    message: Message
    data: wire.Dossier
    note: str


class NationalPortal:
    """
    The connector. Safe for several threads.

    *transport*, *monotonic*, *now* and *sleep* stand in for the network and the clock in tests.
    """

    def __init__(
        self,
        name: str,
        settings: PortalSettings,
        *,
        transport: Network | None = None,
        monotonic: Callable[[], float] = elapsed_s,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._name = name
        self._settings = settings
        self._longest_call = timedelta(seconds=settings.timeout_s * CALLS_IN_AN_ERRAND)
        self._monotonic = monotonic
        self._judge = Judge(settings)
        self._translate = Translator(name, settings)
        self._links = PublicLinks(settings, now)
        self._client = PortalClient(
            name, settings, self._judge, transport=transport, monotonic=monotonic, now=now, sleep=sleep
        )
        self.catalogue = Catalogue(name, settings, self._client, monotonic=monotonic)
        self.front = (
            None
            if settings.facade is None
            else Facade(name, settings, settings.facade, self.catalogue, self._client, monotonic=monotonic)
        )
        self._before = StatusBefore()
        self._receptionist = Receptionist(
            name,
            settings.tendonvi or settings.madonvi,
            Inbound(Reader(settings.codes)),
            unknown_dossier_in_notice=settings.unknown_dossier_in_notice,
        )
        again = settings.timeline_deduplicated
        self._operations = {
            DOSSIER: Operation(
                DOSSIER,
                settings.dossiers_per_call,
                same_dossier=False,
                harmless=True,
                coalesces=settings.coalesce_headers,
            ),
            STEP: Operation(STEP, settings.steps_per_call if again else 1, same_dossier=True, harmless=again),
            OUTCOME: Operation(OUTCOME, 1, same_dossier=True, harmless=settings.outcome_repeatable),
        }
        self._deliveries: Mapping[str, Callable[[Sequence[Message], Patience], Sequence[Outcome]]] = {
            DOSSIER: self._deliver_headers,
            STEP: self._deliver_steps,
            OUTCOME: self._deliver_outcomes,
        }

    @property
    def name(self) -> str:
        return self._name

    @property
    def operations(self) -> Mapping[str, Operation]:
        return self._operations

    @property
    def longest_call(self) -> timedelta:
        return self._longest_call

    def route(self, kind: str, origin: str) -> str | None:
        """Headers born here are pushed, outcomes of those born on the portal are told; its steps by setting (7.6)."""
        if kind == "dossier":
            return OUTCOME if origin == "portal" else DOSSIER
        if kind == "step":
            return STEP if origin == "local" or self._settings.portal_born_steps else None
        return None

    def deliver(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        try:
            return self._deliveries[messages[0].operation](messages, self.patience())
        except DeliveryError as error:
            return [Failed(error)] * len(messages)

    def probe(self, message: Message) -> Probe:
        """
        Ask ``TraCuuHoSo`` (contract 5.7). A header that is there but reads differently is sent again, as an update.
        """
        patience = self.patience()
        body = self._body(message)
        code = body.code if isinstance(body, Dossier) else body.dossier
        rows = [row for row in self._client.find_dossier(code.text, patience=patience) if _is_of(row, code)]
        if not rows:
            return Probe(Finding.ABSENT, "TraCuuHoSo: Cổng không có hồ sơ này / the portal does not have the dossier")
        if isinstance(body, ProcessingStep):
            moves = self._settings.steps_move_status and not message.late
            return compare_status(rows[0], body.status, self._before.of(message.key), moves=moves)
        if message.operation == OUTCOME:
            return Probe(Finding.CANNOT_TELL, "TraCuuHoSo không cho biết kết quả đã báo / does not show outcomes")
        try:
            header = self._header(message, body, patience)
        except Rejected as error:
            return Probe(Finding.DIFFERS, error.text)
        return compare_header(rows[0], header.data, established=message.established)

    def supersedes(self, later: Message, earlier: Message) -> bool:
        """Only of headers, see ``folding``. What cannot be read makes nothing needless."""
        if {later.operation, earlier.operation} != {DOSSIER}:
            return False
        try:
            return folding.supersedes(self._dossier(later), self._dossier(earlier), established=later.established)
        except Rejected:
            return False

    def preview(self, message: Message) -> Preview:
        """The element of ``data`` that a delivery would push now, and for a header whether it is an update."""
        if message.operation == STEP:
            form: Mapping[str, object] = self._translate.step(self._step(message))
        elif message.operation == OUTCOME:
            form = self._outcome(self._dossier(message)) or {}
        else:
            header = self._header(message, self._dossier(message), self.patience())
            form = {"isUpdating": str(message.established), **header.data}
        return preview_of(form, message.key)

    def advise(self, operation: str, code: str, text: str) -> Advice | None:
        """By what the settings say that the portal's codes mean."""
        return advise(operation, code, text, self._settings.error_codes)

    def receive(self, path: str, content: bytes, inbox: Inbox, now: datetime) -> Reply | None:
        """One call of the portal to the province (contract 7)."""
        return self._receptionist.receive(path, content, inbox, now)

    @property
    def places(self) -> Sequence[str]:
        return PLACES

    def is_question(self, path: str) -> bool:
        return is_question(path)

    def proof(self, call: PartnerCall) -> bool | None:
        """The key in the body, where one is configured."""
        key = self._settings.security_key.get_secret_value()
        return has_key(call.content, key) if key else None

    def refusal(self, path: str, why: Why) -> Reply:  # noqa: ARG002 - the same everywhere.
        return refusal(why)

    def meanwhile(self, path: str) -> Reply:  # noqa: ARG002 - the same everywhere.
        return MEANWHILE

    def check(self) -> Sequence[Health]:
        """Log in, then a harmless question to each endpoint; every line says what to mend. Ends at the first fault."""
        settings, client = self._settings, self._client
        nobody = f"{settings.madonvi}-000101-0000"
        unit = f"{settings.tendonvi} ({settings.madonvi})".strip()
        questions: list[tuple[str, Callable[[Patience], object], str, str]] = []
        if settings.needs_session:
            questions.append(
                (
                    f"đăng nhập / log in: {settings.adapter_url}",
                    lambda patience: client.log_in(patience=patience),
                    "Kiểm tra adapter_url, adapter_prefix, auth_endpoint, username, password / Check these options",
                    "Cổng nhận tài khoản / the portal takes the account",
                )
            )
        questions.append(
            (
                f"tra cứu hồ sơ / look up a dossier (TraCuuHoSo): {unit}",
                lambda patience: client.find_dossier(nobody, patience=patience),
                "Kiểm tra integration_endpoint, madonvi, dstcode / Check these options",
                "Cổng trả lời / the portal answers",
            )
        )
        if settings.questions == "A":
            questions.append(
                (
                    "đọc danh mục / read a category (LayDanhMucLinhVuc)",
                    lambda patience: client.list_category("LayDanhMucLinhVuc", patience=patience),
                    "Kiểm tra share_endpoint / Check share_endpoint",
                    "Cổng trả lời / the portal answers",
                )
            )
        found: list[Health] = []
        for what, ask, remedy, good in questions:
            found.append(self._healthy(what, ask, remedy, good))
            if not found[-1].ok:
                break
        return found

    def close(self) -> None:
        self._client.close()

    def patience(self) -> Patience:
        """The time for one errand, beginning now."""
        return Patience(
            self._name,
            call_s=self._settings.timeout_s,
            calls=CALLS_IN_AN_ERRAND,
            start_s=self._settings.read_timeout_s,
            monotonic=self._monotonic,
        )

    def _deliver_headers(self, messages: Sequence[Message], patience: Patience) -> Sequence[Outcome]:
        headers = [self._header(message, self._dossier(message), patience) for message in messages]
        if len(headers) == 1:
            return [self._decide(headers[0], patience)]
        outcomes: list[Outcome] = []
        for updating, run in groupby(headers, lambda header: header.message.established):
            outcomes.extend(self._deliver_run(list(run), patience, updating=updating))
        return outcomes

    def _deliver_run(self, run: Sequence[_Header], patience: Patience, *, updating: bool) -> Sequence[Outcome]:
        """Headers of one kind in one call. When the answer is about some of them only, each is settled by itself."""
        numbers = {header.message.dossier for header in run}
        if len(run) > 1 and len(numbers) == len(run):
            data = [header.data for header in run]
            try:
                answer = self._client.push_dossiers(data, updating=updating, patience=patience)
            except DeliveryError as error:
                return [Failed(error)] * len(run)
            verdict = self._judge.verdict(answer, fresh_session=True)
            if verdict in _TAKEN:
                return [_delivered(header.note, verdict) for header in run]
            if verdict not in {Verdict.EXISTS, Verdict.MISSING}:
                return [Failed(self._client.error_of(answer, verdict, data))] * len(run)
        outcomes: list[Outcome] = []
        for header in run:
            try:
                outcomes.append(self._decide(header, patience))
            except DeliveryError as error:
                outcomes.append(Failed(error))
        return outcomes

    def _decide(self, header: _Header, patience: Patience) -> Outcome:
        """
        The decision table of contract 6.3. Each way is gone once: create, then update when the number is taken;
        update, then create when the portal has lost it.
        """
        updating = header.message.established
        note = header.note
        tried: set[bool] = set()
        while True:
            tried.add(updating)
            answer = self._client.push_dossiers([header.data], updating=updating, patience=patience)
            verdict = self._judge.verdict(answer, fresh_session=True)
            if verdict in _TAKEN:
                return _delivered(note, verdict)
            other_way = Verdict.MISSING if updating else Verdict.EXISTS
            if verdict is not other_way or (not updating) in tried:
                raise self._client.error_of(answer, verdict, header.data)
            updating = not updating
            note = _joined(header.note, _UPDATED if updating else _RECREATED)
            if not updating:
                extra = {"partner": self._name, "key": header.message.dossier}
                log.warning("national_portal.dossier_lost", extra=extra)

    def _deliver_steps(self, messages: Sequence[Message], patience: Patience) -> Sequence[Outcome]:
        steps = [self._step(message) for message in messages]
        data = [self._translate.step(step) for step in steps]
        watched = not self._settings.timeline_deduplicated
        if watched:
            self._before.note(messages[0].key, self._status_now(steps[0], patience))
        answer = self._client.push_steps(data, patience=patience)
        if watched:
            self._before.forget(messages[0].key)
        verdict = self._judge.verdict(answer, fresh_session=True)
        if verdict in _TAKEN:
            return [_delivered("", verdict)] * len(messages)
        if verdict is Verdict.EXISTS and self._settings.step_exists_accepted:
            if len(messages) == 1:
                return [Delivered(_STEP_THERE)]
            # One of them is there already; alone, each can be told apart.
            raise Rejected(self._name, answer.shown_code, _STEP_THERE)
        raise self._client.error_of(answer, verdict, data)

    def _status_now(self, step: ProcessingStep, patience: Patience) -> str:
        rows = self._client.find_dossier(step.dossier.text, patience=patience)
        return text_in(rows[0], "TRANGTHAIHOSO") if rows else ""

    def _deliver_outcomes(self, messages: Sequence[Message], patience: Patience) -> Sequence[Outcome]:
        data = self._outcome(self._dossier(messages[0]))
        if data is None:
            return [Delivered(_PORTAL_KNOWS)]
        answer = self._client.push_outcome(data, patience=patience)
        verdict = self._judge.verdict(answer, fresh_session=True)
        if verdict in _TAKEN:
            return [_delivered("", verdict)]
        raise self._client.error_of(answer, verdict, data)

    def _outcome(self, dossier: Dossier) -> wire.Outcome | None:
        return self._links.put_in(self._translate.outcome(dossier), dossier.code)

    def _header(self, message: Message, dossier: Dossier, patience: Patience) -> _Header:
        listed, stale = self.catalogue.procedure(
            dossier.procedure, dossier.code.text, patience, again=message.attempts > 0
        )
        data = self._links.put_in(self._translate.dossier(dossier, listed), dossier.code)
        return _Header(message, data, _STALE if stale else "")

    def _body(self, message: Message) -> Dossier | ProcessingStep:
        try:
            body = read_body(message.body)
        except ValidationError:
            # The validation error shows what it read; nothing of it may reach a log.
            raise Rejected(
                self._name, "unreadable", "nội dung lưu không đọc được / the stored body cannot be read"
            ) from None
        if isinstance(body, Notice):
            raise Rejected(self._name, "wrong-kind", f"{message.operation}: {_NOT_TOLD}")
        return _spelt(body, message.dossier)

    def _dossier(self, message: Message) -> Dossier:
        body = self._body(message)
        if not isinstance(body, Dossier):
            raise Rejected(self._name, "wrong-kind", f"{message.operation}: cần một hồ sơ / needs a dossier")
        return body

    def _step(self, message: Message) -> ProcessingStep:
        body = self._body(message)
        if not isinstance(body, ProcessingStep):
            raise Rejected(self._name, "wrong-kind", f"{message.operation}: cần một bước xử lý / needs a step")
        return body

    def _healthy(self, what: str, ask: Callable[[Patience], object], remedy: str, good: str) -> Health:
        try:
            ask(self.patience())
        except DeliveryError as error:
            return Health(what, False, f"[{error.code}] {error.text}. {remedy}")
        return Health(what, True, good)


def _spelt(body: Dossier | ProcessingStep, code: str) -> Dossier | ProcessingStep:
    """The body with its dossier's first spelling: a portal that minds the case would take another for a new dossier."""
    if isinstance(body, Dossier):
        return body if body.code.text == code else body.model_copy(update={"code": DossierCode.parse(code)})
    return body if body.dossier.text == code else body.model_copy(update={"dossier": DossierCode.parse(code)})


def build(name: str, options: Mapping[str, object], *, clock: Clock | None = None) -> NationalPortal:
    """
    The connector from the options of one partner; makes no call.

    Raises ``ConfigurationError`` with every mistake.
    """
    problems = list(_missing_account(options))
    try:
        settings = PortalSettings.model_validate(dict(options))
    except ValidationError as error:
        raise ConfigurationError([*problems_of(error, PortalSettings), *problems]) from None
    if settings.facade is not None and settings.facade.source == name:
        # Nobody is told what they said themselves.
        problems.append(
            Problem(
                "facade.source",
                f"trùng tên đối tác «{name}»: sẽ không gửi gì / is the partner's own name: nothing would be sent",
                "Đặt tên hệ thống một cửa, ví dụ / Name the one-stop system, for example: onestop",
            )
        )
    if problems:
        raise ConfigurationError(problems)
    return NationalPortal(name, settings, now=(clock or SystemClock()).now)


def _missing_account(options: Mapping[str, object]) -> list[Problem]:
    """The account is needed wherever a shape in use carries a session of ours."""
    variant, questions = options.get("variant", "A"), options.get("read_variant")
    if variant not in {"A", "B"} and questions != "A":
        return []
    if variant == "B" and questions == "D":
        return []
    remedies = {
        "username": "Thêm tài khoản Cổng cấp cho đơn vị / Add the account that the portal gave the agency",
        "password": "Thêm password_env với tên biến môi trường / Add password_env with a variable's name",
    }
    return [
        Problem(key, "thiếu khóa bắt buộc này / this key is required", remedy)
        for key, remedy in remedies.items()
        if not options.get(key)
    ]


def _delivered(note: str, verdict: Verdict) -> Delivered:
    return Delivered(_joined(note, _UNFAMILIAR) if verdict is Verdict.UNFAMILIAR else note)


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def _is_of(row: wire.Row, code: DossierCode) -> bool:
    """A row without a number is taken at its word: the question was about this dossier only (contract 5.7)."""
    number = text_in(row, "MAHOSO")
    return not number or number.upper() == code.key
