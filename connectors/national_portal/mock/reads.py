"""
What a province asks (contract 5 and 8.1): rows with UPPERCASE keys.
"""

from __future__ import annotations

from typing import Any

from connectors.national_portal.dialect import lists
from connectors.national_portal.dialect.answers import NO_SERVICE, Answer, found, invalid
from connectors.national_portal.dialect.asks import Ask
from connectors.national_portal.mock.ledger import Dossier
from connectors.national_portal.mock.state import State


def answer(state: State, ask: Ask) -> Answer:
    """The answer of a read service."""
    catalogue = state.catalogue
    match ask.service:
        case lists.PROCEDURE:
            row = catalogue.procedure(_parameter(ask, "maTTHC"))
            return found([] if row is None else [row])
        case lists.PROCEDURES:
            return found(catalogue.procedure_list())
        case lists.FIELDS:
            return found(catalogue.fields())
        case lists.AGENCIES:
            return found(list(catalogue.agencies.values()))
        case lists.ONLINE_SERVICES:
            return found({"data": catalogue.online_services})
        case lists.LOOKUP:
            return _look_up(state, ask)
        case lists.TECH_ID:
            return _technical_id(state, ask)
        case lists.QUESTIONS_ASKED:
            return found(catalogue.questions_asked)
        case lists.QUESTIONS_OWN:
            return found(catalogue.questions_own)
        case lists.ANSWERS:
            return found(catalogue.answers.get(_parameter(ask, "cauhoiid"), []))
        case service if service in lists.COMMON_CATEGORIES:
            return found(catalogue.categories.get(service, []))
        case _:
            return NO_SERVICE


def _parameter(ask: Ask, name: str) -> str:
    return str(ask.parameters.get(name, ""))


def _look_up(state: State, ask: Ask) -> Answer:
    state.watch.count.lookups += 1
    code = _parameter(ask, "mahoso")
    if not code:
        return invalid("mahoso")
    dossier = state.ledger.find(code)
    return found([] if dossier is None else [header_row(dossier)])


def header_row(dossier: Dossier) -> dict[str, Any]:
    """UPPERCASE copies of the stored header's own fields, lists left out (5.7)."""
    row = {name.upper(): value for name, value in dossier.header.items() if not isinstance(value, list | dict)}
    row["MAHOSO"] = dossier.code
    row["TRANGTHAIHOSO"] = "" if dossier.status is None else str(dossier.status)
    return row


def _technical_id(state: State, ask: Ask) -> Answer:
    if _parameter(ask, "provider") != "wso2is":
        return invalid("provider")
    account = state.catalogue.tech_ids.get(_parameter(ask, "mstorcmnd"))
    return found([] if account is None else [{"TECHNICALID": account}])
