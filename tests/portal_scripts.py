"""
A national portal that answers by script, for tests of single faults: each service pops its next answer.

An answer is an ``httpx.Response``, an exception to raise, or a callable that gets the request.
"""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson

import connectors.national_portal
from connectors.national_portal.connector import NationalPortal
from connectors.national_portal.settings import PortalSettings
from gateway.errors import DeliveryError
from gateway.model import Dossier, Matter, ProcessingStep, body_json
from gateway.ports import Failed, Message, Outcome
from tests.builders import a_dossier

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]

SAMPLES = Path(connectors.national_portal.__path__[0]) / "contract" / "samples"
PASSWORD = "mat-khau-bi-mat"
PUSH = "DongBoHoSoMC"
HTML = httpx.Response(200, html="<html>Nguyễn Văn Ví Dụ</html>")
ACCEPTED_AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


def said(code: object, message: str, **more: Any) -> httpx.Response:
    """An envelope."""
    return httpx.Response(200, json={"error_code": code, "message": message, **more})


def status(code: int, **headers: str) -> httpx.Response:
    return httpx.Response(code, headers=headers, html="<html>lỗi</html>")


def procedure(code: str = "1.001193") -> httpx.Response:
    """The sample procedure under *code*."""
    body = orjson.loads((SAMPLES / "laythutuc.answer.json").read_bytes())
    body["result"][0]["MATTHC"] = code
    return httpx.Response(200, json=body)


@dataclass
class ScriptedPortal(httpx.BaseTransport):
    """
    Answers well unless *script* holds answers for the service, which are used once each, in order.

    *calls* lists what was asked, ``DongBoHoSoMC+`` with the flag for updating; *bodies* the envelopes, in order.
    """

    script: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    calls: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = orjson.loads(request.read() or b"{}")
        path = request.url.path.rsplit("/", 1)[-1]
        service = body.get("service") if isinstance(body, dict) else None
        with self._lock:
            name = str(service or path)
            flag = body.get("isUpdating", "") if isinstance(body, dict) else request.url.params.get("isUpdating", "")
            self.calls.append(f"{name}{'+' if flag == 'True' else ''}")
            self.bodies.append(body)
            self.requests.append(request)
            waiting = self.script[name]
            answer = waiting.pop(0) if waiting else self._good(name)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        return answer(request)

    def _good(self, name: str) -> httpx.Response:
        if name == "login":
            self.sessions.append(f"c0ffee00-0000-4000-8000-{len(self.sessions):012d}")
            return said("0", "Đăng nhập thành công", session=self.sessions[-1])
        if name == "LayThuTuc":
            return procedure()
        if name in {"TraCuuHoSo", "LayDanhMucLinhVuc", "LayDanhSachTTHC"}:
            return said(0, "Thành công", result=[])
        return said("0", "Thành công")


_ids = itertools.count(1)


def a_message(body: Dossier | ProcessingStep | Matter, operation: str | None = None, **changes: Any) -> Message:
    """A message about *body*, as the core hands it to a connector."""
    code = body.dossier if isinstance(body, ProcessingStep) else body.code
    number = next(_ids)
    values: dict[str, Any] = {
        "id": number,
        "partner": "cong",
        "operation": operation or body.kind,
        "dossier": code.key,
        "sequence": number,
        "key": f"key-{number}",
        "body": body_json(body),
        "attempts": 0,
        "accepted_at": ACCEPTED_AT,
        "established": isinstance(body, ProcessingStep),
    }
    return Message(**values | changes)


def portal_settings(**changes: Any) -> PortalSettings:
    values: dict[str, Any] = {
        "adapter_url": "http://127.0.0.1:9",
        "username": "000.00.00.H99",
        "password": PASSWORD,
        "madonvi": "000.00.00.H99",
        "connect_retry_wait_s": 0,
    }
    return PortalSettings(**values | changes)


def a_connector(portal: httpx.BaseTransport, **changes: Any) -> NationalPortal:
    """The connector in front of *portal*, on a settings change or two."""
    clock = {name: changes.pop(name) for name in ("monotonic", "now", "sleep") if name in changes}
    return NationalPortal("cong", portal_settings(**changes), transport=portal, **clock)


def scripted(answers: Mapping[str, Sequence[Answer]]) -> ScriptedPortal:
    portal = ScriptedPortal()
    for service, given in answers.items():
        portal.script[service].extend(given)
    return portal


def error_of(outcome: Outcome) -> DeliveryError:
    assert isinstance(outcome, Failed)
    return outcome.error


def pushed(portal: ScriptedPortal, **changes: Any) -> DeliveryError:
    """What became of one dossier that *portal* does not take."""
    (outcome,) = a_connector(portal, **changes).deliver([a_message(a_dossier())])
    return error_of(outcome)
