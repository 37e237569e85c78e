"""A portal for tests, objects that it accepts, and a province's client that knows nothing of our connector."""

from __future__ import annotations

import copy
import http.client
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import urlencode, urlsplit

import connectors.national_portal
from connectors.mocks import Ending, Request
from connectors.national_portal.mock import DSTCODE, PREFIXES, Account, Clock, Portal, ProcedureSeed, Settings
from gateway.sandbox import VirtualClock

EXAMPLES = Path(connectors.national_portal.__path__[0]) / "contract" / "samples"
UNIT = "000.00.00.H99"
PASSWORD = "bi-mat-vi-du"
PROCEDURE = "9.000123"
CODE = "H99.01.01-260302-0007"

Headers = dict[str, str]


def example(name: str) -> Any:
    """A message of contract 19, fresh each time."""
    return json.loads(example_bytes(name))


@cache
def example_bytes(name: str) -> bytes:
    return (EXAMPLES / f"{name}.json").read_bytes().strip()


def a_code(serial: int) -> str:
    return f"H99.01.01-260302-{serial:04d}"


def a_wire_dossier(code: str = CODE, **changes: Any) -> dict[str, Any]:
    """The header of contract 19.3; a change to ``...`` takes the field away."""
    header = {**example("dongbohosomc.request")["data"][0], "MaHoSo": code, **changes}
    return {name: value for name, value in header.items() if value is not ...}


def a_wire_step(code: str = CODE, **changes: Any) -> dict[str, Any]:
    """The second step of contract 19.4."""
    step = {**example("capnhattiendohosomc.request")["data"][1], "MaHoSo": code, **changes}
    return {name: value for name, value in step.items() if value is not ...}


def a_portal(clock: Clock | None = None, **settings: Any) -> Portal:
    """A portal with one account and the procedure of contract 19.2."""
    portal = Portal(Settings(**settings), clock or VirtualClock())
    portal.add_account(Account.of_province("H99", PASSWORD))
    portal.add_procedures([copy.deepcopy(example("laythutuc.answer")["result"][0])])
    portal.add_procedures([ProcedureSeed("9.000777", "Thông báo khuyến mại (ví dụ)", results=())])
    return portal


class Lost(Exception):
    """No usable answer came back."""


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Headers
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json["error_code"])

    @property
    def message(self) -> str:
        return str(self.json["message"])


class Wire(Protocol):
    """What carries a province's requests."""

    def send(self, method: str, path: str, query: Headers, headers: Headers, body: bytes) -> Reply: ...


class InProcess:
    """Asks a portal directly. A client that is not *present* has gone before the answer came."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal

    def send(self, method: str, path: str, query: Headers, headers: Headers, body: bytes) -> Reply:
        directive = self.portal.handle(Request(method, path, query, headers, body))
        directive.exchange.release()
        complete = directive.ending is Ending.ANSWER
        directive.exchange.settle(complete)
        if not complete:
            raise Lost(directive.ending)
        return Reply(directive.status, {k.lower(): v for k, v in directive.headers.items()}, directive.body)


class Socket:
    """One connection to a served portal, opened anew when it was closed."""

    def __init__(self, url: str, timeout_s: float = 5.0) -> None:
        address = urlsplit(url)
        assert address.hostname is not None
        self._connection = http.client.HTTPConnection(address.hostname, address.port, timeout=timeout_s)

    def send(self, method: str, path: str, query: Headers, headers: Headers, body: bytes) -> Reply:
        target = path + ("?" + urlencode(query) if query else "")
        try:
            self._connection.request(method, target, body, headers)
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Lost(type(error).__name__) from error
        return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, content)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass
class Province:
    """A province's system in variant A, as simple as can be: it never retries, and sends what it is told."""

    wire: Wire
    username: str = UNIT
    password: str = PASSWORD
    unit: str = UNIT
    session: str = ""
    prefix: str = PREFIXES[0]
    headers: Headers = field(default_factory=lambda: {"dstcode": DSTCODE, "content-type": "application/json"})

    def post(self, path: str, message: Any) -> Reply:
        body = message if isinstance(message, bytes) else json.dumps(message, ensure_ascii=False).encode()
        return self.wire.send("POST", f"{self.prefix}/{path}", {}, self.headers, body)

    def log_in(self) -> Reply:
        reply = self.post("mapi/login", {"username": self.username, "password": self.password})
        self.session = str(reply.json.get("session", ""))
        return reply

    def call(self, service: str, *, path: str = "mapi/integration", **fields: Any) -> Reply:
        if not self.session:
            self.log_in()
        message = {"session": self.session, "madonvi": self.unit, "service": service, **fields}
        return self.post(path, message)

    def push(self, *headers: dict[str, Any], updating: Any = "False") -> Reply:
        return self.call("DongBoHoSoMC", isUpdating=updating, data=list(headers))

    def step(self, *steps: dict[str, Any]) -> Reply:
        return self.call("CapNhatTienDoHoSoMC", data=list(steps))

    def look_up(self, code: str = CODE) -> Reply:
        return self.call("TraCuuHoSo", mahoso=code)


def a_province(portal: Portal) -> Province:
    return Province(InProcess(portal))
