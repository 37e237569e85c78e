"""
What the one-stop system asks (contract 5, 8.1): of its own dossiers the ledger answers, of the portal's lists the
connector's memory, and the portal itself where neither knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from connectors.national_portal.catalogue import Catalogue
from connectors.national_portal.client import PortalClient
from connectors.national_portal.dialect import lists
from connectors.national_portal.dialect.answers import NO_SERVICE, Answer, found, invalid
from connectors.national_portal.dialect.asks import Ask
from connectors.national_portal.facade import refusals
from connectors.national_portal.patience import Patience
from connectors.national_portal.rows import Row
from connectors.national_portal.shapes import Call, Group
from connectors.national_portal.translate import moment
from gateway.errors import DeliveryError, InvalidInput
from gateway.fronts import LookUp, Standing
from gateway.model import Dossier, DossierCode, ProcedureCode

_STALE: Final = "Thành công (dữ liệu lưu trước đây, chưa hỏi lại được Cổng / as remembered, the portal cannot be asked)"
_LIVE: Final = frozenset({lists.TECH_ID, lists.QUESTIONS_ASKED, lists.QUESTIONS_OWN, lists.ANSWERS})
"""About persons: asked of the portal each time, and not remembered."""


class Reads:
    """*patience* is the time for one question to the portal; *beyond* has a look-up of an unknown number ask it."""

    def __init__(
        self, catalogue: Catalogue, client: PortalClient, patience: Callable[[], Patience], *, beyond: bool
    ) -> None:
        self._catalogue = catalogue
        self._client = client
        self._patience = patience
        self._beyond = beyond

    def answer(self, ask: Ask, look_up: LookUp) -> Answer:
        try:
            return self._answer(ask, look_up)
        except DeliveryError as error:
            return refusals.of_delivery(error)

    def _answer(self, ask: Ask, look_up: LookUp) -> Answer:
        service = ask.service
        if service == lists.LOOKUP:
            return self._look_up(str(ask.parameters.get("mahoso", "")), look_up)
        if service == lists.PROCEDURE:
            return self._procedure(str(ask.parameters.get("maTTHC", "")))
        if service not in lists.READS:
            return NO_SERVICE
        parameters = _parameters(ask)
        call = Call(service, Group.SHARE if service in lists.SHARE else Group.INTEGRATION, parameters)
        if service in _LIVE or parameters:
            return _found(service, self._client.ask(call, patience=self._patience()), stale=False)
        patience = self._patience()
        rows, stale = self._catalogue.rows(service, lambda: self._client.ask(call, patience=patience), patience)
        return _found(service, rows, stale=stale)

    def _look_up(self, number: str, look_up: LookUp) -> Answer:
        """A dossier that was taken is one that the portal has, as far as a caller can tell (contract 5.7)."""
        if not number:
            return invalid("mahoso")
        try:
            code = DossierCode.parse(number)
        except InvalidInput:
            return found([])
        known = look_up(code)
        if known is not None:
            return found([_row(*known)])
        return found(self._client.find_dossier(code.text, patience=self._patience()) if self._beyond else [])

    def _procedure(self, text: str) -> Answer:
        try:
            code = ProcedureCode.parse(text)
        except InvalidInput:
            return found([])
        row, stale = self._catalogue.row(code, self._patience())
        return _found(lists.PROCEDURE, [] if row is None else [row], stale=stale)


def _parameters(ask: Ask) -> dict[str, str]:
    """What narrows the question: neither routing nor the sender's unit."""
    routing = {"dstcode", "providerurl", "MaDinhDanhDV", "madonvi"}
    return {
        name: str(value)
        for name, value in ask.parameters.items()
        if name not in routing and isinstance(value, str | int) and value != ""
    }


def _found(service: str, rows: Sequence[Row], *, stale: bool) -> Answer:
    result: Any = list(rows)
    if service == lists.ONLINE_SERVICES:
        # The one read whose result is an object (contract 5.5).
        result = {"data": rows[0].get("DATA", []) if rows else []}
    return Answer(0, _STALE if stale else "Thành công", result, reads=True)


def _row(header: Dossier, standing: Standing) -> Mapping[str, str]:
    """Columns that no client is known to read, hence none about a person."""
    return {
        "MAHOSO": header.code.text,
        "MATTHC": header.procedure.text,
        "TENTTHC": header.procedure_name or "",
        "TRANGTHAIHOSO": str(standing.status.value),
        "NGAYTIEPNHAN": moment(header.accepted_at),
        "NGAYHENTRA": moment(header.due_at),
        "DONVIXULY": header.agency.name,
    }
