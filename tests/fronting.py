"""A gateway that answers in the portal's place, with the portal behind it in process; the same client asks either."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from connectors.mocks import Directive, Ending, Request
from connectors.national_portal.connector import NationalPortal
from connectors.national_portal.facade.settings import FacadeSettings
from connectors.national_portal.mock import Portal
from connectors.national_portal.mock.transport import MockTransport
from connectors.national_portal.settings import PortalSettings
from gateway import Gateway, Settings
from gateway.config import DatabaseSettings, TenantSettings
from gateway.fronts import Call
from tests.clocks import TestClock
from tests.portal import PASSWORD, UNIT, Headers, Province, Reply

SECRET = "khoa-ky-phien-cua-mat-tien-vi-du-00001"


@dataclass
class AtTheFacade:
    """The wire of a ``Province`` that ends at the gateway."""

    gateway: Gateway
    source: str = "192.0.2.7"

    def send(self, method: str, path: str, query: Headers, headers: Headers, body: bytes) -> Reply:
        reply = self.gateway.answer(Call(method, path, query, headers, body, self.source))
        assert reply is not None, path
        return Reply(reply.status, {"content-type": reply.content_type}, reply.body)


@dataclass
class Switched:
    """A portal that can be unplugged, or take *each_s* for each answer without anybody waiting for it."""

    portal: Portal
    down: bool = False
    each_s: float = 0.0
    elapsed_s: float = 0.0

    def handle(self, request: Request) -> Directive:
        self.elapsed_s += self.each_s
        return Directive(ending=Ending.REFUSE) if self.down else self.portal.handle(request)


@dataclass
class Fronted:
    """The gateway, the portal behind it, and a one-stop system that changed one address."""

    gateway: Gateway
    line: Switched
    clock: TestClock
    province: Province = field(init=False)

    def __post_init__(self) -> None:
        self.province = Province(AtTheFacade(self.gateway))

    @property
    def portal(self) -> Portal:
        return self.line.portal

    def deliver(self) -> None:
        self.gateway.run_until_idle()


def facade_settings(**changes: Any) -> FacadeSettings:
    values: dict[str, Any] = {"username": UNIT, "password": PASSWORD, "session_secret": SECRET}
    return FacadeSettings.model_validate(values | changes)


@cache
def empty_database() -> bytes:
    """A database of this release, migrated once for all tests of a process."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "gateway.db"
        with Gateway(Settings(database=DatabaseSettings(path=path)), connectors=[]):
            pass
        return path.read_bytes()


@contextmanager
def fronted(
    folder: Path, portal: Portal, *, options: dict[str, Any] | None = None, tenant: str = "H99", **facade: Any
) -> Iterator[Fronted]:
    """*options* are the partner's, *facade* those of its façade."""
    line = Switched(portal)
    values: dict[str, Any] = {
        "adapter_url": "http://portal.example",
        "madonvi": UNIT,
        "username": UNIT,
        "password": PASSWORD,
        "facade": facade_settings(**facade),
    }
    clock = TestClock()
    transport: httpx.BaseTransport = MockTransport(line)
    connector = NationalPortal(
        "cong", PortalSettings.model_validate(values | (options or {})), transport=transport, sleep=lambda _s: None,
        monotonic=lambda: time.monotonic() + line.elapsed_s,
    )  # fmt: skip
    (folder / "gateway.db").write_bytes(empty_database())
    settings = Settings(tenant=TenantSettings(code=tenant), database=DatabaseSettings(path=folder / "gateway.db"))
    with Gateway(settings, connectors=[connector], clock=clock) as gateway:
        yield Fronted(gateway, line, clock)
