"""
The national portal as a partner: translate, call, read the verdict (contract 6, 7.6, 14).

Sending a header again is harmless: a create that was already done is answered "đã tồn tại" and becomes an update.
Timeline entries are appended; whether an exact repeat is dropped is not known (contract 6.4) and is the setting
``timeline_deduplicated``. Without it steps go one per call, the portal's status is noted before each, and a lost
answer is settled by what changed since, or by a person.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from connectors.national_portal import folding
from connectors.national_portal.advice import advise
from connectors.national_portal.catalogue import Catalogue
from connectors.national_portal.checkup import check_up
from connectors.national_portal.client import PortalClient
from connectors.national_portal.deliveries import DOSSIER, MATTER, OUTCOME, STEP, Deliveries
from connectors.national_portal.evidence import StatusBefore, compare_header, compare_status
from connectors.national_portal.facade.counter import Facade
from connectors.national_portal.forms import Forms
from connectors.national_portal.inbound.calls import PLACES, Inbound, has_key, is_question
from connectors.national_portal.inbound.reception import MEANWHILE, Receptionist, refusal
from connectors.national_portal.links import PublicLinks
from connectors.national_portal.options import settings_from
from connectors.national_portal.patience import Patience, elapsed_s
from connectors.national_portal.preview import preview_of
from connectors.national_portal.received import Reader
from connectors.national_portal.rows import Row, text_in
from connectors.national_portal.settings import PortalSettings
from connectors.national_portal.translate import Translator
from connectors.national_portal.verdict import Judge
from gateway.errors import DeliveryError, Rejected
from gateway.http import Network
from gateway.model import DossierCode
from gateway.notices import PartnerCall, Why
from gateway.ports import (
    Advice,
    Clock,
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

_NO_LOOK_UP = "Cổng không cho tra cứu việc này / the portal has no look-up of it"

CALLS_IN_AN_ERRAND = 3
"""One delivery may take as long as three calls: the call, a new login because the session ended, the call again."""


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
        judge = Judge(settings)
        self._client = PortalClient(
            name, settings, judge, transport=transport, monotonic=monotonic, now=now, sleep=sleep
        )
        self.catalogue = Catalogue(name, settings, self._client, monotonic=monotonic)
        self.front = (
            None
            if settings.facade is None
            else Facade(name, settings, settings.facade, self.catalogue, self._client, monotonic=monotonic)
        )
        self._forms = Forms(name, Translator(name, settings), self.catalogue, PublicLinks(settings, now))
        self._before = StatusBefore()
        self._deliveries = Deliveries(name, settings, self._client, judge, self._forms, self._before)
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
            MATTER: Operation(MATTER, 1, same_dossier=True, harmless=settings.matter_repeatable),
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
        """Headers born here, and matters, are pushed; of the portal's own, outcomes, and steps by setting (7.6)."""
        if kind == "dossier":
            return OUTCOME if origin == "portal" else DOSSIER
        if kind == "step":
            return STEP if origin == "local" or self._settings.portal_born_steps else None
        return MATTER if kind == "matter" else None

    def deliver(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        try:
            return self._deliveries.deliver(messages, self.patience())
        except DeliveryError as error:
            return [Failed(error)] * len(messages)

    def probe(self, message: Message) -> Probe:
        """
        Ask ``TraCuuHoSo`` (contract 5.7). A header that is there but reads differently is sent again, as an update.
        """
        if message.operation == MATTER:
            return Probe(Finding.CANNOT_TELL, _NO_LOOK_UP)
        patience = self.patience()
        body = self._forms.body(message)
        code = body.code if body.kind == "dossier" else body.dossier
        rows = [row for row in self._client.find_dossier(code.text, patience=patience) if _is_of(row, code)]
        if not rows:
            return Probe(Finding.ABSENT, "TraCuuHoSo: Cổng không có hồ sơ này / the portal does not have the dossier")
        if body.kind == "step":
            moves = self._settings.steps_move_status and not message.late
            return compare_status(rows[0], body.status, self._before.of(message.key), moves=moves)
        if message.operation == OUTCOME:
            return Probe(Finding.CANNOT_TELL, "TraCuuHoSo không cho biết kết quả đã báo / does not show outcomes")
        try:
            header = self._forms.header(message, patience)
        except Rejected as error:
            return Probe(Finding.DIFFERS, error.text)
        return compare_header(rows[0], header.data, established=message.established)

    def supersedes(self, later: Message, earlier: Message) -> bool:
        """Only of headers, see ``folding``. What cannot be read makes nothing needless."""
        if {later.operation, earlier.operation} != {DOSSIER}:
            return False
        try:
            after, before = self._forms.dossier(later), self._forms.dossier(earlier)
            return folding.supersedes(after, before, established=later.established)
        except Rejected:
            return False

    def preview(self, message: Message) -> Preview:
        """The element of ``data`` that a delivery would push now, and for a header whether it is an update."""
        if message.operation == STEP:
            form: Mapping[str, object] = self._forms.entry(message)
        elif message.operation == OUTCOME:
            form = self._forms.outcome(message) or {}
        elif message.operation == MATTER:
            matter = self._forms.matter(message)
            form = {"service": matter.form, **matter.data}
        else:
            header = self._forms.header(message, self.patience())
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
        """The key in the body, where one is configured; while it is replaced, either."""
        key, old = (each.get_secret_value() for each in (self._settings.security_key, self._settings.old_security_key))
        return has_key(call.content, [each for each in (key, old) if each]) if key else None

    def refusal(self, path: str, why: Why) -> Reply:  # noqa: ARG002 - the same everywhere.
        return refusal(why)

    def meanwhile(self, path: str) -> Reply:  # noqa: ARG002 - the same everywhere.
        return MEANWHILE

    def check(self) -> Sequence[Health]:
        """Log in, then a harmless question to each endpoint; every line says what to mend. Ends at the first fault."""
        return check_up(self._settings, self._client, self.patience)

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


def build(name: str, options: Mapping[str, object], *, clock: Clock | None = None) -> NationalPortal:
    """
    The connector from the options of one partner; makes no call.

    Raises ``ConfigurationError`` with every mistake.
    """
    settings = settings_from(name, options)
    return NationalPortal(name, settings, now=(clock or SystemClock()).now)


def _is_of(row: Row, code: DossierCode) -> bool:
    """A row without a number is taken at its word: the question was about this dossier only (contract 5.7)."""
    number = text_in(row, "MAHOSO")
    return not number or number.upper() == code.key
