"""
Steering a sandbox portal over HTTP, below ``/_sandbox/``. No real portal has any of this.

============================  =====================================================================================
``GET  /_sandbox/``           the addresses
``POST /_sandbox/seed``       accounts, procedures, agencies, portal-born dossiers, tech ids, online services, questions
``GET|POST /settings``        the portal's settings; only what is named changes
``GET|POST|DELETE /faults``   what may still go wrong; add faults; clear
``POST /profile``             ``{"name": "flaky", "seed": 7}``
``GET|POST /clock``           the portal's time; ``{"advance_s": 3600}``
``GET  /ledger``              dossiers with versions, timeline, moves; ``?dossier=`` for one
``GET  /matters``             questions, answers and evaluations that provinces pushed
``GET  /calls``               ``?service=``, ``?dossier=``
``GET  /requests``            as they arrived, secrets masked; ``?last=`` for the newest
``GET  /counters``            with ``violations``, the ones that must stay at zero
``GET  /report``              ``?from=2026-01-01&to=2026-02-01``
``POST /expire-sessions``     all sessions die silently
``POST /send``                a call from the portal to a province on this machine; ``GET`` what was sent
``POST /reset``               forget dossiers, calls, counters, sessions, faults
============================  =====================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import orjson
from pydantic import TypeAdapter, ValidationError

from connectors.mocks import Directive, Request
from connectors.national_portal.mock import PROFILES, Account, Fault, Portal, Settings
from connectors.national_portal.mock import outbound as messages
from connectors.national_portal.mock.transport import on_this_machine, post_json
from gateway.model.times import VIETNAM

PREFIX: Final = "/_sandbox/"
_JSON: Final = {"Content-Type": "application/json; charset=utf-8"}
_SETTINGS: Final = TypeAdapter(Settings)
_FAULT: Final = TypeAdapter(Fault)

Body = Mapping[str, Any]


class Advancing(Protocol):
    """A clock that can be told to let time pass."""

    def now(self) -> datetime: ...

    def advance(self, by: timedelta) -> datetime: ...


class BadRequest(ValueError):
    """The control call makes no sense; the text says why."""


class Sandbox:
    """The portal and its control interface as one partner for a server."""

    def __init__(self, portal: Portal, clock: Advancing | None = None) -> None:
        self.portal = portal
        self._control = Control(portal, clock)

    def handle(self, request: Request) -> Directive:
        if request.path.startswith(PREFIX):
            return self._control.handle(request)
        return self.portal.handle(request)


class Control:
    """Translates control calls to the portal's methods."""

    def __init__(self, portal: Portal, clock: Advancing | None) -> None:
        self._portal = portal
        self._clock = clock
        self._actions: dict[tuple[str, str], Callable[[Body, Mapping[str, str]], Any]] = {
            ("GET", ""): self._index,
            ("POST", "seed"): self._seed,
            ("GET", "settings"): lambda _body, _query: asdict(portal.settings),
            ("POST", "settings"): self._configure,
            ("GET", "faults"): lambda _body, _query: portal.faults,
            ("POST", "faults"): self._inject,
            ("DELETE", "faults"): lambda _body, _query: portal.clear_faults(),
            ("POST", "profile"): self._profile,
            ("GET", "clock"): self._time,
            ("POST", "clock"): self._advance,
            ("GET", "ledger"): self._ledger,
            ("GET", "matters"): lambda _body, _query: {
                "questions": portal.pushed_questions(),
                "evaluations": portal.evaluations(),
            },
            ("GET", "calls"): lambda _body, query: portal.calls(query.get("service"), query.get("dossier")),
            ("GET", "requests"): self._requests,
            ("GET", "counters"): self._counters,
            ("GET", "report"): self._report,
            ("POST", "expire-sessions"): lambda _body, _query: portal.expire_sessions(),
            ("GET", "send"): lambda _body, _query: portal.sent(),
            ("POST", "send"): self._send,
            ("POST", "reset"): lambda _body, _query: portal.reset(),
        }

    def handle(self, request: Request) -> Directive:
        action = self._actions.get((request.method, request.path.removeprefix(PREFIX)))
        if action is None:
            return _answer(404, {"error": "no such control call", "calls": self._index({}, {})})
        try:
            result = action(_object(request.body), request.query)
        except ValidationError as error:
            return _answer(400, {"error": [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]})
        except (BadRequest, ValueError, TypeError, KeyError) as error:
            return _answer(400, {"error": f"{type(error).__name__}: {error}"})
        return _answer(200, {"ok": True} if result is None else result)

    def _index(self, _body: Body, _query: Mapping[str, str]) -> list[str]:
        return [f"{method} {PREFIX}{name}" for method, name in self._actions]

    def _seed(self, body: Body, _query: Mapping[str, str]) -> None:
        portal = self._portal
        for row in body.get("accounts", ()):
            portal.add_account(_account(row))
        portal.add_procedures(body.get("procedures", ()))
        for code in body.get("remove_procedures", ()):
            portal.remove_procedure(code)
        portal.add_agencies(tuple(row) for row in body.get("agencies", ()))
        portal.add_tech_ids(body.get("tech_ids", {}))
        portal.add_online_services(body.get("online_services", ()))
        portal.add_questions(body.get("questions_asked", ()), body.get("questions_own", ()), body.get("answers"))
        for row in body.get("portal_born", ()):
            portal.add_portal_born(row["code"], row.get("header", {}), int(row.get("status", 1)))

    def _configure(self, body: Body, _query: Mapping[str, str]) -> dict[str, Any]:
        unknown = body.keys() - {field.name for field in fields(Settings)}
        if unknown:
            raise BadRequest(f"no such settings: {', '.join(sorted(unknown))}")
        # Read back whole, so that a value of the wrong kind is refused; durations come as seconds.
        settings = _SETTINGS.validate_python({**asdict(self._portal.settings), **body})
        self._portal.configure(**{name: getattr(settings, name) for name in body})
        return asdict(self._portal.settings)

    def _inject(self, body: Body, _query: Mapping[str, str]) -> Any:
        faults = [_fault(row) for row in body["faults"]]
        for fault in faults:
            self._portal.inject(fault)
        return self._portal.faults

    def _profile(self, body: Body, _query: Mapping[str, str]) -> None:
        if body["name"] not in PROFILES:
            raise BadRequest(f"profiles: {', '.join(PROFILES)}")
        seed = body.get("seed")
        self._portal.use_profile(body["name"], None if seed is None else int(seed))

    def _time(self, _body: Body, _query: Mapping[str, str]) -> dict[str, Any]:
        return {"now": self._portal.now(), "closed": self._portal.closed}

    def _advance(self, body: Body, query: Mapping[str, str]) -> dict[str, Any]:
        if self._clock is None:
            raise BadRequest("this sandbox runs on the machine's clock")
        self._clock.advance(timedelta(seconds=float(body["advance_s"])))
        return self._time(body, query)

    def _ledger(self, _body: Body, query: Mapping[str, str]) -> Any:
        if "dossier" not in query:
            return self._portal.dossiers()
        record = self._portal.dossier(query["dossier"])
        if record is None:
            raise BadRequest("no such dossier")
        return record

    def _requests(self, _body: Body, query: Mapping[str, str]) -> list[dict[str, Any]]:
        kept = self._portal.requests()
        return [
            {**asdict(one), "body": one.body.decode(errors="replace")} for one in kept[-int(query.get("last", "0")) :]
        ]

    def _counters(self, _body: Body, _query: Mapping[str, str]) -> dict[str, Any]:
        counters = self._portal.counters()
        return {**asdict(counters), "violations": counters.violations}

    def _report(self, _body: Body, query: Mapping[str, str]) -> Any:
        start, end = (datetime.fromisoformat(query[name]).replace(tzinfo=VIETNAM) for name in ("from", "to"))
        return self._portal.report(start, end)

    def _send(self, body: Body, _query: Mapping[str, str]) -> Any:
        url = str(body["url"])
        if not on_this_machine(url):
            raise BadRequest("the sandbox calls nobody outside this machine")
        message = _message(str(body["kind"]), body, self._portal.settings)
        return self._portal.send(message, url, post_json, times=int(body.get("times", 1)))


