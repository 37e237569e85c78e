"""
Messages to the portal by its calls, and what each answer means for them (contract 6, 7.6).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

from connectors.national_portal.client import PortalClient
from connectors.national_portal.evidence import StatusBefore
from connectors.national_portal.forms import Forms, Header
from connectors.national_portal.patience import Patience
from connectors.national_portal.rows import text_in
from connectors.national_portal.settings import PortalSettings
from connectors.national_portal.verdict import Judge, Verdict
from gateway.errors import DeliveryError, Rejected
from gateway.ports import Delivered, Failed, Message, Outcome

log = logging.getLogger(__name__)

DOSSIER = "dossier"
STEP = "step"
OUTCOME = "outcome"
MATTER = "matter"

_TAKEN = frozenset({Verdict.ACCEPTED, Verdict.UNFAMILIAR})
_RECREATED = (
    "CẢNH BÁO: Cổng không còn hồ sơ đã nhận, đã tạo lại / WARNING: the portal had lost the dossier, created again"
)
_UPDATED = "Cổng đã có hồ sơ, đã gửi dạng cập nhật / the portal had the dossier, sent as an update"
_UNFAMILIAR = "Cổng trả lời bằng câu lạ / the portal answered in unfamiliar words"
_STEP_THERE = "Cổng báo bước này đã có / the portal says that it has this step"
_MATTER_THERE = "Cổng báo đã có / the portal says that it has it"
_PORTAL_KNOWS = "hồ sơ mới đăng ký trên Cổng, không có gì để báo / just filed on the portal, nothing to tell"


class Deliveries:
    """
    Delivers by the call that belongs to the operation. *before* is told what a step's outcome can be proved by.
    """

    def __init__(
        self,
        name: str,
        settings: PortalSettings,
        client: PortalClient,
        judge: Judge,
        forms: Forms,
        before: StatusBefore,
    ) -> None:
        self._name = name
        self._settings = settings
        self._client = client
        self._judge = judge
        self._forms = forms
        self._before = before
        self._by_operation: Mapping[str, Callable[[Sequence[Message], Patience], Sequence[Outcome]]] = {
            DOSSIER: self._deliver_headers,
            STEP: self._deliver_steps,
            OUTCOME: self._deliver_outcomes,
            MATTER: self._deliver_matters,
        }

    def deliver(self, messages: Sequence[Message], patience: Patience) -> Sequence[Outcome]:
        """Deliver *messages*, which are of one operation. Raises ``DeliveryError`` for what befalls all of them."""
        return self._by_operation[messages[0].operation](messages, patience)

    def _deliver_headers(self, messages: Sequence[Message], patience: Patience) -> Sequence[Outcome]:
        headers = [self._forms.header(message, patience) for message in messages]
        if len(headers) == 1:
            return [self._decide(headers[0], patience)]
        outcomes: list[Outcome] = []
        for updating, run in groupby(headers, lambda header: header.message.established):
            outcomes.extend(self._deliver_run(list(run), patience, updating=updating))
        return outcomes

    def _deliver_run(self, run: Sequence[Header], patience: Patience, *, updating: bool) -> Sequence[Outcome]:
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

    def _decide(self, header: Header, patience: Patience) -> Outcome:
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
        data = [self._forms.entry(message) for message in messages]
        watched = not self._settings.timeline_deduplicated
        if watched:
            self._before.note(messages[0].key, self._status_now(messages[0], patience))
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

    def _status_now(self, message: Message, patience: Patience) -> str:
        rows = self._client.find_dossier(message.dossier, patience=patience)
        return text_in(rows[0], "TRANGTHAIHOSO") if rows else ""

    def _deliver_outcomes(self, messages: Sequence[Message], patience: Patience) -> Sequence[Outcome]:
        data = self._forms.outcome(messages[0])
        if data is None:
            return [Delivered(_PORTAL_KNOWS)]
        answer = self._client.push_outcome(data, patience=patience)
        verdict = self._judge.verdict(answer, fresh_session=True)
        if verdict in _TAKEN:
            return [_delivered("", verdict)]
        raise self._client.error_of(answer, verdict, data)

    def _deliver_matters(self, messages: Sequence[Message], patience: Patience) -> Sequence[Outcome]:
        matter = self._forms.matter(messages[0])
        answer = self._client.push_matter(matter.form, matter.data, patience=patience)
        verdict = self._judge.verdict(answer, fresh_session=True)
        if verdict in _TAKEN:
            return [_delivered("", verdict)]
        if verdict is Verdict.EXISTS and not messages[0].established:
            # It has it from another way. What changes something that went through here has not been taken.
            return [Delivered(_MATTER_THERE)]
        if verdict in {Verdict.EXISTS, Verdict.MISSING}:
            verdict = Verdict.REJECTED
        raise self._client.error_of(answer, verdict, matter.data)


def _delivered(note: str, verdict: Verdict) -> Delivered:
    return Delivered(_joined(note, _UNFAMILIAR) if verdict is Verdict.UNFAMILIAR else note)


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
