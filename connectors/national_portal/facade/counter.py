"""
One call at the façade: admit it, have it answered, write the answer in the portal's dialect.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final, cast

from connectors.national_portal import wire
from connectors.national_portal.catalogue import Catalogue
from connectors.national_portal.client import PortalClient
from connectors.national_portal.dialect import answers, asks, lists
from connectors.national_portal.dialect.answers import JSON, Answer
from connectors.national_portal.dialect.asks import Ask, Group
from connectors.national_portal.facade import refusals
from connectors.national_portal.facade.accounts import Callers
from connectors.national_portal.facade.matters import Matters
from connectors.national_portal.facade.pushes import Listed, Pushes
from connectors.national_portal.facade.reading import Item, Readings
from connectors.national_portal.facade.reads import Reads
from connectors.national_portal.facade.rules import paths_of
from connectors.national_portal.facade.settings import FacadeSettings
from connectors.national_portal.patience import Patience
from connectors.national_portal.settings import PortalSettings
from gateway.errors import DeliveryError, StoreError
from gateway.fronts import Call, LookUp, OpenIntake
from gateway.model import ProcedureCode
from gateway.model.nesting import levels
from gateway.ports import Reply

log = logging.getLogger(__name__)

_BOM: Final = b"\xef\xbb\xbf"
_MOST_DEPTH: Final = 16
_EXACT: Final = 2**53
_WITH_LOGIN: Final = 2
_CHEAP_BYTES: Final = 64 * 1024
_SESSION: Final = re.compile(rb'"session"\s{0,8}:\s{0,8}"([\w-]{1,200})"', re.ASCII)
_SESSIONS_LOOKED_AT: Final = 4


class Facade:
    """Answers in the portal's place for one partner. Safe for several threads; keeps nothing that another lacks."""

    def __init__(
        self,
        partner: str,
        settings: PortalSettings,
        facade: FacadeSettings,
        catalogue: Catalogue,
        client: PortalClient,
        *,
        monotonic: Callable[[], float],
    ) -> None:
        self._partner = partner
        self._settings = facade
        self._paths = paths_of(settings)
        self._callers = Callers(partner, facade, settings.madonvi)
        self._catalogue = catalogue
        self._client = client
        self._monotonic = monotonic
        self._retry_s = settings.catalogue_retry_s
        self._silent_until = monotonic()
        self._pushes = Pushes(
            facade,
            Readings(partner, settings),
            self._callers,
            listing=self._listing,
            relay=self._relay,
            portal_born_steps=settings.portal_born_steps,
        )
        self._matters = Matters(partner, facade)
        self._reads = Reads(catalogue, client, self._patience, beyond=facade.unknown_updates == "take")

    @property
    def source(self) -> str:
        return self._settings.source

    @property
    def most_body_bytes(self) -> int:
        return self._settings.max_body_bytes

    def serves(self, path: str) -> bool:
        return asks.serves(path, self._paths)

    def answer(self, call: Call, intake: OpenIntake, look_up: LookUp, now: datetime) -> Reply:
        """One call of the one-stop system to the portal's adapter (contract 2.2 to 2.6, 5, 6, 7.6)."""
        if call.too_long or len(call.body) > self._settings.max_body_bytes:
            return self._reply(answers.invalid("body"), status=413)
        if len(call.body) > _CHEAP_BYTES and not self._is_known(call, now):
            return self._no_session()
        try:
            ask = asks.read(replace(call, body=call.body.removeprefix(_BOM)), self._paths)
            _check(ask)
        except asks.NotFound:
            return self._reply(answers.NO_SERVICE, status=404)
        except asks.NotAllowed:
            return self._reply(answers.NO_SERVICE, status=405)
        except asks.NoDestination:
            return self._reply(answers.NO_DESTINATION, status=400)
        except asks.Unreadable:
            return self._reply(answers.invalid("JSON"))
        try:
            answer = self._admit(call, ask, now) or self._work(ask, intake, look_up, now)
        except StoreError as error:
            log.error("national_portal.facade_failed", extra={"partner": self._partner, "error": type(error).__name__})  # noqa: TRY400 - its class says it all.
            answer = refusals.NOT_TAKEN
        if answer.code != 0:
            service = ask.service if ask.service in lists.SERVICES | {lists.LOGIN} else "?"
            extra = {"partner": self._partner, "service": service, "code": answer.code}
            log.info("national_portal.facade_refused", extra=extra)
        return self._no_session() if answer is answers.NO_SESSION else self._reply(answer, doubled=ask.doubled)

    def _is_known(self, call: Call, now: datetime) -> bool:
        """Whether *call* may be somebody's whom we let in, found out without reading a long body as JSON."""
        sessions = (found[1].decode() for found in islice(_SESSION.finditer(call.body), _SESSIONS_LOOKED_AT))
        good = self._callers.sessions.good
        return self._callers.trusts(call) or any(good(session, call.tenant, now) for session in sessions)

    def _admit(self, call: Call, ask: Ask, now: datetime) -> Answer | None:
        """The answer to a login, or to whoever may not ask (contract 18.3); None for whoever may."""
        if ask.group is Group.LOGIN:
            return self._log_in(call, ask, now)
        if ask.group is Group.STORE:
            return answers.NO_SERVICE
        if ask.group is Group.ADAPTER:
            # A local adapter has a session of its own, so nothing in the call says whose it is.
            if not self._callers.trusts(call) or (ask.unit and not self._callers.may_send_as(ask.unit)):
                return answers.NO_RIGHT
            return None
        if not self._callers.sessions.good(ask.session, call.tenant, now):
            return answers.NO_SESSION
        return None if self._callers.may_send_as(ask.unit) else answers.NO_RIGHT

    def _log_in(self, call: Call, ask: Ask, now: datetime) -> Answer:
        failures = self._callers.failures
        if failures.too_many(call.source, now):
            return refusals.NOT_LOOKED_AT
        username, password = (str(ask.parameters.get(name, "")) for name in ("username", "password"))
        if not self._callers.knows(username, password):
            failures.note(call.source, now)
            log.warning("national_portal.facade_login_refused", extra={"partner": self._partner, "peer": call.source})
            return answers.NO_LOGIN
        return Answer(0, "Đăng nhập thành công", session=self._callers.sessions.open(call.tenant, now))

    def _work(self, ask: Ask, intake: OpenIntake, look_up: LookUp, now: datetime) -> Answer:
        match ask.service:
            case lists.DOSSIERS:
                return self._pushes.dossiers(ask, intake, now)
            case lists.TIMELINE:
                return self._pushes.steps(ask, intake)
            case lists.OUTCOME:
                return self._pushes.outcome(ask, intake, now)
            case service if service in lists.MATTERS:
                return self._matters.push(ask, intake)
            case _:
                return self._reads.answer(ask, look_up)

    def _listing(self) -> Listed:
        """For one call, whose questions to the portal share its time."""
        return partial(self._listed, self._patience()) if self._settings.check_procedures else _unasked

    def _listed(self, patience: Patience, code: ProcedureCode) -> bool | None:
        silent = self._monotonic() < self._silent_until
        listed = self._catalogue.listed(code, self._patience(0) if silent else patience)
        if listed is None and not silent:
            # Nobody's push waits for a silent portal more often than this.
            self._silent_until = self._monotonic() + self._retry_s
        return listed

    def _relay(self, item: Item) -> Answer:
        try:
            said = self._client.push_outcome(cast("wire.Outcome", item), patience=self._patience())
        except DeliveryError as error:
            return refusals.of_relay(error)
        return Answer(answers.SYSTEM_ERROR.code if said.code is None else said.code, said.message)

    def _patience(self, calls: int = _WITH_LOGIN) -> Patience:
        each_s = self._settings.ask_s / _WITH_LOGIN
        return Patience(self._partner, call_s=each_s, calls=calls, start_s=each_s / 2, monotonic=self._monotonic)

    def _no_session(self) -> Reply:
        form = self._settings.expired_as
        return self._reply(answers.NO_SESSION, status=200 if form == "code" else int(form.removeprefix("http-")))

    def _reply(self, answer: Answer, *, status: int = 200, doubled: bool = False) -> Reply:
        body = answers.body(answer, self._settings.code_form)
        return Reply(status, JSON["Content-Type"], answers.doubled(body) if doubled else body)


def _unasked(_: ProcedureCode) -> None:
    """Nothing is known of any procedure."""


def _check(ask: Ask) -> None:
    """Refuse what is nested deeper than any message of the contract, and numbers that were not read exactly."""
    for depth, level in enumerate(levels([ask.data, *ask.parameters.values()])):
        if depth > _MOST_DEPTH or any(isinstance(value, float) and abs(value) >= _EXACT for value in level):
            raise asks.Unreadable