def _object(body: bytes) -> Body:
    value = orjson.loads(body or b"{}")
    if not isinstance(value, dict):
        raise BadRequest("the body must be a JSON object")
    return value


def _message(kind: str, body: Body, settings: Settings) -> messages.Outbound:
    updating = body.get("updating", "False")
    match kind:
        case "promotion":
            return messages.promotion(body["fields"])
        case "amendment":
            return messages.amendment(body["fields"], updating=updating)
        case "tax-receipt":
            return messages.tax_receipt(body["fields"])
        case "tax-notice":
            return messages.tax_notice([(code, rows) for code, rows in body["notices"]])
        case "general":
            return messages.general(settings, body["fields"], updating=updating)
        case "search":
            return messages.search(str(body["unit"]), str(body["code"]))
        case _:
            raise BadRequest("kind: promotion, amendment, tax-receipt, tax-notice, general or search")


def _account(row: Body) -> Account:
    if "province" in row:
        return Account.of_province(
            row["province"], row["password"], merged=row.get("merged", ()), username=row.get("username", "")
        )
    return Account(row["username"], row["password"], frozenset(row["units"]), frozenset(row["provinces"]))


def _fault(row: Body) -> Fault:
    unknown = row.keys() - {field.name for field in fields(Fault)}
    if unknown:
        raise BadRequest(f"a fault has no {', '.join(sorted(unknown))}")
    return _FAULT.validate_python(row)


def _answer(status: int, value: Any) -> Directive:
    return Directive(status, _JSON, orjson.dumps(value, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError(type(value).__name__)
